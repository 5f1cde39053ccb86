"""The import of a source into its snapshot, in a process of its own: whole or not at all."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from llmtui.database.connection import told
from llmtui.database.sqlite import KEYS_SCHEMA
from llmtui.workspace.events import Event, Progress
from llmtui.workspace.files import whole_file

_TOLD_EVERY = 0.5  # seconds


def import_source(
    path: Path,
    kind: str,
    files: list[Path],
    snapshot: Path,
    rows: int,
    tell: Callable[[Event], None],
) -> list[str]:
    """Write the snapshot and drop those of earlier states. `rows` > 0 takes only so many a table.

    Returns what a person should know about how the source was read.
    Raises SourceError, StorageError.
    """
    from llmtui.database.files import import_files
    from llmtui.database.sqlite import import_sqlite

    with whole_file(snapshot, first=True) as temporary:
        connection = duckdb.connect(str(temporary))
        try:
            with _progress(connection, tell):
                connection.execute(f"CREATE SCHEMA {KEYS_SCHEMA}")
                if kind == "sqlite":
                    notes = import_sqlite(path, connection, rows)
                else:
                    notes = import_files(files, connection, rows)
                _record(connection, files, whole=not rows)
                connection.execute("CHECKPOINT")
        except duckdb.Error as error:
            if "No space left" in str(error):
                raise OSError(28, "No space left on device") from error
            raise told(error, path) from error
        finally:
            connection.close()
    snapshot.chmod(0o400)
    for old in snapshot.parent.glob(f"{snapshot.stem.rsplit('-', 1)[0]}-*.duckdb"):
        if old != snapshot:
            old.unlink(missing_ok=True)
    return notes


def _record(connection: duckdb.DuckDBPyConnection, files: list[Path], *, whole: bool) -> None:
    """Note in the snapshot what it was made from: name, bytes and SHA-256 of every file."""
    connection.execute(
        f"CREATE TABLE {KEYS_SCHEMA}.source (file TEXT, bytes BIGINT, sha256 TEXT, whole BOOLEAN)"
    )
    for file in files:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest() if whole else None
        connection.execute(
            f"INSERT INTO {KEYS_SCHEMA}.source VALUES (?, ?, ?, ?)",
            [file.name, file.stat().st_size, digest, whole],
        )


@contextmanager
def _progress(
    connection: duckdb.DuckDBPyConnection, tell: Callable[[Event], None]
) -> Iterator[None]:
    """Tell how far the statement that runs has come, in percent."""
    connection.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_TOLD_EVERY):
            done = int(connection.query_progress())
            if done > 0:
                tell(Progress("import", min(done, 100), 100))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
