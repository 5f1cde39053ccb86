"""Small pieces of questions in both languages: lists, numbers, dates, nouns."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass

from llmtui.database.vocabulary import chinese_for
from llmtui.trainer.instructions.lexicon import Words, plural
from llmtui.trainer.instructions.world import Field, Thing

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December")  # fmt: skip


@dataclass(frozen=True)
class Phrase:
    """The same thing said in several ways in each language; one is chosen when it is needed."""

    en: tuple[str, ...]
    zh: tuple[str, ...]

    def say(self, lang: str, rng: random.Random) -> str:
        return pick(rng, self.en if lang == "en" else self.zh)


def pick(rng: random.Random, options: Sequence[str]) -> str:
    """The first, most usual, option about half of the time."""
    if len(options) == 1 or rng.random() < 0.45:
        return options[0]
    return rng.choice(options)


def noun(words: Words) -> Phrase:
    return Phrase(words.en, words.zh)


def nouns(words: Words) -> Phrase:
    return Phrase(tuple(plural(name) for name in words.en), words.zh)


def column_list(items: Sequence[Field], rng: random.Random, *, many: bool = True) -> Phrase:
    """ "names and salaries" / "姓名和薪资", a few versions of it."""
    en, zh = [], []
    for _ in range(4):
        names = [pick(rng, item.words.en) for item in items]
        names = [plural(name) for name in names] if many else names
        en.append(_join(names, " and "))
        zh.append(_join([pick(rng, item.words.zh) for item in items], rng.choice("和和、")))
    return Phrase(tuple(dict.fromkeys(en)), tuple(dict.fromkeys(zh)))


def _join(names: Sequence[str], last: str) -> str:
    comma = ", " if last.isascii() else "、"
    return names[0] if len(names) == 1 else comma.join(names[:-1]) + last + names[-1]


def owned_columns(owners: Sequence[tuple[Thing, Sequence[Field]]], rng: random.Random) -> Phrase:
    """Columns of several tables: "customer name and order date" / "客户姓名和下单日期"."""
    en, zh = [], []
    for _ in range(4):
        names, chinese = [], []
        for owner, items in owners:
            english, han = pick(rng, owner.words.en), pick(rng, owner.words.zh)
            for item in items:
                name, short = pick(rng, item.words.en), pick(rng, item.words.zh)
                names.append(name if name.startswith(english) else f"{english} {name}")
                joined = rng.choice(("", "", "的")) if short.isascii() is False else "的"
                chinese.append(short if short.startswith(han) else f"{han}{joined}{short}")
        en.append(_join(names, " and "))
        zh.append(_join(chinese, "和"))
    return Phrase(tuple(dict.fromkeys(en)), tuple(dict.fromkeys(zh)))


def number_phrase(value: int | float, *, money: bool) -> Phrase:
    plain = str(value)
    en, zh = [plain], [plain]
    if isinstance(value, int) and value >= 1000:
        en.append(f"{value:,}")
        if value % 10000 == 0:
            zh.append(f"{value // 10000}万")
        elif value % 1000 == 0:
            en.append(f"{value // 1000}k")
            zh.append(f"{value // 1000}千" if value < 10000 else plain)
    if isinstance(value, int) and 0 < value <= 10:
        zh.append("一二三四五六七八九十"[value - 1] if value != 2 else "两")
    if money:
        zh += [f"{text}元" for text in list(zh)]
    return Phrase(tuple(en), tuple(zh))


def count_phrase(value: int) -> Phrase:
    """A small count: "3" or "three", "3" or "三"."""
    words = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    if 1 <= value <= 10:
        han = "一两三四五六七八九十"[value - 1]
        return Phrase((str(value), words[value - 1]), (str(value), han))
    return Phrase((str(value),), (str(value),))


def date_phrase(day: dt.date) -> Phrase:
    iso, month = day.isoformat(), _MONTHS[day.month - 1]
    en = (iso, f"{month} {day.day}, {day.year}", f"{day.day} {month} {day.year}")
    zh = (iso, f"{day.year}年{day.month}月{day.day}日")
    return Phrase(en, zh)


def value_phrase(value: str) -> Phrase:
    """A text value: as it is stored; in Chinese also translated, or both together."""
    zh = [value]
    for word in chinese_for(value):
        zh += [word, f"{word}（{value}）", f"{word}{value}"]
    english = [value, f'"{value}"', f"'{value}'"]
    lowered = value.lower()
    return Phrase((value, value, *english[1:], lowered) if lowered != value else tuple(english),
                  (*zh, f"“{value}”"))  # fmt: skip


def text_literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
