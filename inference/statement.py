"""The statement in what a model wrote, closed and without doubles."""

from __future__ import annotations

import re

from sqlglot import exp

from llmtui.database.dialects import parse

_FENCE = "```"
_NO_PROSE = r"(?![^\n]*:[ \t]*(?:\n|$))"
"""A line of SQL does not end with a colon, as "Select all customers like this:" does."""
_START = re.compile(
    r"(?:\A\s*(?:sql\b:?)?|^)\s*(\(*\s*(?:SELECT\b" + _NO_PROSE + r"|WITH\s+(?:RECURSIVE\s+)?"
    r"(?:\w+|\"[^\"]+\")\s*(?:\([^()]*\)\s*)?AS\b))",
    re.IGNORECASE | re.MULTILINE,
)
_ANYWHERE = re.compile(r"\b(SELECT|WITH)\b", re.IGNORECASE)
_OTHER = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|DROP|CREATE|ALTER|COPY|ATTACH|MERGE|TRUNCATE|SET|PRAGMA|CALL"
    r"|EXPORT|IMPORT|INSTALL|LOAD|DETACH|GRANT|REPLACE|EXECUTE|VACUUM|CHECKPOINT)\b" + _NO_PROSE,
    re.IGNORECASE,
)
"""What begins like this, or goes on like this, is left whole for the guard to refuse."""
_MARKS = re.compile(
    r"'[^']*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)|[;()]"
    r"|\n[ \t]*\n(?=\s*(?:[^\sA-Za-z/-]|([A-Za-z]+)[^A-Za-z]))",
    re.DOTALL,
)
"""Texts, names and comments as a whole; what ends a statement, brackets, and a blank line with the
word after it."""
_GO_ON = {"SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "UNION",
          "EXCEPT", "INTERSECT", "JOIN", "LEFT", "RIGHT", "INNER", "FULL", "CROSS", "ON", "AND",
          "OR", "QUALIFY", "WINDOW"}  # fmt: skip
"""Words with which a statement goes on after a blank line."""


def statement_in(text: str) -> str:
    """The first SQL statement in a model's answer: fences, prose and what follows are cut."""
    body, fenced, _ = _part(text)
    if _OTHER.match(body):
        return body.strip()
    start = _START.search(body)
    place = start.start(1) if start else _anywhere(body)
    body = f"{body[place:].strip()}\n"
    end = _end(body, fenced)
    if end is None or (body[end] == ";" and _OTHER.match(body[end + 1 :])):
        return body.strip()
    return body[:end].strip()


def is_whole(text: str) -> bool:
    """Whether a model that is still writing has come to the end of its first statement."""
    body, fenced, over = _part(text)
    start = _START.search(body)
    return start is not None and (over or _end(body[start.start(1) :], fenced) is not None)


def _part(text: str) -> tuple[str, bool, bool]:
    """(the part of an answer that holds its statement, whether it stands in a fence, whether the
    fence after it was written). What stands before a fence counts when it is SQL to its end."""
    parts = text.split(_FENCE)
    for place, part in enumerate(parts):
        start, fenced, over = _START.search(part), bool(place % 2), place + 1 < len(parts)
        if start and (fenced or not over or parse(part[start.start(1) :]) is not None):
            return part, fenced, over
    inside = len(parts) > 1
    return (parts[1].strip().removeprefix("sql") if inside else text), inside, False


def _anywhere(body: str) -> int:
    """Where a statement begins in the middle of a line; 0 when there is none."""
    found = _ANYWHERE.search(body)
    return found.start() if found else 0


def _end(body: str, fenced: bool) -> int | None:
    """Where the statement that a text begins with ends: at a `;`, or without a fence at a blank
    line before other things; None when it may go on."""
    for mark in _MARKS.finditer(body):
        if mark[0] == ";":
            return mark.start()
        word = mark[1] or ""
        goes_on = word.upper() in _GO_ON and word != word.capitalize()
        blank = mark[0][0] == "\n" and not fenced and not goes_on
        if blank and parse(body[: mark.start()]) is not None:
            return mark.start()
    return None


def closed(sql: str) -> str:
    """The statement with the brackets and the quotation mark closed that it left open."""
    quoted, depth = "", 0
    for mark in _MARKS.finditer(sql):
        said = mark[0]
        depth += (said == "(") - (said == ")")
        if said[0] in "'\"" and (len(said) == 1 or said[-1] != said[0]):
            quoted = said[0]
    return sql + quoted + ")" * max(depth, 0)


def drop_doubles(tree: exp.Query) -> list[str]:
    """Leave out what a query shows a second time, in place; what was done, in sentences."""
    if not isinstance(tree, exp.Select):
        return []
    once = list({item.sql(dialect="duckdb"): item for item in tree.expressions}.values())
    if len(once) == len(tree.expressions):
        return []
    tree.set("expressions", once)
    return ["a column was shown twice"]
