"""What a query's ORDER BY and LIMIT leave open: rows that tie.

`ORDER BY price LIMIT 1` does not say which of two cheapest rows it gives. The query is rewritten so
that every row carries its rank and the LIMIT keeps all rows that tie with the last one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from llmtui.database.compare import Wanted, same_strict
from llmtui.database.result import Result
from llmtui.workspace.errors import LlmtuiError

if TYPE_CHECKING:
    from llmtui.database.execute import Database

_RANK = "rank_of_row"


def run_gold(database: Database, sql: str, max_rows: int) -> Wanted:
    """What a gold query asks for, ties told apart where it can be rewritten.

    Raises what running it raises. A query that cannot be rewritten is taken literally.
    """
    plain = database.run(sql, max_rows=max_rows)
    wanted = Wanted.of(plain, ordered=database.check(sql).ordered)
    ranked = with_ranks(sql, plain.columns)
    if ranked is None:
        return wanted
    try:
        result = database.run(ranked, max_rows=max_rows)
    except LlmtuiError:
        return wanted
    if result.truncated or len(result.columns) != len(plain.columns) + 1:
        return wanted
    ranks = tuple(int(row[-1]) for row in result.rows)
    rows = replace(result, columns=plain.columns, rows=tuple(row[:-1] for row in result.rows))
    told = Wanted(rows, ranks, len(plain.rows))
    return told if same_strict(told, plain) else wanted


def all_tied(database: Database, sql: str, plain: Result, max_rows: int) -> Result | None:
    """The rows of a query with all that tie at its LIMIT; None when that cannot be told."""
    ranked = with_ranks(sql, plain.columns)
    if ranked is None:
        return None
    try:
        result = database.run(ranked, max_rows=max_rows)
    except LlmtuiError:
        return None
    return replace(result, columns=plain.columns, rows=tuple(row[:-1] for row in result.rows))


def with_ranks(sql: str, columns: tuple[str, ...]) -> str | None:
    """The query with the rank of each row as its last column, cut after ties; None for others.

    columns: the names of its result's columns
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Query) or tree.args.get("offset") or tree.args.get("qualify"):
        return None
    limit, order = tree.args.get("limit"), tree.args.get("order")
    if limit is None and order is None:
        return None
    if limit is not None and not (
        isinstance(limit, exp.Limit) and isinstance(limit.expression, exp.Literal)
    ):
        return None
    inner = tree.copy()
    inner.set("order", None)
    inner.set("limit", None)
    keys = order.expressions if order is not None else []
    plain = isinstance(tree, exp.Select) and not tree.args.get("distinct")
    ranked = (_beside(inner, keys) if plain else None) or _around(inner, keys, columns)
    if ranked is None:
        return None
    cut = f" QUALIFY {_RANK} <= {limit.expression.this}" if limit is not None else ""
    return f"{ranked}{cut} ORDER BY {_RANK}"


def _beside(query: exp.Query, keys: list[exp.Expression]) -> str | None:
    """The rank as one more column of the query itself."""
    assert isinstance(query, exp.Select)
    named = {item.alias.lower(): item.this for item in query.expressions if item.alias}
    parts = []
    for key in keys:
        found = key.this
        if isinstance(found, exp.Literal) and not found.is_string:
            place = int(found.this) - 1
            if any(item.is_star for item in query.expressions[: place + 1]):
                return None
            found = query.expressions[place].unalias()
        elif isinstance(found, exp.Column) and not found.table:
            found = named.get(found.name.lower(), found)
        parts.append(_ordered(key, found.sql(dialect="duckdb")))
    return query.select(_rank(parts), dialect="duckdb").sql(dialect="duckdb")


def _around(query: exp.Query, keys: list[exp.Expression], columns: tuple[str, ...]) -> str | None:
    """The rank beside the query's result: DISTINCT and set operations order by their columns."""
    places = {name.lower(): number for number, name in enumerate(columns, 1)}
    parts = []
    for key in keys:
        found = key.this
        if isinstance(found, exp.Literal) and not found.is_string:
            place = int(found.this)
        elif isinstance(found, exp.Column) and found.name.lower() in places:
            place = places[found.name.lower()]
        else:
            return None
        parts.append(_ordered(key, f"c{place}"))
    names = ", ".join(f"c{number}" for number in range(1, len(columns) + 1))
    return f"SELECT *, {_rank(parts)} FROM ({query.sql(dialect='duckdb')}) AS q({names})"


def _ordered(key: exp.Expression, text: str) -> str:
    """A key of ORDER BY with `text` in place of what it orders by."""
    direction = " DESC" if key.args.get("desc") else ""
    first = " NULLS FIRST" if key.args.get("nulls_first") else " NULLS LAST"
    return f"{text}{direction}{first}"


def _rank(parts: list[str]) -> str:
    return f"RANK() OVER ({'ORDER BY ' + ', '.join(parts) if parts else ''}) AS {_RANK}"
