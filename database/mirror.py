"""Tables that tie rows both ways: who is a friend of whom, which state borders which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Values = dict[str, list[Any]]
_FEWEST = 4
"""Rows, and values in a column, from which on a table that reads the same both ways does so by
more than chance."""


def mirrored(values: Mapping[str, list[Any]]) -> tuple[str, str] | None:
    """The two columns that may change places: every row is there with the two exchanged as well.
    None when no two of them may."""
    names, rows = list(values), list(zip(*values.values(), strict=True))
    known = set(map(_key, rows))
    if len(rows) < _FEWEST or len(known) < len(rows):
        return None
    held = {name: frozenset(map(repr, values[name])) for name in names}
    for one, name in enumerate(names):
        for other, second in enumerate(names[one + 1 :], one + 1):
            alike = len(held[name]) >= _FEWEST and held[name] == held[second]
            if not alike or values[name] == values[second]:
                continue
            if all(_key(_exchanged(row, one, other)) in known for row in rows):
                return name, second
    return None


def both_ways(values: Mapping[str, list[Any]], pair: tuple[str, str]) -> Values:
    """The rows, and those with the two columns exchanged whose tie is not there yet."""
    one, other = (list(values).index(name) for name in pair)
    rows = list(zip(*values.values(), strict=True))
    ties = {(row[one], row[other]) for row in rows}
    for row in list(rows):
        if (row[other], row[one]) not in ties:
            ties.add((row[other], row[one]))
            rows.append(_exchanged(row, one, other))
    return {name: [row[place] for row in rows] for place, name in enumerate(values)}


def _exchanged(row: tuple[Any, ...], one: int, other: int) -> tuple[Any, ...]:
    changed = list(row)
    changed[one], changed[other] = row[other], row[one]
    return tuple(changed)


def _key(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(map(repr, row))
