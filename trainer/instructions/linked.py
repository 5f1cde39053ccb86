"""Conditions on what a table between two ties to a row: "products supplied by X"."""

from __future__ import annotations

from collections.abc import Mapping

from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.conditions import name_condition, own_condition
from llmtui.trainer.instructions.meanings import deeds_for
from llmtui.trainer.instructions.phrases import Phrase, noun, nouns, who
from llmtui.trainer.instructions.related import by_key, inner_slots, inside, walk, ways_of
from llmtui.trainer.instructions.selection import joined
from llmtui.trainer.instructions.templates import Sayable
from llmtui.trainer.instructions.things import Relation, Row, Thing
from llmtui.trainer.instructions.world import World

_BY_COLUMN = 0.25
"""Share of the conditions on ties that say what the others are like, not which."""
_BY_KEY = 0.2
"""Share of the rows tied to one that are asked for by its key."""


def _keyed(world: World, relation: Relation, row: Row) -> Condition | None:
    """What a row refers to, by its key: "supplier 3", "the supplier with id 3"."""
    keyed = by_key(world, relation, row)
    if keyed is None:
        return None
    said, test = keyed
    name, zh = relation.role.en[0], relation.role.zh[0]
    called = (f"{name} {said}", f"{name} id {said}", f"the {name} with id {said}")
    slots = {"v": Phrase(called, (f"{zh}{said}", f"编号为{said}的{zh}", f"{zh}编号{said}"))}
    return Condition("keyed", ((relation.key, test),), {}, slots)


def linked(
    world: World, thing: Thing, row: Row, values: int = 1
) -> tuple[list[Condition], dict[str, Sayable]]:
    """Rows tied to named rows of another table through a table between, or through children.

    `values` conditions on different names along one way, and slots that name them.
    """
    links = world.linked(thing)
    if not links:
        return [], {}
    link, rng = world.rng.choice(links), world.rng
    middle, near, far = link.middle, link.left, link.right
    other = far[-1].parent
    found: dict[str, Condition] = {}
    kids = world.children(near, row)
    for _ in range(values * 3):
        start = rng.choice(kids) if kids else world.anchor(middle)
        end = walk(world, far, start) if start else None
        named = name_condition(world, other, end) if end else None
        if start and values == 1 and len(far) == 1 and rng.random() < _BY_KEY:
            named = _keyed(world, far[0], start)
        if named is not None:
            found.setdefault(named.sql(full=True), named)
    conditions = []
    slots: dict[str, Sayable] = {"o": noun(other.words), "os": nouns(other.words)}
    slots["who"] = who(thing.words)
    did, did_zh, do = deeds_for(middle.words, other.words)
    if do and (thing.words.person or not other.words.person):
        slots |= {"did": Phrase(did, did_zh), "do": Phrase((do,), ())}
    for named in list(found.values())[:values]:
        for none in (False, True):
            way = () if named.kind == "keyed" else far
            test = inside(
                near.key, joined(middle, way), named.sql(full=bool(way)), full=bool(way), none=none
            )
            kind = "not_linked" if none else "linked"
            ways: Mapping[str, tuple[str, ...]] = ways_of(kind)
            if "did" in slots:
                event = ways_of(f"{kind}_event")
                ways = {p: (*texts, *event[p] * 2) for p, texts in ways.items()}
            said = {**slots, "v": named.slots["v"]}
            if named.kind == "keyed":  # its noun is said with the key
                said.pop("o")
            conditions.append(Condition(kind, ((near.target, test),), ways, said))
    return conditions, slots


def linked_column(world: World, thing: Thing, row: Row) -> Condition | None:
    """Rows tied to rows that meet a condition: "students in dorms for women"."""
    links, rng = world.linked(thing), world.rng
    if not links:
        return None
    link = rng.choice(links)
    kids, other = world.children(link.left, row), link.right[-1].parent
    start = rng.choice(kids) if kids else None
    end = walk(world, link.right, start) if start else None
    fields = [f for f in other.shown if f not in other.label]
    inner = own_condition(world, other, end, fields) if end else None
    if inner is None:
        return None
    source = joined(link.middle, link.right)
    test = inside(link.left.key, source, inner.sql(full=True), full=True, none=False)
    slots = {**inner_slots(inner), "o": noun(other.words), "os": nouns(other.words)}
    slots |= {"who": who(thing.words), "who2": who(other.words)}
    ways = ways_of("linked_column")
    return Condition("linked_column", ((link.left.target, test),), ways, slots)


def link_condition(world: World, thing: Thing, row: Row) -> Condition | None:
    if world.rng.random() < _BY_COLUMN:
        return linked_column(world, thing, row)
    conditions, _ = linked(world, thing, row)
    if not conditions:
        return None
    return conditions[1] if world.rng.random() < 0.25 else conditions[0]
