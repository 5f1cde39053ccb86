"""Keys that a source declares, or that were kept when it was imported."""

from __future__ import annotations

import json

import duckdb

from llmtui.database.schema import ForeignKey


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
