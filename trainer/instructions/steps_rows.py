"""Steps that ask for rows: lists, look-ups, different values, orders, the first few."""

from __future__ import annotations

from llmtui.trainer.instructions.called import said_elsewhere
from llmtui.trainer.instructions.choose import select
from llmtui.trainer.instructions.columns import column_slots, owned_list, some_columns
from llmtui.trainer.instructions.draft import Draft, columns_sql, drafted
from llmtui.trainer.instructions.extremes import extreme, superlative
from llmtui.trainer.instructions.meanings import counted_for, superlatives_for
from llmtui.trainer.instructions.phrases import YES, Phrase, count_phrase, noun, nouns
from llmtui.trainer.instructions.selection import NOT_BARE, Selection
from llmtui.trainer.instructions.templates import Sayable, data
from llmtui.trainer.instructions.things import Field, Relation, Thing
from llmtui.trainer.instructions.world import World


def list_rows(world: World) -> Draft | None:
    thing, rng = world.thing(), world.rng
    selection = select(world, thing, (10, 66, 24))
    if selection is None:
        return None
    if rng.random() < 0.05:
        what = f"{thing.sql}.*" if selection.full else "*"
        sql = f"SELECT {what} FROM {selection.source}{selection.where()}"
        return drafted("list_all", selection, sql, {})
    names = thing.named and rng.random() < (0.5 if selection.conditions else 0.25)
    columns = list(thing.label) if names else some_columns(world, thing)
    sql = f"SELECT {columns_sql(selection, columns)} FROM {selection.source}{selection.where()}"
    slots = column_slots(columns, thing)
    if any(c.kind in ("name", "key") for c in selection.conditions):
        slots["single"] = YES
    alone = thing.named and columns == list(thing.label)
    return drafted(
        "list_names" if alone and rng.random() < 0.8 else "list_columns", selection, sql, slots
    )


_BETWEEN, _ONLY_THEIRS = 0.35, 0.2
"""How often what stands between is shown too, and how often only what rows belong to."""


def owned(world: World) -> Draft | None:
    """Columns of rows beside columns of what they belong to."""
    thing, rng = world.thing(), world.rng
    path = world.path(thing)
    selection = select(world, thing, (50, 40, 10))
    if not path or selection is None:
        return None
    parent, role = path[-1].parent, path[-1].role
    mine = (
        list(thing.label) if thing.named and rng.random() < 0.6 else some_columns(world, thing, 2)
    )
    theirs = list(parent.label) if rng.random() < 0.7 else some_columns(world, parent, 2)
    owners = [(thing.words, mine, thing), (role, theirs, parent)]
    if len(path) == 2 and rng.random() < _BETWEEN:
        middle = path[0].parent
        owners.insert(1, (path[0].role, list(middle.label), middle))
    if rng.random() < _ONLY_THEIRS:
        owners = owners[-1:]
    extra = list(path)
    others = [r for r in world.ups(thing) if r.parent not in [p.parent for p in path]]
    if others and rng.random() < 0.2:
        third = rng.choice(others)
        extra.append(third)
        owners.append((third.role, list(third.parent.label), third.parent))
    selection = Selection(thing, selection.conditions, selection.either, tuple(extra))
    slots = column_slots(mine, thing) if len(owners) > 1 else {}
    slots |= {"owned": owned_list(owners, own=owners[0][0] is thing.words)}
    slots |= {"others": owned_list(owners[1:])} if len(owners) > 1 else {}
    items = [item for _, fields, _ in owners for item in fields]
    sql = f"SELECT {columns_sql(selection, items)} FROM {selection.source}{selection.where()}"
    return drafted("owned", selection, sql, slots)


def distinct_field(world: World, thing: Thing) -> tuple[Field, tuple[Relation, ...]] | None:
    """A column with repeated values, of the table itself or the name of a parent."""
    path = world.path(thing)
    if (
        path
        and world.rng.random() < 0.3
        and path[-1].parent.named
        and len(path[-1].parent.label) == 1
    ):
        label = path[-1].parent.label[0]
        return Field(label.table, label.column, path[-1].role), path
    usable = [f for f in thing.shown if 1 < f.column.distinct < thing.table.counted]
    usable = [f for f in usable if f.kind in ("text", "number") and f not in thing.label]
    usable = [f for f in usable if f in thing.groups or world.rng.random() < _seldom(f, thing)]
    return (world.rng.choice(usable), ()) if usable else None


def _seldom(item: Field, thing: Thing) -> float:
    """How often the different values of a column with many are asked for: numbers hardly ever."""
    few = item.column.distinct * 4 <= thing.table.counted
    return 0.4 if few or item.kind == "text" else 0.1


def distinct_values(world: World) -> tuple[Field, Selection, dict[str, Sayable]] | None:
    """A column whose different values are asked for, of which rows, and its words."""
    thing = world.thing()
    found, selection = distinct_field(world, thing), select(world, thing, (50, 50))
    if found is None or selection is None:
        return None
    item, path = found
    selection = Selection(thing, selection.conditions, extra=path)
    said = NOT_BARE if path or said_elsewhere(item, world.things) else {}
    return item, selection, {"col": noun(item.words), "cols": nouns(item.words), **said}


_DISTINCT_NAMES = 0.4
"""Share of the questions for different values of chosen rows that ask for their names."""


def distinct(world: World) -> Draft | None:
    found = distinct_values(world)
    if found is None:
        return None
    item, selection, slots = found
    thing, named = selection.thing, world.rng.random() < _DISTINCT_NAMES
    if named and selection.conditions and not selection.extra and thing.named:
        shown = columns_sql(selection, thing.label)
        slots |= {"col": noun(thing.label_as_one.words), "cols": nouns(thing.label_as_one.words)}
        sql = f"SELECT DISTINCT {shown} FROM {selection.source}{selection.where()}"
        return drafted("distinct", selection, sql, slots)
    if item.place:
        slots["place"] = YES
    sql = f"SELECT DISTINCT {selection.column(item)} FROM {selection.source}{selection.where()}"
    return drafted("distinct", selection, sql, slots)


def direction(kind: str, *, down: bool) -> dict[str, Sayable]:
    """{direction}, {direction_opt}, which may be left out when ascending, and {order_noun}."""
    listed = data("weights")["directions"]
    said = listed[kind if kind in listed else "number"]["down" if down else "up"]
    en, zh = tuple(said["en"]), tuple(said["zh"])
    up = "alphabetical" if kind == "text" else "ascending"
    noun_en = ("descending",) if down else ("ascending", up)
    option = tuple(f" {text}" for text in en)
    found: dict[str, Sayable] = {
        "direction": Phrase(en, zh),
        "direction_opt": Phrase(option, zh) if down else Phrase(("", *option), ("", *zh)),
        "order_noun": Phrase(noun_en, ()),
    }
    return found if down else found | {"ascending": YES}


def distinct_sorted(world: World) -> Draft | None:
    """Different values, or names, in their own order."""
    found, rng = distinct_values(world), world.rng
    if found is None:
        return None
    item, selection, slots = found
    thing = selection.thing
    if not selection.extra and thing.named and len(thing.label) == 1 and rng.random() < 0.6:
        item = thing.label[0]
        slots |= {"col": noun(item.words), "cols": nouns(item.words)}
    down = rng.random() < 0.25
    column = selection.column(item)
    end = f" ORDER BY {column}{' DESC' if down else ''}"
    sql = f"SELECT DISTINCT {column} FROM {selection.source}{selection.where()}{end}"
    return drafted("distinct_sorted", selection, sql, slots | direction(item.kind, down=down))


def order(world: World) -> Draft | None:
    thing, rng = world.thing(), world.rng
    usable = thing.numbers + thing.dates + list(thing.label[:1])
    selection = select(world, thing, (45, 50, 5))
    if not usable or selection is None:
        return None
    item, down = rng.choice(usable), rng.random() < 0.5
    names = thing.named and rng.random() < 0.55
    columns = list(thing.label) if names else some_columns(world, thing)
    slots = {
        **column_slots(columns, thing),
        "col": noun(item.words),
        **direction(item.kind, down=down),
    }
    if item in thing.label and item in columns:
        slots["self"] = YES
        slots |= {"selfname": YES} if names else {}
    last, first = (superlatives_for(item.words, high=high)[0] for high in (not down, down))
    if first and last:
        slots |= {"super_first": Phrase(first[:1], ()), "super_last": Phrase(last[:1], ())}
    end = f" ORDER BY {selection.column(item)}{' DESC' if down else ''}"
    sql = (
        f"SELECT {columns_sql(selection, columns)} FROM {selection.source}{selection.where()}{end}"
    )
    return drafted("order", selection, sql, slots)


def extreme_slots(item: Field, *, high: bool) -> dict[str, Sayable]:
    """{col}, {most}, {super} and their kin for the row with the most of a column."""
    slots: dict[str, Sayable] = {
        "col": noun(item.words), "num": noun(item.words), "most": extreme(item, high=high),
    }  # fmt: skip
    said = superlative(item, high=high)
    if said.en or said.zh:
        slots["super"] = said
    counted = counted_for(item.words)
    if counted[0]:
        slots["counted"] = Phrase(*counted)
        slots["mostly"] = (
            Phrase(("most",), ("最多",)) if high else Phrase(("fewest", "least"), ("最少",))
        )
    if item.happened:
        last = "last" if high else "first"
        slots["super_done"] = Phrase((f"{item.happened['done'].en[0]} {last}",), ())
        slots["was"] = Phrase(("was" if "passive" in item.happened else "",), ())
    if high:
        slots["high"] = YES
    return slots


_ONE_OTHER = 0.2
"""Share of the questions about the first row that ask for one thing about it, not which it is."""


def top(world: World) -> Draft | None:
    """The first row, or the first few, by a number or a date."""
    thing, rng = world.thing(), world.rng
    usable = [f for f in thing.numbers * 2 + thing.dates if f.column.distinct > 3]
    selection = select(world, thing, (62, 34, 4))
    if not usable or selection is None:
        return None
    item, high = rng.choice(usable), rng.random() < 0.66
    if any(item is bound for c in selection.conditions for bound, _ in c.tests):
        return None
    slots = extreme_slots(item, high=high)
    many = 1 if rng.random() < 0.66 else rng.choice((2, 3, 3, 3, 5, 5, 10, 4, 8))
    names = thing.named and rng.random() < 0.6
    columns = list(thing.label) if names else some_columns(world, thing)
    others = [f for f in thing.shown if f not in (item, *thing.label) and f.column.distinct > 1]
    if many == 1 and others and rng.random() < _ONE_OTHER:
        columns = [rng.choice(others)]
    if many > 1 and rng.random() < 0.25 and item not in columns:
        columns.append(item)
    slots |= column_slots(columns, thing) | {"n": count_phrase(many)}
    end = f" ORDER BY {selection.column(item)}{' DESC' if high else ''} LIMIT {many}"
    sql = (
        f"SELECT {columns_sql(selection, columns)} FROM {selection.source}{selection.where()}{end}"
    )
    return drafted("top_one" if many == 1 else "top_n", selection, sql, slots)


def top_owner(world: World) -> Draft | None:
    """What the row with the most of something belongs to."""
    thing, rng = world.thing(), world.rng
    path = world.path(thing)
    usable = [f for f in thing.numbers * 2 + thing.dates if f.column.distinct > 3]
    selection = select(world, thing, (85, 15))
    if not usable or not path or selection is None:
        return None
    item, high = rng.choice(usable), rng.random() < 0.7
    parent = path[-1].parent
    columns = list(parent.label)
    if rng.random() < 0.25:
        columns = some_columns(world, parent, 2)
    slots: dict[str, Sayable] = {**extreme_slots(item, high=high), "p": noun(path[-1].role)}
    shown = column_slots(columns, parent)
    slots |= {"pcols": shown["cols1"], **({"names": YES} if "names" in shown else {})}
    selection = Selection(thing, selection.conditions, extra=path)
    end = f" ORDER BY {selection.column(item)}{' DESC' if high else ''} LIMIT 1"
    sql = (
        f"SELECT {columns_sql(selection, columns)} FROM {selection.source}{selection.where()}{end}"
    )
    return drafted("top_owner", selection, sql, slots)


def top_by_parent(world: World) -> Draft | None:
    """Rows in the order of a column of what they belong to."""
    thing, rng = world.thing(), world.rng
    path = world.path(thing)
    if not path or not path[-1].parent.numbers or not thing.named:
        return None
    item, down = rng.choice(path[-1].parent.numbers), rng.random() < 0.5
    selection = Selection(thing, extra=path)
    slots = {**column_slots(thing.label, thing), "p": noun(path[-1].role), "col": noun(item.words)}
    end = f" ORDER BY {item.full}{' DESC' if down else ''}"
    sql = f"SELECT {columns_sql(selection, thing.label)} FROM {selection.source}{end}"
    return drafted("top_by_parent", selection, sql, slots | direction("number", down=down))
