"""Steps over one table: list, filter, count, aggregate, order, distinct, above average."""

from __future__ import annotations

from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.conditions import any_condition
from llmtui.trainer.instructions.conditions_range import between_condition
from llmtui.trainer.instructions.conditions_text import (
    in_condition,
    like_condition,
    null_condition,
)
from llmtui.trainer.instructions.draft import (
    Draft,
    aggregate_phrases,
    condition_slots,
    extreme,
    filter_slots,
    select,
    things_of,
)
from llmtui.trainer.instructions.lexicon import superlatives_for, verb_for
from llmtui.trainer.instructions.phrases import (
    Phrase,
    column_list,
    count_phrase,
    noun,
)
from llmtui.trainer.instructions.world import Field, Thing, World


def some_columns(world: World, thing: Thing, most: int = 3) -> list[Field]:
    """One to three columns as people would ask for them: often the label first."""
    rng = world.rng
    shown = thing.shown or list(thing.fields)
    count = min(len(shown), rng.choices(range(1, most + 1), (5, 6, 2)[:most])[0])
    chosen = rng.sample(shown, count)
    if rng.random() < 0.6 and not set(thing.label) & set(chosen):
        chosen = [*thing.label, *chosen[: max(1, most - 1)]]
    first = [item for item in chosen if item in thing.label]
    return list(dict.fromkeys([*first, *chosen]))[: most + 1]


def list_rows(world: World) -> Draft | None:
    thing = world.thing()
    kind = world.rng.choices(("list", "list_names", "list_all_columns"), (7, 1.5, 1))[0]
    if kind == "list_names" and not thing.named:
        return None
    slots = things_of(thing)
    if kind == "list_all_columns":
        return Draft(kind, f"SELECT * FROM {thing.sql}", slots, (thing.table.name,))
    columns = list(thing.label) if kind == "list_names" else some_columns(world, thing)
    slots["cols"] = column_list(columns, world.rng)
    return Draft(kind, select(columns, thing.sql), slots, (thing.table.name,))


def _filtered(world: World, thing: Thing, condition: Condition) -> Draft:
    """Names or columns of the rows that meet a condition."""
    slots = filter_slots(thing, condition, world.rng)
    names = thing.named and world.rng.random() < 0.5
    columns = list(thing.label) if names else some_columns(world, thing)
    slots["cols"] = column_list(columns, world.rng)
    slots["cols_one"] = column_list(columns, world.rng, many=False)
    sql = select(columns, thing.sql, f"WHERE {condition.sql()}")
    alone = thing.named and columns == list(thing.label)
    shape = "filter_names" if alone else "filter_columns"
    return Draft(shape, sql, slots, (thing.table.name,), thing.table.row_count)


def filter_rows(world: World) -> Draft | None:
    thing = world.thing()
    condition = any_condition(world, thing.shown)
    return _filtered(world, thing, condition) if condition else None


def between(world: World) -> Draft | None:
    thing = world.thing()
    usable = [f for f in thing.numbers + thing.dates if f.column.distinct > 5]
    if not usable:
        return None
    return _filtered(world, thing, between_condition(world, world.rng.choice(usable)))


def like(world: World) -> Draft | None:
    thing = world.thing()
    usable = [f for f in thing.texts if f.column.distinct > 5]
    if not usable:
        return None
    return _filtered(world, thing, like_condition(world, world.rng.choice(usable)))


def one_of(world: World) -> Draft | None:
    thing = world.thing()
    if not thing.groups:
        return None
    item = world.rng.choice(thing.groups)
    condition = in_condition(world, item) if item.kind == "text" else None
    return _filtered(world, thing, condition) if condition else None


def missing(world: World) -> Draft | None:
    thing = world.thing()
    usable = [f for f in thing.shown if 0 < f.column.nulls < thing.table.row_count]
    if not usable:
        return None
    filled = world.rng.random() < 0.3
    return _filtered(world, thing, null_condition(world, world.rng.choice(usable), filled=filled))


def two_conditions(world: World) -> Draft | None:
    thing = world.thing()
    one, two = any_condition(world, thing.shown), any_condition(world, thing.shown)
    if one is None or two is None or one.item is two.item:
        return None
    either = world.rng.random() < 0.2
    columns = list(thing.label) if world.rng.random() < 0.5 else some_columns(world, thing)
    slots = things_of(thing) | condition_slots(one) | condition_slots(two, "2")
    slots["cols"] = column_list(columns, world.rng)
    word = "OR" if either else "AND"
    sql = select(columns, thing.sql, f"WHERE {one.sql()} {word} {two.sql()}")
    shape = "either_condition" if either else "two_conditions"
    return Draft(shape, sql, slots, (thing.table.name,), thing.table.row_count)


def count(world: World) -> Draft | None:
    thing, slots = world.thing(), None
    condition = any_condition(world, thing.shown) if world.rng.random() < 0.85 else None
    slots = things_of(thing)
    sql = f"SELECT COUNT(*) FROM {thing.sql}"
    if condition is None:
        return Draft("count", sql, slots, (thing.table.name,))
    slots = filter_slots(thing, condition, world.rng)
    sql += f" WHERE {condition.sql()}"
    return Draft("count_filter", sql, slots, (thing.table.name,))


def aggregate(world: World) -> Draft | None:
    thing, rng = world.thing(), world.rng
    usable = thing.numbers * 3 + thing.dates
    if not usable:
        return None
    item = rng.choice(usable)
    names = ("MAX", "MIN") if item.kind == "date" else ("AVG", "SUM", "MAX", "MIN")
    name = rng.choice(names)
    said = aggregate_phrases(name, item.kind)
    said["col"] = noun(item.words)
    slots = things_of(thing) | said
    sql = f"SELECT {name}({item.bare}) FROM {thing.sql}"
    chance = rng.random()
    if chance < 0.45:
        condition = any_condition(world, [f for f in thing.shown if f is not item])
        if condition is not None:
            slots = filter_slots(thing, condition, rng) | said
            sql += f" WHERE {condition.sql()}"
            return Draft("aggregate_filter", sql, slots, (thing.table.name,))
    elif chance < 0.57:
        other = rng.choice([choice for choice in names if choice != name])
        slots["agg2"] = aggregate_phrases(other, item.kind)["agg"]
        sql = f"SELECT {name}({item.bare}), {other}({item.bare}) FROM {thing.sql}"
        return Draft("aggregate_two", sql, slots, (thing.table.name,))
    return Draft("aggregate", sql, slots, (thing.table.name,))


def distinct(world: World) -> Draft | None:
    thing, rng = world.thing(), world.rng
    usable = [f for f in thing.shown if 1 < f.column.distinct < thing.table.row_count]
    usable = [f for f in usable if f.kind in ("text", "number", "bool")]
    if not usable:
        return None
    item = rng.choice(usable)
    slots = things_of(thing)
    slots |= {"col": noun(item.words), "cols": column_list([item], rng)}
    if rng.random() < 0.55:
        return Draft(
            "distinct", f"SELECT DISTINCT {item.bare} FROM {thing.sql}", slots, (thing.table.name,)
        )
    sql = f"SELECT COUNT(DISTINCT {item.bare}) FROM {thing.sql}"
    return Draft("count_distinct", sql, slots, (thing.table.name,))


def order(world: World) -> Draft | None:
    thing, rng = world.thing(), world.rng
    usable = thing.numbers + thing.dates + list(thing.label)
    if not usable:
        return None
    item, down = rng.choice(usable), rng.random() < 0.5
    columns = list(thing.label) if rng.random() < 0.5 else some_columns(world, thing)
    slots = things_of(thing)
    slots |= {"cols": column_list(columns, rng), "col": noun(item.words)}
    slots["direction"] = _direction(item.kind, down=down)
    slots["direction_noun"] = Phrase(("descending",) if down else ("ascending",), ())
    sql = select(columns, thing.sql, f"ORDER BY {item.bare}{' DESC' if down else ''}")
    return Draft("order", sql, slots, (thing.table.name,))


def _direction(kind: str, *, down: bool) -> Phrase:
    if kind == "text":
        return Phrase(
            ("in reverse alphabetical order", "descending") if down
            else ("alphabetically", "in alphabetical order", "ascending"),
            ("降序",) if down else ("升序", "字母顺序"),
        )  # fmt: skip
    if kind == "date":
        return Phrase(
            ("newest first", "from latest to earliest", "descending") if down
            else ("oldest first", "from earliest to latest", "ascending"),
            ("从晚到早", "降序", "从新到旧") if down else ("从早到晚", "升序", "先后顺序"),
        )  # fmt: skip
    return Phrase(
        ("from high to low", "descending", "in descending order", "highest first") if down
        else ("from low to high", "ascending", "in ascending order", "lowest first"),
        ("从高到低", "降序", "从大到小") if down else ("从低到高", "升序", "从小到大"),
    )  # fmt: skip


def top(world: World) -> Draft | None:
    """The first row, or the first few, by a number or a date."""
    thing, rng = world.thing(), world.rng
    usable = [f for f in thing.numbers * 2 + thing.dates if f.column.distinct > 3]
    if not usable:
        return None
    item, high = rng.choice(usable), rng.random() < 0.65
    slots = things_of(thing)
    slots |= {"col": noun(item.words), "most": extreme(item.kind, high=high)}
    slots["super"] = _superlative(item, high=high)
    slots["topdown"] = Phrase(("", "(highest)") if high else ("(lowest)", "from the bottom"), ())
    slots["first"] = Phrase((), ("前", "最高的") if high else ("最后", "最低的"))
    columns, many, shape = list(thing.label), 1, "top_one"
    chance = rng.random() * (1.0 if thing.named else 0.6)
    if not thing.named and chance < 0.2:
        return None
    if chance < 0.2:
        columns, shape = some_columns(world, thing), "top_one_columns"
    elif chance < 0.6:
        many, shape = rng.choice((2, 3, 3, 5, 5, 10, 4)), "top_n"
        columns = rng.choice((list(thing.label), [*thing.label, item], some_columns(world, thing)))
        columns = list(dict.fromkeys(columns))
        slots["n"] = count_phrase(many)
    slots["cols"] = column_list(columns, rng)
    end = f"ORDER BY {item.bare}{' DESC' if high else ''} LIMIT {many}"
    return Draft(shape, select(columns, thing.sql, end), slots, (thing.table.name,))


def _superlative(item: Field, *, high: bool) -> Phrase:
    english, chinese = superlatives_for(item.words)
    place = 0 if high else 1
    en = [english[place]] if english[place] else []
    zh = [chinese[place]] if chinese[place] else []
    if item.kind == "date":
        happened, done = verb_for(item.words)
        if happened:
            en += ["most recently " + happened, "last " + happened, "newest"] if high else [
                "first " + happened, "earliest " + happened]  # fmt: skip
            zh += ["最近" + done, "最晚" + done, "最后" + done] if high else ["最早" + done]
    return Phrase(tuple(en), tuple(zh))


def above_average(world: World) -> Draft | None:
    thing, rng = world.thing(), world.rng
    if not thing.numbers or not thing.named:
        return None
    item, high = rng.choice(thing.numbers), rng.random() < 0.7
    sign = ">" if high else "<"
    slots = things_of(thing)
    slots |= {
        "col": noun(item.words),
        "above": Phrase(("above", "higher than", "greater than", "over"), ("高于", "大于", "超过"))
        if high
        else Phrase(("below", "lower than", "less than"), ("低于", "小于")),
        "above_average": Phrase(("above-average",) if high else ("below-average",), ()),
    }
    sub = f"(SELECT AVG({item.bare}) FROM {thing.sql})"
    where = f"WHERE {item.bare} {sign} {sub}"
    return Draft("above_average", select(thing.label, thing.sql, where), slots, (thing.table.name,))


def product_sum(world: World) -> Draft | None:
    """Quantity times price, where a table has both."""
    thing = world.thing()
    prices = [f for f in thing.numbers if {"price", "cost"} & set(f.words.key.split())]
    amounts = [f for f in thing.numbers if {"quantity", "qty", "stock", "count"} & set(
        " ".join(f.words.en).split())]  # fmt: skip
    if not prices or not amounts:
        return None
    one, two = world.rng.choice(amounts), world.rng.choice(prices)
    slots = things_of(thing) | {"col": noun(one.words), "col2": noun(two.words)}
    sql = f"SELECT SUM({one.bare} * {two.bare}) FROM {thing.sql}"
    return Draft("product_sum", sql, slots, (thing.table.name,))
