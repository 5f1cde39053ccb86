"""Do two results answer the same question? The rules are fixed here, before anything is scored.

Strict: the same number of columns in the same order (names do not count), the same bag of rows
(duplicates count), and the same order of rows when the gold query orders its result.
Tolerant: as strict, but the columns may stand in another order and further columns may stand
between them; the rows are still a bag, so a missing DISTINCT stays wrong.

Values: numbers are equal by value within a relative 1e-9, whatever their type; a date equals the
timestamp of its midnight; NULL equals NULL, NaN equals NaN; text is compared exactly, and never
equals a number.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Hashable, Sequence
from decimal import Decimal
from itertools import permutations
from typing import Any

from llmtui.database.result import Result

_DIGITS = 9
_MOST_ORDERS = 5_000


def same_strict(gold: Result, other: Result, *, ordered: bool) -> bool:
    if len(gold.columns) != len(other.columns) or len(gold.rows) != len(other.rows):
        return False
    return _same_rows(_canonical(gold.rows), _canonical(other.rows), ordered)


def same_tolerant(gold: Result, other: Result, *, ordered: bool) -> bool:
    """Whether some choice and order of `other`'s columns gives `gold`."""
    wide = len(gold.columns)
    if len(gold.rows) != len(other.rows) or wide > len(other.columns):
        return False
    mine, theirs = _canonical(gold.rows), _canonical(other.rows)
    if not mine:
        return True
    wanted = [Counter(row[i] for row in mine) for i in range(wide)]
    offered = [Counter(row[j] for row in theirs) for j in range(len(other.columns))]
    fitting = [[j for j, bag in enumerate(offered) if bag == want] for want in wanted]
    if any(not choice for choice in fitting):
        return False
    candidates = sorted({j for choice in fitting for j in choice})
    for tried, choice in enumerate(permutations(candidates, wide)):
        if tried > _MOST_ORDERS:
            break
        if all(j in fits for j, fits in zip(choice, fitting, strict=True)):
            chosen = [tuple(row[j] for j in choice) for row in theirs]
            if _same_rows(mine, chosen, ordered):
                return True
    return False


def _same_rows(
    mine: Sequence[tuple[Hashable, ...]], theirs: Sequence[tuple[Hashable, ...]], ordered: bool
) -> bool:
    if ordered:
        return list(mine) == list(theirs)
    return Counter(mine) == Counter(theirs)


def _canonical(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Hashable, ...]]:
    return [tuple(canonical_value(value) for value in row) for row in rows]


def canonical_value(value: Any) -> Hashable:
    """A hashable stand-in that is equal exactly when two values count as equal."""
    stand_in: Hashable = (type(value).__name__, str(value))
    if value is None or isinstance(value, bool):
        stand_in = ("bool", value)
    elif isinstance(value, int | float | Decimal):
        stand_in = _number(value)
    elif isinstance(value, dt.datetime):
        stand_in = ("time", value.replace(tzinfo=None).isoformat())
    elif isinstance(value, dt.date):
        stand_in = ("time", dt.datetime(value.year, value.month, value.day).isoformat())
    elif isinstance(value, dict):
        stand_in = ("map", tuple((str(k), canonical_value(v)) for k, v in value.items()))
    elif isinstance(value, list | tuple):
        stand_in = ("list", tuple(canonical_value(item) for item in value))
    return stand_in


def _number(value: int | float | Decimal) -> Hashable:
    """Whole numbers exactly; others to ten significant digits, which is the tolerance."""
    if not math.isfinite(value):
        return ("number", str(float(value)))
    if value == int(value):
        return ("number", int(value))
    near = float(f"{float(value):.{_DIGITS}e}")
    return ("number", int(near) if near.is_integer() else near)
