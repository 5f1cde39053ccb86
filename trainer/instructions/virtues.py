"""What makes a row good to learn from: it is clear, concise, covering, and in one form."""

from __future__ import annotations

import re
from calendar import month_abbr, month_name
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from math import isclose

from sqlglot import exp

from llmtui.database.dialects import parse, plain
from llmtui.database.fold import is_han
from llmtui.database.link import Mention
from llmtui.database.numbers import measures_in, number_of
from llmtui.database.schema import quote
from llmtui.trainer.instructions.meanings import value_words
from llmtui.workspace.records import Instruction

CHECKS = ("parsed", "read-only", "ran", "non-empty", "clear", "concise", "covering", "one form")
"""What a row may have been checked for."""
MAY_BE_EMPTY = tuple(check for check in CHECKS if check != "non-empty")
REPEATS = "repeats a row"
NOT_CLEAR = "not clear: another answer to the same question"
NOT_CONCISE = "not concise: too many words"
NOT_COVERING = "not covering: the SQL has a value that the question does not say"
NOT_ONE_FORM = "not in one form: the SQL is not written as others are"

LONGEST, LONGEST_OF_PEOPLE = 40, 120
"""Words of a question; two Han characters count as one."""
_POLITE = re.compile(
    r"^(?:(?:please|kindly|(?:can|could|would|will) you(?: please)?) )+|(?: please)$"
    r"|^(?:请问|请你?帮?我?|麻烦你?|帮我|帮忙|我想知道|我想问)+"
)
_MARKS = re.compile(
    r"(?<![\w%])[^\w\s<>=+%$#*/@-]+|[^\w\s<>=+%$#*/@-]+(?![\w%])|[，。？！、；：“”‘’（）「」《》]"
)
_HAN = r"\u3400-\u9fff"
_BESIDE_HAN = re.compile(rf"(?<=[{_HAN}])\s+|\s+(?=[{_HAN}])")
_WORD = re.compile(rf"[{_HAN}]|[^\W{_HAN}]+(?:[.,'’-][^\W{_HAN}]+)*")

_DIGITS = re.compile(r"\d+(?:\.\d+)?")
_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES = frozenset(name.lower() for name in (*month_name[1:], *month_abbr[1:])) | {"sept"}
_NAMED = {word: float(n) for n, word in enumerate(_COUNTS, 1)} | {"dozen": 12.0, "half": 50.0}
_NAMED_ZH = {sign: float(n) for n, sign in enumerate("一二三四五六七八九十", 1)} | {"两": 2.0}
_SEVERAL = re.compile(
    r"\b(?:multiple|several|couple|twice|both|than one)\b|(?<![最很])多(?![少于])|几|若干|不止"
)
_AROUND = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
"""Comparisons in which "more than two" may be `>= 3`."""
_UNSAID = (0, 1)
"""What a query may compare with though no question says it: "any", "no", a switch."""
_SHORTEST = 3
"""Letters of a stored text that could be said; shorter ones are codes for something."""

_KEYWORDS = re.compile(
    "ALL|AND|AS|ASC|BETWEEN|BY|CASE|CROSS|DESC|DISTINCT|ELSE|END|EXCEPT|EXISTS|FROM|GROUP|HAVING|"
    "ILIKE|IN|INNER|INTERSECT|IS|JOIN|LEFT|LIKE|LIMIT|NOT|NULL|OFFSET|ON|OR|ORDER|OUTER|OVER|"
    "PARTITION|QUALIFY|SELECT|THEN|UNION|USING|WHEN|WHERE|WITH",
    re.IGNORECASE,
)
_PIECE = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\s+|\w+|<>|!=|==|<=|>=|[^\w\s]""",
    re.DOTALL,
)
_COMPARING = {sign: sign for sign in ("=", "<>", "<", ">", "<=", ">=")} | {"!=": "<>", "==": "="}


def heard(question: str) -> str:
    """A question without what two people say differently: case, blanks, marks, politeness."""
    text = _BESIDE_HAN.sub("", " ".join(_MARKS.sub(" ", question.casefold()).split()))
    return _POLITE.sub("", text) or text


class Asked:
    """Questions with their answers: none may be asked twice, or have two answers."""

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._answers: dict[str, str] = {}

    def fault(self, question: str, answer: str) -> str:
        """Why a question with this answer may not be added, "" when it may."""
        known = self._answers.get(heard(question), answer)
        if known != answer and plain(known) != plain(answer):
            return NOT_CLEAR
        return REPEATS if question.strip().casefold() in self._words else ""

    def add(self, question: str, answer: str) -> None:
        self._words.add(question.strip().casefold())
        if answer:
            self._answers.setdefault(heard(question), answer)


def asked_in(rows: Iterable[Instruction]) -> Asked:
    """What rows ask; what is answered in a row that may not be learnt is no answer."""
    asked = Asked()
    for row in rows:
        asked.add(row.question, row.target if row.usable else "")
    return asked


def concise(question: str, most: int = LONGEST) -> bool:
    found = _WORD.findall(question)
    return len(found) - sum(is_han(word) for word in found) / 2 <= most


def covering(question: str, sql: str, mentions: Sequence[Mention]) -> bool:
    """Whether a question says the values and the numbers that its query compares with."""
    text = question.casefold()
    words, linked = set(re.findall(r"\w+", text)), {m.value.casefold() for m in mentions}
    numbers = set(_numbers(text))

    def said(item: str | float, most: int) -> bool:
        if isinstance(item, float):
            return _near(item, numbers, most)
        telling = {word for word in re.findall(r"\w+", item) if len(word) > 3 or is_han(word[0])}
        known = item in linked or item in text or bool(words & telling)
        return known or _called(item, text)

    return all(said(item, most) for item, most in _compared(sql))


@lru_cache(maxsize=4096)
def _compared(sql: str) -> tuple[tuple[str | float, int], ...]:
    """Texts in lower case and numbers that a query compares with, or cuts at, and by how much a
    number may be another one in words; no codes, no spans of time."""
    found: list[tuple[str | float, int]] = []
    tree = parse(sql)
    for literal in tree.find_all(exp.Literal) if tree is not None else ():
        place = literal.find_ancestor(exp.Predicate, exp.Limit, exp.Func)
        compared = isinstance(place, exp.Predicate | exp.Limit)
        if not compared or isinstance(literal.parent, exp.Interval | exp.Mul):
            continue
        name = literal.name.strip("%").strip().casefold()
        if date := re.match(r"(\d{4})-\d\d", name):
            found.append((float(date[1]), 1))
        elif literal.is_string:
            found += [(name, 0)] if len(name) >= _SHORTEST else []
        elif (value := number_of(name)) not in (None, *_UNSAID):
            found.append((value, int(isinstance(place, _AROUND))))
    return tuple(found)


def _called(value: str, text: str) -> bool:
    """Whether a question has other words for a stored value."""
    return any(word.casefold() in text for words in value_words(value) for word in words)


def _numbers(text: str) -> Iterator[float]:
    for number, units in measures_in(text):
        yield number
        yield from (number * unit for unit in units)
    yield from map(float, _DIGITS.findall(text.replace(",", "")))
    for word in re.findall(r"[a-z]+", text):
        if word in _NAMED:
            yield _NAMED[word]
        if word in _MONTH_NAMES:
            yield _MONTHS.index(word[:3]) + 1.0
    yield from (number for sign, number in _NAMED_ZH.items() if sign in text)
    if _SEVERAL.search(text):
        yield 2.0


def _near(value: float, numbers: set[float], most: int) -> bool:
    return any(isclose(value, n) or (most > 0 and isclose(abs(value - n), most)) for n in numbers)


def in_one_form(sql: str) -> str:
    """SQL as rows have it: on one line, keywords in capital letters, signs of comparison between
    blanks, no comment, no needless blank or quotation mark; names and functions as they are."""
    found = ""
    for piece in _PIECE.findall(sql.strip().rstrip("; \n\t")):
        if piece.isspace() or piece.startswith(("--", "/*")):
            found = found.rstrip() + " " * (not found.endswith("("))
        elif piece in (",", ")"):
            found = found.rstrip() + piece + " " * (piece == ",")
        elif piece in _COMPARING:
            found = f"{found.rstrip()} {_COMPARING[piece]} "
        elif piece[0] == '"':
            found += quote(piece[1:-1].replace('""', '"'))
        else:
            found += piece.upper() if _KEYWORDS.fullmatch(piece) else piece
    return found.strip()
