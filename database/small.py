"""Facts of a small table's columns, counted here from one fetch.

A database may have a thousand tables, and DuckDB takes some 10 ms to plan a distinct count of one
column, whatever the table holds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import duckdb

from llmtui.database.schema import Column, quote

MOST_CELLS = 20_000
RANGED = ("number", "date", "time")


def small_facts(
    connection: duckdb.DuckDBPyConnection, place: str, columns: tuple[Column, ...], few: int
) -> tuple[tuple[Column, ...], int] | None:
    """The columns with their facts and the number of rows; None when the table is not small.

    few: text columns with at most so many distinct values are `complete`
    """
    most = MOST_CELLS // max(len(columns), 1)
    shown = ", ".join(map(_shown, columns))
    rows = connection.execute(f"SELECT {shown} FROM {place} LIMIT {most + 1}").fetchall()
    if len(rows) > most:
        return None
    if not rows:
        return columns, 0
    values = zip(*rows, strict=True)
    found = (_facts(column, list(v), few) for column, v in zip(columns, values, strict=True))
    return tuple(found), len(rows)


def _shown(column: Column) -> str:
    name = quote(column.name)
    if column.kind == "other":
        return f"CASE WHEN {name} IS NULL THEN NULL ELSE true END"
    return f"CAST({name} AS VARCHAR)" if column.kind == "text" else name


def _facts(column: Column, values: list[Any], few: int) -> Column:
    filled = [value for value in values if value is not None]
    nulls = len(values) - len(filled)
    if column.kind == "other":
        return replace(column, nulls=nulls)
    if column.type in ("DOUBLE", "FLOAT"):
        filled = [_NAN if math.isnan(value) else value for value in filled]
    counts = Counter(filled)
    low = high = None
    if column.kind in RANGED and filled:
        ordered = [value for value in counts if value is not _NAN] or [_NAN]
        texts = [value for value in ordered if isinstance(value, str)]
        ordered = texts or ordered  # dates that Python does not have, such as the year 20224
        low, high = min(ordered), _NAN if _NAN in counts else max(ordered)  # NaN is the greatest
    common = most_frequent(counts, few) if column.kind == "text" else ()
    return replace(
        column,
        values=common,
        complete=bool(common) and len(common) == len(counts),
        distinct=len(counts),
        nulls=nulls,
        minimum=low,
        maximum=high,
        unique=len(counts) == len(values),
    )


def most_frequent(counts: Counter[Any], few: int) -> tuple[str, ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return frequent([str(value) for value, _ in ordered[: few + 1]], few)


def frequent(texts: Sequence[str], few: int) -> tuple[str, ...]:
    """The texts, or some that are not long when there are more than `few`."""
    if len(texts) > few:
        return tuple([text for text in texts if len(text) <= _LONGEST][:_SOME])
    return tuple(texts)


_NAN = math.nan
_SOME = 20
_LONGEST = 60
