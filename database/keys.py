"""Keys: those that the source declares, and those that names and values give away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

import duckdb

from llmtui.database.schema import Column, ForeignKey, Table, quote

_KEY_WORDS = ("id", "no", "num", "number", "code", "key", "编号", "代码", "号")
CONTAINED = 0.95
"""Least share of a column's values that must be found in the key it seems to refer to."""
_SIMPLE_TYPES = {"number", "text"}


def declared_primary(
    connection: duckdb.DuckDBPyConnection, kept: bool
) -> dict[tuple[str, str], tuple[str, ...]]:
    """(schema, table) → primary key columns."""
    rows = connection.execute(
        "SELECT schema_name, table_name, constraint_column_names FROM duckdb_constraints() "
        "WHERE constraint_type = 'PRIMARY KEY' AND database_name = current_database()"
    ).fetchall()
    found = {(str(row[0]), str(row[1])): tuple(row[2]) for row in rows}
    if kept:
        rows = connection.execute(
            "SELECT of_table, columns FROM _llmtui.keys WHERE kind = 'primary'"
        ).fetchall()
        found |= {("main", str(row[0])): tuple(json.loads(row[1])) for row in rows}
    return found


def declared_foreign(connection: duckdb.DuckDBPyConnection, kept: bool) -> list[ForeignKey]:
    """Foreign keys over one column, as the source declares them."""
    rows = connection.execute(
        "SELECT table_name, constraint_column_names, referenced_table, referenced_column_names "
        "FROM duckdb_constraints() WHERE constraint_type = 'FOREIGN KEY' "
        "AND len(constraint_column_names) = 1 AND database_name = current_database() "
        "ORDER BY table_oid, constraint_index"
    ).fetchall()
    found = [ForeignKey(row[0], row[1][0], row[2], row[3][0]) for row in rows]
    if kept:
        rows = connection.execute(
            "SELECT of_table, columns FROM _llmtui.keys WHERE kind = 'foreign'"
        ).fetchall()
        for child, columns in rows:
            column, parent, to_column = json.loads(columns)
            found.append(ForeignKey(child, column, parent, to_column))
    return found


def likely_primary(columns: Iterable[Column]) -> tuple[str, ...]:
    """The key of a table that declares none: a first column that is unique and named like one."""
    first = next(iter(columns), None)
    if first is None or not first.unique or first.nulls or first.kind not in _SIMPLE_TYPES:
        return ()
    return (first.name,) if words(first.name)[-1:] and words(first.name)[-1] in _KEY_WORDS else ()


def words(name: str) -> list[str]:
    """Lower-case words of an identifier: snake_case, CamelCase, blanks."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [word for word in re.split(r"[^\w\u4e00-\u9fff]+|_+", split.lower()) if word]


def singular(word: str) -> str:
    """A plain English singular, good enough to compare names with."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def inferred_foreign(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[Table], declared: list[ForeignKey]
) -> list[ForeignKey]:
    """Columns named after another table's key whose values are found there."""
    tables = list(tables)
    parents = _by_name(tables)
    taken = {(key.table.lower(), key.column.lower()) for key in declared}
    found: list[ForeignKey] = []
    for child in tables:
        for column in child.columns:
            if (child.name.lower(), column.name.lower()) in taken:
                continue
            if column.kind not in _SIMPLE_TYPES or not column.distinct:
                continue
            for place in sorted(set(_places(column.name, parents))):
                parent = tables[place]
                key = _fitting_key(child, column, parent)
                if key is None:
                    continue
                share = _contained(connection, child, column, parent, key)
                if share >= CONTAINED:
                    found.append(
                        ForeignKey(child.name, column.name, parent.name, key.name, False, share)
                    )
                    break
    return found


def _by_name(tables: list[Table]) -> dict[tuple[str, ...], list[int]]:
    """Words that a column may be named with → places of the tables whose key it may refer to."""
    found: dict[tuple[str, ...], list[int]] = {}
    for place, table in enumerate(tables):
        if len(table.primary_key) == 1:
            owner = [singular(word) for word in words(table.name)]
            theirs = words(table.primary_key[0])
            names = [owner + theirs, [*owner[-1:], *theirs[-1:]]]
            if not (len(theirs) == 1 and theirs[0] in _KEY_WORDS):
                names.append([singular(word) for word in theirs])
            for name in names:
                found.setdefault(tuple(name), []).append(place)
    return found


def _places(name: str, parents: dict[tuple[str, ...], list[int]]) -> list[int]:
    mine = [singular(word) for word in words(name)]
    return [*parents.get(tuple(mine), ()), *parents.get(tuple(mine[-2:]), ())]


def _fitting_key(child: Table, column: Column, parent: Table) -> Column | None:
    """The key column of `parent` that `column` is named after, if any."""
    if parent.name == child.name or len(parent.primary_key) != 1:
        return None
    if child.primary_key == (column.name,) and child.row_count >= parent.row_count:
        return None
    key = parent.column(parent.primary_key[0])
    if key.kind != column.kind:
        return None
    mine, theirs = [singular(word) for word in words(column.name)], words(key.name)
    owner = [singular(word) for word in words(parent.name)]
    named = owner + theirs
    generic = len(theirs) == 1 and theirs[0] in _KEY_WORDS
    same = not generic and mine == [singular(word) for word in theirs]
    prefixed = mine == named or (len(mine) > 1 and mine[-2:] == [owner[-1], theirs[-1]])
    return key if same or prefixed else None


def _contained(
    connection: duckdb.DuckDBPyConnection, child: Table, column: Column, parent: Table, key: Column
) -> float:
    """Share of the column's distinct values that the key has (at most 10,000 are looked at)."""
    query = (
        f"SELECT avg(CASE WHEN v IN (SELECT {quote(key.name)} FROM {parent.sql_name}) "
        f"THEN 1.0 ELSE 0.0 END) FROM (SELECT DISTINCT {quote(column.name)} AS v "
        f"FROM {child.sql_name} WHERE {quote(column.name)} IS NOT NULL LIMIT 10000)"
    )
    try:
        row = connection.execute(query).fetchone()
    except duckdb.Error:
        return 0.0
    return float(row[0]) if row and row[0] is not None else 0.0
