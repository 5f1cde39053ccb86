"""What a question names and its SQL leaves out: stored values, numbers, years.

A small model drops one of two conditions, or a number, more often than it makes one up. A statement
that holds everything the question names is the better one of two that run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sqlglot import exp

from llmtui.database.dialects import parse
from llmtui.database.link import Mention, without

_SCALES = {"k": 1e3, "thousand": 1e3, "million": 1e6, "billion": 1e9, "百": 1e2, "千": 1e3,
           "万": 1e4, "亿": 1e8}  # fmt: skip
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.#-])(\d[\d,]*(?:\.\d+)?)\s*(thousand|million|billion|百|千|万|亿|k\b)?",
    re.IGNORECASE,
)
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_HAN = re.compile(
    r"[一二两三四五六七八九](?:[十百千万亿][零一二两三四五六七八九]?)+"
    r"|十[一二三四五六七八九]?|(?<=前)[二两三四五六七八九]"
)
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
_DIGITS = re.compile(r"\d+")


def left_out(question: str, mentions: Sequence[Mention], sql: str) -> int:
    """How many of the values and numbers that a question names are not in a statement; and of its
    comparisons, how many compare a column with itself."""
    tree = parse(sql)
    if tree is None:
        return 0
    texts, numbers = held_by(tree)
    spans: dict[tuple[int, int], set[str]] = {}
    for mention in mentions:
        spans.setdefault((mention.start, mention.end), set()).add(mention.value.casefold())
    missing = sum(1 for values in spans.values() if not values & texts)
    missing += sum(1 for item in tree.find_all(exp.EQ) if item.this == item.expression)
    return missing + sum(
        1 for number in numbers_in(without(question, mentions)) if number not in numbers
    )


def held_by(tree: exp.Expr) -> tuple[set[str], set[float]]:
    """Texts (in lower case) and numbers of a statement; those within texts, as in dates, too."""
    texts, numbers = set(), set()
    for literal in tree.find_all(exp.Literal):
        if literal.is_string:
            texts.add(literal.name.strip("%").casefold())
            numbers |= {float(digits) for digits in _DIGITS.findall(literal.name)}
        else:
            numbers.add(float(literal.name))
    return texts, numbers


def numbers_in(question: str) -> Iterator[float]:
    """The numbers of a question, as digits or in Chinese, but for 1, which means many things."""
    for digits, scale in _NUMBER.findall(question):
        value = float(digits.replace(",", "")) * _SCALES.get(scale.lower(), 1)
        if value != 1:
            yield value
    for text in _HAN.findall(question):
        yield _from_han(text)


def _from_han(text: str) -> float:
    """两万五 is not read as people mean it; 两万, 三千五百 and 十二 are."""
    total = section = 0.0
    digit = 0
    for sign in text:
        if sign in _HAN_DIGITS:
            digit = _HAN_DIGITS[sign]
        elif sign in _HAN_UNITS:
            section += (digit or 1) * _HAN_UNITS[sign]
            digit = 0
        else:
            total += (section + digit) * _SCALES[sign]
            section, digit = 0.0, 0
    return total + section + digit
