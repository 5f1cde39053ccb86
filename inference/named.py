"""Tables and columns that a question names and its SQL does not read.

A name of two words or more in full ("trained in", "start date") means what is called so; so do a
single long word that nothing else is called by ("capacity"), and in Chinese the words for a column.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property

from sqlglot import exp

from llmtui.database.keys import singular
from llmtui.database.schema import Schema
from llmtui.inference.nearest import name_words

_WORDS = re.compile(r"[a-z]+|\d+")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_SHORTEST = 5
"""Letters of a single word that means a column wherever it stands."""
_LONGEST = 5
_DONE = frozenset(
    [
        "total",
        "number",
        "count",
        "average",
        "month",
        "order",
        "数量",
        "总数",
        "总额",
        "合计",
        "月份",
    ]
)
"""Words that ask for something to be done, whatever columns are called so."""

Said = Mapping[tuple[str, ...], frozenset[str]]


class Names:
    """What the tables and columns of a schema are called; made once for many questions."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    @cached_property
    def _english(self) -> Said:
        """Words, singular → tables and columns that are called so, in lower case."""
        found: dict[tuple[str, ...], set[str]] = {}
        tables = {word for table in self._schema.tables for word in name_words(table.name)}
        columns = [
            tuple(name_words(column.name))
            for table in self._schema.tables
            for column in table.columns
        ]
        alone = Counter(said[0] for said in columns if len(said) == 1)
        others = Counter(word for said in columns if len(said) > 1 for word in set(said))
        for table in self._schema.tables:
            for name in (table.name, *(column.name for column in table.columns)):
                said = tuple(name_words(name))
                word = said[0] if len(said) == 1 else ""
                long = len(word) >= _SHORTEST and word not in tables and not others[word]
                long = long and word not in _DONE
                if len(said) > 1 or (long and alone[word]):
                    found.setdefault(said, set()).add(name.lower())
        return {said: frozenset(names) for said, names in found.items()}

    @cached_property
    def _chinese(self) -> dict[str, frozenset[str]]:
        """Chinese words of two letters or more → columns that are called so, the longest first."""
        from llmtui.trainer.instructions.things import thing_of

        named = [table for table in self._schema.tables if name_words(table.name)]
        things = [thing_of(table, set()) for table in named]
        tables = {word for thing in things for word in thing.words.zh}
        found: dict[str, set[str]] = {}
        for thing in things:
            for item in thing.fields:
                for word in item.words.zh:
                    usual = word in tables or word in _DONE
                    if len(word) > 1 and not usual and _HAN.fullmatch(word):
                        found.setdefault(word, set()).add(item.column.name.lower())
        return {word: frozenset(found[word]) for word in sorted(found, key=len, reverse=True)}

    def left_out(self, question: str, tree: exp.Expr) -> int:
        """How many of the names that a question has are not in a statement; of names within longer
        ones only the longest counts. A statement that shows every column leaves none out."""
        if any(item.is_star for select in tree.find_all(exp.Select) for item in select.expressions):
            return 0
        read = {part.name.lower() for part in tree.find_all(exp.Identifier)}
        related = {word for name in read for word in name_words(name)}
        asked = {*self._said(question), *self._said_in_chinese(question)}
        return sum(1 for names in asked if not names & read and not _kin(names, related))

    def _said(self, question: str) -> list[frozenset[str]]:
        words = [singular(word) for word in _WORDS.findall(question.lower())]
        taken: set[int] = set()
        found = []
        for said in sorted(self._english.keys() & _runs(words), key=lambda s: (-len(s), s)):
            for start in range(len(words) - len(said) + 1):
                here = set(range(start, start + len(said)))
                if tuple(words[start : start + len(said)]) != said or here & taken:
                    continue
                taken |= here
                after = tuple(words[start + len(said) : start + len(said) + 1])
                if len(said) > 1 or after not in self._english:  # the population density
                    found.append(self._english[said])
        return found

    def _said_in_chinese(self, question: str) -> list[frozenset[str]]:
        if not _HAN.search(question):
            return []
        found, rest = [], question
        here = [word for word in self._chinese if word in question]
        for word in here:
            if word in rest:
                after = question[question.index(word) + len(word) :]
                if not after.startswith(tuple(here)):  # 人口 of 人口密度
                    found.append(self._chinese[word])
                rest = rest.replace(word, " " * len(word))
        return found


def _kin(names: frozenset[str], related: set[str]) -> bool:
    """Whether something is read that is called nearly so: `highest_elevation`, `highest_point`."""
    return any(len(words := name_words(name)) > 1 and words[0] in related for name in names)


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    """Words that stand side by side, up to five at a time."""
    count = len(words)
    return {tuple(words[i : i + n]) for n in range(1, _LONGEST + 1) for i in range(count - n + 1)}
