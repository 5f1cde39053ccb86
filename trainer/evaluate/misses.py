"""What is wrong with a wrong answer: its syntax tree held against the gold query's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import sqlglot
from sqlglot import exp

KINDS = ("abstained", "invalid", "dialect", "table", "join", "missing column", "extra column",
         "column", "aggregate", "grouping", "distinct", "operator", "value", "order or limit",
         "structure")  # fmt: skip
"""Every kind of miss, in the order in which a miss with several is told."""
_PREDICATES = (exp.Binary, exp.Between, exp.In, exp.Is, exp.Not, exp.Like, exp.ILike, exp.Exists)


def miss_kinds(gold: str, sql: str, why: str) -> tuple[str, ...]:
    """The kinds of a miss, in the order of KINDS; `why` is what was told of running it.

    "structure" is a query that differs in none of the parts that are looked at.
    """
    if not sql:
        return ("abstained",)
    try:
        wanted = sqlglot.parse_one(gold, dialect="duckdb")
        got = sqlglot.parse_one(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return ("invalid",)
    if not isinstance(wanted, exp.Query) or not isinstance(got, exp.Query):
        return ("invalid",)
    found = {kind for kind, part in _PARTS.items() if part(wanted) != part(got)}
    wide, given = len(wanted.selects), len(got.selects)
    if wide != given and not any(item.is_star for item in (*wanted.selects, *got.selects)):
        found.add("extra column" if given > wide else "missing column")
    if "cannot run it" in why:
        found.add("dialect" if "unction" in why and "does not exist" in why else "invalid")
    return tuple(kind for kind in KINDS if kind in found) or ("structure",)


def difficulty_of(sql: str) -> str:
    """easy, medium or hard, by how many tables and clauses a query has."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return "hard"
    nested = len(list(tree.find_all(exp.Select))) - 1
    joins = len(list(tree.find_all(exp.Join)))
    clauses = [tree.args.get(name) for name in ("where", "group", "having", "order")]
    points = 2 * nested + joins + sum(clause is not None for clause in clauses)
    return "easy" if points < 2 else "medium" if points < 4 else "hard"


def shape_of(sql: str) -> str:
    """The main feature of a query, for questions whose shape nobody wrote down."""
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return "other"
    features = (
        ("set operation", isinstance(tree, exp.SetOperation)),
        ("nested", len(list(tree.find_all(exp.Select))) > 1),
        ("group", tree.args.get("group") is not None),
        ("join", tree.find(exp.Join) is not None),
        ("order and limit", tree.args.get("order") is not None),
        ("aggregate", tree.find(exp.AggFunc) is not None),
        ("filter", tree.args.get("where") is not None),
    )
    return next((name for name, there in features if there), "list")


def _names(tree: exp.Expr, kind: type[exp.Expr]) -> Counter[str]:
    return Counter(node.name.lower() for node in tree.find_all(kind))


def _text(tree: exp.Expr) -> str:
    """An expression with its columns unqualified, so that aliases do not matter."""
    plain = tree.copy()
    for column in plain.find_all(exp.Column):
        column.set("table", None)
    return plain.sql(dialect="duckdb").lower()


def _joins(tree: exp.Expr) -> Counter[str]:
    return Counter(
        str(join.side or join.kind or "inner").lower() for join in tree.find_all(exp.Join)
    )


def _aggregates(tree: exp.Expr) -> Counter[str]:
    return Counter(
        f"{type(node).__name__} {'distinct' if node.find(exp.Distinct) else ''}"
        for node in tree.find_all(exp.AggFunc)
    )


def _operators(tree: exp.Expr) -> Counter[str]:
    return Counter(
        type(node).__name__
        for node in tree.find_all(*_PREDICATES)
        if not isinstance(node, exp.Dot) and node.find_ancestor(exp.Join) is None
    )


def _clause(*names: str) -> Callable[[exp.Expr], list[str]]:
    def texts(tree: exp.Expr) -> list[str]:
        return [_text(clause) for name in names if (clause := tree.args.get(name)) is not None]

    return texts


_PARTS: dict[str, Callable[[exp.Expr], object]] = {
    "table": lambda tree: set(_names(tree, exp.Table)),
    "join": _joins,
    "column": lambda tree: set(_names(tree, exp.Column)),
    "aggregate": _aggregates,
    "grouping": _clause("group", "having"),
    "distinct": lambda tree: tree.args.get("distinct") is not None,
    "operator": _operators,
    "value": lambda tree: Counter(str(node.this).lower() for node in tree.find_all(exp.Literal)
                                  if node.find_ancestor(exp.Limit) is None),
    "order or limit": _clause("order", "limit"),
}  # fmt: skip
