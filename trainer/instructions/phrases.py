"""Small pieces of questions in both languages: nouns, numbers, dates, values."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass

from llmtui.database.vocabulary import endings
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.meanings import value_words
from llmtui.trainer.instructions.naming import plural

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December")  # fmt: skip
_SMALL = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SMALL_ZH = "一两三四五六七八九十"


@dataclass(frozen=True)
class Phrase:
    """The same thing said in several ways in each language; one is chosen when it is needed."""

    en: tuple[str, ...]
    zh: tuple[str, ...]

    def has(self, lang: str) -> bool:
        return bool(self.en if lang == "en" else self.zh)

    def say(self, lang: str, rng: random.Random) -> str:
        return pick(rng, self.en if lang == "en" else self.zh)


_OF_PLACES = "州省市县"
"""Endings of Chinese names of places, which others are called after."""
YES = Phrase(("",), ("",))
"""A slot that says nothing: it only lets a phrasing be used."""


def pick(rng: random.Random, options: Sequence[str]) -> str:
    """The first, most usual, option about half of the time."""
    if len(options) == 1 or rng.random() < 0.45:
        return options[0]
    return rng.choice(options)


def who(words: Words) -> Phrase:
    """What a clause about such rows begins with in English."""
    return Phrase(("who", "that") if words.person else ("that",), ())


def noun(words: Words) -> Phrase:
    return Phrase(words.en, words.zh)


def nouns(words: Words) -> Phrase:
    return Phrase(tuple(plural(name) for name in words.en), words.zh)


def number_phrase(value: int | float, *, money: bool, plain: bool = False) -> Phrase:
    """A number as people write it; `plain` for years and codes."""
    en, zh = [str(value)], [str(value)]
    if plain:
        return Phrase(tuple(en), tuple(zh))
    if isinstance(value, int) and value >= 1000:
        en.append(f"{value:,}")
        if value % 1000 == 0:
            en += [f"{value // 1000}k"] if value < 1_000_000 else []
            zh.append(_with_units(value))
        if value % 1_000_000 == 0:
            en.append(f"{value // 1_000_000} million")
    if isinstance(value, int) and 0 < value <= 10:
        en.append(_SMALL[value - 1])
        zh += [_SMALL_ZH[value - 1]] if value != 2 else []  # 两 wants a measure word
    if money:
        en += [f"${text}" for text in en[:1]] + [f"{text} dollars" for text in en[:1]]
        zh += [f"{text}元" for text in list(zh)]
    return Phrase(tuple(en), tuple(zh))


def _with_units(value: int) -> str:
    """5000 → 5千, 15000 → 1.5万, 300000000 → 3亿, of whole thousands."""
    for unit, mark in ((100_000_000, "亿"), (10_000, "万"), (1000, "千")):
        if value >= unit:
            return f"{value / unit:.5f}".rstrip("0").rstrip(".") + mark
    return str(value)


def count_phrase(value: int) -> Phrase:
    """A small count: "3" or "three", "3" or "三"."""
    if 1 <= value <= 10:
        return Phrase((str(value), _SMALL[value - 1]), (str(value), _SMALL_ZH[value - 1]))
    return Phrase((str(value),), (str(value),))


def date_phrase(day: dt.date) -> Phrase:
    iso, month = day.isoformat(), _MONTHS[day.month - 1]
    en: tuple[str, ...] = (iso, f"{month} {day.day}, {day.year}", f"{day.day} {month} {day.year}",
          f"{month[:3]} {day.day} {day.year}")  # fmt: skip
    if (day.month, day.day) == (1, 1):
        en += (iso, f"the start of {day.year}")
    return Phrase(
        en, (iso, f"{day.year}年{day.month}月{day.day}日", f"{day.year}/{day.month}/{day.day}")
    )


def month_phrase(day: dt.date) -> Phrase:
    month = _MONTHS[day.month - 1]
    en = (f"{month} {day.year}", f"{month} of {day.year}", f"{day.year}-{day.month:02}")
    return Phrase(en, (f"{day.year}年{day.month}月", f"{day.year}-{day.month:02}"))


def value_phrase(value: str, of: Words | None = None) -> Phrase:
    """A text value: as it is stored, quoted, in lower case, in other words; in Chinese also
    translated, or both together, and with the ending of what it names, `of`: 俄亥俄河."""
    said_en, said_zh = value_words(value)
    marks, zh = _endings(of), list[str]()
    for word in said_zh:
        whole = _ended(word, marks)
        zh += [whole, whole if marks and not word.endswith(marks) else word, f"{whole}（{value}）"]
    zh.append(value)
    if marks and not said_zh and not value.endswith(marks):
        zh.append(f"{value}{marks[0]}")
    lowered = value.lower()
    en = [value, value, f'"{value}"', f"'{value}'"]
    en += [lowered, lowered] if lowered != value else []
    if said_en:
        en = [*said_en, *said_en, *en]
    return Phrase(tuple(en), (*zh, f"“{value}”"))


def _ended(word: str, marks: tuple[str, ...]) -> str:
    """A Chinese name with the ending of what it names, not with that of another thing: a river
    called like the state 密西西比州 is 密西西比河."""
    if not marks or word.endswith(marks):
        return word
    if word[-1] not in _OF_PLACES:
        return word + marks[0]
    return word[:-1] + marks[0] if len(word) > 2 else word


def _endings(of: Words | None) -> tuple[str, ...]:
    known = endings()
    return next((known[name] for name in (of.en if of else ()) if name in known), ())


def text_literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
