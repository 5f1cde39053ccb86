"""Conditions through a table that ties rows of one table: friends, neighbours, prerequisites."""

from __future__ import annotations

from llmtui.trainer.instructions.condition import PARTS, Condition
from llmtui.trainer.instructions.conditions import name_condition
from llmtui.trainer.instructions.phrases import noun, nouns, who
from llmtui.trainer.instructions.related import deed_ways
from llmtui.trainer.instructions.templates import Sayable, phrasings
from llmtui.trainer.instructions.things import Relation, Row, Thing
from llmtui.trainer.instructions.world import World


def pairs(world: World, thing: Thing) -> list[tuple[Relation, Relation]]:
    """Two keys of one table to `thing`: one named after it, the other after what it is to it."""
    downs = world.downs(thing)
    return [
        (near, far)
        for near in downs
        for far in downs
        if near.child is far.child and near.role == thing.words and far.role != thing.words
    ]


def mutual(world: World, thing: Thing, row: Row) -> Condition | None:
    """Rows that are something to a row that is named: "friends of X"."""
    known = pairs(world, thing)
    if not known:
        return None
    near, far = world.rng.choice(known)
    kids = world.children(far, row)
    other = world.parent_row(near, world.rng.choice(kids)) if kids else None
    named = name_condition(world, thing, other) if other else None
    if named is None:
        return None
    link, value = near.child.sql, named.slots["v"]
    if [item for item, _ in named.tests] == [near.target]:
        rows = f"{link} WHERE {named.tests[0][1].replace('{c}', near.key.bare)}"
        test = f"{{c}} IN (SELECT {far.key.bare} FROM {rows})"
    else:
        join = f"{link} JOIN {thing.sql} ON {near.key.full} = {near.target.full}"
        test = f"{{c}} IN (SELECT {far.key.full} FROM {join} WHERE {named.sql(full=True)})"
    slots: dict[str, Sayable] = {"v": value, "role": noun(far.role), "roles": nouns(far.role)}
    slots["who"] = who(thing.words)
    ways = {part: phrasings("relations", "mutual", part) for part in PARTS}
    ways = deed_ways(ways, slots, far.role)
    return Condition("mutual", ((far.target, test),), ways, slots)
