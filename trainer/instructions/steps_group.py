"""Steps that group: counts and aggregates for each value, the group with most, groups above n."""

from __future__ import annotations

from dataclasses import dataclass, replace

from llmtui.trainer.instructions.conditions import any_condition
from llmtui.trainer.instructions.draft import (
    Draft,
    aggregate_phrases,
    condition_slots,
    things_of,
)
from llmtui.trainer.instructions.lexicon import Words, plural, verb_for
from llmtui.trainer.instructions.phrases import Phrase, count_phrase, noun, nouns, number_phrase
from llmtui.trainer.instructions.world import Field, Thing, World


@dataclass(frozen=True)
class Grouping:
    """What groups the rows of `thing`: a column of its own, its parent, or a parent's column."""

    thing: Thing
    source: str
    shown: str
    by: str
    col: Phrase
    cols: Phrase
    joined: bool
    tables: tuple[str, ...]

    def column(self, item: Field) -> str:
        return item.full if self.joined else item.bare


def grouping(world: World) -> Grouping | None:
    """One of the ways to group a table, at random."""
    rng = world.rng
    if world.relations and rng.random() < 0.6:
        if world.links and rng.random() < 0.2:
            return _by_link(world)
        relation = rng.choice(world.relations)
        parent, child = relation.parent, relation.child
        tables = (child.table.name, parent.table.name)
        if parent.groups and rng.random() < 0.25:
            item = rng.choice(parent.groups)
            col, cols = _owned(parent.words, item.words)
            return Grouping(child, relation.join, item.full, item.full, col, cols, True, tables)
        shown = ", ".join(item.full for item in parent.label)
        unique = parent.unique_label
        by = shown if unique else f"{relation.target.full}, {shown}"
        col, cols = _parent_words(relation.role, parent)
        return Grouping(child, relation.join, shown, by, col, cols, True, tables)
    thing = world.thing()
    if not thing.groups:
        return None
    item = rng.choice(thing.groups)
    return Grouping(thing, thing.sql, item.bare, item.bare, noun(item.words), nouns(item.words),
                    False, (thing.table.name,))  # fmt: skip


def _parent_words(role: Words, parent: Thing) -> tuple[Phrase, Phrase]:
    """A parent by its noun, or by its noun with the label column: "department name"."""
    label = parent.label[0].words
    col = Phrase((*role.en, *role.en, f"{role.en[0]} {label.en[-1]}"),
                 (*role.zh, *role.zh, f"{role.zh[0]}{label.zh[-1]}"))  # fmt: skip
    return col, Phrase(tuple(plural(name) for name in role.en), role.zh)


def _owned(owner: Words, words: Words) -> tuple[Phrase, Phrase]:
    en = tuple(f"{owner.en[0]} {name}" for name in words.en[:2])
    zh = tuple(f"{owner.zh[0]}{name}" for name in words.zh[:2])
    return (
        Phrase((*en, *words.en[:1]), (*zh, *words.zh[:1])),
        Phrase(tuple(plural(name) for name in en), zh),
    )


def _by_link(world: World) -> Grouping:
    """How many of one side each of the other side has, counted in the table between them."""
    link = world.rng.choice(world.links)
    right = link.right.parent
    shown = ", ".join(item.full for item in right.label)
    by = shown if right.unique_label else f"{link.right.target.full}, {shown}"
    col, cols = _parent_words(link.right.role, right)
    thing = replace(link.middle, words=link.left.parent.words)
    return Grouping(thing, link.right.join, shown, by, col, cols, True,
                    (link.middle.table.name, right.table.name))  # fmt: skip


def _slots(group: Grouping) -> dict[str, Phrase]:
    return things_of(group.thing) | {"col": group.col, "cols": group.cols}


def _mostly(*, high: bool) -> dict[str, Phrase]:
    if high:
        return {
            "mostly": Phrase(("most",), ("最多",)),
            "mostly_number": Phrase(("highest", "largest"), ()),
            "common": Phrase(("most common", "most frequent"), ()),
            "least": Phrase(("",), ()),
        }
    return {
        "mostly": Phrase(("fewest", "least"), ("最少",)),
        "mostly_number": Phrase(("lowest", "smallest"), ()),
        "common": Phrase(("least common",), ()),
        "least": Phrase((", fewest first",), ()),
    }


def group_count(world: World) -> Draft | None:
    group = grouping(world)
    if group is None:
        return None
    slots, rng = _slots(group), world.rng
    chance = rng.random()
    start = f"SELECT {group.shown}, COUNT(*) FROM {group.source}"
    if chance < 0.2:
        condition = any_condition(world, group.thing.shown)
        if condition is None:
            return None
        slots |= condition_slots(condition)
        sql = f"{start} WHERE {condition.sql(full=group.joined)} GROUP BY {group.by}"
        return Draft("group_filter_count", sql, slots, group.tables)
    sql = f"{start} GROUP BY {group.by}"
    if chance < 0.35:
        return Draft("group_order", sql + " ORDER BY COUNT(*) DESC", slots, group.tables)
    return Draft("group_count", sql, slots, group.tables)


def group_aggregate(world: World) -> Draft | None:
    group = grouping(world)
    if group is None or not group.thing.numbers:
        return None
    item, name = (
        world.rng.choice(group.thing.numbers),
        world.rng.choice(("AVG", "AVG", "SUM", "MAX", "MIN")),
    )
    slots = _slots(group) | aggregate_phrases(name) | {"num": noun(item.words)}
    sql = (
        f"SELECT {group.shown}, {name}({group.column(item)}) FROM {group.source} "
        f"GROUP BY {group.by}"
    )
    return Draft("group_aggregate", sql, slots, group.tables)


def group_year(world: World) -> Draft | None:
    thing = world.thing()
    if not thing.dates:
        return None
    item = world.rng.choice(thing.dates)
    english, chinese = verb_for(item.words)
    slots = things_of(thing) | {"col": noun(item.words)}
    slots["happened"] = Phrase(
        (f"were {english}",) if english else (), (chinese,) if chinese else ()
    )
    sql = f"SELECT year({item.bare}), COUNT(*) FROM {thing.sql} GROUP BY year({item.bare})"
    return Draft("group_year", sql, slots, (thing.table.name,))


def group_top(world: World) -> Draft | None:
    """The group, or the few groups, with the most rows or the highest aggregate."""
    group, rng = grouping(world), world.rng
    if group is None:
        return None
    high, slots = rng.random() < 0.75, _slots(group)
    down = " DESC" if high else ""
    many = 1 if rng.random() < 0.65 else rng.choice((2, 3, 3, 5, 10))
    slots["n"] = count_phrase(many)
    if rng.random() < 0.4 and group.thing.numbers:
        item, name = rng.choice(group.thing.numbers), rng.choice(("AVG", "SUM", "SUM"))
        slots |= aggregate_phrases(name) | {"num": noun(item.words)}
        slots |= {"most": Phrase(("highest", "largest"), ("最高", "最大")) if high
                  else Phrase(("lowest", "smallest"), ("最低", "最小")),
                  "low": Phrase(("",) if high else (", lowest first",), ())}  # fmt: skip
        measure = f"{name}({group.column(item)})"
        shape = "group_top_aggregate" if many == 1 else "group_top_n_aggregate"
        shown = group.shown
    else:
        slots |= _mostly(high=high)
        measure, shape, shown = "COUNT(*)", "group_top" if many == 1 else "group_top_n", group.shown
        if many == 1 and rng.random() < 0.25:
            shape, shown = "group_top_number", f"{group.shown}, COUNT(*)"
    sql = (
        f"SELECT {shown} FROM {group.source} GROUP BY {group.by} "
        f"ORDER BY {measure}{down} LIMIT {many}"
    )
    return Draft(shape, sql, slots, group.tables)


def having(world: World) -> Draft | None:
    group, rng = grouping(world), world.rng
    if group is None:
        return None
    slots = _slots(group)
    sign = rng.choices((">", ">=", "<", "="), (5, 2, 2, 0.6))[0]
    than = {
        ">": Phrase(("more than", "over"), ("超过", "多于", "大于", "不止")),
        ">=": Phrase(("at least",), ("至少", "不少于")),
        "<": Phrase(("fewer than", "less than"), ("少于", "不到")),
        "=": Phrase(("exactly",), ("恰好", "正好")),
    }[sign]
    start = f"SELECT {group.shown} FROM {group.source} GROUP BY {group.by} HAVING"
    if rng.random() < 0.4 and group.thing.numbers and sign != "=":
        item = rng.choice(group.thing.numbers)
        value, name = world.number_value(item), rng.choice(("AVG", "AVG", "MAX", "MIN"))
        above = Phrase(("above", "higher than", "over", "greater than"), ("高于", "大于", "超过"))
        below = Phrase(("below", "lower than", "under"), ("低于", "小于"))
        sign = "<" if sign == "<" else ">"
        slots |= aggregate_phrases(name) | {"num": noun(item.words)}
        slots |= {"than": below if sign == "<" else above}
        slots["value"] = number_phrase(value, money=item.words.money)
        sql = f"{start} {name}({group.column(item)}) {sign} {value}"
        return Draft("having_aggregate", sql, slots, group.tables)
    number = rng.choice((1, 1, 2, 2, 3, 5, 10, 20, 50, 100))
    slots |= {"than": than, "n": count_phrase(number)}
    return Draft("having_count", f"{start} COUNT(*) {sign} {number}", slots, group.tables)
