"""The numbers that a question says, in digits, in words and in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}


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


def number_of(digits: str) -> float | None:
    """The number that a literal of SQL is; None for one that is none, such as `1e`."""
    try:
        return float(digits)
    except ValueError:
        return None
