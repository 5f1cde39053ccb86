"""Draw a selection: a table, and as many conditions as people usually state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from llmtui.trainer.instructions.compose import compose
from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.conditions import (
    average_condition,
    key_condition,
    name_condition,
    own_condition,
    sayable,
)
from llmtui.trainer.instructions.linked import link_condition
from llmtui.trainer.instructions.mutual import mutual
from llmtui.trainer.instructions.nested import parent_tied
from llmtui.trainer.instructions.phrases import Phrase, text_literal, value_phrase
from llmtui.trainer.instructions.related import (
    child,
    parent_busiest,
    parent_column,
    parent_keyed,
    parent_most,
    parent_named,
)
from llmtui.trainer.instructions.selection import Selection
from llmtui.trainer.instructions.templates import data
from llmtui.trainer.instructions.than import child_measure, than_rows
from llmtui.trainer.instructions.things import Row, Thing
from llmtui.trainer.instructions.world import World


def _own(world: World, thing: Thing, row: Row) -> Condition | None:
    return own_condition(world, thing, row, thing.shown)


def _average(world: World, thing: Thing, row: Row) -> Condition | None:
    del row
    return average_condition(world, thing)


_BY_FIRST_NAME = 0.35
"""How often someone with a first and a last name is called by the first one only."""


def same_condition(world: World, thing: Thing, row: Row) -> Condition | None:
    """The same value, or parent, as a row that is named: "in the same department as X"."""
    named = name_condition(world, thing, row)
    parents = [replace(r.key, words=r.role) for r in world.ups(thing) if not r.key.column.unique]
    usable = [item for item in [*thing.groups, *parents] if row.get(item.column.name) is not None]
    if named is None or not usable:
        return None
    item = world.rng.choice(usable)
    shown = thing.label[:1] if world.rng.random() < _BY_FIRST_NAME else thing.label
    whole = " ".join(str(row.get(f.column.name)) for f in shown)
    label = " AND ".join(f"{f.bare} = {text_literal(str(row.get(f.column.name)))}" for f in shown)
    test = f"{{c}} = (SELECT {item.bare} FROM {thing.sql} WHERE {label})"
    return compose("same", item, test, thing, {"v": value_phrase(whole)})


_SCOPE = 0.08
"""How often it is said where all rows are, where they all are in one place."""
_DEEDS = 2.5
"""How much more often a tie is asked for where people have a verb for it."""

_MAKERS: dict[str, Callable[[World, Thing, Row], Condition | None]] = {
    "own": _own,
    "name": name_condition,
    "key": key_condition,
    "average": _average,
    "same": same_condition,
    "parent_named": parent_named,
    "parent_keyed": parent_keyed,
    "parent_column": parent_column,
    "parent_most": parent_most,
    "parent_busiest": parent_busiest,
    "parent_tied": parent_tied,
    "mutual": mutual,
    "child": child,
    "child_measure": child_measure,
    "linked": link_condition,
    "than_rows": than_rows,
}


@cache
def weights(name: str) -> dict[str, Any]:
    """A table of the data file of weights."""
    return dict(data("weights")[name])


def condition(world: World, thing: Thing, row: Row) -> Condition | None:
    """One condition that the row meets, of a kind drawn by its weight."""
    table = weights("conditions")
    if any(link.deed for link in world.linked(thing)):
        table = table | {"linked": table["linked"] * _DEEDS}
    return _MAKERS[world.rng.choices(list(table), list(table.values()))[0]](world, thing, row)


def _scope(thing: Thing) -> Phrase | None:
    """A place that every row of a table is in, as the country of all states."""
    places = [f.column for f in thing.fields if f.place and not f.column.nulls]
    values = [c.values[0] for c in places if c.distinct == 1 and c.values]
    return value_phrase(values[0]) if values and sayable(values[0]) else None


def select(
    world: World, thing: Thing, counts: tuple[float, ...] = (25, 57, 18), least: int = 0
) -> Selection | None:
    """Rows of a table with 0, 1, 2 … conditions, by these weights."""
    rng = world.rng
    wanted = rng.choices(range(len(counts)), counts)[0]
    row = world.anchor(thing)
    if row is None:
        return None
    either = wanted > 1 and rng.random() < 0.25
    found: list[Condition] = []
    for _ in range(wanted * 6):
        if len(found) == wanted:
            break
        source = (world.anchor(thing) or row) if either else row
        made = condition(world, thing, source)
        if made is None or not (made.options("post") and made.options("zh")):
            continue
        taken = {item.full for c in found for item, _ in c.tests}
        if not taken & {item.full for item, _ in made.tests} or made.kind.startswith("date"):
            found.append(made)
    if len(found) < max(least, min(wanted, 1)):
        return None
    scope = _scope(thing) if rng.random() < _SCOPE else None
    selection = Selection(thing, tuple(found), either and len(found) > 1, scope=scope)
    return None if selection.ups is None else selection
