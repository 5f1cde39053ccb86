"""The way in: open a source, check a statement, run it within limits, interrupt it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import duckdb

from llmtui.database.result import Result
from llmtui.database.schema import Schema
from llmtui.database.source import connect, duckdb_file
from llmtui.workspace.errors import (
    Interrupted,
    QueryError,
    RefusedError,
    SourceError,
    TimeLimitError,
)
from llmtui.workspace.events import Event

if TYPE_CHECKING:
    from llmtui.database.guard import Verdict

__all__ = ["Database", "Limits", "Result"]


@dataclass(frozen=True)
class Limits:
    """What a query may use: rows back, wall seconds, DuckDB memory in MB, threads (0 is all)."""

    max_rows: int = 1000
    time_limit: float = 10.0
    memory_mb: int = 1024
    threads: int = 0


class Database:
    """One source, read-only. Use it from one thread at a time; `interrupt` works from any."""

    def __init__(self, path: Path, file: Path, limits: Limits) -> None:
        self.path = path
        self.file = file
        self.limits = limits
        self._connection = connect(file, limits.memory_mb, limits.threads)
        self._lock = threading.Lock()
        self._stopped = ""

    @classmethod
    def open(
        cls,
        path: Path,
        limits: Limits = Limits(),
        *,
        tell: Callable[[Event], None] | None = None,
    ) -> Database:
        """Open a file or folder; a source that is not a DuckDB file is imported once.

        Raises SourceError in one sentence when it cannot be.
        """
        database = cls(path, duckdb_file(path, tell or (lambda _event: None)), limits)
        if not database.tables:
            database.close()
            raise SourceError("This database has no tables", where=str(path))
        return database

    @cached_property
    def schema(self) -> Schema:
        """Tables, columns, keys and sample values; read once."""
        from llmtui.database.profile import read_schema

        with self._lock:
            return read_schema(self._connection)

    @cached_property
    def tables(self) -> frozenset[tuple[str, str]]:
        """(schema, name) of every table and view, in lower case."""
        from llmtui.database.profile import relations

        with self._lock:
            found = relations(self._connection)
        return frozenset((item.schema.lower(), item.name.lower()) for item in found)

    def check(self, sql: str) -> Verdict:
        """Judge a statement without running anything."""
        from llmtui.database.guard import check

        return check(sql, self.tables)

    def bind(self, sql: str) -> None:
        """Let DuckDB resolve every name and type. Raises QueryError when it cannot."""
        self._execute(f"EXPLAIN {sql}", 1)

    def run(self, sql: str, *, max_rows: int | None = None) -> Result:
        """Check and run one query.

        Raises RefusedError, QueryError, TimeLimitError, or Interrupted when `interrupt` was called.
        """
        verdict = self.check(sql)
        if not verdict.ok:
            raise RefusedError(verdict.reason)
        return self._execute(sql, self.limits.max_rows if max_rows is None else max_rows)

    def interrupt(self) -> None:
        self._stop("person")

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def _stop(self, by: str) -> None:
        if self._lock.locked():
            self._stopped = self._stopped or by
            self._connection.interrupt()

    def _execute(self, sql: str, max_rows: int) -> Result:
        with self._lock:
            self._stopped = ""
            timer = threading.Timer(self.limits.time_limit, self._stop, ("time",))
            timer.daemon = True
            began = time.monotonic()
            timer.start()
            try:
                cursor = self._connection.execute(sql)
                rows = cursor.fetchmany(max_rows + 1)
                described = cursor.description or []
            except (duckdb.Error, RuntimeError, ValueError, OverflowError) as error:
                raise self._told(error) from error
            finally:
                timer.cancel()
        return Result(
            columns=tuple(str(item[0]) for item in described),
            types=tuple(str(item[1]) for item in described),
            rows=tuple(tuple(row) for row in rows[:max_rows]),
            truncated=len(rows) > max_rows,
            seconds=time.monotonic() - began,
        )

    def _told(self, error: Exception) -> Interrupted | TimeLimitError | QueryError:
        if self._stopped == "person":
            return Interrupted("The query was stopped")
        if self._stopped == "time":
            return TimeLimitError(
                f"The query was stopped after {self.limits.time_limit:g} seconds",
                hint="Ask for less, or raise the setting time_limit.",
            )
        from llmtui.database.guard import first_line

        return QueryError(f"DuckDB cannot run it: {first_line(error)}")
