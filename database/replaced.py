"""Values that take the place of others in a perturbed copy."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from decimal import Decimal
from math import ceil, isfinite
from typing import Any

from llmtui.database.schema import Column

_PLANTED, _OUTSIDE = 0.25, 0.125
"""Shares of the values that are replaced; at least one of a column."""
_DAY = dt.timedelta(days=1)
_LEAST = {"TINYINT": -(2**7), "SMALLINT": -(2**15), "INTEGER": -(2**31), "BIGINT": -(2**63)}
MOST = {"TINYINT": 2**7, "SMALLINT": 2**15, "INTEGER": 2**31, "BIGINT": 2**63,
        "UTINYINT": 2**8, "USMALLINT": 2**16, "UINTEGER": 2**32, "UBIGINT": 2**64}  # fmt: skip


def replaced(
    column: Column, values: list[Any], planted: Sequence[Any], rng: random.Random, turn: int
) -> list[Any]:
    """`values` with some replaced by ones outside their range and by planted ones.

    planted: numbers and dates that queries compare this column with
    turn: number of the copy: each begins with other planted values, so that all have their turn
    """
    filled = [i for i, value in enumerate(values) if value is not None]
    if not filled or column.kind in ("other", "time") or column.type == "UUID":
        return values
    there = [values[i] for i in filled]
    near, outside = _new_values(column, there, planted, rng)
    most = ceil(len(filled) * _PLANTED)
    start = turn * most % max(1, len(near))
    near = (near[start:] + near[:start])[:most]
    cells = rng.sample(filled, min(len(filled), len(near) + ceil(len(filled) * _OUTSIDE)))
    changed = list(values)
    for number, cell in enumerate(cells):
        if number < len(near):
            changed[cell] = near[number]
        elif outside:
            changed[cell] = outside[number % len(outside)]
        else:
            changed[cell] = _other(column, values[cell], there, rng)
    return changed


def _new_values(
    column: Column, values: list[Any], planted: Sequence[Any], rng: random.Random
) -> tuple[list[Any], list[Any]]:
    """Planted values of the column's type, and values outside its range."""
    first = values[0]
    try:
        if isinstance(first, int | float | Decimal) and not isinstance(first, bool):
            return _numbers(column, values, planted, rng)
        if isinstance(first, dt.date):
            return _dates(values, planted, rng)
    except (OverflowError, ArithmeticError):
        pass  # at the ends of what the type can hold the values only change places
    return [], []


def _other(column: Column, old: Any, values: list[Any], rng: random.Random) -> Any:
    """Another value in place of a text, a truth value or one of a few named values."""
    if column.type.startswith("ENUM"):
        return rng.choice(sorted(set(values)))
    if isinstance(old, bool):
        return not old
    return _text(old) if isinstance(old, str) else old


def _text(old: str) -> str:
    """Another text of the same look: a number stays one, a date stays one."""
    if old.isascii() and old.isdigit():
        return str(int(old) + 1).zfill(len(old))
    try:
        return (dt.date.fromisoformat(old) + _DAY).isoformat()
    except (ValueError, OverflowError):
        return f"{old} x"


def _numbers(
    column: Column, values: list[Any], planted: Sequence[Any], rng: random.Random
) -> tuple[list[Any], list[Any]]:
    """Planted numbers of the column's type, and numbers outside its range."""
    finite = [value for value in values if isfinite(value)]
    if not finite:
        return [], []
    low, high = min(finite), max(finite)
    kind = type(low)
    near = [kind(n) for n in planted if isinstance(n, int | float)]
    least, most, places = _bounds(column.type, low)
    step = kind(1) if most > 1 else kind(Decimal(1).scaleb(-places))
    outside = [high + step * rng.randint(1, 9), low - step * rng.randint(1, 9), kind(0)]
    if isinstance(low, Decimal):
        near, outside = ([round(n, places) for n in part] for part in (near, outside))
    near, outside = ([n for n in part if least <= n < most] for part in (near, outside))
    return near, outside


def _bounds(kind: str, value: Any) -> tuple[float, float, int]:
    """(least, one past the most, digits after the point) that a type can hold."""
    if kind.startswith("DECIMAL("):
        digits, places = (int(part) for part in kind[8:-1].split(","))
        return float(-(10 ** (digits - places))), float(10 ** (digits - places)), places
    if isinstance(value, float):
        return float("-inf"), float("inf"), 0
    return _LEAST.get(kind, 0), MOST.get(kind, 2**63), 0


def _dates(
    values: list[Any], planted: Sequence[Any], rng: random.Random
) -> tuple[list[Any], list[Any]]:
    """Planted dates, and one before and one after all."""
    low, high = min(values), max(values)
    near: list[Any] = []
    for text in planted:
        if isinstance(text, str):
            day = dt.date.fromisoformat(text)
            if isinstance(low, dt.datetime):
                day = dt.datetime(day.year, day.month, day.day, tzinfo=low.tzinfo)
            near.append(day)
    far = [dt.timedelta(days=rng.randint(100, 700)) for _ in range(2)]
    return near, [low - far[0], high + far[1]]
