"""SQLite written into a DuckDB file by Python's own driver: no extension to download."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote as url_quote

import duckdb
import pyarrow as pa

from llmtui.database.schema import quote
from llmtui.workspace.errors import SourceError

KEYS_SCHEMA = "_llmtui"
"""Schema of the snapshot that keeps the keys that the source declared."""
_BATCH = 50_000
_ROWS = "_llmtui_rows"
"""What the rows on their way are called: no table of a source is."""
LONGEST_VIEW = 60.0
"""Seconds that one view of the source may take to be copied."""
_DATES = {"DATE": "DATE", "DATETIME": "TIMESTAMP", "TIMESTAMP": "TIMESTAMP", "TIME": "TIME"}
_ARROW = {
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BLOB": pa.binary(),
    "BOOLEAN": pa.bool_(),
}


def import_sqlite(path: Path, target: duckdb.DuckDBPyConnection, rows: int = 0) -> list[str]:
    """Copy every table and view, types and keys kept; only `rows` of each when that is not 0.

    Returns what a person should know. Raises SourceError when it is no database.
    """
    try:
        source = _open(path)
        inner = {row[1] for row in source.execute("PRAGMA table_list") if row[2] == "shadow"}
        listed = source.execute(
            "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name <> '' ORDER BY rowid"
        ).fetchall()
        listed = [row for row in listed if row[0] not in inner]
        if not listed:
            raise SourceError("This database has no tables", where=str(path))
        keys: list[tuple[str, str, str]] = []
        notes: list[str] = []
        for name, kind, made_by in listed:
            if kind == "view":
                problem = _copy_view(source, str(name), target, rows)
                notes += [problem] if problem else []
                if problem:
                    continue
            else:
                try:
                    _copy_table(source, str(name), target, rows)
                except sqlite3.OperationalError as error:
                    if "no such module" not in str(error):
                        raise
                    notes.append(f'The table "{name}" was left out: {error}')
                    continue
            keys += _declared_keys(source, str(name))
            if kind == "view":
                keys.append(("view", str(name), str(made_by)))
        _write_keys(target, keys)
        source.close()
    except sqlite3.Error as error:
        held = "locked" in str(error)
        raise SourceError(
            "This SQLite database is locked by another program"
            if held
            else f"This SQLite database cannot be read ({error})",
            where=str(path),
            hint="Close it there and try again." if held else "It may be damaged.",
        ) from error
    return notes


def _open(path: Path) -> sqlite3.Connection:
    """A connection that only reads. Raises SourceError when the file ends too early."""
    path = path.resolve()
    with path.open("rb") as file:
        head = file.read(20)
    wal = path.with_name(f"{path.name}-wal")
    still = head[18:19] == b"\2" and not wal.exists()  # nobody writes; make no files beside it
    mode = "mode=ro&immutable=1" if still else "mode=ro"
    source = sqlite3.connect(f"file:{url_quote(str(path))}?{mode}", uri=True, timeout=5)
    source.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
    pages = source.execute("PRAGMA page_count").fetchone()[0]
    size = source.execute("PRAGMA page_size").fetchone()[0]
    if not wal.exists() and path.stat().st_size < pages * size:
        raise SourceError(
            "This SQLite database is cut short", where=str(path), hint="Copy or download it anew."
        )
    return source


def _copy_view(
    source: sqlite3.Connection, name: str, target: duckdb.DuckDBPyConnection, most: int
) -> str:
    """Copy a view's rows; why it was left out, "" when it was not: it may fail or never end."""
    ends = time.monotonic() + LONGEST_VIEW
    source.set_progress_handler(lambda: int(time.monotonic() > ends), 100_000)
    try:
        _copy_table(source, name, target, most)
    except sqlite3.OperationalError as error:
        target.execute(f"DROP TABLE IF EXISTS {quote(name)}")
        late = "interrupted" in str(error)
        reason = f"it takes more than {LONGEST_VIEW:g} seconds" if late else str(error)
        return f'The view "{name}" was left out: {reason}'
    finally:
        source.set_progress_handler(None, 0)
    return ""


def _copy_table(
    source: sqlite3.Connection, name: str, target: duckdb.DuckDBPyConnection, most: int
) -> None:
    place = f"(SELECT * FROM {_lite(name)} LIMIT {most})" if most else _lite(name)
    columns = [
        (str(row[1]), str(row[2] or "").upper().strip(), bool(row[3]))
        for row in source.execute(f"PRAGMA table_xinfo({_lite(name)})")
        if row[6] != 1
    ]
    stored = [_stored_type(source, place, column, declared) for column, declared, _ in columns]
    final = [
        _final_type(source, place, column, declared, kind)
        for (column, declared, _), kind in zip(columns, stored, strict=True)
    ]
    parts = [
        f"{quote(column or f'column{i}')} {kind}{' NOT NULL' if needed else ''}"
        for i, ((column, _, needed), kind) in enumerate(zip(columns, final, strict=True))
    ]
    target.execute(f"CREATE TABLE {quote(name)} ({', '.join(parts)})")
    fields = pa.schema([(f"c{i}", _ARROW[kind]) for i, kind in enumerate(stored)])
    listed = ", ".join(_lite(column) for column, _, _ in columns)
    cursor = source.execute(f"SELECT {listed} FROM {place}")
    casts = ", ".join(f"CAST(c{i} AS {kind})" for i, kind in enumerate(final))
    while rows := cursor.fetchmany(_BATCH):
        arrays = [
            pa.array([_fit(value, stored[i]) for value in values], type=fields.field(i).type)
            for i, values in enumerate(zip(*rows, strict=True))
        ]
        target.register(_ROWS, pa.Table.from_arrays(arrays, schema=fields))
        target.execute(f"INSERT INTO main.{quote(name)} SELECT {casts} FROM {_ROWS}")
        target.unregister(_ROWS)


def _lite(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _stored_type(source: sqlite3.Connection, place: str, column: str, declared: str) -> str:
    """The type that holds every value as SQLite stores it."""
    kinds = {
        str(row[0])
        for row in source.execute(f"SELECT DISTINCT typeof({_lite(column)}) FROM {place}")
    } - {"null"}
    if not kinds:
        if "INT" in declared:
            return "BIGINT"
        numeric = any(word in declared for word in ("REAL", "FLOA", "DOUB", "NUM", "DEC"))
        return "DOUBLE" if numeric else "VARCHAR"
    if kinds == {"integer"}:
        if declared.startswith("BOOL") and not _any(
            source, place, f"{_lite(column)} NOT IN (0, 1)"
        ):
            return "BOOLEAN"
        real = any(word in declared for word in ("REAL", "FLOA", "DOUB"))
        return "DOUBLE" if real else "BIGINT"
    if kinds <= {"integer", "real"}:
        return "DOUBLE"
    return "BLOB" if kinds == {"blob"} else "VARCHAR"


def _any(source: sqlite3.Connection, place: str, condition: str) -> bool:
    query = f"SELECT 1 FROM {place} WHERE {condition} LIMIT 1"
    return source.execute(query).fetchone() is not None


def _final_type(
    source: sqlite3.Connection, place: str, column: str, declared: str, stored: str
) -> str:
    """The declared date, time or decimal type, when every value fits it."""
    name = _lite(column)
    wanted = _DATES.get(declared.split("(")[0].strip())
    if stored == "VARCHAR" and wanted:
        if not _any(source, place, f"{name} IS NOT NULL"):
            return wanted
        values = [row[0] for row in source.execute(f"SELECT DISTINCT {name} FROM {place}")]
        texts = [None if value is None else str(value) for value in values]
        with duckdb.connect() as scratch:
            scratch.register("seen", pa.table({"v": pa.array(texts, type=pa.string())}))
            timed = scratch.execute(
                "SELECT count(*) FROM seen WHERE TRY_CAST(v AS TIMESTAMP) <> TRY_CAST(v AS DATE)"
            ).fetchone()
            if wanted == "DATE" and timed and timed[0]:
                wanted = "TIMESTAMP"  # a DATE column that holds times as well
            bad = scratch.execute(
                f"SELECT count(*) FROM seen WHERE v IS NOT NULL AND TRY_CAST(v AS {wanted}) IS NULL"
            ).fetchone()
        return wanted if bad and bad[0] == 0 else stored
    exact = re.fullmatch(r"(?:DECIMAL|NUMERIC)\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)", declared)
    if stored in ("DOUBLE", "BIGINT") and exact and int(exact[1]) <= 18:
        digits, scale = int(exact[1]), int(exact[2])
        outside = (
            f"abs({name}) >= 1e{digits - scale} "
            f"OR abs({name} * 1e{scale} - round({name} * 1e{scale})) > 1e-4"
        )
        if digits >= scale and not _any(source, place, outside):
            return f"DECIMAL({digits}, {scale})"
    return stored


def _fit(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "VARCHAR":
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    if kind == "BOOLEAN":
        return bool(value)
    return float(value) if kind == "DOUBLE" else value


def _declared_keys(source: sqlite3.Connection, table: str) -> list[tuple[str, str, str]]:
    """("primary", table, JSON of columns), ("foreign", table, JSON of the three names) and
    ("generated", table, column)."""
    info = source.execute(f"PRAGMA table_info({_lite(table)})").fetchall()
    primary = [str(row[1]) for row in sorted(info, key=lambda row: int(row[5])) if row[5]]
    found = [("primary", table, json.dumps(primary))] if primary else []
    every = source.execute(f"PRAGMA table_xinfo({_lite(table)})").fetchall()
    found += [("generated", table, str(row[1])) for row in every if row[6] in (2, 3)]
    listed = source.execute(f"PRAGMA foreign_key_list({_lite(table)})").fetchall()
    wide = {row[0] for row in listed if row[1] > 0}
    named = source.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    tables = {str(row[0]).lower(): str(row[0]) for row in named}
    for row in listed:
        if row[0] in wide:
            continue  # a key over several columns is not a single join condition
        parent, column = tables.get(str(row[2]).lower(), ""), str(row[3])
        theirs: list[Any] = []
        with suppress(sqlite3.OperationalError):  # a table that cannot be read refers to nothing
            theirs = source.execute(f"PRAGMA table_info({_lite(parent)})").fetchall()
        wanted = str(row[4] or "").lower()  # SQLite keeps the letters of the clause
        to_column = next(
            (str(i[1]) for i in theirs if (str(i[1]).lower() == wanted if wanted else i[5])), None
        )
        own = next((str(i[1]) for i in info if str(i[1]).lower() == column.lower()), column)
        if to_column is not None:
            found.append(("foreign", table, json.dumps([own, parent, to_column])))
    return found


def _write_keys(target: duckdb.DuckDBPyConnection, keys: list[tuple[str, str, str]]) -> None:
    target.execute(f"CREATE TABLE {KEYS_SCHEMA}.keys (kind TEXT, of_table TEXT, columns TEXT)")
    if keys:
        target.executemany(f"INSERT INTO {KEYS_SCHEMA}.keys VALUES (?, ?, ?)", keys)
