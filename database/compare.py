"""Do two results answer the same question? The rules are fixed here, before anything is scored.

Strict: the same number of columns in the same order (names do not count), the same bag of rows
(duplicates count), and the same order of rows when the gold query orders its result.
Tolerant: as strict, but the columns may stand in another order and further columns may stand
between them, a number equals the text that writes it, and all rows that tie at a LIMIT may be given
instead of some; the rows are still a bag, so a missing DISTINCT stays wrong.

What the gold query leaves open is open in both: rows that its ORDER BY makes equal may stand in any
order, and at a LIMIT any of the rows that tie may be the ones given (see `ties`).

Values: numbers are equal by value within a relative 1e-9, whatever their type; a date equals the
timestamp of its midnight and the text that writes it (2024-01-31); NULL equals NULL, NaN equals
NaN; other text is compared exactly.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import permutations
from typing import Any

from llmtui.database.result import Result

_DIGITS = 9
_MOST_ORDERS = 5_000
_DATE_TEXT = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d{1,6})?)?")
_NUMBER_TEXT = re.compile(r"-?\d{1,18}(\.\d{1,12})?")
_Row = tuple[Hashable, ...]


@dataclass(frozen=True)
class Wanted:
    """What a gold query asks for.

    result: its rows, and behind them those that tie with the last one where it has a LIMIT
    ranks: the place of each row, equal for rows in no order; () when nothing is ordered
    size: rows that are wanted
    """

    result: Result
    ranks: tuple[int, ...]
    size: int

    @classmethod
    def of(cls, result: Result, *, ordered: bool) -> Wanted:
        """A result as it is, in its order or as a bag."""
        count = len(result.rows)
        return cls(result, tuple(range(count)) if ordered else (), count)


def same_strict(gold: Wanted, other: Result) -> bool:
    if len(gold.result.columns) != len(other.columns) or len(other.rows) != gold.size:
        return False
    return _same_rows(gold, _canonical(gold.result.rows), _canonical(other.rows))


def same_tolerant(gold: Wanted, other: Result) -> bool:
    """Whether some choice and order of `other`'s columns gives what is wanted."""
    if len(other.rows) not in (gold.size, len(gold.result.rows)):
        return False
    mine, theirs = _canonical(gold.result.rows, loose=True), _canonical(other.rows, loose=True)
    if not mine:
        return len(gold.result.columns) <= len(other.columns)
    return any(
        _same_rows(gold, mine, [tuple(row[j] for j in choice) for row in theirs])
        for choice in _choices(mine, theirs, len(gold.result.columns), len(other.columns))
    )


def _choices(
    mine: Sequence[_Row], theirs: Sequence[_Row], wide: int, offered: int
) -> Iterator[tuple[int, ...]]:
    """Columns of `theirs` that may stand for those of `mine`: values that fit, no column twice."""
    bags = [Counter(row[j] for row in theirs) for j in range(offered)]
    wanted = [Counter(row[i] for row in mine) for i in range(wide)]
    fitting = [{j for j, bag in enumerate(bags) if bag <= want} for want in wanted]
    candidates = sorted(set().union(*fitting))
    for tried, choice in enumerate(permutations(candidates, wide)):
        if tried > _MOST_ORDERS:
            return
        if all(j in fits for j, fits in zip(choice, fitting, strict=True)):
            yield choice


def _same_rows(gold: Wanted, mine: Sequence[_Row], theirs: Sequence[_Row]) -> bool:
    """Bag by bag of rows with one rank; of the last bag that is reached some may be missing."""
    if not gold.ranks:
        return Counter(mine) == Counter(theirs)
    start = 0
    while start < len(theirs):
        end = start
        while end < len(mine) and gold.ranks[end] == gold.ranks[start]:
            end += 1
        if not Counter(theirs[start:end]) <= Counter(mine[start:end]) or end == start:
            return False
        start = end
    return True


def _canonical(rows: Sequence[tuple[Any, ...]], *, loose: bool = False) -> list[_Row]:
    return [tuple(canonical_value(value, loose=loose) for value in row) for row in rows]


def canonical_value(value: Any, *, loose: bool = False) -> Hashable:
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
    elif isinstance(value, str):
        stand_in = _text(value, loose)
    elif isinstance(value, dict):
        stand_in = ("map", tuple((str(k), canonical_value(v)) for k, v in value.items()))
    elif isinstance(value, list | tuple):
        stand_in = ("list", tuple(canonical_value(item) for item in value))
    return stand_in


def _text(value: str, loose: bool) -> Hashable:
    if _DATE_TEXT.fullmatch(value):
        try:
            return ("time", dt.datetime.fromisoformat(value).isoformat())
        except ValueError:  # the 31st of February
            return ("str", value)
    if loose and _NUMBER_TEXT.fullmatch(value):
        try:
            return _number(Decimal(value))
        except InvalidOperation:
            return ("str", value)
    return ("str", value)


def _number(value: int | float | Decimal) -> Hashable:
    """Whole numbers exactly; others to ten significant digits, which is the tolerance."""
    if not math.isfinite(value):
        return ("number", str(float(value)))
    if value == int(value):
        return ("number", int(value))
    near = float(f"{float(value):.{_DIGITS}e}")
    return ("number", int(near) if near.is_integer() else near)
