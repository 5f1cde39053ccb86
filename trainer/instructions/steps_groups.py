"""Steps that group: counts and aggregates for each value, the group with most, groups above n."""

from __future__ import annotations

from llmtui.trainer.instructions.columns import Measure, column_slots, measure
from llmtui.trainer.instructions.deeds import by_a_noun
from llmtui.trainer.instructions.draft import Draft, drafted
from llmtui.trainer.instructions.extremes import number_extreme
from llmtui.trainer.instructions.grouping import Grouping, grouping
from llmtui.trainer.instructions.phrases import YES, Phrase, count_phrase, noun, nouns
from llmtui.trainer.instructions.selection import Selection
from llmtui.trainer.instructions.steps_rows import direction, extreme_slots
from llmtui.trainer.instructions.templates import Lazy, Sayable
from llmtui.trainer.instructions.world import World


def grouped(group: Grouping, shown: str, rest: str = "") -> str:
    chosen = group.selection
    return f"SELECT {shown} FROM {chosen.source}{chosen.where()} GROUP BY {group.by}{rest}"


def _group_measure(world: World, group: Grouping) -> Measure | None:
    """An aggregate of the grouped rows themselves, not of the other side of a link."""
    thing = group.selection.thing
    if group.selection.words is not thing.words:
        return None
    return measure(world, [f for f in thing.numbers if group.selection.column(f) not in group.by])


def group_count(world: World) -> Draft | None:
    group = grouping(world)
    if group is None:
        return None
    return drafted(
        "group_count", group.selection, grouped(group, f"{group.shown}, {group.count}"), group.slots
    )


def group_measure(world: World) -> Draft | None:
    group = grouping(world)
    found = _group_measure(world, group) if group else None
    if group is None or found is None:
        return None
    shown = f"{group.shown}, {found.sql(full=group.selection.full)}"
    slots = {**found.slots(), **group.slots}
    if world.rng.random() < 0.12:
        shown, number = f"{group.shown}, COUNT(*), {found.sql(full=group.selection.full)}", found
        slots["measure"] = Lazy(
            lambda rng: f"number of {group.selection.en(rng, many=True)} and {number.en(rng)}",
            lambda rng: f"数量和{number.zh(rng)}",
        )
    return drafted("group_measure", group.selection, grouped(group, shown), slots)


def group_sorted(world: World) -> Draft | None:
    """Groups with their numbers, in the order of what groups them."""
    group, rng = grouping(world), world.rng
    if group is None or "," in group.shown:
        return None
    found = _group_measure(world, group) if rng.random() < 0.6 else None
    what = found.sql(full=group.selection.full) if found else group.count
    said = found.slots()["measure"] if found else Phrase(("number",), ("数量",))
    down = rng.random() < 0.2
    slots = {**group.slots, "measure": said, **direction(group.kind, down=down)}
    shown = f"{what}, {group.shown}" if rng.random() < 0.35 else f"{group.shown}, {what}"
    slots["group_first" if shown.startswith(group.shown) else "number_first"] = YES
    if group.kind == "text":
        slots["alphabet"] = YES
    rest = f" ORDER BY {group.shown}{' DESC' if down else ''}"
    return drafted("group_sorted", group.selection, grouped(group, shown, rest), slots)


def group_order(world: World) -> Draft | None:
    """Groups with their numbers, in the order of the numbers."""
    group, rng = grouping(world), world.rng
    if group is None:
        return None
    down, slots = rng.random() < 0.7, {**group.slots}
    slots |= direction("number", down=down)
    end = " DESC" if down else ""
    found = _group_measure(world, group) if rng.random() < 0.35 else None
    if found is not None and len(found.parts) == 1:
        what = found.sql(full=group.selection.full)
        slots |= {"measure": found.slots()["measure"], "measure_short": Phrase(
            ("it", "the result"), ("该值", "结果"))}  # fmt: skip
    else:
        what = group.count
        if rng.random() < 0.3:
            slots["ask"] = YES
            sql = grouped(group, group.shown, f" ORDER BY {group.count}{end}")
            return drafted("group_names_order", group.selection, sql, slots)
        slots |= {"measure": Phrase(("number",), ("数量",)), "count": YES}
        slots["measure_short"] = Phrase(("number", "count"), ("数量",))
    sql = grouped(group, f"{group.shown}, {what}", f" ORDER BY {what}{end}")
    return drafted("group_order", group.selection, sql, slots)


def _mostly(*, high: bool) -> dict[str, Sayable]:
    if high:
        return {
            "mostly": Phrase(("most",), ("最多",)),
            "mostlym": Phrase(("most", "the most"), ()),
            "mostly_number": Phrase(("highest", "largest", "greatest", "most"), ()),
            "common": Phrase(
                ("most common", "most frequent", "most popular"), ("最常见", "最普遍")
            ),
            "often": Phrase(("most often", "most frequently", "the most"), ()),
            "high": YES,
        }
    return {
        "mostly": Phrase(("fewest", "least"), ("最少",)),
        "mostly_number": Phrase(("lowest", "smallest", "least"), ()),
        "common": Phrase(("least common", "least frequent", "least popular"), ("最少见",)),
        "often": Phrase(("least often", "the least"), ()),
    }


def group_top(world: World) -> Draft | None:
    """The group, or the few groups, with the most rows or the highest aggregate."""
    group, rng = grouping(world, columns=True), world.rng
    if group is None:
        return None
    high, slots = rng.random() < 0.78, {**group.slots}
    many = 1 if rng.random() < 0.72 else rng.choice((2, 3, 3, 3, 5, 5, 10))
    slots["n"] = count_phrase(many)
    listed = "pcols" in slots
    end = f"{' DESC' if high else ''} LIMIT {many}"
    numbers = group.selection.thing.numbers
    measured = rng.random() < 0.33 and numbers and not listed
    found = _group_measure(world, group) if measured else None
    number = rng.random() < (0.15 if many == 1 else 0.35) and not listed
    if found is not None and len(found.parts) == 1:
        slots |= found.slots() | {"col": group.slots["col"], "most": number_extreme(high=high)}
        slots |= {"high": YES} if high else {}
        what = found.sql(full=group.selection.full)
        number = number and many > 1
        shape = "group_top_measure" if many == 1 else "group_top_n_measure"
        shape += "_number" if number else ""
    else:
        slots |= _mostly(high=high)
        what, shape = group.count, "group_top" if many == 1 else "group_top_n"
        shape += "_columns" if listed else ""
        shape += "_number" if number else ""
    shown = f"{group.shown}, {what}" if number else group.shown
    return drafted(shape, group.selection, grouped(group, shown, f" ORDER BY {what}{end}"), slots)


THAN = {
    ">": Phrase(("more than", "over", "more than"), ("超过", "多于", "大于")),
    ">=": Phrase(("at least", "no less than", "no fewer than"), ("至少", "不少于", "不低于")),
    "<": Phrase(("fewer than", "less than"), ("少于", "不到")),
    "<=": Phrase(("at most", "no more than", "not more than"), ("最多", "不超过", "至多")),
    "=": Phrase(("exactly", "only", "just"), ("恰好", "正好", "只有")),
}
_MORE = {">": "greater than", ">=": "at least", "<": "less than", "<=": "at most", "=": "equal to"}


def having(world: World) -> Draft | None:
    """Groups with more, or less, than a number of rows, or of an aggregate of them."""
    group, rng = grouping(world, columns=True), world.rng
    if group is None:
        return None
    slots = {**group.slots}
    sign = rng.choices((">", ">=", "<", "<=", "="), (5, 3.5, 1.2, 0.8, 0.8))[0]
    listed = "pcols" in slots
    found = _group_measure(world, group) if rng.random() < 0.3 and not listed else None
    if found is not None and len(found.parts) == 1 and sign != "=":
        name, item = found.parts[0]
        value = world.number_value(item)
        value = value * rng.choice((2, 5, 10)) if name == "SUM" else value
        up = sign in (">", ">=")
        above = Phrase(
            ("above", "higher than", "over", "greater than", "more than"), ("高于", "大于", "超过")
        )
        below = Phrase(("below", "lower than", "under", "less than"), ("低于", "小于"))
        slots |= {"measure": found.slots()["measure"], "than": above if up else below}
        slots["v"] = world.number(item, value)
        test = f"{found.sql(full=group.selection.full)} {'>' if up else '<'} {value}"
        sql = grouped(group, group.shown, f" HAVING {test}")
        return drafted("having_measure", group.selection, sql, slots)
    number = rng.choice((1, 1, 2, 2, 2, 3, 3, 4, 5, 10, 20, 50, 100))
    slots |= {"than": THAN[sign], "n": count_phrase(number)}
    slots["than_number"] = Phrase((_MORE[sign],), ())
    if sign in (">=", "<="):
        slots["orless"] = YES
        slots["more"] = Phrase(("more",) if sign == ">=" else ("fewer", "less"), ())
    if (sign, number) in ((">", 1), (">=", 2)):
        slots["multiple"] = YES
    shown, shape = group.shown, "having_columns" if listed else "having_count"
    if rng.random() < 0.14 and not listed:
        shown, shape = f"{group.shown}, {group.count}", "having_count_number"
    return drafted(
        shape,
        group.selection,
        grouped(group, shown, f" HAVING {group.count} {sign} {number}"),
        slots,
    )


def children_count(world: World) -> Draft | None:
    """How many children each parent has, those without any included."""
    if not world.relations:
        return None
    relation = world.rng.choice(world.relations)
    parent, child = relation.parent, relation.child
    if not parent.named or not by_a_noun(child):
        return None
    shown = ", ".join(item.full for item in parent.label)
    by = shown if parent.unique_label else f"{relation.target.full}, {shown}"
    sql = (
        f"SELECT {shown}, COUNT({relation.key.full}) FROM {parent.sql} LEFT JOIN {child.sql} "
        f"ON {relation.key.full} = {relation.target.full} GROUP BY {by}"
    )
    slots: dict[str, Sayable] = {"col": noun(relation.role), "cols": nouns(relation.role)}
    return drafted("children_count", Selection(child), sql, slots)


def top_per_group(world: World) -> Draft | None:
    """The row, or the few, with the most of something in each group."""
    thing, rng = world.thing(), world.rng
    if not thing.groups or not thing.numbers or not thing.named:
        return None
    by, item, high = rng.choice(thing.groups), rng.choice(thing.numbers), rng.random() < 0.8
    many = 1 if rng.random() < 0.6 else rng.choice((2, 3, 3, 5))
    slots = extreme_slots(item, high=high) | {"col": noun(by.words), "n": count_phrase(many)}
    shown = ", ".join(f.bare for f in (by, *thing.label))
    rank = (
        f"ROW_NUMBER() OVER (PARTITION BY {by.bare} ORDER BY {item.bare}{' DESC' if high else ''})"
    )
    sql = f"SELECT {shown} FROM {thing.sql} QUALIFY {rank} <= {many}"
    return drafted(
        "top_per_group" if many == 1 else "top_n_per_group", Selection(thing), sql, slots
    )


def rank(world: World) -> Draft | None:
    thing = world.thing()
    if not thing.numbers or not thing.named:
        return None
    item = world.rng.choice(thing.numbers)
    slots = {**column_slots(thing.label, thing), "num": noun(item.words)}
    shown = ", ".join(f.bare for f in thing.label)
    sql = f"SELECT {shown}, RANK() OVER (ORDER BY {item.bare} DESC) FROM {thing.sql}"
    return drafted("rank", Selection(thing), sql, slots)


def running_total(world: World) -> Draft | None:
    thing = world.thing()
    if not thing.numbers or not thing.dates:
        return None
    item, day = world.rng.choice(thing.numbers), world.rng.choice(thing.dates)
    slots: dict[str, Sayable] = {"num": noun(item.words), "col": noun(day.words)}
    sql = f"SELECT {day.bare}, SUM({item.bare}) OVER (ORDER BY {day.bare}) FROM {thing.sql}"
    return drafted("running_total", Selection(thing), sql, slots)
