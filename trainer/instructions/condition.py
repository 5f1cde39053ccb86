"""A condition: one comparison of one column, as SQL and as people say it."""

from __future__ import annotations

from dataclasses import dataclass

from llmtui.trainer.instructions.phrases import Phrase
from llmtui.trainer.instructions.world import Field


@dataclass(frozen=True)
class Condition:
    """`sql` uses the column with or without its table; the phrases say the same.

    post: after an English noun ("with a salary above 5000"); verb: as its predicate ("have a
    salary above 5000"), plural; zh: before a Chinese noun, without 的
    """

    kind: str
    item: Field
    test: str
    post: tuple[str, ...]
    verb: tuple[str, ...]
    zh: tuple[str, ...]
    adjective: Phrase | None = None

    def sql(self, *, full: bool = False) -> str:
        return self.test.replace("{c}", self.item.full if full else self.item.bare)
