"""Steps about what a table between two ties together: "average age of students in each dorm",
"physicians and the procedures they are trained in"."""

from __future__ import annotations

from llmtui.trainer.instructions.columns import (
    column_slots,
    measure,
    owned_list,
)
from llmtui.trainer.instructions.draft import Draft, columns_sql, drafted
from llmtui.trainer.instructions.extremes import number_extreme
from llmtui.trainer.instructions.grouping import parent_slots
from llmtui.trainer.instructions.linked import deed_slots, drawn_link
from llmtui.trainer.instructions.phrases import YES, noun, nouns
from llmtui.trainer.instructions.selection import Selection
from llmtui.trainer.instructions.world import World


def link_measure(world: World) -> Draft | None:
    """An aggregate of one side for each of the other side, or the one with the most of it."""
    thing, rng = world.thing(), world.rng
    links = [link for link in world.linked(thing) if len(link.right) == 1]
    links = [link for link in links if link.right[0].parent.numbers]
    if not links or not thing.named:
        return None
    link = rng.choice(links)
    right = link.right[0]
    found = measure(world, right.parent.numbers)
    if found is None or len(found.parts) > 1:
        return None
    group = Selection(link.middle, extra=(link.left, right), words=right.role)
    items, key = list(thing.label), link.left.target
    shown = ", ".join(item.full for item in items)
    by = shown if thing.unique_label or key in items else f"{key.full}, {shown}"
    slots = {**found.slots(), **parent_slots(thing.words, thing, items, key)}
    what = found.sql(full=True)
    if rng.random() < 0.35:
        high = rng.random() < 0.75
        slots |= {"most": number_extreme(high=high), **({"high": YES} if high else {})}
        end = f" GROUP BY {by} ORDER BY {what}{' DESC' if high else ''} LIMIT 1"
        sql = f"SELECT {shown} FROM {group.source}{end}"
        return drafted("group_top_measure", group, sql, slots)
    sql = f"SELECT {shown}, {what} FROM {group.source} GROUP BY {by}"
    return drafted("group_measure", group, sql, slots)


def tied_pairs(world: World) -> Draft | None:
    """Rows beside those of another table that they are tied to."""
    thing = world.thing()
    links = [link for link in world.linked(thing) if len(link.right) == 1]
    if not links or not thing.named:
        return None
    link = drawn_link(world, links)
    right = link.right[0]
    group = Selection(link.middle, extra=(link.left, right))
    mine, theirs = list(thing.label), list(right.parent.label)
    slots = column_slots(mine, thing)
    slots |= {
        **parent_slots(thing.words, thing, mine, link.left.target),
        "cols": slots["cols"],
        "others": owned_list([(right.role, theirs, right.parent)]),
        "os": nouns(right.role),
        "thing": noun(thing.words),
        "things": nouns(thing.words),
        **deed_slots(link.deed),
    }
    sql = f"SELECT {columns_sql(group, [*mine, *theirs])} FROM {group.source}"
    return drafted("tied_pairs", group, sql, slots)
