"""A perturbed copy of a database: the same tables and keys, other rows and values.

Two queries that agree on a database by luck (a condition that is always true there, a column with
the same values, no row at the boundary) part ways on such copies. In each, rows are dropped and
doubled; the values of every column but the keys are dealt out anew; some are replaced, by values
outside the column's range and by `planted` ones: (column, value) that queries compare. Every
reference still finds its row, what is unique stays unique, and a table that ties rows both ways
does so. The seed decides all of it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from llmtui.database import connection as connections
from llmtui.database.exclude import Exclusion
from llmtui.database.files import view_files
from llmtui.database.mirror import both_ways, mirrored
from llmtui.database.profile import read_schema, view_statements
from llmtui.database.replaced import MOST, replaced
from llmtui.database.schema import Column, ForeignKey, Schema, Table, quote
from llmtui.workspace.files import whole_file

MOST_ROWS = 10_000
"""Rows of a table that a copy is made of; a sample of larger ones."""
_DROPPED, _DOUBLED = 0.15, 0.25
_LABELS_FROM = 5
"""A text column without a repetition in so many rows is taken for a name: it stays unique."""
_MEMORY_MB = 1024


@dataclass
class _Copy:
    """A table on its way into the copy: column → values, and those its keys had before.

    pairs: the columns by which a table without a key ties others, when no two of its rows tie
        the same
    mirror: the two columns by which it ties rows both ways, as it goes on to do
    """

    table: Table
    values: dict[str, list[Any]]
    types: dict[str, pa.DataType]
    before: dict[str, set[Any]] = field(default_factory=dict)
    pairs: tuple[str, ...] = ()
    mirror: tuple[str, str] | None = None
    whole: list[_Whole] = field(default_factory=list)


@dataclass(frozen=True)
class _Whole:
    """Several columns that refer to the columns of one row of another table together."""

    columns: tuple[str, ...]
    parent: str
    targets: tuple[str, ...]


def write_copies(
    file: Path | None,
    in_place: Sequence[Path],
    exclude: Sequence[str],
    targets: Sequence[Path],
    seed: int,
    planted: Sequence[tuple[str, Any]],
) -> None:
    """Write one copy to each of `targets`, without what is excluded. Raises SourceError."""
    source = connections.connect_memory(_MEMORY_MB, 1)
    connections.attach(source, file)
    source.execute(f"USE {connections.SOURCE}")
    view_files(in_place, source)
    exclusion = Exclusion.of(exclude, source)
    schema = exclusion.narrowed(read_schema(source))
    made = view_statements(source)
    for number, target in enumerate(targets):
        rng = random.Random(f"{seed}/{number}")
        copies = [_read(source, table, seed) for table in schema.tables if table.name not in made]
        for copy in copies:
            copy.whole = _wholes(copy, copies, schema)
            copy.mirror = _mirror(copy, schema)
        for copy in copies:
            _perturb(copy, schema, rng, planted, number)
        _mend_references(copies, schema, rng)
        with whole_file(target) as temporary:
            source.execute(f"ATTACH '{str(temporary).replace(chr(39), chr(39) * 2)}' AS copy")
            for copy in copies:
                _write(source, copy)
            for statement in made.values():
                with suppress(duckdb.Error):  # a view that does not bind here is left out
                    source.execute(f"USE copy; {statement}")
            source.execute(f"USE {connections.SOURCE}; DETACH copy")
    source.close()


def _read(source: duckdb.DuckDBPyConnection, table: Table, seed: int) -> _Copy:
    sample = f" USING SAMPLE reservoir({MOST_ROWS} ROWS) REPEATABLE ({seed})"
    place = f"{table.sql_name}{sample if table.row_count > MOST_ROWS else ''}"
    columns, as_text = list(table.columns), set[int]()
    while True:
        shown = ", ".join(
            f"CAST({column.sql_name} AS VARCHAR)" if number in as_text else column.sql_name
            for number, column in enumerate(columns)
        )
        found = source.sql(f"SELECT {shown} FROM {place}").to_arrow_table()
        values: dict[str, list[Any]] = {}
        for number, column in enumerate(columns):
            try:
                values[column.name] = found.column(number).to_pylist()
            except (OverflowError, ValueError):  # infinite, or finer than Python's times
                as_text.add(number)
                columns[number] = replace(column, kind="other")  # its values only change places
        if len(values) == len(columns):
            types = dict(zip(values, found.schema.types, strict=True))
            return _Copy(replace(table, columns=tuple(columns)), values, types)


def _wholes(copy: _Copy, copies: Sequence[_Copy], schema: Schema) -> list[_Whole]:
    """The references of a table that several columns make together: rows are found by all."""
    found = []
    mine = [key for key in schema.foreign_keys if key.table == copy.table.name]
    referred = {key.to_table for key in mine}
    for parent in [other for other in copies if other.table.name in referred]:
        keys = [key for key in mine if key.to_table == parent.table.name]
        columns = tuple(key.column for key in keys)
        targets = tuple(key.to_column for key in keys)
        if len(set(columns)) < 2 or len(set(targets)) < len(columns):
            continue
        there = set(zip(*(parent.values[name] for name in targets), strict=True))
        here = set(zip(*(copy.values[name] for name in columns), strict=True))
        if all(None in tie or tie in there for tie in here):
            found.append(_Whole(columns, parent.table.name, targets))
    return found


def _mirror(copy: _Copy, schema: Schema) -> tuple[str, str] | None:
    """The columns by which a table ties rows both ways: alone no key, with the same targets."""
    pair = mirrored(copy.values)
    to = {k.column: (k.to_table, k.to_column) for k in schema.foreign_keys
          if k.table == copy.table.name}  # fmt: skip
    keys = set(copy.table.primary_key)
    if pair is None or any(keys == {name} for name in pair):
        return None
    return pair if len({to.get(name) for name in pair}) == 1 else None


def _perturb(
    copy: _Copy,
    schema: Schema,
    rng: random.Random,
    planted: Sequence[tuple[str, Any]],
    turn: int,
) -> None:
    """Rows and values of one table. In every second copy references are dealt out anew too."""
    references = turn % 2 == 1
    table = copy.table
    foreign = {key.column for key in schema.foreign_keys if key.table == table.name}
    keys = {*table.primary_key, *(k.to_column for k in schema.foreign_keys
                                  if k.to_table == table.name)}  # fmt: skip
    copy.before = {name: set(copy.values[name]) for name in keys if name in copy.values}
    count = len(next(iter(copy.values.values()), []))
    tied = tuple(name for name in copy.values if name in foreign)
    if len(set(zip(*(copy.values[name] for name in tied), strict=True))) == count:
        ties = len(tied) > 1 and not table.primary_key
        copy.pairs = tied if ties or len(tied) == len(copy.values) else ()
    doubles = not keys & foreign and all(
        _has_more(table.column(name), copy.values.get(name, ())) for name in keys
    )
    order = rng.sample(range(count), count)
    kept = order[: count - round(count * _DROPPED)]
    again = rng.sample(range(len(kept)), ceil(len(kept) * _DOUBLED)) if doubles else []
    rows = [(place, False) for place in range(len(kept))] + [(place, True) for place in again]
    rng.shuffle(rows)
    together: dict[str, list[int]] = {}
    for whole in copy.whole:
        together |= dict.fromkeys(whole.columns, rng.sample(range(count), count))
    for column in table.columns:
        values = copy.values[column.name]
        label = column.type == "VARCHAR" and column.unique and count >= _LABELS_FROM
        stays = column.name in keys or (column.name in foreign and not references)
        if stays:
            deal: Sequence[int] = range(count)
        elif column.name in together:
            deal = together[column.name]
        else:
            deal = rng.sample(range(count), count)
        dealt = [values[deal[row]] for row in kept]
        if not label and column.name not in keys | foreign:
            near = [value for name, value in planted if name == column.name.lower()]
            dealt = replaced(column, dealt, near, rng, turn)
        dealt = [dealt[place] for place, _ in rows]
        if column.name in keys or label:
            dealt = _unique(values, dealt, [twice for _, twice in rows])
        copy.values[column.name] = dealt


def _has_more(column: Column, values: Sequence[Any]) -> bool:
    """Whether new values of a key can be thought of, as many as it has."""
    highest = max((value for value in values if isinstance(value, int)), default=0)
    room = MOST.get(column.type, 2**31) - len(values)
    return ("INT" in column.type and highest < room) or column.type == "VARCHAR"


def _unique(values: Sequence[Any], dealt: Sequence[Any], twice: Sequence[bool]) -> list[Any]:
    """The dealt values with new ones for the rows that are there a second time."""
    highest = max((v for v in values if isinstance(v, int)), default=0)
    fresh: list[Any] = []
    for value, again in zip(dealt, twice, strict=True):
        if again and isinstance(value, int):
            highest += 1
            fresh.append(highest)
        else:
            fresh.append(f"{value} 2" if again and isinstance(value, str) else value)
    return fresh


def _mend_references(copies: Sequence[_Copy], schema: Schema, rng: random.Random) -> None:
    """Point references to rows that were dropped to others; a pair that is there twice goes."""
    by_name = {copy.table.name: copy for copy in copies}
    for key in schema.foreign_keys:
        if key.table in by_name and key.to_table in by_name:
            _mend(by_name[key.table], by_name[key.to_table], key, rng)
    for copy in copies:
        for whole in copy.whole:
            _mend_whole(copy, by_name[whole.parent], whole, rng)
        names = copy.table.primary_key or copy.pairs
        if not names:
            continue
        seen: set[tuple[Any, ...]] = set()
        rows: list[int] = []
        for row, key_values in enumerate(zip(*(copy.values[n] for n in names), strict=True)):
            if key_values not in seen:
                seen.add(key_values)
                rows.append(row)
        copy.values = {name: [vs[row] for row in rows] for name, vs in copy.values.items()}
    for copy in copies:
        if copy.mirror:
            copy.values = both_ways(copy.values, copy.mirror)


def _mend(child: _Copy, parent: _Copy, key: ForeignKey, rng: random.Random) -> None:
    there = [value for value in parent.values[key.to_column] if value is not None]
    known, before = set(there), parent.before[key.to_column]
    child.values[key.column] = [
        (rng.choice(there) if there else None) if value in before and value not in known else value
        for value in child.values[key.column]
    ]


def _mend_whole(child: _Copy, parent: _Copy, whole: _Whole, rng: random.Random) -> None:
    there = list(zip(*(parent.values[name] for name in whole.targets), strict=True))
    known = set(there)
    ties = [
        rng.choice(there) if there and None not in tie and tie not in known else tie
        for tie in zip(*(child.values[name] for name in whole.columns), strict=True)
    ]
    for place, name in enumerate(whole.columns):
        child.values[name] = [tie[place] for tie in ties]


def _write(source: duckdb.DuckDBPyConnection, copy: _Copy) -> None:
    table = copy.table
    arrays = [_array(copy, column) for column in table.columns]
    rows = pa.table(arrays, names=[f"c{number}" for number in range(len(arrays))])
    columns = ", ".join(column.sql_name for column in table.columns)
    source.execute(f"CREATE SCHEMA IF NOT EXISTS copy.{quote(table.schema)}")
    place = f"copy.{quote(table.schema)}.{quote(table.name)}"
    source.execute(f"CREATE TABLE {place} AS SELECT {columns} FROM {table.sql_name} LIMIT 0")
    source.register("perturbed_rows", rows)
    source.execute(f"INSERT INTO {place} SELECT * FROM perturbed_rows")
    source.unregister("perturbed_rows")


def _array(copy: _Copy, column: Column) -> pa.Array:
    return pa.array(copy.values[column.name], type=copy.types[column.name])
