"""Tables and columns that a person keeps from the model, from samples and from every query.

A pattern names a table ("salaries"), a column ("customers.email") or either in a schema
("hr.staff.salary"); `*` stands for any part of a name, so that "*.email" is every such column.
A view that reads anything excluded is excluded with it, and so is a column made from one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import duckdb
import sqlglot
from sqlglot import exp

from llmtui.database.schema import Schema, folded
from llmtui.workspace.errors import UsageError

_Place = tuple[str, str]


@dataclass(frozen=True)
class Exclusion:
    """shown: (schema, table, columns left) of all that is not excluded whole

    tables: what is excluded whole; columns: (schema, table, column); both in lower case
    notes: views and generated columns that went with what they read, in sentences
    """

    shown: Sequence[tuple[str, str, Sequence[str]]]
    tables: frozenset[_Place] = frozenset()
    columns: frozenset[tuple[str, str, str]] = frozenset()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, patterns: Sequence[str], connection: duckdb.DuckDBPyConnection) -> Exclusion:
        """Raises UsageError for a pattern that fits nothing."""
        rows = connection.execute(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal "
            "AND database_name = current_database() AND schema_name <> '_llmtui' "
            "ORDER BY table_oid, column_index"
        ).fetchall()
        every = [(str(row[0]), str(row[1]), str(row[2])) for row in rows]
        tables: set[_Place] = set()
        columns: set[tuple[str, str, str]] = set()
        for pattern in patterns:
            before = len(tables) + len(columns)
            for schema, table, column in every:
                place = (folded(schema), folded(table))
                if _fits(pattern, table, f"{schema}.{table}"):
                    tables.add(place)
                elif _fits(pattern, f"{table}.{column}", f"{schema}.{table}.{column}"):
                    columns.add((*place, folded(column)))
            if len(tables) + len(columns) == before and not any(
                _fits(pattern, t, f"{s}.{t}", f"{t}.{c}", f"{s}.{t}.{c}") for s, t, c in every
            ):
                raise UsageError(
                    f'There is no table or column "{pattern}" to exclude',
                    hint="Write table or table.column; * stands for any part of a name.",
                )
        made = _made_from(connection, columns)
        columns |= made
        touched = tables | {(schema, table) for schema, table, _ in columns}
        views = _views_reading(connection, touched)
        gone = [f'view "{name}"' for _, name in sorted(views - tables)]
        gone += [f'column "{table}.{column}"' for _, table, column in sorted(made)]
        notes = tuple(
            f"The {what} is excluded too, since it reads what is excluded" for what in gone
        )
        tables |= views
        shown: dict[_Place, list[str]] = {}
        for schema, table, column in every:
            if (folded(schema), folded(table)) in tables:
                continue
            left = shown.setdefault((schema, table), [])
            if (folded(schema), folded(table), folded(column)) not in columns:
                left.append(column)
        for (schema, table), left in list(shown.items()):
            if not left:
                tables.add((folded(schema), folded(table)))
                del shown[schema, table]
        listed = [(schema, table, left) for (schema, table), left in shown.items()]
        return cls(listed, frozenset(tables), frozenset(columns), notes)

    def narrowed(self, schema: Schema) -> Schema:
        """The schema without what is excluded."""
        tables = []
        gone: set[tuple[str, str]] = set()
        for table in schema.tables:
            place = (folded(table.schema), folded(table.name))
            if place in self.tables:
                gone.update((table.name, column.name) for column in table.columns)
                continue
            left = tuple(c for c in table.columns if (*place, folded(c.name)) not in self.columns)
            names = {column.name for column in left}
            gone.update((table.name, c.name) for c in table.columns if c.name not in names)
            key = table.primary_key if set(table.primary_key) <= names else ()
            tables.append(replace(table, columns=left, primary_key=key))
        keys = tuple(
            key
            for key in schema.foreign_keys
            if (key.table, key.column) not in gone and (key.to_table, key.to_column) not in gone
        )
        return Schema(tuple(tables), keys)


def _fits(pattern: str, *names: str) -> bool:
    only_star = re.sub(r"[\[?]", r"[\g<0>]", folded(pattern))
    return any(fnmatchcase(folded(name), only_star) for name in names)


def _made_from(
    connection: duckdb.DuckDBPyConnection, columns: set[tuple[str, str, str]]
) -> set[tuple[str, str, str]]:
    """Generated columns that may be made from one of `columns`, directly or through others.

    What a column of SQLite is made from is not known: any column of its table.
    """
    rows = connection.execute(
        "SELECT schema_name, table_name, column_name, generation_expression FROM duckdb_columns() "
        "WHERE is_generated AND database_name = current_database()"
    ).fetchall()
    if _keeps_keys(connection):
        rows += [(*row, None) for row in connection.execute(_KEPT_GENERATED).fetchall()]
    made = [((folded(s), folded(t), folded(c)), text) for s, t, c, text in rows]
    found: set[tuple[str, str, str]] = set()
    while True:
        touched = columns | found
        new = {
            place
            for place, text in made
            if place not in touched
            and any(
                other[:2] == place[:2] and (text is None or _mentions(text, other[2]))
                for other in touched
            )
        }
        if not new:
            return found
        found |= new


def _mentions(sql: str, name: str) -> bool:
    written = re.escape(name.replace('"', '""'))
    return re.search(rf"(?<!\w){written}(?!\w)", sql, re.IGNORECASE) is not None


def _views_reading(connection: duckdb.DuckDBPyConnection, touched: set[_Place]) -> set[_Place]:
    """Views that read one of `touched`, directly or through other views."""
    rows = connection.execute(
        "SELECT schema_name, view_name, sql FROM duckdb_views() "
        "WHERE NOT internal AND database_name = current_database()"
    ).fetchall()
    rows += connection.execute(_KEPT_VIEWS).fetchall() if _keeps_keys(connection) else []
    macros = _macros(connection)
    reads = {
        (folded(str(row[0])), folded(str(row[1]))): _tables_in(str(row[2]), macros) for row in rows
    }
    found: set[_Place] = set()
    names = {name for _, name in touched}
    while True:
        new = {
            view
            for view, read in reads.items()
            if view not in found and (read is None or read & names)
        }
        if not new:
            return found
        found |= new
        names |= {name for _, name in new}


_KEPT_VIEWS = "SELECT 'main', of_table, columns FROM _llmtui.keys WHERE kind = 'view'"
_KEPT_GENERATED = "SELECT 'main', of_table, columns FROM _llmtui.keys WHERE kind = 'generated'"


def _keeps_keys(connection: duckdb.DuckDBPyConnection) -> bool:
    found = connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE schema_name = '_llmtui' "
        "AND table_name = 'keys' AND database_name = current_database()"
    ).fetchall()
    return bool(found[0][0])


def _macros(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Names of functions that may read any table: the source's own and those that run text."""
    rows = connection.execute(
        "SELECT lower(function_name) FROM duckdb_functions() WHERE NOT internal"
    ).fetchall()
    return frozenset(str(row[0]) for row in rows) | {"query", "query_table"}


def _tables_in(sql: str, macros: frozenset[str]) -> set[str] | None:
    """Names of the tables that a statement reads, in lower case; None when it cannot be told.

    Texts are among them: a function may take one for the name of a table.
    """
    if any(_mentions(sql, name) for name in macros):
        return None
    plain = re.sub(r"^\s*CREATE\s+(TEMP\w*\s+)?VIEW\b.*?\bAS\b", "", sql, flags=re.I | re.S)
    for text in (sql, plain):
        try:
            tree = sqlglot.parse_one(text, dialect="duckdb")
        except (sqlglot.errors.SqlglotError, RecursionError, ValueError):
            continue
        if isinstance(tree, exp.Create) and tree.expression:
            tree = tree.expression  # without the view's own name
        if not isinstance(tree, exp.Command):
            texts = [str(text.this) for text in tree.find_all(exp.Literal) if text.is_string]
            parts = [part for text in texts for part in (text, *re.split(r"[.\"]", text))]
            return {folded(name) for name in (*(t.name for t in tree.find_all(exp.Table)), *parts)}
    return None
