"""What comes of rewriting: checked, counted, and written every few seconds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

from llmtui.inference.rewriting.maker import NEAR, Bench, Made
from llmtui.inference.rewriting.parents import Journal, Task
from llmtui.trainer.instructions.check import check_rows
from llmtui.trainer.instructions.splits import in_one_split
from llmtui.workspace.events import Event, RowDropped, RowsKept, Saved
from llmtui.workspace.project import Project
from llmtui.workspace.records import Instruction, load_rows, save_rows

_SAVE_EVERY = 2.0
"""Seconds between writes; a power cut loses no more."""


class Keep:
    """Rows and drops as they come, and what was tried; used by one thread."""

    def __init__(self, bench: Bench, project: Project, journal: Journal) -> None:
        self.bench, self.project, self.journal = bench, project, journal
        self.kept = 0
        self._dropped: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self._rows: list[Instruction] = []
        self._tried: list[tuple[Task, int]] = []
        self._saved = time.monotonic()

    def take(self, made: Made) -> None:
        for reason, example in made.dropped:
            self.drop(reason, example)
        rows = [checked for row in made.rows for checked in self._held(row)]
        self.kept += len(rows)
        self._rows += rows
        self._tried.append((made.task, len(rows)))
        if time.monotonic() - self._saved > _SAVE_EVERY:
            self.save()

    def _held(self, row: Instruction) -> list[Instruction]:
        """The row with its checks, which is known from now on; [] when it does not pass them."""
        if self.bench.known.has(row.question, row.sql):
            self.drop(NEAR, f"{row.extra['from']}: {row.question}")
            return []
        told: list[Event] = []
        held = check_rows(self.bench.trip.database, [row], told.append)
        for event in told:
            if isinstance(event, RowDropped):
                self.drop(event.reason, event.example)
        for one in held:
            self.bench.known.add(one.question, one.sql)
        return held

    def drop(self, reason: str, example: str) -> None:
        self._dropped[reason] += 1
        self._examples.setdefault(reason, example)

    def save(self) -> None:
        """Write what is new behind the rows of now, which others may have changed meanwhile."""
        self._saved = time.monotonic()
        if self._rows:
            old = load_rows(self.project.instructions)
            ids = {row.id for row in old}
            asked = {row.question.strip().casefold() for row in old}
            new = [
                row
                for row in self._rows
                if row.id not in ids and row.question.strip().casefold() not in asked
            ]
            save_rows(self.project.instructions, in_one_split([*old, *new]))
        if self._tried:
            self.journal.add(self._tried)
        self._rows, self._tried = [], []

    def told(self) -> Iterator[Event]:
        for reason, count in self._dropped.most_common():
            yield RowDropped(reason, self._examples[reason], count)
        yield RowsKept(self.kept)
        if self.kept:
            yield Saved("instructions", str(self.project.instructions))
