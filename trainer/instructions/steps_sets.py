"""Steps about both, either and one but not the other; and tables that refer to themselves."""

from __future__ import annotations

from llmtui.trainer.instructions.columns import column_slots, some_columns
from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.conditions import name_condition, own_condition
from llmtui.trainer.instructions.draft import Draft, columns_sql, drafted
from llmtui.trainer.instructions.grouping import grouping
from llmtui.trainer.instructions.linked import linked
from llmtui.trainer.instructions.phrases import Phrase, noun, nouns
from llmtui.trainer.instructions.selection import Selection
from llmtui.trainer.instructions.templates import Lazy, Sayable
from llmtui.trainer.instructions.world import World


def _second(condition: Condition) -> dict[str, Sayable]:
    return {
        "post2": Lazy(lambda rng: condition.say("post", rng), None),
        "pred2": Lazy(None, lambda rng: condition.say("zh", rng).removesuffix("的")),
    }


def both_values(world: World) -> Draft | None:
    """Groups with rows of both kinds, of one but not the other, or with none of a kind."""
    group, rng = grouping(world, (1,)), world.rng
    if group is None:
        return None
    thing, path = group.selection.thing, group.selection.extra
    one, two = world.anchor(thing), world.anchor(thing)
    fields = [f for f in thing.shown if f.bare not in group.shown]
    first = own_condition(world, thing, one, fields) if one else None
    second = own_condition(world, thing, two, fields) if two else None
    if first is None:
        return None
    selection = Selection(thing, (first,), extra=path, words=group.selection.words)
    slots = {**group.slots}
    start = f"SELECT {group.shown} FROM {selection.source}"
    test = f"WHERE {first.sql(full=selection.full)}"
    if rng.random() < 0.25 and path:  # those without any such rows too
        parent = path[-1].parent.sql
        every = f"SELECT {group.shown.replace(f'{parent}.', '')} FROM {parent}"
        return drafted("only_other", selection, f"{every} EXCEPT {start} {test}", slots)
    if second is None or first.sql() == second.sql():
        return None
    if first.tests[0][0] is second.tests[0][0] and not first.kind == second.kind == "is":
        return None  # more than 3 and more than 5
    other = f"{start} WHERE {second.sql(full=selection.full)}"
    both = rng.random() < 0.7
    sql = f"{start} {test} {'INTERSECT' if both else 'EXCEPT'} {other}"
    return drafted("both_values" if both else "but_not", selection, sql, slots | _second(second))


def both_children(world: World) -> Draft | None:
    """Rows tied to both of two named rows, or to one and not to the other."""
    thing, rng = world.thing(), world.rng
    row = world.anchor(thing)
    if row is None or not thing.shown:
        return None
    conditions, slots = linked(world, thing, row, 2)
    if len(conditions) < 4:
        return None
    both = rng.random() < 0.6
    chosen = (conditions[0], conditions[2] if both else conditions[3])
    selection = Selection(thing, chosen)
    columns = (
        list(thing.label) if thing.named and rng.random() < 0.6 else some_columns(world, thing, 2)
    )
    said = {**slots, **column_slots(columns, thing)}
    said |= {"v": conditions[0].slots["v"], "v2": conditions[2].slots["v"]}
    said |= {"c": slots["o"], "cs": slots["os"]}
    sql = f"SELECT {columns_sql(selection, columns)} FROM {selection.source}{selection.where()}"
    return drafted("both_children" if both else "one_not_other", selection, sql, said)


def union(world: World) -> Draft | None:
    """A column of two tables under one another."""
    one, two = world.thing(), world.thing()
    if one is two:
        return None
    named = {f.words.key: f for f in two.shown if f.kind == "text"}
    fields = [f for f in one.shown if f.kind == "text" and f.words.key in named]
    if not fields:
        return None
    item = world.rng.choice(fields)
    other = named[item.words.key]
    slots: dict[str, Sayable] = {
        "things2": two.nouns,
        "cols": nouns(item.words),
        "col": noun(item.words),
    }
    sql = f"SELECT {item.bare} FROM {one.sql} UNION SELECT {other.bare} FROM {two.sql}"
    return drafted("union", Selection(one), sql, slots)


def itself(world: World) -> Draft | None:
    """A table that refers to itself: employees and their managers."""
    if not world.selves:
        return None
    relation, rng = world.rng.choice(world.selves), world.rng
    thing, role = relation.child, relation.key.words
    slots: dict[str, Sayable] = {"role": noun(role), "roles": nouns(role)}
    label = thing.label_as_one.words
    slots["label"] = Phrase(label.en, label.zh)
    on = f"{relation.key.full} = other.{relation.target.bare}"
    join = f"{thing.sql} JOIN {thing.sql} AS other ON {on}"
    mine = ", ".join(item.full for item in thing.label)
    theirs = ", ".join(f"other.{item.bare}" for item in thing.label)
    plain, chance = Selection(thing), rng.random()
    if chance < 0.3:
        return drafted("self_pair", plain, f"SELECT {mine}, {theirs} FROM {join}", slots)
    if chance < 0.5:
        by = f"other.{relation.target.bare}, {theirs}"
        return drafted(
            "self_count", plain, f"SELECT {theirs}, COUNT(*) FROM {join} GROUP BY {by}", slots
        )
    row = world.anchor(thing)
    if row is not None and chance >= 0.75:  # whom others refer to
        row = world.parent_row(relation, row)
    named = name_condition(world, thing, row) if row else None
    if named is None:
        return None
    slots["value"] = named.slots["v"]
    if chance < 0.75:
        test = named.sql(full=True)
        return drafted("self_lookup", plain, f"SELECT {theirs} FROM {join} WHERE {test}", slots)
    test = " AND ".join(text.replace("{c}", f"other.{item.bare}") for item, text in named.tests)
    return drafted("self_filter", plain, f"SELECT {mine} FROM {join} WHERE {test}", slots)
