"""The round trip: another query gives what a row's query gives, here and on perturbed copies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from llmtui.database.compare import Wanted
from llmtui.database.copies import perturbed_copies
from llmtui.database.execute import Database
from llmtui.database.ties import run_gold
from llmtui.trainer.evaluate.judge import MOST_ROWS, Case, held_on, judge
from llmtui.workspace.errors import LlmtuiError


@dataclass(frozen=True)
class Trip:
    """A database and its perturbed copies, all open. Use it from any thread."""

    database: Database
    copies: tuple[Database, ...]

    def wanted(self, sql: str) -> Wanted | None:
        """What a query gives; None when that proves nothing: it fails, is empty, or has no end."""
        try:
            gold = run_gold(self.database, sql, MOST_ROWS)
        except LlmtuiError:
            return None
        rows = gold.result.rows
        empty = all(value is None for row in rows for value in row) or rows == ((0,),)
        return None if empty or gold.result.truncated else gold

    def problem(self, sql: str, gold: Wanted, other: str) -> str:
        """Why another query is not taken for the same, "" when it gives the same everywhere."""
        if not other:
            return "is not answered"
        outcome = judge(self.database, Case("", "", sql, "", ""), gold, other, 0.0)
        if not outcome.strict:
            return "is answered with other results"
        for number, copy in enumerate(self.copies, 1):
            outcome = held_on(copy, outcome, number)
            if not outcome.strict:
                return "is answered with other results on a perturbed copy"
        return ""


@contextmanager
def open_trip(database: Database, queries: Iterable[str]) -> Iterator[Trip]:
    """queries: those that values are planted for. Raises SourceError, StorageError."""
    plain = replace(database.access, exclude=())  # a copy has nothing that is excluded
    with ExitStack() as stack:
        paths = perturbed_copies(database, queries)
        yield Trip(
            database, tuple(stack.enter_context(Database.open(path, plain)) for path in paths)
        )
