"""Steps about groups that are told apart by other rows: with several different things at the other
end of a tie, or with a higher average than all."""

from __future__ import annotations

from llmtui.trainer.instructions.draft import Draft, drafted
from llmtui.trainer.instructions.grouping import grouping, parent_slots
from llmtui.trainer.instructions.linked import deed_slots
from llmtui.trainer.instructions.phrases import YES, Phrase, count_phrase, noun, nouns, who
from llmtui.trainer.instructions.selection import Selection
from llmtui.trainer.instructions.steps_groups import THAN, grouped
from llmtui.trainer.instructions.templates import Sayable
from llmtui.trainer.instructions.world import World


def having_different(world: World) -> Draft | None:
    """Rows that are tied to several different others: "customers who bought three products"."""
    thing, rng = world.thing(), world.rng
    links = world.linked(thing)
    if not links or not thing.named:
        return None
    link = rng.choice(links)
    other, key = link.right[-1].parent, link.left.target
    group = Selection(link.middle, extra=(link.left, *link.right[:-1]))
    items = [key] if rng.random() < 0.2 and key not in thing.label else list(thing.label)
    shown = ", ".join(item.full for item in items)
    by = shown if key in items or thing.unique_label else f"{key.full}, {shown}"
    sign = rng.choices((">=", ">", "="), (6, 4, 0.7))[0]
    number = rng.choice((1, 2, 2, 3, 3, 4, 5))
    slots: dict[str, Sayable] = {
        **parent_slots(thing.words, thing, items, key),
        "os": nouns(other.words),
        "than": THAN[sign],
        "n": count_phrase(number),
        "whoc": who(thing.words),
    }
    slots |= deed_slots(link.deed)
    counted = f"COUNT(DISTINCT {link.right[-1].key.full})"
    sql = f"SELECT {shown} FROM {group.source} GROUP BY {by} HAVING {counted} {sign} {number}"
    return drafted("having_different", group, sql, slots)


def having_average(world: World) -> Draft | None:
    """Groups whose average is higher, or lower, than that of all rows."""
    group, rng = grouping(world, (1,)), world.rng
    if group is None or group.selection.words is not group.selection.thing.words:
        return None
    numbers = [f for f in group.selection.thing.numbers if not f.words.year]
    if not numbers:
        return None
    item, high = rng.choice(numbers), rng.random() < 0.7
    average = f"AVG({group.selection.column(item)})"
    every = f"(SELECT AVG({item.bare}) FROM {group.selection.thing.sql})"
    slots = {**group.slots, "num": noun(item.words)}
    more = ("higher", "greater", "larger") if high else ("lower", "smaller", "less")
    slots["more"] = Phrase(more, ("高于", "大于", "超过") if high else ("低于", "小于"))
    slots |= {"high": YES} if high else {}
    test = f" HAVING {average} {'>' if high else '<'} {every}"
    return drafted("having_average", group.selection, grouped(group, group.shown, test), slots)
