"""Conditions through a table that ties rows of one table: friends, neighbours, prerequisites."""

from __future__ import annotations

from llmtui.trainer.instructions.condition import PARTS, Condition
from llmtui.trainer.instructions.conditions import name_condition
from llmtui.trainer.instructions.extremes import superlative
from llmtui.trainer.instructions.phrases import Phrase, noun, nouns, who
from llmtui.trainer.instructions.related import deed_ways
from llmtui.trainer.instructions.templates import Sayable, phrasings
from llmtui.trainer.instructions.things import Relation, Row, Thing
from llmtui.trainer.instructions.world import World

_OF_THE_MOST = 0.25
"""Share of what is tied to one row that is told by what that has the most of, not by its name."""


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
    if world.rng.random() < _OF_THE_MOST and thing.numbers:
        return _of_the_most(world, thing, near, far)
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
    return _tied(thing, far, value, test)


def _of_the_most(world: World, thing: Thing, near: Relation, far: Relation) -> Condition | None:
    """Rows that are something to the one with the most, or the least, of a number: "friends of the
    oldest student"."""
    item, high = world.rng.choice(thing.numbers), world.rng.random() < 0.7
    said = superlative(item, high=high)
    if not (said.en and said.zh):
        return None
    order = f"ORDER BY {item.bare}{' DESC' if high else ''} LIMIT 1"
    one = f"(SELECT {near.target.bare} FROM {thing.sql} {order})"
    rows = f"{near.child.sql} WHERE {near.key.bare} = {one}"
    en, zh = thing.words.en[0], thing.words.zh[0]
    value = Phrase(
        tuple(f"the {word} {en}" for word in said.en), tuple(f"{word}的{zh}" for word in said.zh)
    )
    return _tied(thing, far, value, f"{{c}} IN (SELECT {far.key.bare} FROM {rows})")


def _tied(thing: Thing, far: Relation, value: Sayable, test: str) -> Condition:
    slots: dict[str, Sayable] = {"v": value, "role": noun(far.role), "roles": nouns(far.role)}
    slots["who"] = who(thing.words)
    ways = {part: phrasings("relations", "mutual", part) for part in PARTS}
    told = deed_ways(ways, slots, far.role)
    if "do" in slots:  # a verb says it: nobody says "is a border of"
        told = {part: texts[len(ways[part]) :] for part, texts in told.items()}
    return Condition("mutual", ((far.target, test),), told, slots)
