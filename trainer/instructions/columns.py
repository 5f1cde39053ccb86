"""Columns and measures as people ask for them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from llmtui.trainer.instructions.extremes import extreme, is_time
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.naming import plural
from llmtui.trainer.instructions.phrases import YES, Phrase, pick
from llmtui.trainer.instructions.templates import Lazy, Sayable
from llmtui.trainer.instructions.things import Field, Thing
from llmtui.trainer.instructions.world import World

_OF_OTHERS = 0.15
"""How often the key of what rows belong to is asked for beside other columns."""
_FLAGS = 0.15
"""How often columns of yes and no are shown, compared with others."""
_NOT_ADDED = frozenset(
    ["latitude", "longitude", "lat", "long", "lng", "rating", "score", "resolution", "age", "rank",
     "temperature", "humidity", "percentage", "percent", "level", "density", "elevation",
     "altitude"]
)  # fmt: skip
"""What nobody adds up."""


def _asked(item: Field, rng: random.Random) -> bool:
    return item.kind != "bool" or rng.random() < _FLAGS


def some_columns(world: World, thing: Thing, most: int = 3) -> list[Field]:
    """One to three columns as people would ask for them: often the label first."""
    rng = world.rng
    shown = [f for f in thing.shown if f.column.distinct != 1 and _asked(f, rng)]
    shown = shown or thing.shown or list(thing.fields)
    count = min(len(shown), rng.choices(range(1, most + 1), (6, 6, 2, 1)[:most])[0])
    chosen = rng.sample(shown, count)
    if rng.random() < 0.5 and not set(thing.label) & set(chosen):
        chosen = [*thing.label, *chosen[: max(1, most - 1)]]
    keys = [f for f in thing.fields if f.column.name in thing.table.primary_key]
    if len(keys) == 1 and rng.random() < (0.28 if thing.named else 0.45):
        chosen = keys if rng.random() < 0.5 else [*keys, *chosen]
    foreign = [f for f in thing.fields if f.column.name in thing.keys and f not in keys]
    foreign = [f for f in foreign if f not in chosen]
    if foreign and rng.random() < _OF_OTHERS:
        chosen = [*chosen[: max(1, most - 1)], rng.choice(foreign)]
    first = [item for item in chosen if item in thing.label]
    ordered = list(dict.fromkeys([*first, *chosen]))
    return ordered[: most + 1]


def name_of(item: Field, thing: Thing) -> Words:
    """A key is called by its whole name."""
    return item.words.whole if item.column.name in thing.keys else item.words


def _names(items: Sequence[Field], thing: Thing, rng: random.Random, *, en: bool) -> list[str]:
    """A name for each column; first and last name together are often one."""
    both = [f for f in items if f in thing.label] if len(thing.label) == 2 else []
    together = len(both) == 2 and rng.random() < 0.6
    names: list[str] = []
    for item in items:
        if together and item in both:
            if item is both[0]:
                whole = thing.label_as_one.words
                names.append(pick(rng, whole.en if en else whole.zh))
            continue
        words = name_of(item, thing)
        names.append(pick(rng, words.en if en else words.zh))
    return names


def listed(names: Sequence[str], last: str) -> str:
    comma = ", " if last.isascii() else "、"
    return names[0] if len(names) == 1 else comma.join(names[:-1]) + last + names[-1]


def column_list(items: Sequence[Field], thing: Thing, *, many: bool = True) -> Lazy:
    """ "names and salaries" / "姓名和薪资"."""

    def en(rng: random.Random) -> str:
        names = _names(items, thing, rng, en=True)
        last = rng.choice((" and ", " and ", " and ", ", and " if len(names) > 2 else " and "))
        return listed([plural(name) for name in names] if many else names, last)

    return Lazy(en, lambda rng: listed(_names(items, thing, rng, en=False), rng.choice("和和、")))


def column_slots(items: Sequence[Field], thing: Thing) -> dict[str, Sayable]:
    """{cols}, {cols1} for one row, {label}, and {names} when only the label is asked for."""
    label = thing.label_as_one.words
    slots: dict[str, Sayable] = {
        "cols": column_list(items, thing),
        "cols1": column_list(items, thing, many=False),
        "label": Phrase(tuple(plural(name) for name in label.en), label.zh),
        "label1": Phrase(label.en, label.zh),
    }
    if thing.named and list(items) == list(thing.label):
        slots["names"] = YES
    return slots


_BARE = 0.7
"""How often the columns of the rows themselves are said without the rows' noun."""


def owned_list(
    owners: Sequence[tuple[Words, Sequence[Field], Thing]], *, own: bool = False
) -> Lazy:
    """Columns of several tables: "customer name and order date" / "客户姓名和下单日期".

    own: whether the first are of the rows that are asked for, so that their noun may be left out
    """

    def en(rng: random.Random) -> str:
        names = []
        bare = own and rng.random() < _BARE
        for place, (owner, items, thing) in enumerate(owners):
            first = pick(rng, owner.en)
            for name in _names(items, thing, rng, en=True):
                plain = name.startswith(first) or (bare and not place)
                names.append(name if plain else f"{first} {name}")
        return listed([plural(name) for name in names], " and ")

    def zh(rng: random.Random) -> str:
        names = []
        bare = own and rng.random() < _BARE
        for place, (owner, items, thing) in enumerate(owners):
            first = pick(rng, owner.zh)
            for name in _names(items, thing, rng, en=False):
                joint = "的" if name.isascii() else rng.choice(("", "", "的"))
                plain = name.startswith(first) or (bare and not place)
                names.append(name if plain else f"{first}{joint}{name}")
        return listed(names, "和")

    return Lazy(en, zh)


AGGREGATES: dict[str, Phrase] = {
    "AVG": Phrase(("average", "mean"), ("平均", "平均")),
    "SUM": Phrase(("total", "combined", "overall", "total"), ("总", "总")),
    "MAX": Phrase(("highest", "maximum", "largest", "greatest"), ("最高", "最大")),
    "MIN": Phrase(("lowest", "minimum", "smallest"), ("最低", "最小")),
}
_NOUNS = {"AVG": ("平均值",), "SUM": ("总和", "合计", "总额", "总量", "总计"),
          "MAX": ("最大值",), "MIN": ("最小值",)}  # fmt: skip
_DOUBLED = {"SUM": ("total", "sum"), "AVG": ("average", "avg", "mean")}
_DOUBLED_ZH = {"SUM": "总", "AVG": "平均"}


def _doubled(name: str, column: str) -> bool:
    """Whether a column's name says the aggregate already: the sum of a total amount."""
    first = column.split()[0].lower()
    return first in _DOUBLED.get(name, ()) or first.startswith(_DOUBLED_ZH.get(name, "\0"))


_DATES = {
    "MAX": Phrase(("latest", "most recent", "last"), ("最晚", "最近")),
    "MIN": Phrase(("earliest", "first"), ("最早",)),
}


@dataclass(frozen=True)
class Measure:
    """Aggregates of one or two columns: (function, column) in the order they are shown."""

    parts: tuple[tuple[str, Field], ...]

    def sql(self, *, full: bool) -> str:
        return ", ".join(f"{name}({f.full if full else f.bare})" for name, f in self.parts)

    def slots(self) -> dict[str, Sayable]:
        name, item = self.parts[0]
        found: dict[str, Sayable] = {"measure": Lazy(self.en, self.zh)}
        if len(self.parts) > 1:
            return found | {"many": YES}
        found["col"], found["noun"] = Phrase(item.words.en, item.words.zh), Phrase((), _NOUNS[name])
        if name in ("SUM", "AVG"):
            found["sum" if name == "SUM" else "mean"] = YES
        return found

    def en(self, rng: random.Random) -> str:
        same_column = len({f for _, f in self.parts}) == 1
        doubled = any(_doubled(name, f.words.en[0]) for name, f in self.parts)
        if same_column and (len(self.parts) > 1 or (rng.random() < 0.85 and not doubled)):
            names = [self._function(n, f).say("en", rng) for n, f in self.parts]
            return f"{listed(names, ' and ')} {pick(rng, self.parts[0][1].words.en)}"
        if len({n for n, _ in self.parts}) == 1 and len(self.parts) > 1:
            names = [pick(rng, f.words.en) for _, f in self.parts]
            return f"{AGGREGATES[self.parts[0][0]].say('en', rng)} {listed(names, ' and ')}"
        texts = []
        for name, item in self.parts:
            column, said = pick(rng, item.words.en), self._function(name, item).say("en", rng)
            of = name == "SUM" and (rng.random() < 0.5 or _doubled(name, column))
            texts.append(f"sum of {column}" if of else f"{said} {column}")
        return listed(texts, " and ")

    def zh(self, rng: random.Random) -> str:
        if len({f for _, f in self.parts}) == 1 and len(self.parts) > 1:
            names = [self._function(n, f).say("zh", rng) for n, f in self.parts]
            return f"{listed(names, '和')}{pick(rng, self.parts[0][1].words.zh)}"
        texts = []
        for name, item in self.parts:
            column = pick(rng, item.words.zh)
            if _doubled(name, column):
                texts.append(column + _NOUNS[name][0])
            elif rng.random() < 0.25 and item.kind != "date":
                texts.append(column + rng.choice(_NOUNS[name]))
            else:
                texts.append(self._function(name, item).say("zh", rng) + column)
        return listed(texts, "和")

    @staticmethod
    def _function(name: str, item: Field) -> Phrase:
        if name not in _DATES:
            usual, column = AGGREGATES[name], item.words.en[0]
            return Phrase(tuple(w for w in usual.en if w != column.split()[0]), usual.zh)
        if is_time(item):
            return _DATES[name]
        said = extreme(item, high=name == "MAX")
        usual = AGGREGATES[name]
        return Phrase((*said.en[:2], *usual.en[:2]), said.zh[:2])


def measure(world: World, fields: Sequence[Field], names: Sequence[str] = ()) -> Measure | None:
    """An aggregate of one column, sometimes two or three aggregates, sometimes two columns."""
    rng = world.rng
    usable = [f for f in fields if f.kind in ("number", "date")]
    if not usable:
        return None
    item = rng.choice(usable)
    allowed = (
        ("MAX", "MIN")
        if item.kind == "date" or item.words.year
        else tuple(names) or ("AVG", "AVG", "AVG", "SUM", "SUM", "MAX", "MIN")
    )
    if {word for name in item.words.en for word in name.split()} & _NOT_ADDED:
        allowed = tuple(name for name in allowed if name != "SUM") or ("AVG",)
    name, chance = rng.choice(allowed), rng.random()
    if chance < 0.2 and len(set(allowed)) > 1:
        count = 3 if len(set(allowed)) > 2 and rng.random() < 0.3 else 2
        return Measure(tuple((n, item) for n in rng.sample(sorted(set(allowed)), count)))
    numbers = [f for f in usable if f.kind == "number" and f is not item and not f.words.year]
    if chance < 0.34 and numbers and item.kind == "number":
        other = rng.choice(allowed) if rng.random() < 0.4 else name
        return Measure(((name, item), (other, rng.choice(numbers))))
    return Measure(((name, item),))
