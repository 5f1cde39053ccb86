"""Conditions on a row's own columns, drawn so that a given row meets them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from llmtui.database.keys import singular
from llmtui.database.secrets import find
from llmtui.trainer.instructions.compose import compose
from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.inside import LIST
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.meanings import opposite_for
from llmtui.trainer.instructions.naming import HAN, is_participle
from llmtui.trainer.instructions.phrases import (
    YES,
    Phrase,
    date_phrase,
    month_phrase,
    noun,
    text_literal,
    value_phrase,
)
from llmtui.trainer.instructions.templates import Sayable
from llmtui.trainer.instructions.things import Field, Row, Thing
from llmtui.trainer.instructions.translate import translated
from llmtui.trainer.instructions.world import World

_SIGNS = {"gt": ">", "lt": "<", "ge": ">=", "le": "<=", "eq": "="}
_ONE_LETTER = 0.2
"""How often a text is asked for by one letter in it."""
_UPWARDS = 0.85
"""How often a bound above the row's value is drawn anew: people ask for "more than" mostly."""
_LIKE_ADJECTIVES = ("able", "ible", "ed", "ive", "ful", "less", "al", "ic", "ous", "ent", "id")
"""Ends of words that stand before what they are said of: "registered nurses"."""


def own_condition(world: World, thing: Thing, row: Row, fields: list[Field]) -> Condition | None:
    """A condition that `row` meets on one of the columns; None when none fits."""
    rng = world.rng
    usable = [f for f in fields if f.column.distinct > 1 and f.kind in _MAKERS]
    usable = [f for f in usable if f.kind != "number" or f.column.name not in thing.keys]
    if not usable:
        return None
    item = rng.choices(usable, [_weight(f, thing) for f in usable])[0]
    value = row.get(item.column.name)
    if item.column.nulls and (value is None or rng.random() < 0.06):
        if value is not None and rng.random() < 0.4:
            return compose("not_null", item, "{c} IS NOT NULL", thing, {})
        return compose("null", item, "{c} IS NULL", thing, {})
    return None if value is None else _MAKERS[item.kind](world, thing, item, value)


def _weight(item: Field, thing: Thing) -> float:
    """Columns with few values are what people filter by; names and long texts less."""
    if item.kind == "text":
        return 3.0 if item in thing.groups else 1.2
    return 5.5


def number_condition(world: World, thing: Thing, item: Field, value: Any) -> Condition:
    rng = world.rng
    if value == 0 and item.column.minimum == 0 and rng.random() < 0.3:
        return compose("zero", item, "{c} = 0", thing, {})
    low = world.number_value(item)
    if low >= value and rng.random() < _UPWARDS:
        low = world.number_value(item)
    if rng.random() < 0.3 and item.column.distinct > 5:
        high = world.number_value(item)
        small, large = sorted((low, high))
        if small <= value <= large and small != large:
            slots = {"v": world.number(item, small), "v2": world.number(item, large)}
            return compose("between", item, f"{{c}} BETWEEN {small} AND {large}", thing, slots)
        if small != large and not small <= value <= large:
            slots = {"v": world.number(item, small), "v2": world.number(item, large)}
            return compose("outside", item, f"({{c}} < {small} OR {{c}} > {large})", thing, slots)
    few = item.column.distinct <= 12
    if value == low or rng.random() < (0.35 if few or item.words.year else 0.06):
        low, kind = world.plain(value), "eq"
    elif value > low:
        kind = rng.choices(("gt", "ge"), (6, 2.4))[0]
    else:
        kind = rng.choices(("lt", "le"), (4, 1.2))[0]
    test = f"{{c}} {_SIGNS[kind]} {low}"
    return compose(kind, item, test, thing, {"v": world.number(item, low)})


def average_condition(world: World, thing: Thing) -> Condition | None:
    """Above or below the average of the whole table."""
    numbers = [f for f in thing.numbers if not f.words.year]
    if not numbers:
        return None
    item = world.rng.choice(numbers)
    kind, sign = world.rng.choice((("above_average", ">"), ("below_average", "<")))
    average = f"(SELECT AVG({item.bare}) FROM {thing.sql})"
    return compose(kind, item, f"{{c}} {sign} {average}", thing, {})


def date_condition(world: World, thing: Thing, item: Field, value: Any) -> Condition:
    rng = world.rng
    day = value.date() if isinstance(value, dt.datetime) else value
    other = world.date_value(item)
    whole = "{c}" if item.column.type == "DATE" else "CAST({c} AS DATE)"
    chance = rng.random()
    if chance < 0.08:
        days = rng.choice((7, 10, 14, 30, 30, 60, 90))
        test = f"{{c}} >= CURRENT_DATE - INTERVAL {days} DAY"
        return compose("date_recent", item, test, thing, {"v": Phrase((str(days),), (str(days),))})
    if chance < 0.36:
        said = Phrase((str(day.year),), (f"{day.year}年", f"{day.year}"))
        return compose("date_year", item, f"year({{c}}) = {day.year}", thing, {"v": said})
    if chance < 0.46:
        test = f"year({{c}}) = {day.year} AND month({{c}}) = {day.month}"
        return compose("date_month", item, test, thing, {"v": month_phrase(day)})
    if chance < 0.56:
        first, last = min(day, other), max(day, other)
        test = f"{whole} BETWEEN '{first}' AND '{last}'"
        slots = {"v": date_phrase(first), "v2": date_phrase(last)}
        return compose("date_between", item, test, thing, slots)
    if chance < 0.64 or day == other:
        test = f"{whole} = '{day}'"
        return compose("date_eq", item, test, thing, {"v": date_phrase(day)})
    kind = rng.choice(("date_gt", "date_gt", "date_ge")) if day > other else "date_lt"
    sign = {"date_gt": ">", "date_ge": ">=", "date_lt": "<"}[kind]
    at = whole if kind == "date_gt" else "{c}"  # after a day is none of its hours
    return compose(kind, item, f"{at} {sign} '{other}'", thing, {"v": date_phrase(other)})


def sayable(text: str) -> bool:
    """Whether people would say a text as it is stored."""
    return len(text) <= 60 and text.isprintable() and any(c.isalnum() for c in text)


def text_condition(world: World, thing: Thing, item: Field, value: Any) -> Condition | None:
    rng, text = world.rng, str(value)
    if not sayable(text):
        return None
    few = item in thing.groups
    parts = not few and item.column.distinct > 5 and item.column.name not in thing.keys
    parts = parts and not item.digits
    if parts and rng.random() < (0.7 if len(text.split()) > 2 else 0.4):
        hidden = world.database.access.secrets == "mask" and find(text)
        return None if hidden else part_condition(world, thing, item, text)
    slots: dict[str, Sayable] = {"v": value_phrase(text)}
    short = len(text.split()) <= 2 and len(text) <= 20 and not item.digits
    if few and rng.random() < 0.28:
        other = world.text_value(item)
        if other != text and sayable(other) and rng.random() < 0.6:
            slots["v2"] = value_phrase(other)
            test = f"{{c}} IN ({text_literal(text)}, {text_literal(other)})"
            return compose("one_of", item, test, thing, slots, adj=short and len(other) <= 20)
        if other != text and sayable(other):
            test = f"{{c}} <> {text_literal(other)}"
            return compose("is_not", item, test, thing, {"v": value_phrase(other)}, adj=short)
    return compose("is", item, f"{{c}} = {text_literal(text)}", thing, slots, adj=short)


def part_condition(world: World, thing: Thing, item: Field, text: str) -> Condition:
    """Text that starts with, ends with or contains something."""
    rng = world.rng
    pieces = re.findall(r"\w{3,}|\b[A-Z]{2}\b", text) or [text]
    kind = rng.choices(("starts", "contains", "ends"), (4, 5, 0.7))[0]
    part = rng.choice(pieces)
    if kind == "contains" and text.isascii() and rng.random() < _ONE_LETTER:
        part = rng.choice([sign for sign in text if sign.isalpha()] or [part])
    if kind == "starts":
        part = text[: rng.choice((1, 1, 2, 3))] if text.isascii() else text[:1]
    elif kind == "ends":
        part = text[-rng.choice((1, 2, 3)) :]
    elif len(part) > 6 and rng.random() < 0.4:
        part = part[: rng.randint(3, 6)]
    part = part.strip() or text
    shape = {"starts": f"{part}%", "contains": f"%{part}%", "ends": f"%{part}"}[kind]
    marks = Phrase((f"'{part}'", f'"{part}"', part, part), (part, f"“{part}”", f"'{part}'"))
    return compose(kind, item, f"{{c}} ILIKE {text_literal(shape)}", thing, {"v": marks})


def bool_condition(_world: World, thing: Thing, item: Field, value: Any) -> Condition:
    first, holds = item.words.en[0], bool(value)
    owned = first.startswith("has ")
    name = first.removeprefix("is ").removeprefix("has ")
    marks = ("是否有", "是否已", "是否") if owned else ("是否已", "是否", "已")
    bare = [text for text in item.words.zh if HAN.match(text)] or list(translated(name))
    chinese = tuple(next((t.removeprefix(m) for m in marks if t.startswith(m)), t) for t in bare)
    slots: dict[str, Sayable] = {"col": Phrase((name,), chinese)}
    slots["column"] = Phrase((), (f"是否{'有' if owned else ''}{chinese[0]}",))
    if is_participle(name):
        slots["happens"] = YES
    one, asked = " " not in name, first.startswith("is ")
    if one and name.endswith(_LIKE_ADJECTIVES) and not owned:
        slots["adjective"] = Phrase((name,), ())
    slots["adjectival" if asked or name.split()[-1].endswith(_LIKE_ADJECTIVES) else "nominal"] = YES
    if opposite := opposite_for(name):
        slots["opposite"] = Phrase((opposite,), translated(opposite))
    kind = ("has" if holds else "has_no") if owned else "yes" if holds else "no"
    test = "{c}" if holds else "NOT {c}"
    if item.column.kind == "number":
        test = f"{{c}} = {int(holds)}"
    return compose(kind, item, test, thing, slots)


def list_condition(world: World, thing: Thing, item: Field, value: Any) -> Condition | None:
    """One of the items of a list."""
    if not isinstance(value, list):  # a long one comes as text
        return None
    items = [one for one in value if one is not None and sayable(str(one))]
    if not items:
        return None
    one = world.rng.choice(items)
    text = isinstance(one, str)
    said = value_phrase(one) if text else Phrase((str(one),), (str(one),))
    test = f"list_contains({{c}}, {text_literal(one) if text else one})"
    words = Phrase(tuple(map(singular, item.words.en)), item.words.zh)
    return compose("has_item", item, test, thing, {"v": said, "item": words})


def name_condition(
    _world: World, thing: Thing, row: Row, *, repeated: bool = False
) -> Condition | None:
    """One row by its name, or several with `repeated`; a first and a last name are one name."""
    values = [row.get(item.column.name) for item in thing.label]
    if not (thing.named or repeated) or any(v is None or not sayable(str(v)) for v in values):
        return None
    if any(item.kind != "text" for item in thing.label):
        return None
    whole = " ".join(str(v) for v in values)
    item = thing.label[0] if len(values) == 1 else thing.label_as_one
    found = compose("is", item, "", thing, {"v": value_phrase(whole, thing.words)}, adj=False)
    tests = tuple(
        (field, f"{{c}} = {text_literal(str(v))}")
        for field, v in zip(thing.label, values, strict=True)
    )
    return Condition("name", tests, found.ways, found.slots)


def key_condition(world: World, thing: Thing, row: Row) -> Condition | None:
    """By a key: "with id 12"."""
    keys = [f for f in thing.fields if f.column.name in thing.keys and f.kind in ("number", "text")]
    if not keys:
        return None
    item = world.rng.choice(keys)
    value = row.get(item.column.name)
    if value is None or len(str(value)) > 20 or not sayable(str(value)):
        return None
    plain = world.plain(value) if item.kind == "number" else text_literal(str(value))
    said = str(world.plain(value)) if item.kind == "number" else str(value)
    slots: dict[str, Sayable] = {"v": Phrase((said,), (said,)), "col": noun(key_words(item))}
    return compose("eq" if item.kind == "number" else "is", item, f"{{c}} = {plain}", thing, slots,
                   adj=False)  # fmt: skip


def key_words(item: Field) -> Words:
    """A key is called by its whole name: "student id"."""
    return item.words.whole


_MAKERS = {
    "number": number_condition,
    "date": date_condition,
    "bool": bool_condition,
    "text": text_condition,
    LIST: list_condition,
}
