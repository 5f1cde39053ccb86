"""Conditions on what a table between two ties to a row: "products supplied by X"."""

from __future__ import annotations

from collections.abc import Mapping

from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.conditions import name_condition, own_condition
from llmtui.trainer.instructions.phrases import Phrase, noun, nouns, who
from llmtui.trainer.instructions.related import by_key, inner_slots, inside, walk, ways_of
from llmtui.trainer.instructions.selection import joined
from llmtui.trainer.instructions.templates import Sayable
from llmtui.trainer.instructions.things import Deed, Link, Relation, Row, Thing
from llmtui.trainer.instructions.world import World

_BY_COLUMN = 0.25
"""Share of the conditions on ties that say what the others are like, not which."""
_WITH_DEED = 3.0
"""How much more often a tie is taken that people have a verb for."""
_AS_DEED = 3
"""How often the ways to say a tie by its verb stand beside the others."""
_BY_KEY = 0.3
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


def drawn_link(world: World, links: list[Link]) -> Link:
    """One at random, those that people have a verb for more often."""
    return world.rng.choices(links, [_WITH_DEED if link.deed else 1.0 for link in links])[0]


def _with_deed(kind: str, link: Link) -> Mapping[str, tuple[str, ...]]:
    """The ways to say a condition on a tie, by its verb too."""
    person = kind == "linked" and link.right[-1].parent.words.person
    ways, deed = ways_of("linked_person" if person else kind), link.deed
    if deed is None:
        return ways
    event = ways_of(f"{kind}_{'event' if deed.forward else 'done'}")
    if link.barred:
        return event
    return {part: (*texts, *event[part] * _AS_DEED) for part, texts in ways.items()}


def deed_slots(deed: Deed | None) -> dict[str, Sayable]:
    """{did} and {do} of rows that do something; {they_did}, {they_do} and {done} of rows that
    something is done to; {being}, {they_are} when it is said by what one is: "trained in"."""
    if deed is None:
        return {}
    names = ("did", "do", "being")
    if not deed.forward:
        names = ("they_did", "they_do", "they_are")
    phrases = ((deed.did, deed.zh), ((deed.do,), ()), (deed.being, ()))
    slots: dict[str, Sayable] = {
        name: Phrase(*phrase)
        for name, phrase in zip(names, phrases, strict=True)
        if name in ("being", "they_are") or not deed.do.startswith("be ")
    }
    if not deed.forward:
        slots["done"] = Phrase(deed.done, deed.zh)
    elif "did" in slots:
        slots["had"] = Phrase(deed.had, ())
    return slots


def linked(
    world: World, thing: Thing, row: Row, values: int = 1
) -> tuple[list[Condition], dict[str, Sayable]]:
    """Rows tied to named rows of another table through a table between, or through children.

    `values` conditions on different names along one way, and slots that name them.
    """
    links = world.linked(thing)
    if not links:
        return [], {}
    link, rng = drawn_link(world, links), world.rng
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
    slots |= deed_slots(link.deed)
    for named in list(found.values())[:values]:
        for none in (False, True):
            way = () if named.kind == "keyed" else far
            test = inside(
                near.key, joined(middle, way), named.sql(full=bool(way)), full=bool(way), none=none
            )
            kind = "not_linked" if none else "linked"
            ways = _with_deed(kind, link)
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
    link = drawn_link(world, links)
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
    slots |= deed_slots(link.deed)
    ways = _with_deed("linked_column", link)
    return Condition("linked_column", ((link.left.target, test),), ways, slots)


def link_condition(world: World, thing: Thing, row: Row) -> Condition | None:
    if world.rng.random() < _BY_COLUMN:
        return linked_column(world, thing, row)
    conditions, _ = linked(world, thing, row)
    if not conditions:
        return None
    return conditions[1] if world.rng.random() < 0.25 else conditions[0]
