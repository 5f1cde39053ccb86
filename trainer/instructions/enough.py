"""When there are rows enough: when more of them show little that is new."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmtui.database.schema import Schema
from llmtui.trainer.instructions.coverage import Coverage
from llmtui.workspace.records import Instruction

PORTION, MOST = 1000, 12_000
"""Rows after which it is looked at again, and after which there are enough however new they are."""
RISE = 0.01
"""What a portion adds, at least, to the mean share that is covered of what is possible."""
NEW = 0.7
"""Share of a portion's queries that are put together as none before was."""
_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")


class Enough:
    """Follows rows as they are made, a portion at a time.

    There are enough when a portion raises the coverage by less than `RISE` and fewer than `NEW` of
    its queries have a structure, the SQL without its values, that no query before had.
    """

    def __init__(self, schema: Schema, languages: Sequence[str]) -> None:
        self._coverage = Coverage(schema, languages)
        self._structures: set[str] = set()
        self._looked_at = 0
        self.covered = [0.0]
        """The mean share that is covered, after each portion, 0 to 1."""
        self.new = [1.0]
        """The share of queries that are put together anew, of each portion."""

    def due(self, rows: Sequence[Instruction]) -> bool:
        """Whether there is a portion of rows that was not looked at."""
        return len(rows) - self._looked_at >= PORTION

    def reached(self, rows: Sequence[Instruction]) -> bool:
        """Whether these rows, of which the first were looked at before, are enough."""
        portion = rows[self._looked_at :]
        self._looked_at = len(rows)
        self._coverage.add(portion)
        self.covered.append(self._coverage.mean)
        structures = [_LITERAL.sub("?", sql) for sql in {row.sql for row in portion}]
        fresh = set(structures) - self._structures
        self._structures |= fresh
        self.new.append(len(fresh) / len(structures))
        rise = self.covered[-1] - self.covered[-2]
        return rise < RISE and self.new[-1] < NEW

    @property
    def told(self) -> str:
        """How the rows came to be enough, in a sentence; "" when there is no whole portion."""
        if len(self.covered) < 2:
            return ""
        shares = ", ".join(f"{share:.0%}" for share in self.covered[1:])
        return (
            f"Coverage after each {PORTION} rows: {shares}; "
            f"{self.new[-1]:.0%} of the last ones' queries are built in a new way"
        )
