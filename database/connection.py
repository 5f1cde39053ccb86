"""The locked-down connection that queries run on, in a process of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from llmtui.database.schema import quote
from llmtui.database.text import first_line
from llmtui.workspace.errors import SourceError

SOURCE = "_llmtui_source"
"""Catalogue name of the source when queries see views of it (see `expose`); no schema's name."""
_LOCKED = re.compile(r"Conflicting lock is held in .*?PID (?P<pid>\d+)")
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_unsigned_extensions": False,
    "allow_persistent_secrets": False,
    "python_enable_replacements": False,
    "python_scan_all_frames": False,
}


def connect_file(file: Path, memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    """A DuckDB file, read-only, not yet locked. Raises SourceError (damaged, held by another)."""
    try:
        return duckdb.connect(str(file), read_only=True, config=_config(memory_mb, threads))
    except duckdb.Error as error:
        raise told(error, file) from error


def connect_memory(memory_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    """An empty database in memory, to hold views."""
    return duckdb.connect(config=_config(memory_mb, threads))


def attach(connection: duckdb.DuckDBPyConnection, file: Path | None) -> None:
    """Make a DuckDB file, or nothing yet, the catalogue `SOURCE`. Raises SourceError."""
    if file is None:
        connection.execute(f"ATTACH ':memory:' AS {SOURCE}")
        return
    literal = str(file).replace("'", "''")
    try:
        connection.execute(f"ATTACH '{literal}' AS {SOURCE} (READ_ONLY)")
    except duckdb.Error as error:
        raise told(error, file) from error


def lock(connection: duckdb.DuckDBPyConnection, readable: Iterable[Path] = ()) -> None:
    """Close files, extensions and settings for good; `readable` files stay open to DuckDB."""
    files = [str(file) for file in readable]
    if files:
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        connection.execute(f"SET allowed_paths = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def expose(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[tuple[str, str, Sequence[str]]]
) -> None:
    """Views, in the memory database, of the given columns of (schema, table) in `SOURCE`."""
    for schema, table, columns in tables:
        if schema != "main":
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(schema)}")
        listed = ", ".join(quote(column) for column in columns)
        connection.execute(
            f"CREATE VIEW {quote(schema)}.{quote(table)} AS "
            f"SELECT {listed} FROM {SOURCE}.{quote(schema)}.{quote(table)}"
        )


def _config(memory_mb: int, threads: int) -> dict[str, str | bool | int | float | list[str]]:
    config = {**_CLOSED, "memory_limit": f"{memory_mb}MB"}
    if threads:
        config["threads"] = threads
    return config


def told(error: duckdb.Error, file: Path) -> SourceError:
    """DuckDB's complaint about a source as one sentence."""
    text = str(error)
    held = _LOCKED.search(text)
    if held or "Could not set lock" in text:
        who = f"process {held['pid']}" if held else "another program"
        return SourceError(
            f"This database is held open for writing by {who}",
            where=str(file),
            hint="Close it there and try again, or give llmtui a copy of the file.",
        )
    if "encrypted" in text:
        return SourceError(
            "This database is encrypted", where=str(file), hint="Give llmtui a copy that is not."
        )
    return SourceError(
        f"This database cannot be opened ({first_line(error)})",
        where=str(file),
        hint="It may be damaged.",
    )
