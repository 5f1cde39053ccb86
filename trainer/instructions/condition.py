"""A condition: what is asked of a row, as SQL and as people say it."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from llmtui.trainer.instructions.templates import Sayable, fill, fits
from llmtui.trainer.instructions.things import Field, Relation

PARTS = {"post": "en", "verb": "en", "adj": "en", "zh": "zh"}
_SLOTS = re.compile(r"{(\w+)}|[()|?的]")
_SAYING = frozenset(["done", "did", "they_did", "tied", "event", "more", "opposite"])
"""Slots that are, or hold, a verb or an adjective."""


@dataclass(frozen=True)
class Condition:
    """`tests` are joined by AND, `{c}` stands for the column, with or without its table.

    ways: phrasings by part. post: after an English noun ("with a salary above 5000"); verb: its
    predicate, plural; adj: before the noun; zh: before a Chinese noun, without 的
    ups: the keys to follow to reach the columns
    """

    kind: str
    tests: tuple[tuple[Field, str], ...]
    ways: Mapping[str, tuple[str, ...]]
    slots: Mapping[str, Sayable]
    ups: tuple[Relation, ...] = ()
    usable: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def sql(self, *, full: bool = False) -> str:
        return " AND ".join(
            test.replace("{c}", item.full if full else item.bare) for item, test in self.tests
        )

    def options(self, part: str) -> tuple[str, ...]:
        """The phrasings of a part whose slots are all filled. The part "pred" are those of "zh"
        that can follow what they are said of: 价格大于5, not 北京."""
        if part not in self.usable:
            ways = self.ways.get("zh" if part == "pred" else part, ())
            fitting = (w for w in ways if fits(w, PARTS.get(part, "zh"), self.slots))
            self.usable[part] = tuple(w for w in fitting if part != "pred" or _is_predicate(w))
        return self.usable[part]

    def say(self, part: str, rng: random.Random) -> str:
        options = self.options(part)
        return fill(rng.choice(options), PARTS.get(part, "zh"), self.slots, rng) if options else ""


def _is_predicate(way: str) -> bool:
    """Whether a Chinese phrasing says something: more than a value, or one with 的 behind it."""
    slots = {match[1] for match in _SLOTS.finditer(way)}
    return bool(_SLOTS.sub("", way) or slots & _SAYING or way.endswith("{cond}"))
