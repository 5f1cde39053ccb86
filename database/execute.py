"""The way in: open a source, check a statement, run it within limits, interrupt it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from llmtui.database.process import Process, time_limit_error
from llmtui.database.result import Result, Verdict
from llmtui.database.source import Opened, open_source
from llmtui.workspace.errors import SourceError, TimeLimitError
from llmtui.workspace.events import Event, Note
from llmtui.workspace.paths import typed_path

if TYPE_CHECKING:
    from llmtui.database.link import Linker
    from llmtui.database.schema import Schema
    from llmtui.workspace.settings import Settings

__all__ = ["Access", "Database", "Result"]


_NO_TABLES = "This database has no tables"
_HOLDER = re.compile(r"by process (\d+)$")


def _with_program(found: re.Match[str]) -> str:
    """Name the program that holds a file: the process that opens it may not look at others."""
    try:
        return f"by {Path(f'/proc/{found[1]}/exe').readlink().name} (process {found[1]})"
    except OSError:
        return found[0]


@dataclass(frozen=True)
class Access:
    """What may be read of a source and what a query may use. See the settings of these names."""

    max_rows: int = 1000
    time_limit: float = 10.0
    memory_mb: int = 1024
    threads: int = 0
    import_mb: int = 4096
    large: str = "sample"
    exclude: tuple[str, ...] = ()
    secrets: str = "mask"
    confined: bool = True
    """Whether the system closes files and network to the process; only tests say no."""

    @classmethod
    def of(cls, settings: Settings) -> Access:
        s = settings
        hidden = tuple(part.strip() for part in s.exclude.split(",") if part.strip())
        limits = (s.max_rows, s.time_limit, s.memory_mb, s.threads, s.import_mb)
        return cls(*limits, s.large, hidden, s.secrets)


class Database:
    """One source, read-only, in a process of its own.

    Queries of several threads are run one after another; `interrupt` stops the one that runs.
    `tables` holds (schema, name) in lower case of everything that can be read; `notes` what a
    person should know about the source.
    """

    def __init__(self, path: Path, opened: Opened, access: Access) -> None:
        self.path = path
        self.opened = opened
        self.access = access
        self.state = opened.state
        """Changes when the source does."""
        self._process = Process(
            {
                "do": "open",
                "file": str(opened.file) if opened.file else "",
                "in_place": [str(file) for file in opened.in_place],
                "memory_mb": access.memory_mb,
                "threads": access.threads,
                "exclude": list(access.exclude),
                "confined": access.confined,
            }
        )
        try:
            reply = self._process.opened()
        except BaseException as error:
            self._process.close()
            if isinstance(error, SourceError):
                error.what = _HOLDER.sub(_with_program, error.what)
            raise
        self.tables = frozenset((str(row[0]), str(row[1])) for row in reply["tables"])
        self.notes = tuple(note for note in (opened.note, *reply["notes"]) if note)

    @classmethod
    def open(
        cls,
        path: Path,
        access: Access = Access(),
        *,
        tell: Callable[[Event], None] | None = None,
    ) -> Database:
        """Open a file or folder; a source that is not a DuckDB file is imported once.

        Raises SourceError in one sentence when it cannot be, UsageError for a wrong exclusion.
        """
        tell = tell or (lambda _event: None)
        path = typed_path(path).absolute()
        database = cls(path, open_source(path, access.import_mb, access.large, tell), access)
        if not database.tables:
            database.close()
            what = "All of this database is excluded" if access.exclude else _NO_TABLES
            raise SourceError(what, where=str(path))
        for note in database.notes:
            tell(Note(note))
        return database

    @cached_property
    def schema(self) -> Schema:
        """Tables, columns, keys and sample values; read once."""
        return self._described(facts=True)

    def outline(self) -> Schema:
        """The schema as the catalogue tells it at once: no values, rows as estimated."""
        return self.__dict__.get("schema") or self._described(facts=False)

    def _described(self, *, facts: bool) -> Schema:
        call = {"do": "schema", "mask": self.access.secrets == "mask", "facts": facts}
        schema: Schema = self._process.call(call)["schema"]
        return schema

    def views(self) -> dict[str, str]:
        """Name → the statement that made it, of every view that may be read."""
        return dict(self._process.call({"do": "views"})["views"])

    @cached_property
    def linker(self) -> Linker:
        """Finds the values that a question mentions. Raises StorageError."""
        from llmtui.database.link import Linker

        return Linker(self)

    def check(self, sql: str) -> Verdict:
        """Judge a statement without running anything."""
        call = {"do": "check", "sql": sql}
        verdict: Verdict = self._process.call(call, limit=self.access.time_limit)["verdict"]
        return verdict

    def bind(
        self,
        sql: str,
        *,
        seconds: float | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Let DuckDB resolve every name and type. Raises QueryError when it cannot; see `run`."""
        self._limited({"do": "bind", "sql": sql}, seconds, stopped)

    def run(
        self,
        sql: str,
        *,
        max_rows: int | None = None,
        guarded: bool = True,
        seconds: float | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Result:
        """Check and run one query; `guarded` is false only in tests of the second wall.

        seconds: what is left of the time limit, None when all is
        stopped: whether `interrupt` was called for it before it could begin
        Raises RefusedError, QueryError, TimeLimitError, or Interrupted when `interrupt` was called.
        """
        rows = self.access.max_rows if max_rows is None else max_rows
        call = {"do": "run", "sql": sql, "max_rows": rows, "guarded": guarded}
        result: Result = self._limited(call, seconds, stopped)["result"]
        return result

    def _limited(
        self, call: dict[str, Any], seconds: float | None, stopped: Callable[[], bool]
    ) -> dict[str, Any]:
        limit = self.access.time_limit if seconds is None else max(seconds, 0.01)
        try:
            return self._process.call({**call, "limit": limit}, limit=limit, stopped=stopped)
        except TimeLimitError as error:
            raise time_limit_error(self.access.time_limit) from error

    def interrupt(self) -> None:
        self._process.interrupt()

    def close(self) -> None:
        self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()
