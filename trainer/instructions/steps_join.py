"""Steps over several tables: along a foreign key, against it, through a table between two."""

from __future__ import annotations

from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.conditions import any_condition
from llmtui.trainer.instructions.draft import (
    Draft,
    aggregate_phrases,
    condition_slots,
    select,
    things_of,
)
from llmtui.trainer.instructions.lexicon import Words, events_for
from llmtui.trainer.instructions.phrases import (
    Phrase,
    column_list,
    noun,
    nouns,
    owned_columns,
    text_literal,
    value_phrase,
)
from llmtui.trainer.instructions.steps_table import some_columns
from llmtui.trainer.instructions.world import Field, Relation, Thing, World


def _slots(relation: Relation) -> dict[str, Phrase]:
    role = relation.role
    return things_of(relation.child) | {"parent": noun(role), "parents": Phrase(
        nouns(role).en, role.zh)}  # fmt: skip


def _relation(world: World) -> Relation | None:
    if not world.relations:
        return None
    weights = [1.0 if len(r.child.shown) > 1 else 0.4 for r in world.relations]
    return world.rng.choices(world.relations, weights)[0]


def _tables(relation: Relation) -> tuple[str, str]:
    return (relation.child.table.name, relation.parent.table.name)


def join_list(world: World) -> Draft | None:
    """Columns of the child beside columns of its parent, of all rows or of some."""
    relation, rng = _relation(world), world.rng
    if relation is None:
        return None
    child, parent = relation.child, relation.parent
    mine = list(child.label) if rng.random() < 0.6 else some_columns(world, child, 2)
    theirs = list(parent.label) if rng.random() < 0.75 else some_columns(world, parent, 2)
    slots = _slots(relation)
    slots["cols"], slots["pcols"] = column_list(mine, rng, many=False), column_list(
        theirs, rng, many=False)  # fmt: skip
    slots["owned"] = owned_columns([(child, mine), (parent, theirs)], rng)
    sql = select([*mine, *theirs], relation.join, full=True)
    if rng.random() < 0.5:
        condition = any_condition(world, child.shown)
        if condition is not None:
            slots |= condition_slots(condition)
            sql += f" WHERE {condition.sql(full=True)}"
            return Draft("join_list_filter", sql, slots, _tables(relation), child.table.row_count)
    return Draft("join_list", sql, slots, _tables(relation))


def _parent_value(world: World, parent: Thing) -> tuple[str, Phrase] | None:
    """A parent by its label: the test and how the value is said."""
    label = parent.label[0]
    if len(parent.label) > 1 or label.kind != "text" or not label.column.values:
        return None
    value = world.text_value(label)
    return f"{label.full} = {text_literal(value)}", value_phrase(value)


def join_filter_parent(world: World) -> Draft | None:
    """Rows, counts and aggregates of the children of one named parent."""
    relation, rng = _relation(world), world.rng
    if relation is None:
        return None
    found = _parent_value(world, relation.parent)
    if found is None:
        return None
    test, said = found
    child, slots = relation.child, _slots(relation) | {"value": said}
    chance = rng.random()
    if chance < 0.22:
        sql = f"SELECT COUNT(*) FROM {relation.join} WHERE {test}"
        return Draft("join_count_parent", sql, slots, _tables(relation))
    if chance < 0.45 and child.numbers:
        item, name = rng.choice(child.numbers), rng.choice(("AVG", "AVG", "SUM", "MAX", "MIN"))
        slots |= aggregate_phrases(name) | {"num": noun(item.words)}
        sql = f"SELECT {name}({item.full}) FROM {relation.join} WHERE {test}"
        return Draft("join_aggregate_parent", sql, slots, _tables(relation))
    columns = list(child.label) if chance < 0.8 else some_columns(world, child)
    slots["cols"] = column_list(columns, rng)
    shape = "join_filter_parent" if columns == list(child.label) else "join_filter_parent_columns"
    sql = select(columns, relation.join, f"WHERE {test}", full=True)
    return Draft(shape, sql, slots, _tables(relation), child.table.row_count)


def join_filter_parent_column(world: World) -> Draft | None:
    """Children of the parents that meet a condition."""
    relation = _relation(world)
    if relation is None:
        return None
    parent, child = relation.parent, relation.child
    fields = [f for f in parent.shown if f not in parent.label]
    condition = any_condition(world, fields)
    if condition is None:
        return None
    slots = _slots(relation) | condition_slots(condition)
    slots["loose"] = _loose(condition, person=child.words.person)
    sql = select(child.label, relation.join, f"WHERE {condition.sql(full=True)}", full=True)
    return Draft("join_filter_parent_column", sql, slots, _tables(relation), child.table.row_count)


def _loose(condition: Condition, *, person: bool) -> Phrase:
    """A place is said of the child as well: "employees in Beijing", "在北京的员工"."""
    en = tuple(text for text in condition.post if text.startswith(("in ", "located in ")))
    zh = tuple(text for text in condition.zh if text.startswith(("在", "位于"))) if en else ()
    if person:
        en += tuple(f"working {text}" for text in en if text.startswith("in "))
        zh += tuple(f"{text}工作" for text in zh if text.startswith("在"))
    return Phrase(en, zh)


def join_filter_child(world: World) -> Draft | None:
    """Parents, each once, of the children that meet a condition."""
    relation = _relation(world)
    if relation is None:
        return None
    condition = any_condition(world, relation.child.shown)
    if condition is None:
        return None
    columns = ", ".join(item.full for item in relation.parent.label)
    sql = f"SELECT DISTINCT {columns} FROM {relation.join} WHERE {condition.sql(full=True)}"
    slots = _slots(relation) | condition_slots(condition)
    return Draft("join_filter_child", sql, slots, _tables(relation))


def children(world: World) -> Draft | None:
    """Parents without children, with some, and how many are without."""
    relation, rng = _relation(world), world.rng
    if relation is None:
        return None
    slots = _slots(relation)
    slots |= {"parents": nouns(relation.parent.words), "parent": noun(relation.parent.words)}
    english, chinese = events_for(relation.child.words)
    slots["event"] = Phrase(english, chinese)
    without = rng.random() < 0.72
    key = relation.key.bare
    sub = f"SELECT {key} FROM {relation.child.sql} WHERE {key} IS NOT NULL"
    where = f"WHERE {relation.target.bare} {'NOT ' if without else ''}IN ({sub})"
    if without and rng.random() < 0.2:
        sql = f"SELECT COUNT(*) FROM {relation.parent.sql} {where}"
        return Draft("count_no_children", sql, slots, _tables(relation))
    sql = select(relation.parent.label, relation.parent.sql, where)
    shape = "no_children" if without else "some_children"
    rows = relation.parent.table.row_count
    return Draft(shape, sql, slots, _tables(relation), rows)


def itself(world: World) -> Draft | None:
    """A table that refers to itself: employees and their managers."""
    if not world.selves:
        return None
    relation, rng = world.rng.choice(world.selves), world.rng
    thing, role = relation.child, relation.key.words
    slots = things_of(thing) | {"role": noun(role), "roles": nouns(role)}
    join = (
        f"{thing.sql} JOIN {thing.sql} AS other ON {relation.key.full} = "
        f"other.{relation.target.bare}"
    )
    mine = ", ".join(item.full for item in thing.label)
    if rng.random() < 0.6:
        theirs = ", ".join(f"other.{item.bare}" for item in thing.label)
        return Draft(
            "self_pair", f"SELECT {mine}, {theirs} FROM {join}", slots, (thing.table.name,)
        )
    label = thing.label[0]
    if len(thing.label) > 1 or label.kind != "text" or not label.column.values:
        return None
    value = world.text_value(label)
    slots["value"] = value_phrase(value)
    sql = f"SELECT {mine} FROM {join} WHERE other.{label.bare} = {text_literal(value)}"
    return Draft("self_filter", sql, slots, (thing.table.name,))


def link(world: World) -> Draft | None:
    """Through the table between two: who is on a project, which products an order has."""
    if not world.links:
        return None
    between, rng = world.rng.choice(world.links), world.rng
    left, right = between.left.parent, between.right.parent
    slots = things_of(between.middle) | _sides(between.left.role, between.right.role)
    slots["label"] = Phrase((), left.label[0].words.zh)
    if left.words.person:
        slots["people"] = slots["lefts"]
    tables = (left.table.name, between.middle.table.name, right.table.name)
    columns = ", ".join(item.full for item in left.label)
    chance = rng.random()
    if chance < 0.15:
        theirs = ", ".join(item.full for item in right.label)
        sql = f"SELECT {columns}, {theirs} FROM {between.join}"
        return Draft("link_list", sql, slots, tables)
    found = _parent_value(world, right)
    if found is None:
        return None
    test, slots["value"] = found
    if chance < 0.33:
        sql = f"SELECT COUNT(*) FROM {between.right.join} WHERE {test}"
        return Draft("link_count", sql, slots, tables[1:])
    numbers: list[Field] = between.middle.numbers
    if chance < 0.5 and numbers:
        item, name = rng.choice(numbers), rng.choice(("SUM", "SUM", "AVG", "MAX"))
        slots |= aggregate_phrases(name) | {"num": noun(item.words)}
        sql = f"SELECT {name}({item.full}) FROM {between.right.join} WHERE {test}"
        return Draft("link_aggregate", sql, slots, tables[1:])
    sql = f"SELECT {columns} FROM {between.join} WHERE {test}"
    return Draft("link_filter", sql, slots, tables)


def _sides(left: Words, right: Words) -> dict[str, Phrase]:
    return {
        "left": noun(left),
        "lefts": nouns(left),
        "right": noun(right),
        "rights": nouns(right),
    }
