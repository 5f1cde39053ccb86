"""Conditions on what rows belong to, where that is told through other rows again: "cities in
states that border Ohio", "orders of customers without a complaint"."""

from __future__ import annotations

import re

from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.linked import link_condition
from llmtui.trainer.instructions.mutual import mutual, pairs
from llmtui.trainer.instructions.phrases import noun, nouns, who
from llmtui.trainer.instructions.related import child, inner_slots, ways_of
from llmtui.trainer.instructions.templates import Sayable
from llmtui.trainer.instructions.things import Row, Thing
from llmtui.trainer.instructions.world import World


def parent_tied(world: World, thing: Thing, row: Row) -> Condition | None:
    """Rows whose parent has, or has not, rows of a third table, or is tied to a named one."""
    ups = [relation for relation in world.ups(thing) if relation.parent is not thing]
    relation = world.rng.choice(ups) if ups else None
    found = world.parent_row(relation, row) if relation else None
    if relation is None or found is None or thing.part:
        return None
    parent, role = relation.parent, relation.role
    makers = (mutual, mutual, child) if pairs(world, parent) else (child, link_condition)
    inner = world.rng.choice(makers)(world, parent, found)
    if inner is None or inner.ups or thing.sql in inner.sql() or _beside(world, thing, inner):
        return None
    item, test = inner.tests[0]
    if len(inner.tests) != 1 or item.column is not relation.target.column:
        source = f"{parent.sql} WHERE {inner.sql()}"
        test = f"{{c}} IN (SELECT {relation.target.bare} FROM {source})"
    slots: dict[str, Sayable] = {**inner_slots(inner), "p": noun(role), "ps": nouns(role)}
    slots["who2"] = who(parent.words)
    return Condition("parent_column", ((relation.key, test),), ways_of("parent_column"), slots)


def _beside(world: World, thing: Thing, inner: Condition) -> bool:
    """Whether a condition reads a table that the rows are tied to themselves: people ask for
    patients with an appointment, not for those whose doctor has one."""
    sql = inner.sql()
    near = [relation.child for relation in world.downs(thing)]
    return any(re.search(rf"(FROM|JOIN) {re.escape(table.sql)}(?!\w)", sql) for table in near)
