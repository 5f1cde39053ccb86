"""Values that Python cannot hold, asked for as text; cells that are too long to show, cut.

Python has no months and no nanoseconds, and takes a date without end for its own last or first one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import duckdb

LONGEST_CELL = 10_000
"""Characters of a text, bytes of a blob, characters of a list or structure written out."""
_DEEPEST = 60
_BATCH = 100
_MOST_CHARACTERS = 50_000_000
_PARTS = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\b(?:(?P<finer>INTERVAL|TIME\w*_NS)"""
    r"""|(?P<date>DATE|TIMESTAMP(?:_M?S)?(?: WITH TIME ZONE)?))\b(?! ["\w])"""
)
"""What a type is made of: quoted names and values, and types of time with no name before a type."""
_ENDS = (dt.date.max, dt.date.min, dt.datetime.max, dt.datetime.min)
_LONG = (str, bytes, list, tuple, dict)
_Rows = tuple[list[tuple[Any, ...]], int, bool]


def exact_rows(
    cursor: duckdb.DuckDBPyConnection, sql: str, types: Sequence[str], wide: int, max_rows: int
) -> _Rows:
    """Rows of `sql`, which has just been executed, the number of cells that were cut, and whether
    there are more rows. Where a value cannot be held, the query is run once more for its text.

    types: of the columns that are wanted, the first of `wide`
    """
    finer = _having("finer", types)
    if finer:
        try:
            cursor.execute(_with_texts(sql, wide, len(types), finer, {}))
        except (duckdb.ParserException, duckdb.BinderException):  # not every query can be a table
            finer = {}
            cursor.execute(sql)
    found = _fetch(cursor, len(types), max_rows)
    ends = {
        place: kind
        for place, kind in _having("date", types).items()
        if place not in finer and any(_any(_is_end, row[place]) for row in found[0])
    }
    if ends:
        with suppress(duckdb.ParserException, duckdb.BinderException):
            cursor.execute(_with_texts(sql, wide, len(types), finer, ends))
            rows, cells, more = _fetch(cursor, len(types) + len(ends), max_rows)
            found = [_joined(row, list(ends)) for row in rows], cells, more
    return found


def _having(part: str, types: Sequence[str]) -> dict[int, str]:
    """Places of columns that hold `part`, with the types that have texts instead of times."""
    return {
        place: _PARTS.sub(lambda m: "VARCHAR" if m["finer"] or m["date"] else m[0], kind)
        for place, kind in enumerate(types)
        if any(found[part] for found in _PARTS.finditer(kind))
    }


def _any(test: Any, value: Any) -> bool:
    """Whether the test holds for the value or one inside it."""
    if isinstance(value, list | tuple):
        return any(_any(test, item) for item in value)
    if isinstance(value, dict):
        return any(_any(test, item) for item in (*value, *value.values()))
    return bool(test(value))


def _is_end(value: Any) -> bool:
    return (value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value) in _ENDS


def _is_endless(value: Any) -> bool:
    return isinstance(value, str) and value.endswith("infinity")


def _with_texts(
    sql: str, all_wide: int, wide: int, finer: dict[int, str], ends: dict[int, str]
) -> str:
    """The query with texts in place of `finer`, and behind its columns those of `ends`."""
    from sqlglot import TokenType, tokenize

    ended = (t.start for t in tokenize(sql, "duckdb") if t.token_type == TokenType.SEMICOLON)
    inner = sql[: next(ended, len(sql))]
    names = [f"c{place}" for place in range(all_wide)]
    shown = [
        f"CAST({name} AS {finer[place]})" if place in finer else name
        for place, name in enumerate(names[:wide])
    ]
    shown += [f"CAST({names[place]} AS {kind})" for place, kind in ends.items()]
    return f"SELECT {', '.join(shown)} FROM ({inner}\n) AS q({', '.join(names)})"


def _joined(row: tuple[Any, ...], ends: list[int]) -> tuple[Any, ...]:
    """A row of `_with_texts` with its texts where they are wanted."""
    values = list(row[: len(row) - len(ends)])
    for place, text in zip(ends, row[len(values) :], strict=True):
        if _any(_is_endless, text):
            values[place] = text
    return tuple(values)


def _fetch(cursor: duckdb.DuckDBPyConnection, wide: int, max_rows: int) -> _Rows:
    rows: list[tuple[Any, ...]] = []
    cells = characters = 0
    while len(rows) <= max_rows:
        batch = cursor.fetchmany(min(_BATCH, max_rows + 1 - len(rows)))
        if not batch:
            return rows, cells, False
        for row in batch:
            sizes = [_size(v, LONGEST_CELL) if isinstance(v, _LONG) else 0 for v in row[:wide]]
            rows.append(tuple(map(_short, row, sizes)))
            cells += sum(size > LONGEST_CELL for size in sizes)
            characters += sum(min(size, LONGEST_CELL) for size in sizes)
        if characters > _MOST_CHARACTERS:
            break
    return rows[:max_rows], cells, True


def _size(value: Any, most: int, deep: int = 0) -> int:
    """Characters or bytes of a value, counted until they are more than `most`."""
    if isinstance(value, str | bytes):
        return len(value)
    if not isinstance(value, list | tuple | dict):
        return len(str(value))
    size = 2
    for item in (*value, *value.values()) if isinstance(value, dict) else value:
        size += _size(item, most - size, deep + 1) + 2
        if size > most or deep > _DEEPEST:
            return LONGEST_CELL + 1
    return size


def _short(value: Any, size: int) -> Any:
    if size <= LONGEST_CELL:
        return value
    return (value if isinstance(value, str | bytes) else str(value))[:LONGEST_CELL]
