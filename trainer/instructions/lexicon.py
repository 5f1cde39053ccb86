"""What people call the tables, columns and values of a database, in English and Chinese.

Words come from comments (`English / 中文（别名）`), from identifiers, from a glossary, and from the
user's own glossary, which comes first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from llmtui.database.keys import singular
from llmtui.database.schema import Column, Table
from llmtui.trainer.instructions.naming import HAN, counted_noun, one_of, spoken
from llmtui.trainer.instructions.templates import data
from llmtui.trainer.instructions.translate import (
    glossary_words,
    in_english,
    translated,
    unique,
)

_NONE: Mapping[str, Mapping[str, str]] = MappingProxyType({})
OWN: ContextVar[Mapping[str, Mapping[str, str]]] = ContextVar("glossary", default=_NONE)
"""The user's glossary: names of tables, columns and values → words, see `glossary`."""
_UNITS = frozenset(
    ["元", "美元", "万元", "人民币", "个", "件", "小时", "天", "米", "公里", "千克", "岁", "月"]
)
_PART_NAMES = {"first", "last", "middle", "full", "user", "nick", "family", "given", "short"}
_TAILS = {"id", "no", "number", "num", "code"}
_OPEN_ENDS = frozenset(["of", "by", "for"])
_UNIT_TAILS = frozenset(
    ["f", "c", "inch", "inches", "mph", "kmh", "kph", "miles", "km", "kg", "lb", "lbs", "ms", "sec",
     "secs", "usd", "eur", "gbp", "cny", "rmb", "pct", "deg", "degrees", "str"]
)  # fmt: skip
_TABLE_TAILS = frozenset(["info", "information", "data", "daily", "master", "list", "record"])
_IN_UNIT = r" in (?:yuan|rmb|cny|dollars|usd|euros?|kg|km|meters|metres|hours|minutes|percent|%).*"


@dataclass(frozen=True)
class Words:
    """Names of one thing, the most usual first. English nouns are singular.

    counts: what a column counts ("bedrooms"); year: whether it holds years; full: the whole name
    of a column, with its table's word; yields: whether "the largest" rather means another column
    """

    en: tuple[str, ...]
    zh: tuple[str, ...]
    person: bool = False
    money: bool = False
    counts: str = ""
    year: bool = False
    full: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    yields: bool = False

    @property
    def key(self) -> str:
        return self.en[0].lower()

    @property
    def whole(self) -> Words:
        """Called by its whole name: "student id"."""
        en, zh = self.full
        return replace(self, en=en or self.en, zh=zh or self.zh)

    def of(self, owner: Words) -> Words:
        """Called together with its owner: "department budget", "部门预算"."""
        first, han = owner.en[0], owner.zh[0]
        en = tuple(name if name.startswith(first) else f"{first} {name}" for name in self.en)
        zh = tuple(name if name.startswith(han) else f"{han}{name}" for name in self.zh)
        return replace(self, en=en, zh=zh, counts="")

    def also(self, whole: Words) -> Words:
        """Called as what it is a part of, or by its own name."""
        en, zh = (*whole.en, *self.en), (*whole.zh, *self.zh)
        return replace(self, en=en, zh=zh, person=whole.person)


@cache
def people() -> frozenset[str]:
    return frozenset(data("glossary")["person"].split())


def _own(kind: str, *names: str) -> tuple[list[str], list[str]]:
    """English and Chinese words that the user gave for a name."""
    table = {key.lower(): text for key, text in OWN.get().get(kind, {}).items()}
    texts = [part.strip() for name in names for part in table.get(name.lower(), "").split("|")]
    return [t for t in texts if t and not HAN.search(t)], [t for t in texts if HAN.search(t)]


def _others(english: str) -> list[str]:
    """Other English words for the last word, or all, of a name."""
    same = data("identifiers")["same"]
    if english in same:
        return [text for text in same[english].split("|") if text]
    head, _, last = english.rpartition(" ")
    return [f"{head} {text}".strip() for text in same.get(last, "").split("|") if text]


@cache
def _marks(table: Table) -> frozenset[str]:
    """Signs that stand before nearly every column of a table, and that nobody says: tx_amount."""
    names = [spoken(column.name)[1] for column in table.columns]
    known, found = glossary_words("columns", "nouns"), set()
    for place in (0, 1):
        heads = Counter(name[place] for name in names if len(name) > place + 1)
        head, times = heads.most_common(1)[0] if heads else ("", 0)
        if times < 3 or times < 0.8 * len(names) or head in known:
            break
        found.add(head)
    return frozenset(found)


def _unmarked(parts: tuple[str, ...], table: Table) -> tuple[str, ...]:
    while len(parts) > 1 and parts[0] in _marks(table):
        parts = parts[1:]
    return parts


def _without_signs(parts: tuple[str, ...], table: Table) -> tuple[str, ...]:
    """Without the table's initial before a column's name, and "is" or a unit behind it: `g_name`,
    `genre_is`, `mean_temperature_f`."""
    if len(parts) > 1 and len(parts[0]) == 1 and parts[0] == table.name[:1].lower():
        parts = parts[1:]
    while len(parts) > 1 and (parts[-1] == "is" or parts[-1] in _UNIT_TAILS):
        parts = parts[:-1]
    return parts


def table_words(table: Table) -> Words:
    """Names of the rows of a table."""
    written, said = spoken(table.name)
    said = _unmarked(said, table)
    said = tuple(p for p in said if p not in ("tbl", "table", "dim", "fact", "t", "tb")) or said
    parts = said or (table.name.lower(),)
    english = " ".join([*parts[:-1], one_of(parts[-1])])
    own_en, own_zh = _own("tables", table.name)
    said_en, said_zh = _comment(table.comment)
    nouns = glossary_words("nouns", "columns")
    known = nouns.get(english, ())
    chinese = [*own_zh, *(_strip_table(text) for text in said_zh), *known]
    names = [*own_en, english]
    if len(parts) > 1 and singular(parts[-1]) in _TABLE_TAILS:
        names.append(" ".join([*parts[:-2], singular(parts[-2])]))
    names += _english_comment(said_en)
    names += [
        *_others(english),
        " ".join([*written[:-1], singular(written[-1])] if written else []),
    ]
    person = singular(parts[-1]) in people() or english in people()
    if HAN.search(table.name):
        noun = _strip_table(table.name)
        chinese = [*own_zh, noun, *chinese]
        names = [*own_en, *_english_comment(said_en), in_english(noun) or noun]
        person = person or any(mark in noun for mark in _people_zh()) or names[-1] in people()
    return Words(unique(names), unique(chinese) or translated(english), person=person)


def _english_comment(text: str) -> list[str]:
    """A noun of one or two words that a table's comment gives."""
    *head, last = text.lower().split() or [""]
    good = bool(last) and len(head) < 2 and not HAN.search(text)
    return [" ".join([*head, singular(last)])] if good else []


@cache
def _people_zh() -> tuple[str, ...]:
    return tuple(data("glossary")["person_zh"].split())


def _strip_table(text: str) -> str:
    return text[:-1] if len(text) > 2 and text.endswith("表") else text


def column_words(table: Table, column: Column) -> Words:
    """Names of a column."""
    written, parts = spoken(column.name)
    parts = _unmarked(parts, table) or (column.name.lower(),)
    parts = _without_signs(parts, table)
    owner = {singular(word) for word in spoken(table.name)[1]}
    foreign = HAN.search(column.name) is not None
    if foreign:
        parts = tuple(in_english(column.name).split()) or parts
        owner = {singular(word) for word in in_english(_strip_table(table.name)).split()}
    short = [part for part in parts if singular(part) not in owner] or list(parts)
    if len(short) > 1 and short[-1] in _TAILS | _UNIT_TAILS:
        short = short[:-1]
    if short[-1] in _OPEN_ENDS and len(short) < len(parts):  # the date of registration
        short = list(parts)
    if len(short) > 1 and short[-1] in ("on", "at"):
        short = [short[0], "date"] if short[0].endswith("ed") else short[:-1]
    english, whole = " ".join(short), " ".join(parts)
    own_en, own_zh = _own("columns", f"{table.name}.{column.name}", column.name)
    said_en, said_zh = _comment(column.comment)
    names = [*own_en, english, whole, *_others(english), " ".join(written)]
    if len(short) > 1 and short[-1] == "name" and short[0] not in _PART_NAMES:
        names.insert(len(own_en) + 1, " ".join(short[:-1]))
    if said_en and len(said_en.split()) <= 3:
        names.insert(len(own_en), said_en.lower())
    chinese = [*own_zh, *_column_zh(table, english, whole, said_zh)]
    if foreign:
        short_zh = column.name.removeprefix(_strip_table(table.name))
        chinese = [*own_zh, *([short_zh] if len(short_zh) > 1 else []), column.name, *said_zh]
        names = [name for name in names if name != column.name] or [column.name]
    sums = set(parts) & _money() if parts == ("total",) else set(parts) & _money() - {"total"}
    money = column.kind == "number" and (bool(sums) or "元" in column.comment)
    year = column.kind == "number" and (("year" in parts) or column.name.endswith(("年份", "年度")))
    counts = counted_noun(parts) if column.kind == "number" and not year else ""
    said = table_words(table)
    full_zh = unique([*own_zh, *said_zh, *glossary_words("columns").get(whole, ())]) or translated(
        whole
    )
    bare_id = parts == ("id",)
    full = (
        unique([*_key_names(said, whole, bare_id=bare_id), " ".join(written)]),
        unique([*full_zh, *([f"{said.zh[0]}编号", "id"] if bare_id else [])]),
    )
    if foreign:
        full = ((whole,), (column.name,))
    return Words(unique(names), unique(chinese) or translated(english), money=money,
                 counts=counts, year=year, full=full)  # fmt: skip


def _key_names(table: Words, whole: str, *, bare_id: bool) -> list[str]:
    """What a key is called: an id is a number too."""
    if bare_id:
        return ["id", f"{table.en[0]} id", f"{table.en[0]} number"]
    return [whole, f"{whole.removesuffix(' id')} number"] if whole.endswith(" id") else [whole]


def _column_zh(table: Table, english: str, whole: str, said_zh: tuple[str, ...]) -> list[str]:
    owner, known = table_words(table), glossary_words("columns", "nouns")
    chinese = list(said_zh)
    head, _, last = english.rpartition(" ")
    if last == "name" and head and head not in _PART_NAMES and not known.get(english):
        chinese += translated(head)
    for text in said_zh:
        chinese += [text.removeprefix(own) for own in owner.zh if len(text) > len(own) + 1]
    chinese += known.get(english, ()) or known.get(whole, ())
    if last == "name" and head and head not in _PART_NAMES and not known.get(english):
        chinese += translated(english)
    if owner.person and english in ("name", "full name"):
        chinese = ["姓名", *[text for text in chinese if text != "名称"]]
    return chinese


@cache
def _money() -> frozenset[str]:
    return frozenset(data("glossary")["money"]["words"].split())


def _comment(comment: str) -> tuple[str, tuple[str, ...]]:
    """The English name and the Chinese names that a comment gives."""
    english, chinese = "", []
    for part in re.split(r"\s*[/|;；]\s*", comment):
        if HAN.search(part):
            head, _, rest = part.partition("（") if "（" in part else part.partition("(")
            texts = [head, *re.split(r"[、，,）)]", rest)]
            for text in texts:
                plain = re.split(r"[：:。]", text.strip())[0]
                if plain and plain not in _UNITS and len(plain) <= 8 and HAN.search(plain):
                    chinese.append(plain)
        elif part and not english:
            english = re.sub(_IN_UNIT, "", re.split(r"[:,.(]| of | to ", part)[0].strip())
    return english, tuple(chinese)
