"""Words for what a database does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from llmtui.database.fold import tokens
from llmtui.database.keys import singular
from llmtui.database.link import Linker
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.templates import data
from llmtui.trainer.instructions.world import World

_STEM = 4
"""Letters that words with one meaning share at least: "retired", "retirement"."""


@dataclass(frozen=True)
class Missing:
    """What people may ask for; `near` are words of columns from which it could be told."""

    en: str
    zh: tuple[str, ...]
    near: tuple[str, ...]

    @property
    def words(self) -> Words:
        return Words((self.en,), self.zh)


@cache
def listed_missing(group: str, kind: str = "") -> tuple[Missing, ...]:
    """A list of the data file: "person" or "thing" with a kind of column, or "tables"."""
    table = data("refusals")[group]
    found = []
    for english, text in (table[kind] if kind else table).items():
        chinese, _, near = text.partition(";")
        found.append(Missing(english, tuple(chinese.strip().split("|")), tuple(near.split())))
    return tuple(found)


@dataclass(frozen=True)
class Known:
    """Every word that tables and columns are called by, and the values that can be found."""

    english: frozenset[str]
    chinese: frozenset[str]
    linker: Linker

    @classmethod
    def of(cls, world: World) -> Known:
        said = [
            words
            for thing in world.things
            for words in (thing.words, *(w for f in thing.fields for w in (f.words, f.words.whole)))
        ]
        english = {token.folded for w in said for name in w.en for token in tokens(name)}
        chinese = {name for words in said for name in words.zh if len(name) > 1}
        return cls(frozenset(english), frozenset(chinese), world.database.linker)

    def lacks(self, missing: Missing) -> bool:
        """Whether nothing here is called so, is near to it, or has it as a value."""
        generic = set(data("refusals")["generic"]["words"].split())
        own = [word for word in missing.en.split() if word not in generic]
        stems = [_stem(word) for word in (*own, *missing.near)]
        if any(known.startswith(stem) for stem in stems for known in self.english):
            return False
        if any(one in known or known in one for one in missing.zh for known in self.chinese):
            return False
        return not any(self.linker.mentions(name) for name in (missing.en, *missing.zh))


def _stem(word: str) -> str:
    plain = singular(word)
    return plain[: max(_STEM, len(plain) - 3)]
