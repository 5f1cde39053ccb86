"""A statement as a tree, and the same statement read as another database's SQL."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import lru_cache

import sqlglot
from sqlglot import exp

from llmtui.database.functions import ALLOWED
from llmtui.database.schema import quote

_DIALECTS = ("sqlite", "mysql", "postgres", "tsql", "bigquery")
_CHANGING = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Command,
             exp.Into, exp.Copy)  # fmt: skip
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # stderr belongs to the app


def parse(sql: str, dialect: str = "duckdb") -> exp.Query | None:
    """The tree of one harmless query, None when it is anything else."""
    try:
        found = [tree for tree in sqlglot.parse(sql, dialect=dialect) if tree is not None]
    except Exception:  # of any kind: what it says of odd statements is not told in advance
        return None
    if len(found) != 1 or not isinstance(found[0], exp.Query) or found[0].find(*_CHANGING):
        return None
    return _with_plain_negation(found[0])


def _with_plain_negation(tree: exp.Query) -> exp.Query:
    """NOT LIKE as NOT of a LIKE, as every other negation is parsed."""
    for test in list(tree.find_all(exp.Like, exp.ILike)):
        if test.args.get("negate"):
            test.set("negate", None)
            place = test.parent if isinstance(test.parent, exp.Escape) else test
            place.replace(exp.Not(this=place.copy()))
    return tree


def written(tree: exp.Expr) -> str:
    """The tree as DuckDB reads it, without comments; '' when it cannot be written."""
    try:
        return tree.sql(dialect="duckdb", comments=False)
    except Exception:  # such as of a function without what it needs: `year()`
        return ""


def with_plain_names(tree: exp.Expr) -> exp.Expr:
    """The tree without quotation marks that no name in it needs, changed in place."""
    for name in tree.find_all(exp.Identifier):
        if name.args.get("quoted") and quote(name.name) == name.name:
            name.set("quoted", False)
    return tree


@lru_cache(maxsize=20_000)
def plain(sql: str) -> str:
    """SQL without what does not tell two queries apart: case, blanks, another way to write it."""
    try:
        tree = with_plain_names(sqlglot.parse_one(sql, dialect="duckdb"))
        for name in tree.find_all(exp.Identifier):
            name.set("this", name.name.casefold())
        return tree.sql(dialect="duckdb", comments=False)
    except Exception:  # of any kind, as in `parse` and `written`
        return sql.casefold()


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
