"""A database that is open in this process: its tables and columns as a person allowed them."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from llmtui.database import connection as connections
from llmtui.database.exact import LONGEST_CELL, exact_rows
from llmtui.database.exclude import Exclusion
from llmtui.database.files import view_files
from llmtui.database.profile import read_schema, relations, view_statements
from llmtui.database.result import Result, Verdict
from llmtui.database.schema import Schema, folded
from llmtui.database.text import first_line, one_line, safe_text, unseen
from llmtui.database.tree import SESSION
from llmtui.database.wire import plain_rows
from llmtui.workspace.errors import Interrupted, QueryError, RefusedError

MOST_COLUMNS = 1_000


class Holder:
    """One source behind one locked connection; every query gets a connection of its own from it.

    tables: (schema, name), in lower case, of what queries may read
    notes: what a person should know about the source
    """

    def __init__(
        self,
        file: Path | None,
        in_place: Sequence[Path],
        memory_mb: int,
        threads: int,
        exclude: Sequence[str],
    ) -> None:
        self.memory_mb = memory_mb
        self.notes: list[str] = []
        self.warm = False
        self._running: duckdb.DuckDBPyConnection | None = None
        self._stopped = False
        self._checked: tuple[str, Verdict] | None = None
        self._guard = threading.Lock()
        self._catalogue = ""
        self._exclusion = Exclusion(())
        if file is not None and not exclude:
            self._base = connections.connect_file(file, memory_mb, threads)
        else:
            self._catalogue = connections.SOURCE
            self._base = connections.connect_memory(memory_mb, threads)
            connections.attach(self._base, file)
            with self._cursor() as cursor:
                self.notes += view_files(in_place, cursor)
                self._exclusion = Exclusion.of(exclude, cursor)
            connections.expose(self._base, self._exclusion.shown)
            self.notes += self._exclusion.notes
        connections.lock(self._base, in_place)
        with self._cursor() as cursor:
            found = {(folded(item.schema), folded(item.name)) for item in relations(cursor)}
            named = cursor.execute(
                "SELECT DISTINCT column_name FROM duckdb_columns() WHERE NOT internal"
            ).fetchall()
        self.tables = found - self._exclusion.tables
        columns = {str(row[0]) for row in named}
        self._own_names = SESSION & set(map(folded, columns))
        hidden = sorted(filter(unseen, columns | {name for _, name in self.tables}))
        if hidden:
            shown = one_line(", ".join(map(safe_text, hidden)))
            self.notes.append(
                f"No query can use names with characters that cannot be seen: {shown}"
            )

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A new connection that sees the source's own catalogue."""
        cursor = self._base.cursor()
        if self._catalogue:
            cursor.execute(f"USE {self._catalogue}")
        return cursor

    def schema(self, *, mask: bool, facts: bool) -> Schema:
        with self._cursor() as cursor:
            return self._exclusion.narrowed(read_schema(cursor, mask=mask, facts=facts))

    def views(self) -> list[tuple[str, str]]:
        """(name, statement that made it) of the views that may be read."""
        with self._cursor() as cursor:
            made = view_statements(cursor)
        readable = {name for _, name in self.tables}
        return [(name, sql) for name, sql in made.items() if folded(name) in readable]

    def warm_up(self) -> None:
        """Load the second parser and let DuckDB run its first query."""
        first = min(self.tables, default=None)
        self.check("SELECT 1" if first is None else f'SELECT 1 FROM "{first[1]}"')
        self.execute("EXPLAIN SELECT 1", 1)
        self.warm = True

    def check(self, sql: str) -> Verdict:
        from llmtui.database.guard import check

        if self._checked is None or self._checked[0] != sql:  # asked for before it is run
            self._checked = (sql, check(sql, self.tables, self._own_names))
        return self._checked[1]

    def run(self, sql: str, max_rows: int, guarded: bool) -> Result:
        """Raises RefusedError, QueryError, Interrupted."""
        if guarded:
            verdict = self.check(sql)
            if not verdict.ok:
                raise RefusedError(verdict.reason)
        return self.execute(sql, max_rows)

    def execute(self, sql: str, max_rows: int) -> Result:
        """Run a statement as it is, on a new connection. Raises QueryError, Interrupted."""
        began = time.monotonic()
        cursor = self._base.cursor()
        with self._guard:
            self._stopped, self._running = False, cursor
        try:
            cursor.execute(sql)
            described = cursor.description or []
            kept = described[:MOST_COLUMNS]
            types = tuple(str(item[1]) for item in kept)
            rows, cells, truncated = exact_rows(cursor, sql, types, len(described), max_rows)
        except (duckdb.Error, RuntimeError, ValueError, OverflowError) as error:
            if self._stopped:
                raise Interrupted("The query was stopped") from error
            raise QueryError(f"DuckDB cannot run it: {first_line(error)}") from error
        finally:
            with self._guard:
                self._running = None
            cursor.close()
        cut = []
        if len(kept) < len(described):
            cut.append(f"only the first {len(kept)} of {len(described)} columns are shown")
        if cells:
            cut.append(f"{cells} long cells are cut after {LONGEST_CELL} characters")
        return Result(
            columns=tuple(str(item[0]) for item in kept),
            types=types,
            rows=tuple(map(tuple, plain_rows(rows))),
            truncated=truncated,
            seconds=time.monotonic() - began,
            cut="; ".join(cut),
        )

    def interrupt(self) -> None:
        with self._guard:
            if self._running is not None:
                self._stopped = True
                self._running.interrupt()
