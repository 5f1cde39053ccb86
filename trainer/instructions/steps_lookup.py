"""Steps that ask about one row that is named, or for the row that has a value."""

from __future__ import annotations

from llmtui.trainer.instructions.columns import column_slots, some_columns
from llmtui.trainer.instructions.compose import compose
from llmtui.trainer.instructions.conditions import name_condition, sayable
from llmtui.trainer.instructions.draft import Draft, columns_sql, drafted
from llmtui.trainer.instructions.meanings import counted_for, degree_for, ties_for
from llmtui.trainer.instructions.phrases import (
    YES,
    Phrase,
    noun,
    nouns,
    text_literal,
    value_phrase,
)
from llmtui.trainer.instructions.selection import Selection
from llmtui.trainer.instructions.templates import Sayable
from llmtui.trainer.instructions.things import Field, Thing
from llmtui.trainer.instructions.world import World

_SPECIAL = 0.65
"""Share of the questions for one column that ask by its meaning, where there is a way."""
_COUNTING = 0.6
"""Share of the questions about one row for what a column counts, people or rooms, if one does."""
_PARENT_BY_NAME = 0.65
"""Share of questions about what a row belongs to that ask for its name, not for other columns."""


def _named(
    world: World, thing: Thing, *, repeated: bool = False
) -> tuple[Selection, Sayable] | None:
    row = world.anchor(thing)
    condition = name_condition(world, thing, row, repeated=repeated) if row else None
    if condition is None:
        return None
    return Selection(thing, (condition,)), condition.slots["v"]


def _special(item: Field, thing: Thing, slots: dict[str, Sayable]) -> str:
    """The shape that asks for a column by what it means: where, when, how long, how many."""
    how, counted = degree_for(item.words), counted_for(item.words)
    if item.place:
        places = [f.column.distinct for f in thing.shown if f.place]
        return "lookup_where" if 1 < item.column.distinct == max(places) else "lookup"
    if item.happened:
        slots |= item.happened
        return "lookup_when"
    if item.kind == "number" and counted[0]:
        slots |= {"counted": Phrase(*counted), "unit2": Phrase((), ("个",))}
        slots |= {"people": YES} if not item.words.counts else {}
        return "lookup_many"
    if how[0] and (item.kind == "number" or item.digits):
        slots["how"] = Phrase(*how)
        return "lookup_how"
    return "lookup"


def lookup(world: World) -> Draft | None:
    """A column or two of one row that is called by its name."""
    thing, rng = world.thing(), world.rng
    found, distinct = _named(world, thing), ""
    rest = [f for f in thing.shown if f not in thing.label]
    if found is None and thing.label[0].kind == "text":  # rows that stand there several times
        found, distinct = _named(world, thing, repeated=True), "DISTINCT "
        rest = [f for f in rest if world.follows(thing, f)]
    keys = [f for f in thing.fields if f.column.name in thing.table.primary_key]
    if found is None or not rest:
        return None
    selection, value = found
    if rng.random() < 0.12 and len(keys) == 1 and not distinct:
        rest = keys
    columns = rng.sample(rest, min(len(rest), rng.choices((1, 2, 3), (7, 2.5, 0.7))[0]))
    counting = [f for f in rest if f.kind == "number" and counted_for(f.words)[0]]
    if counting and rng.random() < _COUNTING:
        columns = [rng.choice(counting)]
    slots = {**column_slots(columns, thing), "value": value, "col": noun(columns[0].words)}
    shape = "lookup"
    if len(columns) == 1 and rng.random() < _SPECIAL:
        shape = _special(columns[0], thing, slots)
    sql = f"SELECT {distinct}{columns_sql(selection, columns)} FROM {thing.sql}{selection.where()}"
    return drafted(shape, selection, sql, slots)


def lookup_parent(world: World) -> Draft | None:
    """What a named row belongs to."""
    thing = world.thing()
    path = world.path(thing)
    found = _named(world, thing, repeated=bool(path) and path[-1].key not in thing.label)
    if found is None or not path:
        return None
    named_by = {r.parent.table.name for r in world.ups(thing) if r.key in thing.label}
    if path[-1].parent.table.name in named_by:  # the state of a state
        return None
    parent, role = path[-1].parent, path[-1].role
    names = world.rng.random() < _PARENT_BY_NAME
    columns = list(parent.label) if names else some_columns(world, parent, 2)
    slots: dict[str, Sayable] = {"value": found[1], "p": noun(role)}
    shown = column_slots(columns, parent)
    slots |= {"pcols": shown["cols1"], **({"names": YES} if "names" in shown else {})}
    if parent.words.person:
        slots["pp"] = slots["p"]
    doing, do, tied = ties_for(path[-1].key.words) if len(path) == 1 else ((), "", ())
    if doing:
        asked = tuple(text.replace("{v}", f"哪些{parent.words.zh[0]}") for text in tied)
        slots |= {"do": Phrase((do,), ()), "tied_ps": nouns(parent.words)}
        slots["tied_which"] = Phrase((), asked)
    selection = Selection(thing, found[0].conditions, extra=path)
    sql = f"SELECT {columns_sql(selection, columns)} FROM {selection.source}{selection.where()}"
    return drafted("lookup_parent", selection, sql, slots)


def lookup_whose(world: World) -> Draft | None:
    """The row of which a value is something: "Rome is the capital of which country?"."""
    thing = world.thing()
    usable = [
        f
        for f in thing.shown
        if f.kind == "text" and f not in thing.label and f not in thing.groups
        and f.column.distinct > 0.5 * thing.table.counted
    ]  # fmt: skip
    row = world.anchor(thing)
    if not thing.named or not usable or row is None:
        return None
    item = world.rng.choice(usable)
    value = str(row.get(item.column.name) or "")
    if not sayable(value) or len(value) > 40:
        return None
    test = f"{{c}} = {text_literal(value)}"
    said = value_phrase(value)
    selection = Selection(thing, (compose("is", item, test, thing, {"v": said}, adj=False),))
    sql = f"SELECT {columns_sql(selection, thing.label)} FROM {thing.sql}{selection.where()}"
    return drafted("lookup_whose", selection, sql, {"v": said, "col": noun(item.words)})
