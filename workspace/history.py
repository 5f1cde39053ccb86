"""The history of a project, `history.db`: questions with their SQL and verdict, and chats.

Every call opens the file for itself, so that any thread may call. Migrations are a list that only
grows; the number of those that were applied is SQLite's `user_version`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from llmtui.workspace.errors import StorageError
from llmtui.workspace.files import make_dir

MIGRATIONS = (
    """
    CREATE TABLE questions (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, question TEXT NOT NULL, sql TEXT NOT NULL,
        status TEXT NOT NULL, model TEXT NOT NULL, verdict TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE chats (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, title TEXT NOT NULL,
        system TEXT NOT NULL DEFAULT '', model TEXT NOT NULL DEFAULT ''
    );
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY, chat INTEGER NOT NULL REFERENCES chats(id) ON DELETE CASCADE,
        at TEXT NOT NULL, role TEXT NOT NULL, text TEXT NOT NULL
    );
    """,
)


@dataclass(frozen=True)
class Question:
    """A question that was asked; verdict: "", "accepted", "corrected" or "rejected"."""

    id: int
    at: str
    question: str
    sql: str
    status: str
    model: str
    verdict: str


@dataclass(frozen=True)
class Chat:
    """A conversation; `model` is the path of the model it was last held with."""

    id: int
    at: str
    title: str
    system: str
    model: str


@dataclass(frozen=True)
class Message:
    """role: "user" or "assistant"."""

    id: int
    role: str
    text: str


def _hint(error: Exception) -> str:
    """What to do: only a damaged file is no loss to move away."""
    damaged = isinstance(error, sqlite3.DatabaseError)
    if damaged and not isinstance(error, sqlite3.OperationalError):
        return "Move the file away and a new one is begun."
    return "Another program may be using it, or the disk may be full or read-only."


class History:
    """Raises StorageError when the file is damaged or the disk refuses."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = None
        try:
            if not self.file.exists():
                make_dir(self.file.parent)
                self.file.touch(mode=0o600)
            connection = sqlite3.connect(self.file, timeout=5)
            connection.execute("PRAGMA foreign_keys = ON")
            applied = int(connection.execute("PRAGMA user_version").fetchone()[0])
            for number, script in enumerate(MIGRATIONS[applied:], applied + 1):
                connection.executescript(f"BEGIN;{script};PRAGMA user_version = {number};COMMIT;")
            with connection:
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"The history cannot be used ({error})",
                where=str(self.file),
                hint=_hint(error),
            ) from error
        finally:
            if connection is not None:
                connection.close()

    def _add(self, statement: str, *values: object) -> int:
        with self._open() as connection:
            return int(connection.execute(statement, values).lastrowid or 0)

    def add_question(self, question: str, sql: str, status: str, model: str) -> int:
        """Keep a question; returns its id."""
        return self._add(
            "INSERT INTO questions (at, question, sql, status, model) VALUES (?, ?, ?, ?, ?)",
            _now(), question, sql, status, model,
        )  # fmt: skip

    def judge(self, question: int, verdict: str) -> None:
        self._add("UPDATE questions SET verdict = ? WHERE id = ?", verdict, question)

    def questions(self, most: int = 500) -> list[Question]:
        """Oldest first, at most the last `most`."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT id, at, question, sql, status, model, verdict FROM questions "
                "ORDER BY id DESC LIMIT ?",
                (most,),
            ).fetchall()
        return [Question(*row) for row in reversed(rows)]

    def add_chat(self, title: str, system: str = "", model: str = "") -> int:
        return self._add(
            "INSERT INTO chats (at, title, system, model) VALUES (?, ?, ?, ?)",
            _now(), title, system, model,
        )  # fmt: skip

    def update_chat(self, chat: int, *, system: str, model: str) -> None:
        self._add("UPDATE chats SET system = ?, model = ? WHERE id = ?", system, model, chat)

    def delete_chat(self, chat: int) -> None:
        self._add("DELETE FROM chats WHERE id = ?", chat)

    def chats(self) -> list[Chat]:
        """Newest first."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT id, at, title, system, model FROM chats ORDER BY id DESC"
            ).fetchall()
        return [Chat(*row) for row in rows]

    def add_message(self, chat: int, role: str, text: str) -> int:
        return self._add(
            "INSERT INTO messages (chat, at, role, text) VALUES (?, ?, ?, ?)",
            chat, _now(), role, text,
        )  # fmt: skip

    def delete_message(self, message: int) -> None:
        self._add("DELETE FROM messages WHERE id = ?", message)

    def messages(self, chat: int) -> list[Message]:
        with self._open() as connection:
            rows = connection.execute(
                "SELECT id, role, text FROM messages WHERE chat = ? ORDER BY id", (chat,)
            ).fetchall()
        return [Message(*row) for row in rows]


def _now() -> str:
    return datetime.now().isoformat(" ", "seconds")
