"""Queries that nobody asks: their answer, or its order, stands in the question already."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from llmtui.database.dialects import parse


def pointless(query: exp.Expr | None) -> bool:
    """Whether a query asks only for what its conditions fix, or orders, groups or computes by it.

    One column twice is pointless too. Queries of several SELECTs on one level are let through.
    """
    if not isinstance(query, exp.Select):
        return False
    fixed = _fixed(query)
    shown = [item.unalias() for item in query.expressions]
    if len({item.sql() for item in shown}) < len(shown):
        return True
    if not fixed:
        return False
    if all(_name(item) in fixed for item in shown):
        return True
    computed = [
        item.this.expressions[0] if isinstance(item.this, exp.Distinct) else item.this
        for item in query.find_all(exp.AggFunc)
        if item.parent_select is query
    ]
    keys = [item.this for item in query.args.get("order", exp.Order()).expressions]
    groups = query.args.get("group", exp.Group()).expressions
    return any(_name(item) in fixed for item in (*computed, *keys)) or (
        bool(groups) and all(_name(item) in fixed for item in groups)
    )


def _fixed(query: exp.Select) -> set[str]:
    """Columns that a condition gives one value, and what they are joined to by that."""
    where = query.args.get("where")
    whole = where.this if where else None
    tests = whole.flatten() if isinstance(whole, exp.And) else [whole]
    found = {
        _name(test.this)
        for test in tests
        if isinstance(test, exp.EQ) and isinstance(test.expression, exp.Literal)
    }
    for join in query.args.get("joins") or ():
        on = join.args.get("on")
        if isinstance(on, exp.EQ) and found & (sides := {_name(on.this), _name(on.expression)}):
            found |= sides
    return found - {""}


def _name(item: object) -> str:
    return item.sql().lower() if isinstance(item, exp.Column) else ""


_CUTS = re.compile(r" (HAVING|QUALIFY|LIMIT (?!1\b)) ?")


def without_cuts(sql: str) -> Iterator[tuple[str, str, str]]:
    """What cuts a result short, with two queries that have as many rows when it does so in vain:
    with it and without. LIMIT 1 asks for the first, however many there are."""
    query = parse(sql) if _CUTS.search(sql) else None
    if not isinstance(query, exp.Select):
        return
    limit = query.args.get("limit")
    every = query.copy()
    every.set("limit", None)
    if limit is not None and limit.expression.name != "1":
        yield "limit", sql, every.sql(dialect="duckdb")
    for part in ("having", "qualify"):
        if every.args.get(part) is not None:
            whole = every.copy()
            whole.set(part, None)
            yield "condition", every.sql(dialect="duckdb"), whole.sql(dialect="duckdb")
