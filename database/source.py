"""A file or folder → one DuckDB file → one locked-down, read-only connection.

DuckDB files are opened where they are. Every other source is imported once into a private
snapshot in the cache folder, named after the source's path, sizes and times.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from llmtui.workspace import paths
from llmtui.workspace.errors import SourceError
from llmtui.workspace.events import Event, Finished, Started
from llmtui.workspace.files import require_space, whole_file

SQLITE = (".sqlite", ".sqlite3", ".db", ".db3")
DUCKDB = (".duckdb", ".ddb", ".db")
DATA = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson")
READABLE = ".duckdb, .sqlite, .db, .csv, .tsv, .parquet, .json, .jsonl or a folder of them"
_IMPORT_VERSION = "1"
_LOCKED = re.compile(r"held in (?P<program>.*?) \(PID (?P<pid>\d+)\)")


def duckdb_file(path: Path, tell: Callable[[Event], None]) -> Path:
    """The DuckDB file that stands for a source; imported first when it is of another kind.

    Raises SourceError (missing, not a database, empty, damaged), StorageError (disk full).
    """
    path = path.expanduser().absolute()
    if not path.exists():
        raise SourceError("There is no such file or folder", where=str(path))
    try:
        kind = kind_of(path)
        if kind == "duckdb":
            return path
        snapshot = _snapshot_path(path)
        if not snapshot.is_file():
            tell(Started("import", path.name))
            began = time.monotonic()
            _import(path, kind, snapshot)
            tell(Finished("import", time.monotonic() - began))
    except PermissionError as error:
        raise SourceError(
            "This may not be read", where=str(path), hint="Ask its owner for read access."
        ) from error
    return snapshot


def kind_of(path: Path) -> str:
    """duckdb, sqlite, folder or data; by content where files carry a mark. Raises SourceError."""
    if path.is_dir():
        return "folder"
    if path.stat().st_size == 0:
        raise SourceError("This file is empty", where=str(path))
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"SQLite format 3\0"):
        return "sqlite"
    if head[8:12] == b"DUCK":
        return "duckdb"
    suffix = path.suffix.lower()
    if suffix in DATA:
        return "data"
    if suffix in SQLITE + DUCKDB:
        raise SourceError(
            "This is not a database file, though its name says so",
            where=str(path),
            hint="It may be damaged or encrypted.",
        )
    raise SourceError("This kind of file is not known", where=str(path), hint=f"Give {READABLE}.")


def connect(file: Path, memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    """Open read-only and lock down: no files, no extensions, no settings, bounded memory.

    Raises SourceError when the file is damaged or held by another process.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "access_mode": "READ_ONLY",
        "memory_limit": f"{memory_mb}MB",
        "temp_directory": "",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_unsigned_extensions": False,
        "allow_persistent_secrets": False,
        "python_enable_replacements": False,
        "python_scan_all_frames": False,
    }
    if threads:
        config["threads"] = threads
    try:
        connection = duckdb.connect(str(file), read_only=True, config=config)
        locked = connection.execute("SELECT current_setting('lock_configuration')").fetchall()
        if not locked[0][0]:  # connections to one file share their settings within a process
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
    except duckdb.Error as error:
        raise _told(error, file) from error
    return connection


def _told(error: duckdb.Error, file: Path) -> SourceError:
    text = str(error)
    held = _LOCKED.search(text)
    if held or "Could not set lock" in text:
        who = f"{Path(held['program']).name} (process {held['pid']})" if held else "another program"
        return SourceError(
            f"This database is held open for writing by {who}",
            where=str(file),
            hint="Close it there and try again, or give llmtui a copy of the file.",
        )
    line = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    return SourceError(
        f"This database cannot be opened ({line})", where=str(file), hint="It may be damaged."
    )


def _snapshot_path(path: Path) -> Path:
    """Where the snapshot of this state of the source belongs."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    state = hashlib.sha256(_IMPORT_VERSION.encode())
    for file in files:
        facts = file.stat()
        state.update(f"{file.name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    place = hashlib.sha256(str(path).encode()).hexdigest()[:10]
    stem = re.sub(r"[^\w-]+", "_", path.stem)[:40] or "source"
    return paths.snapshots_dir() / f"{stem}-{place}-{state.hexdigest()[:10]}.duckdb"


def _import(path: Path, kind: str, snapshot: Path) -> None:
    """Write the snapshot, whole or not at all, and drop those of earlier states of the source."""
    from llmtui.database.files import import_files
    from llmtui.database.sqlite import import_sqlite

    files = sorted(p for p in path.iterdir() if p.is_file()) if kind == "folder" else [path]
    require_space(snapshot, sum(file.stat().st_size for file in files))
    with whole_file(snapshot) as temporary:
        connection = duckdb.connect(str(temporary))
        try:
            if kind == "sqlite":
                import_sqlite(path, connection)
            else:
                readable = [file for file in files if file.suffix.lower() in DATA]
                if not readable:
                    raise SourceError(
                        "This folder holds no data file", where=str(path), hint=f"Give {READABLE}."
                    )
                import_files(readable, connection)
            connection.execute("CHECKPOINT")
        except duckdb.Error as error:
            if "No space left" in str(error):
                raise OSError(28, "No space left on device") from error
            raise _told(error, path) from error
        finally:
            connection.close()
    for old in snapshot.parent.glob(f"{snapshot.stem.rsplit('-', 1)[0]}-*.duckdb"):
        if old != snapshot:
            old.unlink(missing_ok=True)
