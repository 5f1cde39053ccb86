"""Perturbed copies of an open database, kept in the cache until source or queries change."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from llmtui.database.process import Process
from llmtui.workspace import paths

if TYPE_CHECKING:
    from llmtui.database.execute import Database

COPIES = 4
_VERSION = 6
_KEPT = 4
"""Sets of copies of one source, each for other queries."""


def perturbed_copies(
    database: Database, queries: Iterable[str], count: int = COPIES, seed: int = 7
) -> list[Path]:
    """DuckDB files, `count` of them; values that `queries` compare with are planted in them.

    The same database, queries and seed give the same copies. Raises SourceError, StorageError.
    """
    opened, access = database.opened, database.access
    files = [file for file in (opened.file, *opened.in_place) if file is not None]
    planted = compared_values(queries)
    facts = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    state = _short(json.dumps([_VERSION, facts, access.exclude, seed, planted]))
    stem = re.sub(r"[^\w-]+", "_", database.path.stem)[:40] or "source"
    place = f"{stem}-{_short(str(database.path))}"
    folder = paths.copies_dir() / f"{place}-{state}"
    targets = [folder / f"{number}.duckdb" for number in range(1, count + 1)]
    if not all(target.is_file() for target in targets):
        _tidy(f"{place}-*")
        with Process() as process:
            process.call({
                "do": "perturb",
                "file": str(opened.file) if opened.file else "",
                "in_place": [str(file) for file in opened.in_place],
                "exclude": list(access.exclude),
                "targets": [str(target) for target in targets],
                "seed": seed,
                "planted": planted,
            })  # fmt: skip
    return targets


def _tidy(pattern: str) -> None:
    """Remove the copies of one source but for the newest, which another process may be using."""
    with suppress(OSError):  # one that goes meanwhile
        kept = sorted(paths.copies_dir().glob(pattern), key=lambda f: f.stat().st_mtime)
        for old in kept[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def compared_values(queries: Iterable[str]) -> list[tuple[str, float | int | str]]:
    """(column in lower case, number or date that a query compares it with), in a fixed order."""
    found: set[tuple[str, str, float | int | str]] = set()
    for sql in queries:
        try:
            tree = sqlglot.parse_one(sql, dialect="duckdb")
        except (sqlglot.errors.SqlglotError, RecursionError):
            continue
        for literal in tree.find_all(exp.Literal):
            comparison = literal.find_ancestor(exp.Predicate)
            value = _number_or_date(literal)
            if comparison is not None and value is not None:
                names = {column.name.lower() for column in comparison.find_all(exp.Column)}
                found |= {(name, str(value), value) for name in names}
    return [(name, value) for name, _, value in sorted(found, key=lambda item: item[:2])]


def _number_or_date(literal: exp.Literal) -> float | int | str | None:
    text = str(literal.this)
    with suppress(ValueError):
        if literal.is_string:
            return date.fromisoformat(text[:10]).isoformat()
        return int(text) if text.isdigit() else float(text)
    return None
