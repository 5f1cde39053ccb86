"""Read a connection's schema: tables and views, columns, what is in them, comments, keys."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from llmtui.database import secrets
from llmtui.database.declared import declared_foreign, declared_primary
from llmtui.database.keys import inferred_foreign, likely_primary
from llmtui.database.schema import Column, ForeignKey, Schema, Table, folded, quote
from llmtui.database.small import MOST_CELLS, RANGED, frequent, small_facts
from llmtui.database.text import unseen

SAMPLED_ABOVE = 200_000
"""Rows above which a table is described from a sample."""
_SAMPLE = 100_000
LONGEST_VIEW = 10.0
"""Seconds that a view may take to be described: it may never end."""
FEW = 50
"""A text column with at most this many distinct values has all of them listed."""
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
            "UINTEGER", "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL")  # fmt: skip
_VALUES = re.compile(r"ENUM\('(?:[^']|'')*'(?:, '(?:[^']|'')*')*\)")


@dataclass(frozen=True)
class Relation:
    """A table or view by name."""

    schema: str
    name: str
    comment: str
    view: bool
    rows: int = 0
    """As DuckDB estimates them; 0 for a view."""


def relations(connection: duckdb.DuckDBPyConnection) -> list[Relation]:
    """Every table and view of the source, in the order they were made."""
    rows = connection.execute(
        "SELECT schema_name, table_name, comment, false, table_oid, estimated_size "
        "FROM duckdb_tables() "
        "WHERE NOT internal AND NOT temporary AND schema_name <> '_llmtui' "
        "AND database_name = current_database() UNION ALL "
        "SELECT schema_name, view_name, comment, true, view_oid, 0 FROM duckdb_views() "
        "WHERE NOT internal AND NOT temporary AND database_name = current_database() "
        "ORDER BY 4, 5"
    ).fetchall()
    return [
        Relation(str(row[0]), str(row[1]), str(row[2] or ""), bool(row[3]), int(row[5]))
        for row in rows
    ]


def view_statements(source: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Views of the source, by name, with the statements that made them; none that reads a file."""
    views = source.execute(
        "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal AND NOT temporary "
        "AND database_name = current_database() AND sql NOT ILIKE '%read\\_%' ESCAPE '\\'"
    ).fetchall()
    kept = source.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = '_llmtui' "
        "AND table_name = 'keys' AND database_name = current_database()"
    ).fetchall()
    if kept[0][0]:
        views += source.execute(
            "SELECT of_table, columns FROM _llmtui.keys WHERE kind = 'view'"
        ).fetchall()
    return {str(name): str(sql) for name, sql in views}


def read_schema(
    connection: duckdb.DuckDBPyConnection, *, mask: bool = True, facts: bool = True
) -> Schema:
    """The whole schema, without names that no statement may hold (see `unseen`).

    A view that no longer binds is left out, one that takes too long or too much memory has its
    columns and nothing about what is in them.

    mask: leave likely secrets and personal data out of values and comments
    facts: look at the rows; without, what the catalogue says: rows as estimated, declared keys
    """
    kept = bool(
        connection.execute(
            "SELECT count(*) FROM duckdb_tables() WHERE schema_name = '_llmtui' "
            "AND table_name = 'keys' AND database_name = current_database()"
        ).fetchall()[0][0]
    )
    primary = declared_primary(connection, kept)
    tables: list[Table] = []
    columns = _columns(connection)
    for relation in relations(connection):
        if unseen(relation.schema + relation.name):
            continue
        try:
            listed = tuple(columns.get((relation.schema, relation.name), ()))
            table = _described(relation, listed, relation.rows)
            if facts:
                with _at_most(connection, LONGEST_VIEW) if relation.view else nullcontext():
                    table = _read_table(connection, relation, listed)
        except (duckdb.InterruptException, duckdb.OutOfMemoryException):
            pass  # its columns are known all the same
        except (OverflowError, ValueError):
            pass  # a value that Python cannot hold, such as a time in the year 0
        except duckdb.Error:
            continue
        key = primary.get((relation.schema, relation.name), ())
        if not key or not set(map(folded, key)) <= {folded(c.name) for c in table.columns}:
            key = likely_primary(table.columns)
        table = replace(table, primary_key=key)
        tables.append(_masked(table) if mask else table)
    foreign = declared_foreign(connection, kept)
    if facts:
        foreign += inferred_foreign(connection, tables, foreign)
    times = Counter(table.name for table in tables)  # keys do not tell the schema of a table
    seen = {(table.name, folded(column.name)) for table in tables for column in table.columns}
    foreign = [
        key
        for key in foreign
        if times[key.table] == times[key.to_table] == 1
        and {(key.table, folded(key.column)), (key.to_table, folded(key.to_column))} <= seen
    ]
    return Schema(tuple(tables), tuple(dict.fromkeys(_once(foreign))))


@contextmanager
def _at_most(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt what the block runs when it takes longer."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _masked(table: Table) -> Table:
    columns = []
    for column in table.columns:
        values, kind = secrets.harmless(column.values)
        complete = column.complete and not kind
        columns.append(
            replace(column, values=values, complete=complete, secret=kind,
                    comment=secrets.mask(column.comment))
        )  # fmt: skip
    return replace(table, columns=tuple(columns), comment=secrets.mask(table.comment))


def _once(keys: list[ForeignKey]) -> list[ForeignKey]:
    seen: set[tuple[str, str]] = set()
    kept = []
    for key in keys:
        if (key.table, key.column) not in seen:
            kept.append(key)
            seen.add((key.table, key.column))
    return kept


def kind_of_type(name: str) -> str:
    """number, text, date, time, bool or other for a DuckDB type name."""
    base = name.split("(")[0].upper()
    if name.endswith("]"):
        return "other"
    if base in _NUMBERS:
        return "number"
    if base in ("VARCHAR", "UUID") or base.startswith("ENUM"):
        return "text"
    if base == "DATE" or base.startswith("TIMESTAMP"):
        return "date"
    if base.startswith("TIME"):
        return "time"
    return "bool" if base == "BOOLEAN" else "other"


def _read_table(
    connection: duckdb.DuckDBPyConnection, relation: Relation, columns: tuple[Column, ...]
) -> Table:
    place = Table(relation.name, (), relation.schema).sql_name
    small = None if relation.rows > MOST_CELLS else small_facts(connection, place, columns, FEW)
    if small is not None:
        columns, count = small
    else:
        count = int(connection.execute(f"SELECT count(*) FROM {place}").fetchall()[0][0])
        columns = _with_facts(connection, place, columns, count)
    table = _described(relation, columns, count)
    return replace(table, sampled=_SAMPLE) if count > SAMPLED_ABOVE else table


def _described(relation: Relation, columns: tuple[Column, ...], rows: int) -> Table:
    return Table(relation.name, columns, relation.schema, comment=relation.comment, row_count=rows)


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[Column]]:
    """(schema, table) → columns as declared, of everything at once."""
    rows = connection.execute(
        "SELECT schema_name, table_name, column_name, data_type, is_nullable, comment "
        "FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal "
        "ORDER BY table_oid, column_index"
    ).fetchall()
    found: dict[tuple[str, str], list[Column]] = {}
    for schema, table, name, kind, nullable, comment in rows:
        if unseen(str(name)):
            continue
        column = Column(str(name), _short(str(kind)), kind_of_type(str(kind)), bool(nullable))
        found.setdefault((str(schema), str(table)), []).append(
            replace(column, comment=str(comment or ""))
        )
    return found


def _short(kind: str) -> str:
    """A type without the values of an ENUM: there may be thousands, and secrets among them."""
    return _VALUES.sub("ENUM", kind)


def _with_facts(
    connection: duckdb.DuckDBPyConnection, place: str, columns: tuple[Column, ...], count: int
) -> tuple[Column, ...]:
    """Counts, ranges and values of every column, from one pass and one query a text column."""
    whole = count <= SAMPLED_ABOVE
    rows = place if whole else f"(SELECT * FROM {place} USING SAMPLE {_SAMPLE} (reservoir, 7))"
    wanted: list[str] = []
    for column in columns:
        name = quote(column.name)
        simple = column.kind != "other"
        wanted += [
            f"count({name})",
            f"count(DISTINCT {name})" if simple else "0",
            f"min({name})" if column.kind in RANGED else "NULL",
            f"max({name})" if column.kind in RANGED else "NULL",
        ]
    facts = connection.execute(f"SELECT count(*), {', '.join(wanted)} FROM {rows}").fetchall()[0]
    seen, found = int(facts[0]), []
    for number, column in enumerate(columns):
        filled, distinct, low, high = facts[1 + 4 * number : 5 + 4 * number]
        values = _values(connection, rows, column) if column.kind == "text" else ()
        unique = seen > 0 and int(distinct) == int(filled) == seen
        found.append(
            replace(
                column,
                values=values,
                complete=bool(values) and len(values) == distinct and whole,
                distinct=int(distinct),
                nulls=seen - int(filled),
                minimum=low,
                maximum=high,
                unique=unique and (whole or _unique(connection, place, column, count)),
            )
        )
    return tuple(found)


def _unique(connection: duckdb.DuckDBPyConnection, place: str, column: Column, count: int) -> bool:
    """Whether a column that is unique in the sample is so in the whole table, as far as a part of
    its values tells: all rows of those are looked at, so that no repetition in it is missed."""
    name, parts = quote(column.name), -(-count // SAMPLED_ABOVE)
    filled, rows, distinct = connection.execute(
        f"SELECT (SELECT count({name}) FROM {place}), count(*), count(DISTINCT {name}) "
        f"FROM {place} WHERE hash({name}) % {parts} = 0"
    ).fetchall()[0]
    return bool(filled == count and rows == distinct)


def _values(connection: duckdb.DuckDBPyConnection, rows: str, column: Column) -> tuple[str, ...]:
    """The most frequent values as text; all when there are few."""
    name = quote(column.name)
    found: list[tuple[Any, ...]] = connection.execute(
        f"SELECT CAST({name} AS VARCHAR) FROM {rows} WHERE {name} IS NOT NULL "
        f"GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {FEW + 1}"
    ).fetchall()
    return frequent([str(row[0]) for row in found], FEW)
