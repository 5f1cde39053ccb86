"""Questions that a person has settled, asked again: as they were, or with other values.

What a person accepted, corrected or wrote is known to be right, so it is answered at once and
without the model. With other values it is the same SQL with those in it: "orders from Rome" after
"orders from Oslo", "more than 20" after "more than 5".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlglot import exp

from llmtui.database.dialects import parse, written
from llmtui.database.execute import Database
from llmtui.database.link import Mention
from llmtui.database.numbers import number_of
from llmtui.inference.repair import binds

_NUMBER = re.compile(r"(?<![A-Za-z0-9_.#-])\d+(?:\.\d+)?(?![A-Za-z0-9_.])")
_SCALED = re.compile(r"\s*(?:thousand|million|billion|k\b|[百千万亿])", re.IGNORECASE)
_GAP = "\0"


@dataclass(frozen=True)
class _Slot:
    """A piece of a question: the values that it may stand for by (table, column), or a number."""

    start: int
    end: int
    values: dict[tuple[str, str], str]
    number: str = ""
    guessed: bool = False
    """Whether one of the values is spelt in another way, so that another may be meant."""


class Recall:
    """settled: (question, SQL) pairs, the earlier ones of a question first; without SQL where a
    person has rejected what was answered"""

    def __init__(self, database: Database, settled: Iterable[tuple[str, str]]) -> None:
        self._database = database
        self._exact: dict[str, str] = {}
        self._refused: set[str] = set()
        self._forms: dict[str, tuple[str, list[_Slot]]] = {}
        self._waiting: list[tuple[str, str]] = []
        """Pairs whose values were not looked for yet: that is done when a question has some."""
        for question, sql in settled:
            self.learn(question, sql)

    def learn(self, question: str, sql: str) -> None:
        if not sql:
            self._refuse(question)
            return
        self._refused.discard(_plain(question))
        self._exact[_plain(question)] = sql
        self._waiting.append((question, sql))

    def _refuse(self, question: str) -> None:
        self._exact.pop(_plain(question), None)
        self._refused.add(_plain(question))
        self._waiting = [pair for pair in self._waiting if _plain(pair[0]) != _plain(question)]

    def knows(self, question: str) -> bool:
        """Whether a question was settled with just these values."""
        return _plain(question) in self._exact

    def forget(self, question: str) -> None:
        """What a person has rejected is not answered from memory."""
        self._refuse(question)
        self._known_forms().pop(_form(question, self._slots(question)), None)

    def sql_for(self, question: str) -> str:
        """The SQL that a person has settled for a question; '' when there is none that binds."""
        sql = self._exact.get(_plain(question), "")
        if not sql and self._exact and _plain(question) not in self._refused:
            slots = self._slots(question)
            sure = bool(slots) and not any(slot.guessed for slot in slots)
            known = self._known_forms().get(_form(question, slots)) if sure else None
            sql = _with_values(*known, slots) if known else ""
        return sql if sql and binds(sql, self._database) else ""

    def _known_forms(self) -> dict[str, tuple[str, list[_Slot]]]:
        """Settled questions with gaps for their values → SQL and what stands in the gaps."""
        for question, sql in self._waiting:
            if slots := self._slots(question):
                self._forms[_form(question, slots)] = (sql, slots)
        self._waiting.clear()
        return self._forms

    def _slots(self, question: str) -> list[_Slot]:
        """Mentions of stored values and numbers, in the order of the question."""
        found: dict[tuple[int, int], dict[tuple[str, str], str]] = {}
        best: dict[tuple[int, int, str, str], Mention] = {}
        for mention in self._database.linker.mentions(question):
            key = (mention.start, mention.end, mention.table, mention.column)
            if key not in best or mention.score > best[key].score:
                best[key] = mention
        guessed: set[tuple[int, int]] = set()
        for (start, end, table, column), mention in best.items():
            found.setdefault((start, end), {})[table, column] = mention.value
            guessed |= {(start, end)} if mention.guessed else set()
        slots = [_Slot(*span, values, guessed=span in guessed) for span, values in found.items()]
        for match in _NUMBER.finditer(question):
            if _SCALED.match(question, match.end()):  # 1万 is no 1
                return []
            if not any(s.start < match.end() and match.start() < s.end for s in slots):
                slots.append(_Slot(match.start(), match.end(), {}, match[0]))
        slots.sort(key=lambda slot: slot.start)
        apart = all(a.end <= b.start for a, b in pairwise(slots))
        return slots if apart else []


def _plain(question: str) -> str:
    """A question without what two people write differently: case, blanks, the final mark."""
    return " ".join(question.casefold().split()).rstrip(" ?？.。!！")


def _form(question: str, slots: Sequence[_Slot]) -> str:
    """A question with gaps in the place of its values."""
    parts, before = [], 0
    for slot in slots:
        parts.append(question[before : slot.start])
        before = slot.end
    return _plain(_GAP.join([*parts, question[before:]]).replace("'", "").replace('"', ""))


def _with_values(sql: str, old: Sequence[_Slot], new: Sequence[_Slot]) -> str:
    """The SQL with the values of another question; '' when it is not plain which goes where."""
    tree = parse(sql)
    if tree is None or len(old) != len(new):
        return ""
    literals = list(tree.find_all(exp.Literal))
    changes: dict[int, exp.Literal] = {}
    for mine, other in zip(old, new, strict=True):
        if bool(mine.number) != bool(other.number):
            return ""
        held = [
            (place, value)
            for place, literal in enumerate(literals)
            for value in _changed(literal, mine, other)
        ]
        if len(held) != 1 or held[0][0] in changes:
            return ""
        changes[held[0][0]] = held[0][1]
    for place, literal in changes.items():
        literals[place].replace(literal)
    return written(tree)


def _changed(literal: exp.Literal, mine: _Slot, other: _Slot) -> list[exp.Literal]:
    """A literal of the settled SQL as the other question wants it, when it is this slot's."""
    if mine.number:
        same = not literal.is_string and number_of(literal.name) == float(mine.number)
        return [exp.Literal(this=other.number, is_string=False)] if same else []
    for place, value in mine.values.items():
        if literal.is_string and literal.name == value and place in other.values:
            return [exp.Literal.string(other.values[place])]
    return []
