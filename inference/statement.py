"""The statement in what a model wrote, closed and without doubles."""

from __future__ import annotations

import re

from sqlglot import exp

_FENCE = re.compile(r"```(?:sql)?\s*(.*?)(?:```|$)", re.DOTALL | re.IGNORECASE)
_START = re.compile(r"\b(SELECT|WITH)\b", re.IGNORECASE)
_OTHER = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|DROP|CREATE|ALTER|COPY|ATTACH|MERGE|TRUNCATE|SET|PRAGMA|CALL"
    r"|EXPORT|IMPORT|INSTALL|LOAD|DETACH|GRANT|REPLACE|EXECUTE|VACUUM|CHECKPOINT)\b",
    re.IGNORECASE,
)
"""What begins like this, or goes on like this, is left whole for the guard to refuse."""


def statement_in(text: str) -> str:
    """The first SQL statement in a model's answer: fences, prose and what follows are cut."""
    fenced = _FENCE.search(text)
    body = fenced[1] if fenced else text
    start = _START.search(body)
    if start is None or _OTHER.match(body):
        return body.strip()
    body = body[start.start() :].strip()
    quoted = ""
    for place, character in enumerate(body):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        elif character == ";":
            return body if _OTHER.match(body[place + 1 :]) else body[:place].strip()
    return body


def closed(sql: str) -> str:
    """The statement with the brackets and the quotation mark closed that it left open."""
    quoted, depth = "", 0
    for character in sql:
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        else:
            depth += (character == "(") - (character == ")")
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
