"""A query changed in one place: what a model that nearly understood would write.

Each change is made in the syntax tree and then carried over to the query as it is written, so that
the two differ in nothing but the change. Whether a changed query is wrong is not known here:
another comparison may select the same rows whatever they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp


@dataclass(frozen=True)
class Change:
    """What is changed, and the change itself, made in place to a node like the one it is for."""

    kind: str
    make: Callable[[exp.Expr], object]


Source = Callable[[exp.Expr], Iterator[Change]]
"""The changes that one node of a query can take."""

_Swap = dict[type[exp.Expr], type[exp.Expr]]
_SWAPPED: _Swap = {
    exp.GT: exp.GTE, exp.GTE: exp.GT, exp.LT: exp.LTE, exp.LTE: exp.LT, exp.EQ: exp.NEQ,
    exp.Max: exp.Min, exp.Min: exp.Max, exp.Sum: exp.Avg, exp.Avg: exp.Sum,
}  # fmt: skip
_TURNED: _Swap = {exp.GT: exp.LT, exp.LT: exp.GT, exp.GTE: exp.LTE, exp.LTE: exp.GTE}
_OTHER: _Swap = {exp.Max: exp.Avg, exp.Min: exp.Avg, exp.Avg: exp.Max, exp.Sum: exp.Count}
_TESTS = (exp.In, exp.Is, exp.Like, exp.ILike, exp.Exists, exp.Between)


def plain_changes(node: exp.Expr) -> Iterator[Change]:
    """Changes that need no schema: those by which the measure of accuracy is measured."""
    other = _SWAPPED.get(type(node))
    if other is not None and node.find_ancestor(exp.Join) is None:
        kind = "aggregate" if isinstance(node, exp.AggFunc) else "operator"
        yield Change(kind, lambda found: found.replace(other(**found.args)))
    if isinstance(node, exp.And):
        yield Change("condition left out", lambda found: found.replace(found.this))
    whole = isinstance(node, exp.Where) and not isinstance(node.parent, exp.Filter)
    if whole and not isinstance(node.this, exp.And):
        yield Change("condition left out", lambda found: found.pop())
    if isinstance(node, exp.Select) and node.args.get("distinct"):
        yield Change("DISTINCT left out", lambda found: found.set("distinct", None))
    if isinstance(node, exp.Ordered):
        yield Change("order", lambda found: found.set("desc", not found.args.get("desc") or None))
    if isinstance(node, exp.Join) and node.side == "LEFT":
        yield Change("join", lambda found: found.set("side", None))


def further_changes(node: exp.Expr) -> Iterator[Change]:
    """More of them: the other direction, the other half of a condition, groups, joins, limits."""
    turned, other = _TURNED.get(type(node)), _OTHER.get(type(node))
    if turned is not None:
        yield Change("direction", lambda found: found.replace(turned(**found.args)))
    if other is not None:
        yield Change("aggregate", lambda found: found.replace(other(this=found.this)))
    if isinstance(node, exp.And):
        yield Change("condition left out", lambda found: found.replace(found.expression))
        yield Change("AND or OR", lambda found: found.replace(exp.Or(**found.args)))
    if isinstance(node, exp.Or):
        yield Change("AND or OR", lambda found: found.replace(exp.And(**found.args)))
    if isinstance(node, exp.Not) and isinstance(node.this, (*_TESTS, exp.Column)):
        yield Change("negation", lambda found: found.replace(found.this))
    elif isinstance(node, _TESTS) and not isinstance(node.parent, exp.Not):
        yield Change("negation", lambda found: found.replace(exp.Not(this=found.copy())))
    yield from _counted(node)
    yield from _clauses(node)


def _counted(node: exp.Expr) -> Iterator[Change]:
    """Different values counted once or every time."""
    if not isinstance(node, exp.Count) or isinstance(node.this, exp.Star | None):
        return
    if isinstance(node.this, exp.Distinct):
        yield Change(
            "DISTINCT in a count", lambda found: found.set("this", found.this.expressions[0])
        )
    else:
        yield Change(
            "DISTINCT in a count",
            lambda found: found.set("this", exp.Distinct(expressions=[found.this.copy()])),
        )


def _clauses(node: exp.Expr) -> Iterator[Change]:
    """Parts of a whole query: HAVING, GROUP BY columns, joins, LIMIT."""
    if isinstance(node, exp.Filter):
        yield Change("condition left out", lambda found: found.replace(found.this))
    if isinstance(node, exp.Having):
        yield Change("HAVING left out", lambda found: found.pop())
    if isinstance(node, exp.Group) and len(node.expressions) > 1:
        yield Change("grouping", lambda found: found.set("expressions", found.expressions[1:]))
        yield Change("grouping", lambda found: found.set("expressions", found.expressions[:-1]))
    if isinstance(node, exp.Join) and node.args.get("on") is not None:
        yield Change("join condition", lambda found: found.set("on", exp.true()))
    if isinstance(node, exp.Limit) and isinstance(node.expression, exp.Literal):
        more = 3 if str(node.expression.this) == "1" else int(node.expression.this) + 1
        yield Change("limit", lambda found: found.set("expression", exp.Literal.number(more)))


def changed(sql: str, *sources: Source) -> Iterator[tuple[str, str]]:
    """(kind of change, changed query): every single change that the sources know of.

    Nothing for what cannot be read; a query is given once, and never the query itself.
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return
    rendered = tree.sql(dialect="duckdb")
    seen = {rendered}
    for place, node in enumerate(tree.walk()):
        for change in (change for source in sources for change in source(node)):
            copy = tree.copy()
            change.make(list(copy.walk())[place])
            other = copy.sql(dialect="duckdb")
            if other not in seen:
                seen.add(other)
                yield change.kind, carried_over(sql, rendered, other)


def carried_over(sql: str, rendered: str, other: str) -> str:
    """The change from `rendered` to `other` made to `sql`, of which `rendered` is another writing;
    `other` when it cannot be carried over."""
    if sql == rendered:
        return other
    start, end = 0, 0
    most = min(len(rendered), len(other))
    while start < most and rendered[start] == other[start]:
        start += 1
    while end < most - start and rendered[-1 - end] == other[-1 - end]:
        end += 1
    for wider in range(len(rendered)):
        left, right = max(0, start - wider), max(0, end - wider)
        old = rendered[left : len(rendered) - right]
        places = list(re.finditer(re.escape(old), sql, re.IGNORECASE)) if old else []
        if len(places) == 1:
            new = other[left : len(other) - right]
            made = sql[: places[0].start()] + new + sql[places[0].end() :]
            return made if _same(made, other) else other
        if old and not places:
            break
    return other


def _same(one: str, other: str) -> bool:
    """Whether two writings are one query."""
    try:
        return sqlglot.parse_one(one, dialect="duckdb").sql(dialect="duckdb") == other
    except (sqlglot.errors.SqlglotError, RecursionError):
        return False
