"""Conditions through keys: on a parent, on children."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from llmtui.trainer.instructions.compose import compose
from llmtui.trainer.instructions.condition import PARTS, Condition
from llmtui.trainer.instructions.conditions import (
    name_condition,
    own_condition,
)
from llmtui.trainer.instructions.deeds import by_a_noun, event_of
from llmtui.trainer.instructions.extremes import extreme, superlative
from llmtui.trainer.instructions.idioms import naming
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.meanings import (
    ties_for,
)
from llmtui.trainer.instructions.phrases import Phrase, noun, nouns, text_literal, who
from llmtui.trainer.instructions.selection import Path
from llmtui.trainer.instructions.templates import Lazy, Sayable, phrasings, slots_of
from llmtui.trainer.instructions.things import Field, Relation, Row, Thing
from llmtui.trainer.instructions.world import World

_TWO_KEYS = 0.15
"""How often rows of one of two parents are asked for by their keys."""
_SAID_OF_PARENT = 0.3
"""How often what children hold is said of the parent, where it can be."""
_AS_EVENT, _AS_STATE = 0.35, 0.8
"""Share of the rows with children that are told by what they did, or are in, "on call", where
that has a word."""


def ways_of(kind: str) -> dict[str, tuple[str, ...]]:
    return {part: phrasings("relations", kind, part) for part in PARTS}


def inner_slots(condition: Condition) -> dict[str, Sayable]:
    """A condition inside another: {post}, {verb} and {cond}, which ends before 的."""
    return {
        "post": Lazy(lambda rng: condition.say("post", rng), None),
        "verb": Lazy(lambda rng: condition.say("verb", rng), None),
        "cond": Lazy(None, lambda rng: condition.say("zh", rng).removesuffix("的")),
    }


def walk(world: World, path: Path, row: Row) -> Row | None:
    """The row that `row` leads to along the keys."""
    current: Row | None = row
    for relation in path:
        current = world.parent_row(relation, current) if current else None
    return current


def parent_named(world: World, thing: Thing, row: Row) -> Condition | None:
    """Rows of one named parent: "rock tracks", "albums by X"."""
    path = world.path(thing)
    found = walk(world, path, row) if path and not thing.part else None
    if found is None:
        return None
    parent, role = path[-1].parent, path[-1].role
    named = name_condition(world, parent, found)
    if named is None:
        return None
    slots: dict[str, Sayable] = {"p": noun(role), "ps": nouns(role), "v": named.slots["v"]}
    slots["who"] = who(thing.words)
    ways = ways_of("parent_person" if parent.words.person else "parent")
    ways |= deed_ways(ways, slots, path[-1].key.words) if len(path) == 1 else {}
    value = str(found.get(parent.label[0].column.name))
    rivals = [r for r in world.ups(path[0].child) if r.parent is path[0].parent]
    if len(rivals) > 1:  # which of the two is meant must be said
        ways = {part: tuple(w for w in some if "p" in slots_of(w)) for part, some in ways.items()}
    if len(path) > 1:
        ways["post"] = tuple(w for w in ways["post"] if "belong" not in w and "for {v}" not in w)
    if len(path) > 1 or len(value.split()) > 2 or len(value) > 20:
        ways.pop("adj")
    return Condition("parent", named.tests, ways, slots, path)


def by_key(world: World, relation: Relation, row: Row) -> tuple[str, str] | None:
    """(the key of what a row refers to as people say it, a test for it); None when nobody would."""
    value, key = row.get(relation.key.column.name), relation.key
    number = key.kind == "number"
    if value is None or len(str(value)) > 12 or not (number or key.coded):
        return None
    said = str(world.plain(value)) if number else str(value)
    return said, f"{{c}} = {said if number else text_literal(said)}"


def _either(one: str, other: str) -> Phrase:
    return Phrase((f"{one} or {other}",), (f"{one}或{other}", f"{one}或者{other}"))


def parent_keyed(world: World, thing: Thing, row: Row) -> Condition | None:
    """Rows of the parent with a key: "orders of customer 10"."""
    ups = world.ups(thing)
    relation = world.rng.choice(ups) if ups else None
    keyed = by_key(world, relation, row) if relation else None
    if relation is None or keyed is None:
        return None
    said, test = keyed
    spoken, role = Phrase((said,), (said,)), relation.role
    other = by_key(world, relation, world.anchor(thing) or row)
    if other is not None and other[0] != said and world.rng.random() < _TWO_KEYS:
        values = ", ".join(one.removeprefix("{c} = ") for one in (test, other[1]))
        test, spoken = f"{{c}} IN ({values})", _either(said, other[0])
    named = (*role.en, f"{role.en[0]} id", f"{role.en[0]} number")
    slots: dict[str, Sayable] = {
        "p": Phrase(named, (*role.zh, f"{role.zh[0]}编号")),
        "ps": nouns(role),
        "v": spoken,
        "who": who(thing.words),
    }
    ways = {part: texts for part, texts in ways_of("keyed").items() if part != "adj"}
    return Condition("keyed", ((relation.key, test),), ways, slots)


def deed_ways(
    ways: Mapping[str, tuple[str, ...]], slots: dict[str, Sayable], role: Words
) -> dict[str, tuple[str, ...]]:
    """Ways to say what one row is to the other, {v}, with a verb too where there is one."""
    doing, do, tied = ties_for(role)
    if not do:
        return dict(ways)
    value = slots["v"]
    slots |= {"doing": Phrase(doing, ()), "do": Phrase((do,), ())}
    slots["tied"] = Lazy(None, lambda rng: rng.choice(tied).replace("{v}", value.say("zh", rng)))
    deed = ways_of("mutual_deed")
    return {part: (*texts, *deed[part] * 3) for part, texts in ways.items()}


def parent_column(world: World, thing: Thing, row: Row) -> Condition | None:
    """Rows whose parent meets a condition: said of the parent, or of the row itself."""
    path = world.path(thing)
    found = walk(world, path, row) if path else None
    if found is None:
        return None
    parent, role = path[-1].parent, path[-1].role
    fields = [f for f in parent.shown if f not in parent.label]
    chance = world.rng.random()
    if chance < 0.4 and not thing.part:
        fields = [replace(f, words=f.words.of(role)) for f in fields if f.kind != "bool"]
    inner = own_condition(world, parent, found, fields)
    if inner is None:
        return None
    place = inner.tests[0][0].place and not any(f.place for f in thing.fields)
    loose = inner.kind in ("is", "one_of") and chance > 0.8 and place
    if loose and parent.words.person and not thing.words.person:  # orders live nowhere
        item, test = inner.tests[0]
        inner = compose(inner.kind, item, test, replace(parent, words=thing.words), inner.slots)
    if chance < 0.4 or loose or thing.part:
        ways = dict(inner.ways)
        if (
            chance < 0.4 and not thing.part
        ):  # what is said without naming the column would be said of the row
            ways = {part: naming(texts) for part, texts in ways.items()}
        return Condition(
            inner.kind, inner.tests, ways, {**inner.slots, "who": who(thing.words)}, path
        )
    slots = {**inner_slots(inner), "p": noun(role), "ps": nouns(role), "who2": who(parent.words)}
    return Condition("parent_column", inner.tests, ways_of("parent_column"), slots, path)


def parent_most(world: World, thing: Thing, row: Row) -> Condition | None:
    """Rows of the parent with the highest or lowest of something."""
    del row
    path = world.path(thing)
    if len(path) != 1 or not path[0].parent.numbers:
        return None
    relation, rng = path[0], world.rng
    item, high = rng.choice(relation.parent.numbers), rng.random() < 0.7
    order = f"ORDER BY {item.bare}{' DESC' if high else ''} LIMIT 1"
    test = f"{{c}} = (SELECT {relation.target.bare} FROM {relation.parent.sql} {order})"
    slots: dict[str, Sayable] = {
        "p": noun(relation.role),
        "num": noun(item.words),
        "most": extreme(item, high=high),
        "super": superlative(item, high=high),
    }
    ways = ways_of("own_most" if thing.part else "parent_most")
    return Condition("parent_most", ((relation.key, test),), ways, slots)


def parent_busiest(world: World, thing: Thing, row: Row) -> Condition | None:
    """Rows of the parent that has the most, or the fewest, rows of some table."""
    del row
    path, rng = world.path(thing), world.rng
    if len(path) != 1 or thing.part:
        return None
    key = path[0]
    downs = [r for r in world.downs(key.parent) if r.target.column is key.target.column]
    usable = [r for r in downs if not r.key.column.unique and by_a_noun(r.child)]
    if not usable:
        return None
    relation = rng.choice(usable)
    high = rng.random() < 0.75
    order = f"ORDER BY COUNT(*){' DESC' if high else ''} LIMIT 1"
    filled = f" WHERE {relation.key.bare} IS NOT NULL" if relation.key.column.nulls else ""
    grouped = f"{relation.child.sql}{filled} GROUP BY {relation.key.bare} {order}"
    test = f"{{c}} = (SELECT {relation.key.bare} FROM {grouped})"
    slots: dict[str, Sayable] = {
        "p": noun(key.role),
        "cs": nouns(relation.child.words),
        "mostly": Phrase(("most",) if high else ("fewest", "least"), ("最多" if high else "最少",)),
    }
    return Condition("parent_busiest", ((key.key, test),), ways_of("parent_busiest"), slots)


def inside(relation_key: Field, source: str, test: str, *, full: bool, none: bool) -> str:
    """{c} [NOT] IN (SELECT key FROM children WHERE …), without NULL where NOT IN needs it."""
    key = relation_key.full if full else relation_key.bare
    if none and relation_key.column.nulls:
        test = f"{test} AND {key} IS NOT NULL" if test else f"{key} IS NOT NULL"
    where = f" WHERE {test}" if test else ""
    return f"{{c}} {'NOT ' if none else ''}IN (SELECT {key} FROM {source}{where})"


def _as_own(thing: Thing, inner: Condition, *, none: bool) -> bool:
    """Whether what a child holds may be said of its parent: "customers whose order status is X"."""
    said = {name for item in thing.fields for name in item.words.en}
    words = inner.tests[0][0].words
    plain = inner.kind in ("is", "one_of") or inner.kind.startswith("date_")
    return plain and not none and not said & set(words.en)


def child(world: World, thing: Thing, row: Row) -> Condition | None:
    """Rows with children, with none, or with children that meet a condition."""
    own = {relation.parent for relation in world.ups(thing)}  # theirs is one they are in
    downs = [relation for relation in world.downs(thing) if relation.child not in own]
    if not downs:
        return None
    relation, rng = world.rng.choice(downs), world.rng
    kid, none = relation.child, rng.random() < 0.45
    slots: dict[str, Sayable] = {
        "c": noun(kid.words),
        "cs": nouns(kid.words),
        "who": who(thing.words),
    }
    slots["who2"] = who(kid.words)
    chance, inner, kind = rng.random(), None, "child"
    children = world.children(relation, row)
    example = rng.choice(children) if children and not none else world.anchor(kid)
    event = event_of(world, relation)
    told = bool(event) and rng.random() < (_AS_STATE if "state" in event else _AS_EVENT)
    if not told and not by_a_noun(kid):
        return None
    if not told and example is not None and chance < (0.35 if none else 0.75) and kid.shown:
        inner = own_condition(world, kid, example, kid.shown)
        kind = "child_column"
        if rng.random() < 0.35:
            inner, kind = name_condition(world, kid, example), "child_named"
    if inner is not None and _as_own(thing, inner, none=none) and rng.random() < _SAID_OF_PARENT:
        test = inside(relation.key, kid.sql, inner.sql(), full=False, none=False)
        ways = {part: naming(texts) for part, texts in inner.ways.items()}
        said = {**inner.slots, "who": who(thing.words)}
        return Condition(inner.kind, ((relation.target, test),), ways, said)
    if inner is not None:
        slots |= inner_slots(inner)
        if kind == "child_named":
            slots["v"] = inner.slots["v"]
    else:
        kind = "event" if told else "child"
        slots |= event
    test = inside(relation.key, kid.sql, inner.sql() if inner else "", full=False, none=none)
    ways = ways_of(f"no_{kind}" if none else kind)
    if kind == "event":
        times = 5 if "state" in event else 1
        plain = ways_of("no_child" if none else "child")
        ways = {part: (*texts * times, *plain[part]) for part, texts in ways.items()}
    return Condition(f"no_{kind}" if none else kind, ((relation.target, test),), ways, slots)
