"""An index of the text values of a database, built once and kept in the cache.

A SQLite file, so that opening it takes no time whatever its size. Values are found by their
folded whole (`key_of`), by one of their words, and by words that are spelt nearly so.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llmtui.database.fold import distance, is_han, key_of, tokens
from llmtui.database.schema import Column, Table, quote
from llmtui.database.secrets import find
from llmtui.database.vocabulary import question_words
from llmtui.workspace import paths
from llmtui.workspace.errors import QueryError, TimeLimitError
from llmtui.workspace.files import keep_last_used, mark_used, whole_file

if TYPE_CHECKING:
    from llmtui.database.execute import Database

MOST_DISTINCT = 20_000
"""Columns with more different values are not indexed: nobody asks for one by name."""
MOST_VALUES = 300_000
LONGEST = 60
_VERSION = "2"
_TELLING = re.compile(r"@|://|-----|(?:\d[ ().-]*){7}|\w{16}|eyJ")
"""What every secret has, since looking at each value with care would take long."""
_AT_ONCE = 400
_MOST_FILES, _MOST_BYTES = 64, 2 << 30
_STEM, _ENDING = 6, 3
"""Letters of a stem at the least, of an ending at the most."""
_TABLES = """
CREATE TABLE found (place INTEGER, value TEXT, key TEXT, words INTEGER);
CREATE TABLE words (word TEXT, row INTEGER);
"""
_INDICES = "CREATE INDEX by_key ON found (key); CREATE INDEX by_word ON words (word);"


@dataclass(frozen=True)
class Found:
    """A value of the column number `place`; `words` counts its words."""

    place: int
    value: str
    key: str
    words: int


class ValueIndex:
    """Use it from any thread."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        uri = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
        self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)

    def with_keys(self, keys: Iterable[str]) -> list[Found]:
        """Values whose folded whole is one of `keys`."""
        return [Found(*row) for row in self._all(_BY_KEY, list(dict.fromkeys(keys)))]

    def with_word(self, word: str) -> list[Found]:
        """Values of several words that hold `word` (folded, singular); at most a hundred."""
        return [Found(*row) for row in self._all(_BY_WORD, [word])]

    def near_words(self, word: str, most: int) -> list[str]:
        """Words of values that begin with the same letter and are at most `most` edits away, or
        are the same word with another ending ("successful", "success")."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT DISTINCT word FROM words WHERE word >= ? AND word < ? "
                "AND length(word) BETWEEN ? AND ?",
                [word[0], word[0] + "\uffff", len(word) - _ENDING, len(word) + _ENDING],
            ).fetchall()
        return [row[0] for row in rows if _near(word, row[0], most)]

    def _all(self, query: str, keys: list[str]) -> list[tuple[int, str, str, int]]:
        rows: list[tuple[int, str, str, int]] = []
        with self._lock:
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                rows += self._connection.execute(query.format(marks=marks), some).fetchall()
        return rows


def _near(word: str, other: str, most: int) -> bool:
    if word == other or any(sign.isdigit() for sign in word + other):  # AB12345 is not AB12346
        return False
    shorter, longer = sorted((word, other), key=len)
    same_stem = len(shorter) >= _STEM and longer.startswith(shorter)
    return same_stem or distance(word, other, most) <= most


_BY_KEY = "SELECT place, value, key, words FROM found WHERE key IN ({marks})"
_BY_WORD = (
    "SELECT place, value, key, words FROM found WHERE rowid IN "
    "(SELECT row FROM words WHERE word IN ({marks})) AND words > 1 LIMIT 100"
)


def places(database: Database) -> list[tuple[Table, Column]]:
    """The columns that are indexed, in the order of their numbers."""
    return [
        (table, column)
        for table in database.schema.tables
        for column in table.columns
        if column.kind == "text" and 0 < column.distinct <= MOST_DISTINCT and not column.secret
    ]


def value_index(database: Database) -> ValueIndex:
    """The index of this state of the database, made when it is not there yet.

    Raises StorageError when the cache cannot be written.
    """
    stem = re.sub(r"[^\w-]+", "_", database.path.stem)[:40] or "source"
    owner = hashlib.sha256(str(database.path).encode()).hexdigest()[:10]
    held = [(table.sql_name, column.name) for table, column in places(database)]
    facts = (_VERSION, database.state, database.access.secrets, held)
    state = hashlib.sha256(repr(facts).encode())
    folder = paths.values_dir()
    file = folder / f"{stem}-{owner}-{state.hexdigest()[:10]}.values"
    if not file.is_file():
        with whole_file(file) as temporary:
            _build(temporary, database)
        for earlier in folder.glob(f"{stem}-{owner}-*.values"):
            if earlier != file:
                earlier.unlink(missing_ok=True)
        keep_last_used(folder, "*.values", _MOST_FILES, _MOST_BYTES)
    mark_used(file)
    return ValueIndex(file)


def _build(file: Path, database: Database) -> None:
    connection = sqlite3.connect(file)
    try:
        connection.executescript("PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF;" + _TABLES)
        row = 0
        for place, (table, column) in enumerate(places(database)):
            for value in _values(database, table, column):
                key = key_of(value)
                if not key or row >= MOST_VALUES:
                    continue
                row += 1
                parts = _words(value)
                count = 1 if is_han(value) else key.count(" ") + 1
                connection.execute("INSERT INTO found VALUES (?,?,?,?)", (place, value, key, count))
                connection.executemany("INSERT INTO words VALUES (?,?)", [(w, row) for w in parts])
        connection.executescript(_INDICES)
        connection.commit()
    finally:
        connection.close()


def _words(value: str) -> Sequence[str]:
    """The words of a value by which it is found in part."""
    found = [part.key for part in tokens(value) if not part.han]
    return [w for w in dict.fromkeys(found) if len(w) > 3 and w not in question_words()][:12]


def _values(database: Database, table: Table, column: Column) -> Sequence[str]:
    if column.complete:
        return [value for value in column.values if len(value) <= LONGEST]
    masked = database.access.secrets == "mask"
    name = quote(column.name)
    try:
        rows = database.run(
            f"SELECT DISTINCT CAST({name} AS VARCHAR) AS v FROM {table.sql_name} "
            f"WHERE length(CAST({name} AS VARCHAR)) BETWEEN 1 AND {LONGEST} ORDER BY v",
            max_rows=MOST_DISTINCT,
        ).rows
    except (QueryError, TimeLimitError):  # too large to look through: what was sampled must do
        return column.values
    texts = [str(row[0]) for row in rows]
    return [text for text in texts if not (masked and _TELLING.search(text) and find(text))]
