"""Which rows are rewritten, in which order, and what was tried before."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path

import sqlglot
from sqlglot import exp

from llmtui.database.dialects import plain
from llmtui.trainer.evaluate.misses import shape_of
from llmtui.workspace.files import told_when_disk_refuses
from llmtui.workspace.records import Instruction

ORIGIN = "rewritten"
_BY_PEOPLE = ("asked", "written", "imported")
_EXAMPLES = 4
"""Questions that a teacher sees of those that a person has asked."""


@dataclass(frozen=True)
class Task:
    """A row to rewrite in one way; for self-instruct, with further questions as examples."""

    way: str
    row: Instruction
    examples: tuple[str, ...] = ()


class HeldOut:
    """Queries that training must not see: those of held-out rows, and shapes on tables."""

    def __init__(self, rows: Iterable[Instruction]) -> None:
        held = [row for row in rows if row.split != "train" and row.kind == "sql"]
        self._queries = {plain(row.sql) for row in held}
        self._combinations = {
            _combination(row.sql) for row in held if row.extra.get("held") == "shape"
        }

    def has(self, sql: str) -> bool:
        return plain(sql) in self._queries

    def resembles(self, sql: str) -> bool:
        """Whether a new query gives something away of the held-out ones."""
        return self.has(sql) or _combination(sql) in self._combinations


def tasks(
    rows: Sequence[Instruction], ways: Sequence[str], count: int, held: HeldOut
) -> list[Task]:
    """`count` rows in every way; for self-instruct, as many of a person's rows as there are.

    Rows of the split "train" only, a query once, by turns of every shape and language, in an order
    that stays as long as the rows do.
    """
    fit = [
        row
        for row in rows
        if row.split == "train" and row.kind == "sql" and row.usable and row.origin != ORIGIN
        and not held.has(row.sql)
    ]  # fmt: skip
    mine = [row for row in fit if row.origin in _BY_PEOPLE or row.status == "accepted"]
    seeds = _spread(mine)[:count] if "self-instruct" in ways else []
    others = [way for way in ways if way != "self-instruct"]
    found = [Task("self-instruct", row, _examples(row, mine)) for row in seeds]
    chosen = _spread(fit)[:count] if others else []
    return [*found, *(Task(way, row) for row in chosen for way in others)]


def _examples(row: Instruction, mine: Sequence[Instruction]) -> tuple[str, ...]:
    """The row's question and some of the others in its language."""
    others = sorted(
        (other for other in mine if other.lang == row.lang and other.id != row.id),
        key=lambda other: _hash(f"{row.id}/{other.id}"),
    )
    return tuple(one.question for one in [row, *others][:_EXAMPLES])


def _spread(rows: Sequence[Instruction]) -> list[Instruction]:
    """One row of every shape and language after the other, a query once."""
    groups: dict[tuple[str, str], list[Instruction]] = defaultdict(list)
    for row in {row.sql: row for row in sorted(rows, key=lambda row: _hash(row.id))}.values():
        groups[row.shape or shape_of(row.sql), row.lang].append(row)
    turns = zip_longest(*(groups[key] for key in sorted(groups)))
    return [row for turn in turns for row in turn if row is not None]


def _combination(sql: str) -> tuple[str, frozenset[str]]:
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return "other", frozenset([sql])
    return shape_of(sql), frozenset(table.name.lower() for table in tree.find_all(exp.Table))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Journal:
    """What was tried, a line a task: kept or not, it is not tried again with the same teacher."""

    path: Path
    teacher: str
    done: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path, teacher: str) -> Journal:
        """A line that cannot be read, as a power cut leaves one, counts as not tried."""
        journal = cls(path, teacher)
        lines = path.read_text("utf-8", "replace").splitlines() if path.is_file() else []
        for line in lines:
            try:
                tried = json.loads(line)
                if tried["by"] == teacher:
                    journal.done.add((str(tried["from"]), str(tried["way"])))
            except (ValueError, LookupError, TypeError):
                continue
        return journal

    def has(self, task: Task) -> bool:
        return (task.row.id, task.way) in self.done

    def add(self, tried: Sequence[tuple[Task, int]]) -> None:
        """Note tasks with how many rows came of each. Raises StorageError."""
        text = ""
        for task, kept in tried:
            self.done.add((task.row.id, task.way))
            fact = {"from": task.row.id, "way": task.way, "by": self.teacher, "kept": kept}
            text += json.dumps(fact, ensure_ascii=False) + "\n"
        with told_when_disk_refuses(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(text)
