"""A draft: SQL with what its questions are made of. Realised by the phrasings of its shape."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.lexicon import data
from llmtui.trainer.instructions.phrases import Phrase, noun, nouns
from llmtui.trainer.instructions.world import Field, Thing

_FILES = ("one_table", "groups", "joins")
_SLOT = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Shape:
    """A query shape: its share of the rows, how hard it is, and its phrasings."""

    name: str
    weight: float
    difficulty: str
    en: tuple[str, ...]
    zh: tuple[str, ...]

    def phrasings(self, lang: str) -> tuple[str, ...]:
        return self.en if lang == "en" else self.zh


@cache
def shapes() -> dict[str, Shape]:
    """Every shape of the data files, by name."""
    found: dict[str, Shape] = {}
    for file in _FILES:
        for name, item in data(file).items():
            found[name] = Shape(
                name,
                float(item["weight"]),
                str(item["difficulty"]),
                tuple(item["en"]),
                tuple(item["zh"]),
            )
    return found


@dataclass(frozen=True)
class Draft:
    """One query to be asked for. A phrasing is used only when every slot of it is filled."""

    shape: str
    sql: str
    slots: dict[str, Phrase]
    tables: tuple[str, ...]
    most_rows: int = 0
    """A filter that gives this many rows has filtered nothing (0: not a filter)."""

    def realise(self, lang: str, rng: random.Random, used: set[str]) -> str:
        """One question; '' when no phrasing fits. Phrasings in `used` are avoided while others
        are left, and the one that is chosen is added to it."""
        fitting = [text for text in shapes()[self.shape].phrasings(lang) if self._fits(text, lang)]
        fresh = [text for text in fitting if text not in used] or fitting
        if not fresh:
            return ""
        template = rng.choice(fresh)
        used.add(template)
        filled = _SLOT.sub(lambda match: self.slots[match[1]].say(lang, rng), template)
        return polish(filled, lang, rng)

    def _fits(self, template: str, lang: str) -> bool:
        for name in _SLOT.findall(template):
            phrase = self.slots.get(name)
            if phrase is None or not (phrase.en if lang == "en" else phrase.zh):
                return False
        return True


_POLITE = {
    "en": ("please ", "Can you ", "could you please ", "I'd like to know: ", "hey, "),
    "zh": ("请", "麻烦", "帮我", "我想知道", "请问"),
}
_IMPERATIVE = re.compile(r"^(list|show|find|give|count|display|name|get|return|calculate)\b", re.I)
_ZH_IMPERATIVE = re.compile(r"^(查询|列出|显示|找出|统计|查一下|查看|给出|计算)")


def polish(text: str, lang: str, rng: random.Random) -> str:
    """Case, politeness and the mark at the end, as different people write them."""
    text = " ".join(text.split())
    chance = rng.random()
    if lang == "zh":
        if chance < 0.08 and _ZH_IMPERATIVE.match(text):
            text = rng.choice(("请", "麻烦", "帮我", "请帮我")) + text
        elif chance < 0.08 and not text.startswith(("请", "帮", "我")):
            text = rng.choice(("请问", "我想知道")) + text
        asks = re.search(r"多少|哪|什么|吗|谁|几", text)
        ends = ("？", "?", "", "") if asks else ("。", "", "", "", "")
        return text if text.endswith(("？", "?", "。")) else text + rng.choice(ends)
    if chance < 0.08 and _IMPERATIVE.match(text):
        text = (
            rng.choice(("Please ", "please ", "Can you ", "Could you "))
            + text[0].lower()
            + text[1:]
        )
    question = re.match(r"(what|which|who|how|where|when|can|could|are|is|in which)\b", text, re.I)
    if text[-1] not in "?.!":
        text += rng.choice(("?", "?", "?", "")) if question else rng.choice((".", ".", "", "", ""))
    case = rng.random()
    if case < 0.7:
        return text[0].upper() + text[1:]
    return text if case < 0.9 or any(mark in text for mark in "'\"") else text.lower()


def things_of(thing: Thing) -> dict[str, Phrase]:
    """The slots that name a table."""
    unit = ("名", "位", "个") if thing.words.person else ("个",)
    people = {"people": nouns(thing.words), "person": noun(thing.words)}
    return (people if thing.words.person else {}) | {
        "things": nouns(thing.words),
        "thing": noun(thing.words),
        "table": Phrase((thing.table.name,), thing.words.zh),
        "unit": Phrase((), unit),
        "label": Phrase((), thing.label[0].words.zh),
    }


def condition_slots(condition: Condition, mark: str = "") -> dict[str, Phrase]:
    """{post}, {verb}, {pred} and {cond} of a condition; `mark` numbers a second one."""
    return {
        f"post{mark}": Phrase(condition.post, ()),
        f"verb{mark}": Phrase(condition.verb, ()),
        f"pred{mark}": Phrase((), condition.zh),
        f"cond{mark}": Phrase((), tuple(f"{text}的" for text in condition.zh)),
    }


def filter_slots(thing: Thing, condition: Condition, rng: random.Random) -> dict[str, Phrase]:
    """Slots of a table with a condition; one that can be an adjective often becomes one:
    "cancelled orders", "女员工"."""
    slots = things_of(thing) | condition_slots(condition)
    adjective = condition.adjective
    if adjective is None or rng.random() < 0.5:
        return slots
    plural, chinese = slots["things"].en, slots["things"].zh
    slots["things"] = Phrase(tuple(f"{a} {n}" for a in adjective.en for n in plural), chinese)
    slots["thing"] = Phrase(tuple(f"{a} {n}" for a in adjective.en for n in slots["thing"].en), ())
    slots["post"], slots["verb"] = Phrase(("",), ()), Phrase((), ())
    slots.pop("people", None)
    slots["cond"] = Phrase((), (*adjective.zh, *(f"{a}的" for a in adjective.zh)))
    return slots


def select(fields: Sequence[Field], source: str, rest: str = "", *, full: bool = False) -> str:
    """The canonical form: bare columns for one table, qualified ones for joins, no aliases."""
    columns = ", ".join(item.full if full else item.bare for item in fields)
    return f"SELECT {columns} FROM {source}{' ' + rest if rest else ''}"


AGGREGATES: dict[str, dict[str, Any]] = {
    "AVG": {"en": ("average", "mean"), "zh": ("平均",), "zhs": ("平均值",)},
    "SUM": {
        "en": ("total", "combined", "overall"),
        "zh": ("总",),
        "zhs": ("总和", "合计", "总额", "总量", "总计"),
    },
    "MAX": {"en": ("highest", "maximum", "largest"), "zh": ("最高", "最大"), "zhs": ("最大值",)},
    "MIN": {"en": ("lowest", "minimum", "smallest"), "zh": ("最低", "最小"), "zhs": ("最小值",)},
}
_DATES = {
    "MAX": {"en": ("latest", "most recent"), "zh": ("最晚", "最近"), "zhs": ("最大值",)},
    "MIN": {"en": ("earliest", "first"), "zh": ("最早",), "zhs": ("最小值",)},
}


def aggregate_phrases(name: str, kind: str = "number") -> dict[str, Phrase]:
    """{agg} ("average" / "平均"), {aggs}, the Chinese noun form ("平均值"), and {sum}, which lets
    a phrasing be used for sums only."""
    item = (_DATES if kind == "date" else AGGREGATES)[name]
    slots = {"agg": Phrase(item["en"], item["zh"]), "aggs": Phrase((), item["zhs"])}
    return slots | ({"sum": Phrase(("",), ("",))} if name == "SUM" else {})


def extreme(kind: str, *, high: bool) -> Phrase:
    """ "highest" / "最高"; for dates "latest" / "最晚"."""
    if kind == "date":
        return (
            Phrase(("latest", "most recent"), ("最晚", "最近"))
            if high
            else Phrase(("earliest", "oldest"), ("最早",))
        )
    return (
        Phrase(("highest", "largest", "greatest", "biggest", "most"), ("最高", "最大", "最多"))
        if high
        else Phrase(("lowest", "smallest", "least"), ("最低", "最小", "最少"))
    )
