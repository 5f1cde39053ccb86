"""What is wrong with a question in other words, as far as it is seen without a model."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from llmtui.database.dialects import parse
from llmtui.database.fold import is_han, quoted, tokens
from llmtui.database.link import Linker, Mention
from llmtui.database.numbers import numbers_in
from llmtui.database.text import unseen
from llmtui.inference.coverage import held_by
from llmtui.inference.wording import question_problem
from llmtui.workspace.records import Instruction

_ALIKE = 0.8
"""Share of words and pairs of words from which two questions about one query are the same."""
_FILLERS = frozenset({"the", "a", "an", "please", "me", "of", *"的了请吗呢啊吧一下"})
_SQL = re.compile(
    r"```|\bSELECT\s|(?i:^select\s+(?:\*|\w+\()|^select\b.*\bfrom\b.*(?:[=<>;]|\bwhere\b))",
    re.DOTALL,
)
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?")
_TIMES, _MORE = 6, 80
"""A question is too long with so many times the characters, and so many more."""


@dataclass(frozen=True)
class Literals:
    """What a question says that stays as it is written in any other words.

    values: of each, the texts that may stand for it, the one that the question has first
    allowed: numbers of the query, which may be said where the question does not say them
    """

    values: tuple[tuple[str, ...], ...]
    dates: tuple[str, ...]
    numbers: frozenset[float]
    allowed: frozenset[float]

    @classmethod
    def of(cls, row: Instruction, linker: Linker) -> Literals:
        """Of a row: stored values that its query compares with, quoted texts, dates, numbers."""
        tree = parse(row.sql)
        texts, allowed = held_by(tree) if tree is not None else (set(), set())
        values = list(_values(row.question, linker.mentions(row.question), texts))
        rest = _without(row.question, values)
        dates = tuple(match[0] for match in _DATE.finditer(rest))
        numbers = frozenset(numbers_in(_DATE.sub(" ", rest)))
        return cls(tuple(values), dates, numbers, frozenset(allowed) | numbers)

    @property
    def told(self) -> list[str]:
        """What a teacher is told to keep."""
        numbers = [f"{number:g}" if number < 1e6 else f"{number:.0f}" for number in self.numbers]
        return [*(texts[0] for texts in self.values), *self.dates, *numbers]

    def lost(self, question: str) -> str:
        """What a question in other words has lost or made up, "" when nothing."""
        said = question.casefold()
        if not all(any(text.casefold() in said for text in texts) for texts in self.values):
            return "loses a value"
        rest = _without(question, self.values)
        if not all(re.search(_any_form(date), rest) for date in self.dates):
            return "loses a date"
        for date in self.dates:
            rest = re.sub(_any_form(date), " ", rest)
        numbers = set(numbers_in(rest))
        if not self.numbers <= numbers:
            return "loses a number"
        return "" if numbers <= self.allowed else "adds a number"


def _values(
    question: str, mentions: Sequence[Mention], texts: set[str]
) -> Iterator[tuple[str, ...]]:
    """The values of a question that its query, which holds `texts` in lower case, compares with."""
    spans: dict[tuple[int, int], list[str]] = defaultdict(list)
    for mention in mentions:
        if mention.value.casefold() in texts:
            spans[mention.start, mention.end].append(mention.value)
    for start, end in quoted(question):
        spans.setdefault((start, end), [])
    for text in sorted(texts, key=lambda text: (-len(text), text)):
        place = question.casefold().find(text) if text and not _DATE.fullmatch(text) else -1
        if place >= 0 and not any(a < place + len(text) and place < b for a, b in spans):
            spans[place, place + len(text)] = []
    for (start, end), stored in sorted(spans.items()):
        yield tuple(dict.fromkeys([question[start:end], *stored]))


def _without(question: str, values: Iterable[Sequence[str]]) -> str:
    for text in sorted((text for texts in values for text in texts), key=len, reverse=True):
        question = re.sub(re.escape(text), " ", question, flags=re.IGNORECASE)
    return question


def _any_form(date: str) -> str:
    """A pattern for a date with any marks between its parts: 2024-03-01, 2024年3月1日."""
    parts = [str(int(part)) for part in re.findall(r"\d+", date)]
    return r"\D{1,3}0?".join(parts) + r"(?!\d)"


def problem_of(question: str, asked: str, lang: str, values: Iterable[Sequence[str]]) -> str:
    """Why a question cannot stand for the one that was asked, "" when it may.

    lang: the language it is to be in; values: what may be in any language
    """
    if len(question) > _TIMES * len(asked) + _MORE:
        return "is far too long"
    if question_problem(question) or unseen(question):
        return "is no question"
    if _SQL.search(question):
        return "is SQL in the place of a question"
    if is_han(_without(question, values)) != (lang == "zh"):
        return "is in another language"
    return ""


class Known:
    """Questions that are there, to find those that only seem to be new."""

    def __init__(self, rows: Iterable[Instruction]) -> None:
        self._plain: set[tuple[str, ...]] = set()
        self._bags: dict[str, list[frozenset[object]]] = defaultdict(list)
        for row in rows:
            self.add(row.question, row.target)

    def add(self, question: str, sql: str) -> None:
        words = _words(question)
        self._plain.add(words)
        self._bags[sql].append(_bag(words))

    def has(self, question: str, sql: str = "") -> bool:
        """Whether a question is there: word by word but for fillers, or nearly so with its SQL."""
        words = _words(question)
        bag = _bag(words)
        near = (len(bag & other) >= _ALIKE * len(bag | other) for other in self._bags.get(sql, ()))
        return words in self._plain or any(near)


def _words(question: str) -> tuple[str, ...]:
    """Words in lower case and singular, and Han characters one by one, without fillers."""
    found = [
        part for token in tokens(question) for part in (token.text if token.han else [token.key])
    ]
    return tuple(part for part in found if part not in _FILLERS)


def _bag(words: Sequence[str]) -> frozenset[object]:
    return frozenset([*words, *pairwise(words)])
