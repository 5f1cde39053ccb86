"""What a question names and its SQL leaves out: stored values, numbers, years, tables, columns.

A small model drops one of two conditions, or a number, more often than it makes one up. A statement
that holds everything the question names is the better one of two that run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import isclose

from sqlglot import exp

from llmtui.database.dialects import parse
from llmtui.database.link import Mention, without
from llmtui.inference.named import Names
from llmtui.inference.operations import not_done

_SCALES = {"k": 1e3, "thousand": 1e3, "million": 1e6, "billion": 1e9, "百": 1e2, "千": 1e3,
           "万": 1e4, "亿": 1e8}  # fmt: skip
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.#-])(\d[\d,]*(?:\.\d+)?)\s*"
    r"(thousand|million|billion|百|千|万|亿|k\b)?(?:(?<=万)(\d)千)?",
    re.IGNORECASE,
)
_UNITS = (
    (r"\s*(?:%|percent\b|per cent\b)", (0.01,)),
    (r"[\s-]*(?:hours?\b|h\b|个?小时)", (60, 3600)),
    (r"[\s-]*(?:min(?:ute)?s?\b|分钟)", (60, 1 / 60)),
    (r"[\s-]*(?:weeks?\b|周)", (7,)),
    (r"[\s-]*(?:days?\b|天)", (24,)),
    (r"[\s-]*(?:years?\b|年(?!级))", (12, 365)),
    (r"[\s-]*(?:kilo|km\b|kg\b|千米|公里|千克|公斤)", (1000,)),
)
"""Units that a question counts in, and how many a database may count for one of them."""
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_HAN = re.compile(
    r"[一二两三四五六七八九](?:[十百千万亿][零一二两三四五六七八九]?)+"
    r"|十(?!分[高低大小多少好])[一二三四五六七八九]?|(?<=前)[二两三四五六七八九]"
)
_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_BOUND = re.compile(
    r"\b(?:at least|at most|(?:more|less|fewer|greater) than|over|under|exactly|only|top|first)"
    rf" ({'|'.join(_WORDS)})\b"
    rf"|\b({'|'.join(_WORDS)}) (?:or more|or fewer|or less|different|distinct)\b",
    re.IGNORECASE,
)
"""Numbers in words that bound something; others ("the two of them") mean many things."""
_SEVERAL = re.compile(
    r"\b(?:multiple|more than (?:one|1)(?! ?[%.\d]))\b|不止(?:一|1)|多于(?:一|1)[个次种]", re.I
)
_COMPARED = (exp.GT, exp.GTE, exp.LT, exp.LTE)
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
_DIGITS = re.compile(r"\d+")


def left_out(
    question: str, mentions: Sequence[Mention], sql: str, names: Names | None = None
) -> int:
    """How many of the values, numbers and `names` that a question has are not in a statement, and
    of the things that it asks to be done; one more when it asks for several and nothing is counted;
    and of the statement's comparisons, how many compare a column with itself."""
    tree = parse(sql)
    if tree is None:
        return 0
    texts, numbers = held_by(tree)
    spans: dict[tuple[int, int], set[str]] = {}
    for mention in mentions:
        spans.setdefault((mention.start, mention.end), set()).add(mention.value.casefold())
    missing = sum(1 for values in spans.values() if not values & texts)
    missing += sum(1 for item in tree.find_all(exp.EQ) if item.this == item.expression)
    counted = tree.find(exp.Having) or any(
        test.find(exp.Count) for test in tree.find_all(exp.Where)
    )
    missing += 1 if _SEVERAL.search(question) and not counted else 0
    near = {n for test in tree.find_all(*_COMPARED) for n in held_by(test)[1]}
    missing += sum(1 for n in bounds_in(question) if n not in numbers and not {n - 1, n + 1} & near)
    rest = without(question, mentions)
    missing += not_done(rest, tree) + (names.left_out(rest, tree) if names else 0)
    return missing + sum(
        1
        for number, units in measures_in(rest)
        if not any(isclose(n, number * unit) for n in numbers for unit in (1, *units))
    )


def held_by(tree: exp.Expr) -> tuple[set[str], set[float]]:
    """Texts (in lower case) and numbers of a statement; those within texts, as in dates, too."""
    texts, numbers = set(), set()
    for literal in tree.find_all(exp.Literal):
        if literal.is_string:
            texts.add(literal.name.strip("%").casefold())
            numbers |= {float(digits) for digits in _DIGITS.findall(literal.name)}
        else:
            numbers |= {number} if (number := number_of(literal.name)) is not None else set()
    return texts, numbers


def number_of(digits: str) -> float | None:
    """The number that a literal of SQL is; None for one that is none, such as `1e`."""
    try:
        return float(digits)
    except ValueError:
        return None


def bounds_in(question: str) -> Iterator[int]:
    """The numbers in English words that bound something: "at least two" may be `> 1`."""
    for before, after in _BOUND.findall(question):
        yield _WORDS.index((before or after).lower()) + 2


def numbers_in(question: str) -> Iterator[float]:
    """The numbers of a question, as digits or in Chinese, but for 1, which means many things."""
    for number, _ in measures_in(question):
        yield number


def measures_in(question: str) -> Iterator[tuple[float, tuple[float, ...]]]:
    """Each number of a question, and by what it may be multiplied where the database counts in
    another unit: minutes for hours, a share for a percentage."""
    for found in _NUMBER.finditer(question):
        digits, scale, thousands = found.groups()
        value = float(digits.replace(",", "")) * _SCALES.get((scale or "").lower(), 1)
        value += 1000 * float(thousands or 0)
        if value != 1:
            after, before = question[found.end() :], question[: found.start()]
            named = (units for words, units in _UNITS if re.match(words, after, re.IGNORECASE))
            yield value, (0.01,) if before.endswith("百分之") else next(named, ())
    for found in _HAN.finditer(question):
        share = question[: found.start()].endswith("百分之")
        yield _from_han(found[0]), (0.01,) if share else ()


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
