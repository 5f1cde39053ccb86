"""A file or folder → the DuckDB file that stands for it.

DuckDB files are opened where they are. Every other source is imported once into a private
read-only snapshot in the cache folder, named after the source's path, sizes and times.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from llmtui.database.process import Process
from llmtui.workspace import paths
from llmtui.workspace.errors import SourceError
from llmtui.workspace.events import Event, Finished, Note, Started
from llmtui.workspace.files import require_space

SQLITE = (".sqlite", ".sqlite3", ".db", ".db3")
DUCKDB = (".duckdb", ".ddb", ".db")
DATA = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".ndjson")
READABLE = ".duckdb, .sqlite, .db, .csv, .tsv, .parquet, .json, .jsonl or a folder of them"
SAMPLE_ROWS = 200_000
"""Rows of each table of a source that is too large to import unasked."""
_ABANDONED = 86_400
"""Seconds after which a half-done import is nobody's."""
_IMPORT_VERSION = "4"


@dataclass(frozen=True)
class Opened:
    """What a query's process opens: a DuckDB file, or files `in_place` of that size.

    note: what a person should know about it, "" when there is nothing
    """

    file: Path | None
    in_place: tuple[Path, ...] = ()
    note: str = ""

    @property
    def state(self) -> str:
        """16 hex digits over names, sizes and times: the same as long as nothing is written."""
        files = list(self.in_place)
        if self.file is not None:
            files += [self.file, self.file.with_name(self.file.name + ".wal")]
        there = [(str(file), file.stat()) for file in files if file.exists()]
        facts = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in there]
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def open_source(path: Path, import_mb: int, large: str, tell: Callable[[Event], None]) -> Opened:
    """Import the source when it needs that and is not too large, or was asked for all the same.

    Raises SourceError (missing, not a database, empty, damaged), StorageError (disk full).
    """
    kind, files, size = _looked_at(path)
    if kind == "duckdb":
        return Opened(path.resolve())  # the log of changes is beside the file, not beside a link
    told, rows = _left_out(path) if kind == "folder" else "", 0
    if size > import_mb * 1_000_000 and large != "import":
        if large == "in-place" and kind != "sqlite":
            return Opened(None, tuple(files), _IN_PLACE)
        rows = SAMPLE_ROWS
        sampled = _SAMPLED.format(name=path.name, size=size / 1e9, rows=rows, limit=import_mb)
        told = f"{told}. {sampled}" if told else sampled
    return Opened(_snapshot(path, kind, files, rows, tell), note=told)


def _looked_at(path: Path) -> tuple[str, list[Path], int]:
    """Kind, files and bytes of a source. Raises SourceError."""
    place = path
    try:
        if not path.exists():
            raise SourceError("There is no such file or folder", where=str(path))
        kind, files = kind_of(path), source_files(path)
        for file in files:
            place = file
            with file.open("rb"):
                pass
        return kind, files, sum(file.stat().st_size for file in files)
    except PermissionError as error:
        raise SourceError(
            "This may not be read", where=str(place), hint="Ask its owner for read access."
        ) from error
    except OSError as error:
        raise SourceError(f"This cannot be read ({error.strerror})", where=str(place)) from error


_SAMPLED = (
    "{name} has {size:.1f} GB, more than import_mb ({limit} MB): answers come from the first "
    "{rows:,} rows of each table. --large import copies all of it once; --large in-place reads "
    "the file where it is"
)
_IN_PLACE = (
    "Reading the file where it is: DuckDB may open this file and no other, and the system lets it "
    "only read; without Landlock (see `llmtui doctor`) the second half of that does not hold"
)


def source_files(path: Path) -> list[Path]:
    """The data files of a source, in the order of their names. Raises SourceError."""
    if not path.is_dir():
        return [path]
    files = sorted(
        file
        for file in path.iterdir()
        if file.suffix.lower() in DATA and not file.name.startswith(".") and file.is_file()
    )
    if not files:
        raise SourceError(
            "This folder holds no data file", where=str(path), hint=f"Give {READABLE}."
        )
    return files


def _left_out(folder: Path) -> str:
    """Which databases of a folder of data files are not read, in a sentence; "" for none."""
    found = sorted(file.name for file in folder.iterdir() if file.suffix.lower() in SQLITE + DUCKDB)
    return f"Databases of their own in this folder were left out: {', '.join(found)}" * bool(found)


def kind_of(path: Path) -> str:
    """duckdb, sqlite, folder or data; by content where files carry a mark. Raises SourceError."""
    if path.is_dir():
        return "folder"
    if not path.is_file():
        raise SourceError("This is neither a file nor a folder", where=str(path))
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


def _snapshot(
    path: Path, kind: str, files: list[Path], rows: int, tell: Callable[[Event], None]
) -> Path:
    """The snapshot of this state of the source, made when it is not there yet."""
    snapshot = _snapshot_path(path, files, rows)
    if snapshot.is_file():
        return snapshot
    tell(Started("import", path.name))
    began = time.monotonic()
    if not rows:
        require_space(snapshot, sum(file.stat().st_size for file in files))
    importing = {
        "do": "import",
        "path": str(path),
        "kind": kind,
        "files": [str(file) for file in files],
        "snapshot": str(snapshot),
        "rows": rows,
    }
    number = 0
    try:
        with Process() as process:
            number = process.number
            for line in process.call(importing, tell=tell)["notes"]:
                tell(Note(line))
    finally:
        _clear_up(snapshot, number)
    tell(Finished("import", time.monotonic() - began))
    return snapshot


def _clear_up(snapshot: Path, process: int) -> None:
    """Delete what a process that was ended left half done; others may be at work on the same."""
    for left in snapshot.parent.glob(f".{snapshot.name}.*.partial*"):
        with suppress(OSError):
            old = time.time() - left.stat().st_mtime > _ABANDONED
            if old or left.name.startswith(f".{snapshot.name}.{process}-"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _snapshot_path(path: Path, files: list[Path], rows: int) -> Path:
    """Where the snapshot of this state of the source belongs."""
    state = hashlib.sha256(f"{_IMPORT_VERSION} {rows}".encode())
    real = [file.resolve() for file in files]
    beside = [file.with_name(f"{file.name}-wal") for file in real]  # SQLite's latest changes
    for file in (*files, *(file for file in beside if file.exists())):
        facts = file.stat()
        state.update(f"{file.name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    place = hashlib.sha256(str(path).encode()).hexdigest()[:10]
    stem = re.sub(r"[^\w-]+", "_", path.stem)[:40] or "source"
    return paths.snapshots_dir() / f"{stem}-{place}-{state.hexdigest()[:10]}.duckdb"
