"""What groups rows: a column, a parent, a column of a parent, or the other side of a link."""

from __future__ import annotations

from dataclasses import dataclass, replace

from llmtui.trainer.instructions.choose import select
from llmtui.trainer.instructions.columns import column_slots, some_columns
from llmtui.trainer.instructions.deeds import by_a_noun
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.linked import deed_slots, drawn_link
from llmtui.trainer.instructions.meanings import events_for
from llmtui.trainer.instructions.naming import plural
from llmtui.trainer.instructions.phrases import YES, Phrase, noun, nouns, who
from llmtui.trainer.instructions.routes import plainly_named
from llmtui.trainer.instructions.selection import Selection
from llmtui.trainer.instructions.templates import Sayable
from llmtui.trainer.instructions.things import Field, Relation, Thing
from llmtui.trainer.instructions.world import World

_PLACES = frozenset(
    ["city", "country", "state", "location", "region", "province", "county", "town", "building"]
)
_COLUMNS = 0.3
"""Share of the groups by a parent that are shown by several of its columns, where they may be."""
_BY_FLAG = 0.3
"""How often groups are made by yes and no, compared with other columns."""
_BY_NAME = 0.3
"""Share of the groupings in which rows of one name may be a group."""
_TIES = 0.15
"""How often groups are made of a table that only ties others, compared with other tables."""
_BY_KEY = 0.18
"""Share of the groups by a parent that are named by its key alone."""


@dataclass(frozen=True)
class Grouping:
    """`shown` are the columns that stand for a group, `by` what GROUP BY lists."""

    selection: Selection
    shown: str
    by: str
    slots: dict[str, Sayable]
    kind: str = "text"
    """Of what is shown."""
    count: str = "COUNT(*)"
    """What counts the members of a group."""


def grouping(
    world: World, counts: tuple[float, ...] = (80, 20), *, columns: bool = False
) -> Grouping | None:
    """One of the ways to group a table, at random.

    columns: whether a parent may stand for its group by several of its columns; their names are
    {pcols} then, the parent is {p}
    """
    rng = world.rng
    kind = rng.random()
    if world.relations and kind < 0.5:
        if kind < 0.1:
            return _by_link(world, counts)
        ties = [
            _TIES if world.only_ties(r.child) or not by_a_noun(r.child) else 1.0
            for r in world.relations
        ]
        relation = rng.choices(world.relations, ties)[0]
        path: tuple[Relation, ...] = (relation,)
        if rng.random() < 0.15:
            further = world.ups(relation.parent) if plainly_named(relation) else []
            path += (rng.choice(further),) if further else ()
        return _by_parent(world, relation.child, path, counts, columns=columns)
    thing = world.thing()
    numbers = [f for f in thing.numbers if f.words.year or _few(f, thing)]
    fields = thing.groups * 2 + numbers
    texts = [f for f in thing.shown if f.kind == "text" and not f.column.unique]
    repeated = [f for f in texts if f.column.distinct > 1]
    named = len(thing.label) == 1 and rng.random() < _BY_NAME
    fields = [f for f in fields if f.kind != "bool" or rng.random() < _BY_FLAG]
    fields = fields + [f for f in repeated if f not in thing.label or named]
    selection = select(world, thing, counts)
    if not fields or selection is None:
        return None
    item = rng.choice(fields)
    if any(item is used for c in selection.conditions for used, _ in c.tests):
        return None
    slots: dict[str, Sayable] = {"col": noun(item.words), "cols": nouns(item.words), "own": YES}
    others = [f for f in thing.groups if f is not item]
    items = [item]
    if others and rng.random() < 0.06:
        items.append(rng.choice(others))
        slots = {"col": _pair(items, many=False), "cols": _pair(items, many=True)}
    _extra(slots, item, item.words)
    shown = ", ".join(selection.column(f) for f in items)
    return Grouping(selection, shown, shown, slots, item.kind)


def _few(item: Field, thing: Thing) -> bool:
    """Whether a number has so few values that rows are counted by it."""
    return item.column.distinct <= 12 and item.column.distinct * 4 <= thing.table.counted


def _pair(items: list[Field], *, many: bool) -> Phrase:
    one, two = (f.words for f in items)
    first, second = one.en[0], two.en[0]
    en = f"{plural(first)} and {plural(second)}" if many else f"{first} and {second}"
    return Phrase((en,), (f"{one.zh[0]}和{two.zh[0]}",))


def _extra(slots: dict[str, Sayable], item: Field, words: Words) -> None:
    slots["whoc"] = who(words)
    if words.person:
        slots["personal"] = YES
    if _PLACES & {word for name in item.words.en for word in name.split()}:
        slots["place"] = YES


def _by_parent(
    world: World, child: Thing, path: tuple[Relation, ...], counts: tuple[float, ...],
    words: Words | None = None, *, columns: bool = False,
) -> Grouping | None:  # fmt: skip
    rng, parent, role = world.rng, path[-1].parent, path[-1].role
    chosen = select(world, child, counts)
    if chosen is None:
        return None
    selection = Selection(child, chosen.conditions, chosen.either, path, words or child.words)
    if columns and rng.random() < _COLUMNS:
        return _by_columns(world, selection, path[-1])
    if parent.groups and words is None and rng.random() < 0.2:
        item = rng.choice(parent.groups)
        said = item.words.of(role)
        both = Words((*said.en[:2], item.words.en[0]), (*said.zh[:2], item.words.zh[0]))
        slots: dict[str, Sayable] = {"col": noun(both), "cols": nouns(both)}
        _extra(slots, item, both)
        return Grouping(selection, item.full, item.full, slots, item.kind)
    if len(path) == 1 and rng.random() < _BY_KEY and path[0].target not in parent.label:
        return _by_key(
            Selection(child, chosen.conditions, chosen.either, (), selection.words), path
        )
    label, key = parent.label, path[-1].target
    items = list(label)
    if rng.random() < 0.12 and key not in items:
        items = [key, *items] if parent.named else [key]
    shown = ", ".join(item.full for item in items)
    unique = parent.unique_label or key in items
    by = shown if unique else f"{key.full}, {shown}"
    slots = parent_slots(role, parent, items, key) | _deed(selection.words, parent)
    kind = items[0].kind if len(items) == 1 else "text"
    return Grouping(selection, shown, by, slots, kind)


def _by_columns(world: World, selection: Selection, relation: Relation) -> Grouping | None:
    """By a parent of which some columns are asked: "name and phone of the customer with …"."""
    parent, role, key = relation.parent, relation.role, relation.target
    items = some_columns(world, parent)
    if items == list(parent.label) and parent.unique_label:
        return None
    shown = ", ".join(item.full for item in items)
    by = shown if key in items else f"{key.full}, {shown}"
    named = column_slots(items, parent)
    slots: dict[str, Sayable] = {"p": noun(role), "ps": nouns(role)}
    slots |= _deed(selection.words, parent)
    slots |= {"pcols": named["cols1"], "pcols_many": named["cols"]}
    slots["whoc"] = who(parent.words)
    return Grouping(selection, shown, by, slots)


def _deed(words: Words, parent: Thing) -> dict[str, Sayable]:
    """What a parent did to have such rows: a person {made} them ("placed" an order), a thing has
    {been} something ("sold")."""
    for event in events_for(words)[0]:
        done, _, what = event.partition(" ")
        if done == "been" and not parent.words.person:
            return {"been": Phrase((what,), ())}
        if what.startswith(("a ", "an ")) and parent.words.person:
            return {"made": Phrase((done,), ())}
    return {}


def _by_key(selection: Selection, path: tuple[Relation, ...]) -> Grouping:
    """By what refers to the parent, which is not looked up: "the id of the customer with …"."""
    role, key = path[0].role, path[0].key
    name = key.words.whole.en[0]
    slots: dict[str, Sayable] = {
        "col": Phrase(
            (name, f"id of the {role.en[0]}", f"{role.en[0]} id"), (f"{role.zh[0]}编号",)
        ),
        "cols": Phrase(
            (plural(name), f"ids of the {plural(role.en[0])}", f"{role.en[0]} ids"),
            (f"{role.zh[0]}编号",),
        ),
    }
    shown = selection.column(key)
    slots |= _deed(selection.words, path[0].parent)
    return Grouping(selection, shown, shown, slots, key.kind)


def parent_slots(role: Words, parent: Thing, items: list[Field], key: Field) -> dict[str, Sayable]:
    """A parent by its noun, or by its noun with the label column: "department name"."""
    label = parent.label_as_one.words
    last, last_zh = label.en[0], label.zh[0]
    en: tuple[str, ...] = (*role.en, *role.en, f"{role.en[0]} {last}")
    zh: tuple[str, ...] = (*role.zh * 5, f"{role.zh[0]}{last_zh}")
    if key in items and parent.label != (key,):
        en = (f"{role.en[0]} id",) if len(items) == 1 else (f"{role.en[0]} id and {last}",)
        zh = (f"{role.zh[0]}编号",) if len(items) == 1 else (f"{role.zh[0]}编号和{last_zh}",)
    if parent.named and last.startswith(role.en[0]):
        en = tuple(dict.fromkeys((*role.en, last)))
    slots: dict[str, Sayable] = {"col": Phrase(en, zh), "cols": Phrase(
        tuple(plural(name) for name in en), zh)}  # fmt: skip
    _extra(slots, parent.label[0], parent.words)
    return slots


def _by_link(world: World, counts: tuple[float, ...]) -> Grouping | None:
    """How many of one side each of the other side has, counted in the table between them."""
    thing = world.thing()
    links = [link for link in world.linked(thing) if len(link.right) == 1]
    if not links:
        return None
    link = drawn_link(world, links)
    if link.middle.named and by_a_noun(link.middle):
        return None
    group = _by_parent(world, link.middle, (link.left,), counts, link.right[0].role)
    if group is None:
        return None
    once = set(link.middle.table.primary_key) <= {
        r.key.column.name for r in (link.left, link.right[0])
    }
    count = f"COUNT(DISTINCT {group.selection.column(link.right[0].key)})"
    return replace(
        group, slots={**group.slots, **deed_slots(link.deed)},
        count="COUNT(*)" if once and link.middle.table.primary_key else count,
    )  # fmt: skip
