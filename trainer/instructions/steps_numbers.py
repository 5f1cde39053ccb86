"""Steps that ask for a number: counts, aggregates, shares, differences."""

from __future__ import annotations

from dataclasses import replace

from llmtui.trainer.instructions.called import said_elsewhere
from llmtui.trainer.instructions.choose import select
from llmtui.trainer.instructions.columns import column_slots, measure
from llmtui.trainer.instructions.conditions import own_condition
from llmtui.trainer.instructions.draft import Draft, columns_sql, drafted
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.meanings import degree_for
from llmtui.trainer.instructions.phrases import YES, Phrase, noun
from llmtui.trainer.instructions.selection import NOT_BARE
from llmtui.trainer.instructions.steps_rows import distinct_values, extreme_slots
from llmtui.trainer.instructions.templates import Lazy, Sayable
from llmtui.trainer.instructions.world import World


def count(world: World) -> Draft | None:
    selection = select(world, world.thing(), (14, 66, 20))
    if selection is None:
        return None
    sql = f"SELECT COUNT(*) FROM {selection.source}{selection.where()}"
    return drafted("count", selection, sql, {})


def count_distinct(world: World) -> Draft | None:
    found = distinct_values(world)
    if found is None:
        return None
    item, selection, slots = found
    column = selection.column(item)
    sql = f"SELECT COUNT(DISTINCT {column}) FROM {selection.source}{selection.where()}"
    return drafted("count_distinct", selection, sql, slots)


def aggregate(world: World) -> Draft | None:
    thing = world.thing()
    found = measure(world, thing.numbers * 4 + thing.dates)
    selection = select(world, thing, (38, 52, 10))
    if found is None or selection is None:
        return None
    sql = f"SELECT {found.sql(full=selection.full)} FROM {selection.source}{selection.where()}"
    slots = found.slots()
    if any(said_elsewhere(item, world.things) for _, item in found.parts):
        slots |= NOT_BARE
    return drafted("aggregate", selection, sql, slots)


def extreme_value(world: World) -> Draft | None:
    """The highest or lowest value itself: "how old is the oldest"."""
    thing, rng = world.thing(), world.rng
    selection = select(world, thing, (60, 40))
    if not thing.numbers or selection is None:
        return None
    item, high = rng.choice(thing.numbers), rng.random() < 0.6
    slots = extreme_slots(item, high=high)
    slots["how"] = Phrase(*degree_for(item.words))
    name = "MAX" if high else "MIN"
    sql = f"SELECT {name}({selection.column(item)}) FROM {selection.source}{selection.where()}"
    return drafted("extreme_value", selection, sql, slots)


def percentage(world: World) -> Draft | None:
    thing = world.thing()
    row, selection = world.anchor(thing), select(world, thing, (80, 20))
    extra = own_condition(world, thing, row, thing.groups) if row else None
    if extra is None or selection is None or thing.table.row_count < 4:
        return None
    slots: dict[str, Sayable] = {
        "verb2": Lazy(lambda rng: extra.say("verb", rng), None),
        "post2": Lazy(lambda rng: extra.say("post", rng), None),
        "pred2": Lazy(None, lambda rng: extra.say("zh", rng).removesuffix("的")),
    }
    test = extra.sql(full=selection.full)
    sql = (
        f"SELECT 100.0 * COUNT(*) FILTER (WHERE {test}) / COUNT(*) "
        f"FROM {selection.source}{selection.where()}"
    )
    return drafted("percentage", selection, sql, slots)


def difference(world: World) -> Draft | None:
    thing = world.thing()
    selection = select(world, thing, (70, 30))
    if not thing.numbers or selection is None:
        return None
    item = world.rng.choice(thing.numbers)
    column = selection.column(item)
    sql = f"SELECT MAX({column}) - MIN({column}) FROM {selection.source}{selection.where()}"
    return drafted("difference", selection, sql, {"col": noun(item.words)})


def product_sum(world: World) -> Draft | None:
    """Quantity times price, where a table has both."""
    thing = world.thing()
    prices = [f for f in thing.numbers if {"price", "cost"} & set(f.words.key.split())]
    amounts = [f for f in thing.numbers if {"quantity", "stock", "count", "units", "shares"} & set(
        " ".join(f.words.en).split())]  # fmt: skip
    selection = select(world, thing, (70, 30))
    if not prices or not amounts or selection is None:
        return None
    one, two = world.rng.choice(amounts), world.rng.choice(prices)
    slots: dict[str, Sayable] = {"col": noun(one.words), "col2": noun(two.words)}
    product = f"{selection.column(one)} * {selection.column(two)}"
    sql = f"SELECT SUM({product}) FROM {selection.source}{selection.where()}"
    return drafted("product_sum", selection, sql, slots)


def any_rows(world: World) -> Draft | None:
    """Is there any? Yes or no."""
    selection = select(world, world.thing(), (0, 80, 20), least=1)
    if selection is None:
        return None
    sql = f"SELECT COUNT(*) > 0 FROM {selection.source}{selection.where()}"
    return drafted("any", selection, sql, {})


def case(world: World) -> Draft | None:
    """Rows marked by whether a number is above a bound."""
    thing, rng = world.thing(), world.rng
    selection = select(world, thing, (80, 20))
    if not thing.numbers or not thing.named or selection is None or selection.full:
        return None
    item = rng.choice(thing.numbers)
    bound = world.number_value(item)
    one, other = rng.choice((("high", "low"), ("yes", "no"), ("large", "small"), ("高", "低")))
    slots = {**column_slots(thing.label, thing), "col": noun(item.words)}
    slots |= {"above": Phrase(("above", "over", "greater than"), ("大于", "高于", "超过"))}
    slots |= {"v": world.number(item, bound), "one": Phrase((one,), (one,))}
    slots["other"] = Phrase((other,), (other,))
    label = columns_sql(selection, thing.label)
    marked = f"CASE WHEN {item.bare} > {bound} THEN '{one}' ELSE '{other}' END"
    sql = f"SELECT {label}, {marked} FROM {selection.source}{selection.where()}"
    return drafted("case", selection, sql, slots)


def gap_days(world: World) -> Draft | None:
    """Days between two dates of a row, on average."""
    thing = world.thing()
    selection = select(world, thing, (75, 25))
    if len(thing.dates) < 2 or selection is None:
        return None
    first, second = sorted(world.rng.sample(thing.dates, 2), key=lambda f: str(f.column.minimum))
    slots: dict[str, Sayable] = {"col": noun(first.words), "col2": noun(second.words)}
    days = f"date_diff('day', {selection.column(first)}, {selection.column(second)})"
    sql = f"SELECT AVG({days}) FROM {selection.source}{selection.where()}"
    draft = drafted("gap_days", selection, sql, slots)
    return replace(draft, slots={**draft.slots, "bare": YES}) if draft else None


_TIMES = {
    "year": Phrase(("year",), ("年",)),
    "month": Phrase(("month",), ("月",)),
    "quarter": Phrase(("quarter",), ("季度",)),
    "week": Phrase(("week",), ("周",)),
    "day": Phrase(("day",), ("天", "日")),
}
_OF_A_DATE = {"year": "年份", "month": "月份", "quarter": "季度", "week": "周", "day": "日期"}
_TIMELY = {
    "year": "yearly",
    "month": "monthly",
    "quarter": "quarterly",
    "week": "weekly",
    "day": "daily",
}


def _time_of(unit: str, column: Words) -> Phrase:
    """The month or year of a column that is not the only date: "month of order date", 下单月份."""
    chinese = column.zh[0].removesuffix("日期").removesuffix("时间")
    return Phrase((f"{unit} of {column.en[0]}",), (chinese + _OF_A_DATE[unit],))


def by_time(world: World) -> Draft | None:
    """Counts or an aggregate for each year, month, week or day, or the one with the most."""
    thing, rng = world.thing(), world.rng
    selection = select(world, thing, (80, 20))
    if not thing.dates or selection is None:
        return None
    item = rng.choice(thing.dates)
    column = selection.column(item)
    unit = rng.choices(list(_TIMES), (5, 5, 1, 1, 1))[0]
    part = f"year({column})" if unit == "year" else f"date_trunc('{unit}', {column})"
    slots: dict[str, Sayable] = {"time": _TIMES[unit], "timely": Phrase((_TIMELY[unit],), ())}
    slots |= {"col": noun(item.words), "mostly": Phrase(("most",), ("最多",)), **item.happened}
    if not item.only:
        slots |= {
            "time": _time_of(unit, item.words),
            "timely": Phrase((), ()),
            "col": Phrase((), ()),
        }
    source = f"FROM {selection.source}{selection.where()}"
    if rng.random() < 0.2:
        sql = f"SELECT {part} {source} GROUP BY {part} ORDER BY COUNT(*) DESC LIMIT 1"
        return drafted("top_time", selection, sql, slots)
    found = measure(world, thing.numbers) if rng.random() < 0.4 else None
    if found is not None and len(found.parts) == 1:
        what, shape, slots["measure"] = (
            found.sql(full=selection.full),
            "by_time_measure",
            found.slots()["measure"],
        )
    else:
        what, shape = "COUNT(*)", "by_time"
    return drafted(shape, selection, f"SELECT {part}, {what} {source} GROUP BY {part}", slots)
