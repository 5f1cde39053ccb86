"""The statement in what a model wrote, and the same statement from another dialect."""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlglot
from sqlglot import exp

from llmtui.database.functions import ALLOWED

_FENCE = re.compile(r"```(?:sql)?\s*(.*?)(?:```|$)", re.DOTALL | re.IGNORECASE)
_START = re.compile(r"\b(SELECT|WITH)\b", re.IGNORECASE)
_OTHER = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|DROP|CREATE|ALTER|COPY|ATTACH|MERGE|TRUNCATE|SET|PRAGMA|CALL"
    r"|EXPORT|IMPORT|INSTALL|LOAD|DETACH|GRANT|REPLACE|EXECUTE|VACUUM|CHECKPOINT)\b",
    re.IGNORECASE,
)
"""What begins like this, or goes on like this, is left whole for the guard to refuse."""
_DIALECTS = ("sqlite", "mysql", "postgres", "tsql", "bigquery")
_CHANGING = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Command,
             exp.Into, exp.Copy)  # fmt: skip


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


def parse(sql: str, dialect: str = "duckdb") -> exp.Query | None:
    """The tree of one harmless query, None when it is anything else."""
    try:
        found = [tree for tree in sqlglot.parse(sql, dialect=dialect) if tree is not None]
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError):
        return None
    if len(found) != 1 or not isinstance(found[0], exp.Query) or found[0].find(*_CHANGING):
        return None
    return found[0]


def written(tree: exp.Expr) -> str:
    """The tree as DuckDB reads it, without comments."""
    return tree.sql(dialect="duckdb", comments=False)


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


def from_dialects(sql: str) -> Iterator[tuple[str, exp.Query]]:
    """The statement read as another database's SQL, in DuckDB's: (that dialect, tree).

    A function that neither sqlglot knows nor DuckDB is allowed to run is no matter of dialect.
    """
    seen = {sql}
    for dialect in _DIALECTS:
        tree = parse(sql, dialect)
        if tree is None or any(
            call.name.lower() not in ALLOWED for call in tree.find_all(exp.Anonymous)
        ):
            continue
        text = written(tree)
        again = parse(text)
        if text not in seen and again is not None:
            seen.add(text)
            yield dialect, again


def drop_doubles(tree: exp.Query) -> list[str]:
    """Leave out what a query shows a second time, in place; what was done, in sentences."""
    if not isinstance(tree, exp.Select):
        return []
    once = list({item.sql(dialect="duckdb"): item for item in tree.expressions}.values())
    if len(once) == len(tree.expressions):
        return []
    tree.set("expressions", once)
    return ["a column was shown twice"]
