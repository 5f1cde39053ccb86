"""Tables, columns and keys as the constructor sees them: named, with labels and roles."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isfinite
from typing import Any

from llmtui.database.schema import Column, Table, quote
from llmtui.trainer.instructions.labels import label_of, of_another
from llmtui.trainer.instructions.lexicon import Words, column_words, people, table_words
from llmtui.trainer.instructions.meanings import base_of, verb_for, yields_to
from llmtui.trainer.instructions.naming import is_participle, spoken
from llmtui.trainer.instructions.phrases import YES, Phrase, nouns

_FEW_NUMBERS = 12
"""Different numbers in a text column up to which rows are counted by them."""
_CODES = ("id", "code", "key", "number", "no", "ssn", "isbn", "uuid")
_NUMBERED = {"phone", "telephone", "fax", "zip", "postal", "postcode", "mobile", "ssn"}
_PLACES = frozenset(
    ["city", "country", "state", "location", "region", "province", "county", "town", "address"]
)
_NOWHERE = {"email", "mail", "ip", "mac", "web", "url"}
_ASKING = (("is",), ("has",))
_TIMELY = ("date", "number")
"""Kinds of columns that may hold a time: a year is a number."""
_COUNTED = {"per", "num", "number", "total", "count", "of", "no", "avg", "average", "max", "min"}
Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Field:
    """A column with its table and its words."""

    table: Table
    column: Column
    words: Words

    @property
    def bare(self) -> str:
        return quote(self.column.name)

    @property
    def full(self) -> str:
        return f"{self.table.sql_name}.{quote(self.column.name)}"

    @cached_property
    def coded(self) -> bool:
        """Whether it holds codes: ids, phone numbers, who an advisor is. Nobody adds them up."""
        said = set(spoken(self.column.name)[1])
        last = spoken(self.column.name)[1][-1:]
        named = bool(said & _NUMBERED) or (bool(last) and last[0] in _CODES)
        whole = "INT" in self.column.type and not said & _COUNTED
        named = named or (whole and bool(last) and (last[0] in people() or last[0] == "major"))
        return named or self.column.name.endswith(("编号", "号", "代码", "电话"))

    @cached_property
    def digits(self) -> bool:
        """Whether it is text that holds numbers."""
        values = self.column.values
        return self.column.kind == "text" and bool(values) and all(map(_is_number, values))

    @cached_property
    def only(self) -> bool:
        """Whether its table has no other date, or year, so that nobody names it; days of birth
        are told apart by their words."""
        others = [column for column in self.table.columns if column.name != self.column.name]
        words = [(c.kind, column_words(self.table, c)) for c in others if c.kind in _TIMELY]
        dates = [said for kind, said in words if kind == "date" or said.year]
        return all(verb_for(said)[0] == "born" for said in dates)

    @cached_property
    def place(self) -> bool:
        """Whether it says where something is."""
        words = set(self.words.en[0].split())
        return bool(_PLACES & words) and not words & _NOWHERE

    @cached_property
    def happened(self) -> dict[str, Phrase]:
        """What happened on a date, as slots: {done} with {were} before it, and {passive} or {do};
        {} for other columns, and where another date of the table is called the same."""
        if self.kind != "date":
            return {}
        done, chinese = verb_for(self.words)
        others = [c for c in self.table.columns if c.kind == "date" and c.name != self.column.name]
        if not done or any(verb_for(column_words(self.table, c))[0] == done for c in others):
            return {}
        base = base_of(done)
        how = {"do": Phrase((base,), ())} if base else {"passive": YES}
        return {
            "done": Phrase((done,), (chinese,)),
            "were": Phrase(("" if base else "were",), ()),
            **how,
        }

    @cached_property
    def kind(self) -> str:
        """The column's kind; "other" when its values cannot be compared (NaN, infinite dates)."""
        low, high, kind = self.column.minimum, self.column.maximum, self.column.kind
        if kind == "number" and low is not None and not (isfinite(low) and isfinite(high)):
            return "other"
        if kind == "date" and not (isinstance(low, dt.date) and isinstance(high, dt.date)):
            return "other"
        return "bool" if kind == "number" and self._flag else kind

    @property
    def _flag(self) -> bool:
        """Whether whole numbers, 0 and 1, say no and yes, as the column's name tells."""
        said = spoken(self.column.name)[1]
        named = said[:1] in _ASKING or is_participle(said[-1] if said else "")
        named = (named or self.column.name.startswith("是否")) and not set(said) & _COUNTED
        within = {self.column.minimum, self.column.maximum} == {0, 1}
        return named and within and self.column.distinct == 2 and "INT" in self.column.type


@dataclass(frozen=True, eq=False)
class Relation:
    """`child.key` refers to `parent.target`; `role` names what the parent is to the child."""

    child: Thing
    key: Field
    parent: Thing
    target: Field
    role: Words


@dataclass(frozen=True)
class Deed:
    """A verb that ties rows.

    did: past forms ("took"); do: base form; had: participles with their end ("lived in")
    done: participles ("taken"), () when nothing is done by anyone; being: what one is who did it
    ("trained in"), () for verbs like "take"; forward: whether the left side of a link does it
    """

    did: tuple[str, ...]
    do: str
    had: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    being: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()
    forward: bool = True


@dataclass(frozen=True, eq=False)
class Link:
    """From `left.parent` down to `middle`, and from there up along `right`.

    deed: what the one does to the other, where there is a word for it
    barred: whether it can only be said by that
    """

    middle: Thing
    left: Relation
    right: tuple[Relation, ...]
    deed: Deed | None = None
    barred: bool = False


@dataclass(frozen=True, eq=False)
class Thing:
    """A table with its words and the roles of its columns."""

    table: Table
    words: Words
    fields: tuple[Field, ...]
    label: tuple[Field, ...]
    named: bool = True
    """Whether the label is a name; else rows are not asked for by "which ones"."""
    keys: frozenset[str] = field(default_factory=frozenset)
    """Names of key columns (primary and foreign), which people rarely ask for."""
    part: bool = False
    """Whether it says more about each row of another table, and is called like that one."""

    @property
    def sql(self) -> str:
        return self.table.sql_name

    @cached_property
    def shown(self) -> list[Field]:
        """Columns that people ask to see; a key that is a name, not a number, is one of them."""
        return [
            f
            for f in self.fields
            if f.kind != "other"
            and (f.column.name not in self.keys or f in self.label or _telling(f))
            and not (f.coded and f.kind == "number" and f not in self.label)
        ]

    @cached_property
    def numbers(self) -> list[Field]:
        """Columns that can be added up and compared; no keys, though one may name the rows."""
        found = [f for f in self.shown if f.kind == "number" and f.column.distinct > 1]
        return [f for f in found if f.column.name not in self.keys]

    @cached_property
    def dates(self) -> list[Field]:
        return [f for f in self.shown if f.kind == "date" and f.column.distinct > 1]

    @cached_property
    def groups(self) -> list[Field]:
        """Columns with few values, each of several rows."""
        rows = max(self.table.counted, 1)
        found = []
        for item in self.shown:
            few = 2 <= item.column.distinct <= 60 and item.column.distinct <= rows / 1.5
            few = few and not (item.digits and item.column.distinct > _FEW_NUMBERS)
            few = few and (len(self.label) == 1 or item not in self.label)  # half of a name
            if item.kind in ("text", "bool") and few:
                found.append(item)
        return found

    @cached_property
    def texts(self) -> list[Field]:
        return [f for f in self.shown if f.kind == "text" and f.column.values]

    @cached_property
    def unique_label(self) -> bool:
        return len(self.label) == 1 and self.label[0].column.unique

    @cached_property
    def nouns(self) -> Phrase:
        return nouns(self.words)

    @cached_property
    def label_as_one(self) -> Field:
        """The label as one column: a first and a last name are a name."""
        first = self.label[0]
        if len(self.label) == 1:
            return first
        en = ("full name", "name", "first and last name")
        return Field(self.table, first.column, Words(en, ("姓名", "全名", "名字"), person=True))


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(?:\.\d+)?", text) is not None


def _telling(item: Field) -> bool:
    """Whether a key is text that people say, not a code."""
    return item.kind == "text" and not item.coded


def thing_of(table: Table, foreign: set[str]) -> Thing:
    fields = tuple(Field(table, column, column_words(table, column)) for column in table.columns)
    numbers = [f.words for f in fields if f.kind == "number"]
    fields = tuple(
        replace(f, words=replace(f.words, yields=True)) if yields_to(f.words, numbers) else f
        for f in fields
    )
    fields = _told_apart(fields)
    coded = {f.column.name for f in fields if f.coded and f.kind == "number"}
    keys = frozenset(set(table.primary_key) | foreign | coded)
    said = table_words(table)
    label = label_of(fields, keys, said.en, table.counted)
    own = tuple(f for f in fields if f.column.name in table.primary_key)
    label = own if len(own) == 1 and of_another(label[0], fields, foreign) else label
    telling = label[0].kind == "text" and label[0].column.distinct >= 0.5 * table.counted
    if len(table.primary_key) == 1 and label[0].column.name in foreign:
        telling = telling and label[0].column.name in table.primary_key
    return Thing(table, said, fields, label, telling, keys)


def _told_apart(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Columns that are not called by what another one is mostly called: cost and price."""
    found = []
    for item in fields:
        others = [f.words for f in fields if f is not item]
        taken_en = {words.en[0] for words in others}
        taken_zh = {words.zh[0] for words in others if words.zh}
        en = (item.words.en[0], *(w for w in item.words.en[1:] if w not in taken_en))
        zh = (*item.words.zh[:1], *(w for w in item.words.zh[1:] if w not in taken_zh))
        found.append(replace(item, words=replace(item.words, en=en, zh=zh)))
    return tuple(found)


def role_of(relation: Relation) -> Words:
    """What a row's parent is called where two keys refer to one table: by the key, when that says
    more than the parent's name, "home team" and "away team"."""
    parent, words = relation.parent.words, relation.key.words
    named = {word for name in parent.en for word in name.split()}
    en = tuple(name for name in words.en if name.rpartition(" ")[2] not in _CODES)
    if relation.role != parent or not en or not set(en[0].split()) - named:
        return relation.role
    return replace(words, en=en, person=parent.person)


def relation_of(child: Thing, column: str, parent: Thing, to_column: str) -> Relation:
    key = next(f for f in child.fields if f.column.name.lower() == column.lower())
    target = next(f for f in parent.fields if f.column.name.lower() == to_column.lower())
    named = {word for name in parent.words.en for word in name.split()}
    target_words = set(spoken(to_column)[1])
    said = set(spoken(column)[1]) - {"id", "code", "number", "key"}
    alone = child.table.primary_key == (key.column.name,)  # a student is a person
    other = bool(said) and not alone and not (said & named) and not said <= target_words
    role = key.words if other else parent.words
    return Relation(child, key, parent, target, role)
