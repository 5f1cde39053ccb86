"""What tables and keys are called beyond their own names: by what they are to other tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from llmtui.database.schema import Schema
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.meanings import neighbours_for, ties_for
from llmtui.trainer.instructions.things import Field, Thing, relation_of
from llmtui.trainer.instructions.translate import glossary_words, in_chinese, translated


def called(by_name: dict[str, Thing], schema: Schema) -> dict[str, Thing]:
    """The tables, by name, with all that they and their keys are called."""
    found = _with_parents_words(_with_heads(_with_parts(by_name, schema)), schema)
    return {name: _between_equals(thing, found, schema) for name, thing in found.items()}


def _with_parts(by_name: dict[str, Thing], schema: Schema) -> dict[str, Thing]:
    """Tables that say more about each row of one other are also called like that one."""
    keyed: dict[str, set[str]] = {}
    for key in schema.foreign_keys:
        keyed.setdefault(key.table, set()).add(key.column)
    found = dict(by_name)
    for key in schema.foreign_keys:
        part, whole = found.get(key.table), found.get(key.to_table)
        alone = keyed[key.table] == {key.column}  # else it ties two things
        if part and part.words.en[0].rpartition(" ")[2] in glossary_words("nouns"):
            continue  # it is something itself: students are called so, though they are people
        if part and whole and part is not whole and alone and _is_part(part, key.column):
            found[key.table] = replace(part, words=part.words.also(whole.words), part=True)
    return found


def _is_part(thing: Thing, column: str) -> bool:
    """Whether a row says more about one row that `column` refers to, and is named by it."""
    label = thing.label[0].column
    alone = thing.table.primary_key in ((), (column,))
    return alone and len(thing.label) == 1 and label.name == column and label.unique


def _between_equals(thing: Thing, by_name: dict[str, Thing], schema: Schema) -> Thing:
    """A table of nothing but two keys to one other: its rows are called like the further of the
    two, "friends" of a student, "bordering states"."""
    keys = [key for key in schema.foreign_keys if key.table == thing.table.name]
    if len(thing.fields) != 2 or len(keys) != 2 or keys[0].to_table != keys[1].to_table:
        return thing
    parent = by_name.get(keys[0].to_table)
    if parent is None or parent is thing:
        return thing
    roles = [relation_of(thing, key.column, parent, key.to_column).role for key in keys]
    further = [role for role in roles if role != parent.words]
    if len(further) != 1:
        return thing
    role = further[0]
    en, zh = neighbours_for(role)
    person, nouns = parent.words.person, parent.words
    english = (*(f"{word} {nouns.en[0]}" for word in en), *role.en)
    chinese = (*(f"{word}的{nouns.zh[0]}" for word in zh), *(() if zh else role.zh))
    return replace(thing, words=Words(english, chinese, person=person))


def _with_heads(by_name: dict[str, Thing]) -> dict[str, Thing]:
    """Tables also called by their last word where that says it all: "orders" for customer_orders
    of customers, when nothing else is called so."""
    said = {name for thing in by_name.values() for name in thing.words.en}
    lasts = Counter(thing.words.en[0].rpartition(" ")[2] for thing in by_name.values())
    found = dict(by_name)
    for table, thing in by_name.items():
        first, _, last = thing.words.en[0].rpartition(" ")
        if first and last not in said and lasts[last] == 1 and set(first.split()) & said:
            zh = (*thing.words.zh, *translated(last)) if in_chinese(last) else thing.words.zh
            found[table] = replace(
                thing, words=replace(thing.words, en=(*thing.words.en, last), zh=zh)
            )
    return found


def _with_parents_words(by_name: dict[str, Thing], schema: Schema) -> dict[str, Thing]:
    """Tables whose keys are called like what they refer to, where one key alone refers to it."""
    parents: dict[str, dict[str, Thing]] = {name: {} for name in by_name}
    referred = Counter((key.table, key.to_table) for key in schema.foreign_keys)
    for key in schema.foreign_keys:
        if {key.table, key.to_table} <= set(by_name) and referred[key.table, key.to_table] == 1:
            parents[key.table][key.column.lower()] = by_name[key.to_table]
    return {name: _called_as_parents(thing, parents[name]) for name, thing in by_name.items()}


def _called_as_parents(thing: Thing, parents: Mapping[str, Thing]) -> Thing:
    """Keys whose name says nothing in Chinese are called like what they refer to: `traverse` of a
    river is a state, or its `traverse`. parents: by the column, in lower case."""

    def renamed(item: Field) -> Field:
        parent, own = parents.get(item.column.name.lower()), item.words
        if parent is None or any(mark >= "\u4e00" for name in own.zh for mark in name):
            return item
        tied = ties_for(own)[1]  # its name is a verb, as of a river that traverses a state
        en = parent.words.en if tied else (*own.en, *parent.words.en)
        words = replace(own, en=en, zh=parent.words.zh, person=parent.words.person, full=((), ()))
        return replace(item, words=words)

    label = tuple(renamed(item) for item in thing.label)
    return replace(thing, fields=tuple(renamed(item) for item in thing.fields), label=label)


def said_elsewhere(item: Field, things: Iterable[Thing]) -> bool:
    """Whether another table, or one of its columns, is called like a column."""
    said = set(item.words.en)
    return any(
        said & set(thing.words.en) or any(other.words.en[0] in said for other in thing.shown)
        for thing in things
        if thing.table is not item.table
    )
