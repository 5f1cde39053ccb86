"""A draft: SQL with what its questions are made of. Realised by the phrasings of its shape."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from llmtui.trainer.instructions.selection import Selection
from llmtui.trainer.instructions.templates import (
    Sayable,
    chosen,
    data,
    fill,
    fits,
    prepared,
    slots_of,
)
from llmtui.trainer.instructions.things import Field, Thing

_ROWS = frozenset(["np", "np1", "pnp", "verb", "post", "pred", "cond"])
"""Slots that say which rows are meant, with the conditions that they meet."""
_FILES = ("rows", "numbers", "groups", "sets")


@dataclass(frozen=True)
class Shape:
    """A query shape: how hard it is, and its phrasings."""

    name: str
    difficulty: str
    en: tuple[str, ...]
    zh: tuple[str, ...]

    def phrasings(self, lang: str) -> tuple[str, ...]:
        return self.en if lang == "en" else self.zh


@cache
def shapes() -> dict[str, Shape]:
    """Every shape of the data files, by name."""
    words = data("rows")["words"]
    return {
        name: Shape(
            name,
            str(item["difficulty"]),
            prepared(item["en"], "en", words),
            prepared(item["zh"], "zh", words),
        )
        for file in _FILES
        for name, item in data(file).items()
        if name != "words"
    }


@cache
def weight(template: str) -> float:
    """How often a phrasing is taken for once that another one is."""
    listed = data("weights")["phrasings"].items()
    return next((float(times) for part, times in listed if re.search(part, template)), 1.0)


@dataclass(frozen=True)
class Draft:
    """One query to be asked for. A phrasing is used only when every slot of it is filled.

    probe: a query whose counts tell whether every condition matters; '' when there is none
    may_be_empty: an empty answer is as good as another ("in the last 30 days")
    """

    shape: str
    sql: str
    slots: Mapping[str, Sayable]
    tables: tuple[str, ...]
    probe: str = ""
    either: bool = False
    may_be_empty: bool = False
    level: str = ""
    _fitting: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def template(self, lang: str, rng: random.Random, used: set[str]) -> str:
        """A phrasing; '' when none fits. Those in `used` are avoided while others are left, and
        the one that is chosen is added to it."""
        if lang not in self._fitting:
            every = shapes()[self.shape].phrasings(lang)
            if self._told(lang):
                every = tuple(text for text in every if slots_of(text) & _ROWS)
            self._fitting[lang] = tuple(text for text in every if fits(text, lang, self.slots))
        fitting = self._fitting[lang]
        fresh = [text for text in fitting if text not in used] or fitting
        if not fresh:
            return ""
        template = rng.choices(fresh, [weight(text) for text in fresh])[0]
        used.add(template)
        return template

    def say(self, template: str, lang: str, rng: random.Random) -> str:
        """The question that a phrasing makes; its slots must be filled."""
        whole = chosen(template, rng)
        while self._told(lang) and not slots_of(whole) & _ROWS:
            whole = chosen(template, rng)  # a choice that leaves the conditions out
        return polish(fill(whole, lang, self.slots, rng), lang, rng)

    def _told(self, lang: str) -> bool:
        """Whether rows are chosen by conditions that a question of this shape must say."""
        every = shapes()[self.shape].phrasings(lang)
        return "verb" in self.slots and any(slots_of(text) & _ROWS for text in every)


def drafted(
    shape: str, selection: Selection, sql: str, slots: Mapping[str, Sayable], *, empty: bool = False
) -> Draft | None:
    """A draft about a selection; None when its tables cannot be joined without an alias."""
    if selection.ups is None or (selection.thing.part and not _says_more(sql, selection.thing)):
        return None
    recent = any(c.kind == "date_recent" for c in selection.conditions)
    hard = len(selection.conditions) + len(selection.ups)
    own = shapes()[shape].difficulty
    level = "hard" if own == "hard" or hard > 2 else "medium" if own == "medium" or hard else "easy"
    probe = "" if recent else selection.probe
    return Draft(
        shape, without_needless_joins(sql, selection), {**selection.slots(), **slots},
        selection.tables, probe, selection.either, recent or empty, level,
    )  # fmt: skip


def _says_more(sql: str, thing: Thing) -> bool:
    """Whether a query about what is a part of other rows reads what only the part has."""
    own = [f.bare for f in thing.fields if f not in thing.label]
    return any(_dotted(name).search(sql.replace(f"{thing.sql}.", "")) for name in own)


def without_needless_joins(sql: str, selection: Selection) -> str:
    """A query without the tables of which it reads only the column that it is joined by: the rows
    have it themselves. A query with others inside stays as it is."""
    sides = _SETS.split(sql)
    if any(side.count("SELECT") > 1 for side in sides):
        return sql
    return "".join(_without_needless_joins(side, selection) for side in sides)


def _without_needless_joins(sql: str, selection: Selection) -> str:
    short = sql
    for relation in reversed(selection.ups or ()):
        name, key, target = relation.parent.sql, relation.key.full, relation.target.full
        join = f" JOIN {name} ON {key} = {target}"
        rest = short.replace(join, "", 1)
        read = set(re.findall(rf'(?<![\w".]){re.escape(name)}\.(?:"[^"]*"|\w+)', rest))
        if join in short and read <= {target}:
            short = _dotted(target).sub(key.replace("\\", r"\\"), rest)
    if short == sql or " JOIN " in short:
        return short
    return re.sub(rf'(?<![\w".]){re.escape(selection.thing.sql)}\.(?=[\w"])', "", short)


_SETS = re.compile(r"( (?:UNION|INTERSECT|EXCEPT) )(?=SELECT )")


def _dotted(name: str) -> re.Pattern[str]:
    return re.compile(rf'(?<![\w".]){re.escape(name)}(?![\w"])')


_IMPERATIVE = re.compile(
    r"^(list|show|find|give|count|display|name|get|return|calculate|tell|provide|retrieve)\b", re.I
)
_QUESTION = re.compile(
    r"^(what|which|who|how|where|when|can|could|are|is|do|does|in|from|on)\b", re.I
)
_ZH_IMPERATIVE = re.compile(r"^(查询|列出|显示|找出|统计|查一下|查看|给出|计算|返回|查找)")


def polish(text: str, lang: str, rng: random.Random) -> str:
    """Case, politeness, slips and the mark at the end, as different people write them."""
    text = re.sub(r" +([,.?!:;])", r"\1", " ".join(text.split()))
    return _polish_zh(text, rng) if lang == "zh" else _polish_en(text, rng)


def _polish_zh(text: str, rng: random.Random) -> str:
    text = re.sub(r"(?<=[\u4e00-\u9fff，。]) +(?=[\u4e00-\u9fff])", "", text)
    text = text.replace("的的", "的").replace("属于属于", "属于")
    text = text.strip("，")
    chance = rng.random()
    if chance < 0.08 and _ZH_IMPERATIVE.match(text):
        text = rng.choice(("请", "麻烦", "帮我", "请帮我")) + text
    elif chance < 0.08 and not text.startswith(("请", "帮", "我")):
        text = rng.choice(("请问", "我想知道")) + text
    asks = re.search(r"多少|哪|什么|吗|谁|几|有没有|是否", text)
    if asks and text[-1:] not in "吗呢？?。的" and rng.random() < 0.03:
        text += "呢"
    ends = ("？", "?", "", "") if asks else ("。", "", "", "", "")
    return text if text.endswith(("？", "?", "。")) else text + rng.choice(ends)


def _polish_en(text: str, rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.06 and _IMPERATIVE.match(text):
        start = ("Please ", "please ", "Can you ", "Could you ")
        text = rng.choice(start) + text[0].lower() + text[1:]
    if text[-1] not in "?.!":
        asks = _QUESTION.match(text)
        text += rng.choice(("?", "?", "?", "")) if asks else rng.choice((".", ".", "", "", ""))
    if rng.random() < 0.015:
        text = _slip(text, rng)
    case = rng.random()
    if case < 0.75:
        return text[0].upper() + text[1:]
    return text if case < 0.92 or any(mark in text for mark in "'\"") else text.lower()


def _slip(text: str, rng: random.Random) -> str:
    """Two letters of a longer plain word change places."""
    spots = list(re.finditer(r"\b[a-z]{6,}\b", text))
    if not spots:
        return text
    start = rng.choice(spots).start() + rng.randint(1, 3)
    return text[:start] + text[start + 1] + text[start] + text[start + 2 :]


def columns_sql(selection: Selection, items: Sequence[Field]) -> str:
    return ", ".join(selection.column(item) for item in items)
