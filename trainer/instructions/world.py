"""A database as the constructor sees it: named tables, labels, relations, values to ask for."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any

from llmtui.database.execute import Database
from llmtui.database.keys import words
from llmtui.database.schema import Column, Schema, Table, quote
from llmtui.trainer.instructions.lexicon import Words, column_words, table_words

_LABELS = ("name", "title", "label", "subject", "username", "名称", "姓名", "名字", "标题")
_MORE_VALUES = 300


@dataclass(frozen=True)
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

    @property
    def kind(self) -> str:
        """The column's kind; "other" when its values cannot be compared (NaN, infinite dates)."""
        low, high, kind = self.column.minimum, self.column.maximum, self.column.kind
        if kind == "number" and low is not None and not (isfinite(low) and isfinite(high)):
            return "other"
        if kind == "date" and not (isinstance(low, dt.date) and isinstance(high, dt.date)):
            return "other"
        return kind


@dataclass(frozen=True)
class Relation:
    """`child.key` refers to `parent.target`; `role` names what the parent is to the child."""

    child: Thing
    key: Field
    parent: Thing
    target: Field
    role: Words

    @property
    def join(self) -> str:
        return f"{self.child.sql} JOIN {self.parent.sql} ON {self.key.full} = {self.target.full}"


@dataclass(frozen=True)
class Link:
    """A table between two others: who is assigned to what, which product is in which order."""

    middle: Thing
    left: Relation
    right: Relation

    @property
    def join(self) -> str:
        """left parent JOIN middle JOIN right parent"""
        return (
            f"{self.left.parent.sql} JOIN {self.middle.sql} "
            f"ON {self.left.key.full} = {self.left.target.full} "
            f"JOIN {self.right.parent.sql} ON {self.right.key.full} = {self.right.target.full}"
        )


@dataclass(frozen=True)
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

    @property
    def sql(self) -> str:
        return self.table.sql_name

    @cached_property
    def shown(self) -> list[Field]:
        """Columns that people ask to see."""
        return [f for f in self.fields if f.column.name not in self.keys and f.kind != "other"]

    @cached_property
    def numbers(self) -> list[Field]:
        """Columns that can be added up and compared."""
        return [f for f in self.shown if f.kind == "number" and f.column.distinct > 1]

    @cached_property
    def dates(self) -> list[Field]:
        return [f for f in self.shown if f.kind == "date" and f.column.distinct > 1]

    @cached_property
    def groups(self) -> list[Field]:
        """Columns with few values, each of several rows."""
        rows = max(self.table.row_count, 1)
        found = []
        for item in self.shown:
            few = 2 <= item.column.distinct <= 60 and item.column.distinct <= rows / 1.5
            if item.kind in ("text", "bool") and few:
                found.append(item)
        return found

    @cached_property
    def texts(self) -> list[Field]:
        return [f for f in self.shown if f.kind == "text" and f.column.values]

    @cached_property
    def unique_label(self) -> bool:
        return len(self.label) == 1 and self.label[0].column.unique


class World:
    """Everything the steps draw from, and the only source of chance."""

    def __init__(self, database: Database, rng: random.Random) -> None:
        self.database = database
        self.schema: Schema = database.schema
        self.rng = rng
        keyed: dict[str, set[str]] = {}
        for key in self.schema.foreign_keys:
            keyed.setdefault(key.table, set()).add(key.column)
        self.things = [
            _thing(table, keyed.get(table.name, set()))
            for table in self.schema.tables
            if table.columns and table.row_count
        ]
        by_name = {thing.table.name: thing for thing in self.things}
        self.relations: list[Relation] = []
        self.selves: list[Relation] = []
        for key in self.schema.foreign_keys:
            child, parent = by_name.get(key.table), by_name.get(key.to_table)
            if child is None or parent is None:
                continue
            relation = _relation(child, key.column, parent, key.to_column)
            (self.selves if child is parent else self.relations).append(relation)
        self.links = self._links()
        self.weights = [_interest(thing) for thing in self.things]

    def _links(self) -> list[Link]:
        found = []
        for left in self.relations:
            for right in self.relations:
                if left.child is right.child and left.parent is not right.parent:
                    found.append(Link(left.child, left, right))
        return found

    def thing(self) -> Thing:
        """A table at random, those with more to ask about more often."""
        return self.rng.choices(self.things, self.weights)[0]

    @cached_property
    def _samples(self) -> dict[tuple[str, str], list[str]]:
        return {}

    def text_value(self, item: Field) -> str:
        """A value of a text column, frequent or not."""
        key = (item.table.name, item.column.name)
        if key not in self._samples:
            values = list(item.column.values)
            if not (item.column.complete or item.column.secret):
                rows = self.database.run(
                    f"SELECT DISTINCT {item.bare} FROM {item.table.sql_name} "
                    f"WHERE {item.bare} IS NOT NULL ORDER BY hash({item.bare}) LIMIT {_MORE_VALUES}"
                ).rows
                values = [str(row[0]) for row in rows]
            self._samples[key] = [v for v in values if v.strip() and len(v) <= 40] or values[:1]
        return self.rng.choice(self._samples[key])

    def number_value(self, item: Field) -> int | float:
        """A round number inside the column's range."""
        low, high = float(item.column.minimum), float(item.column.maximum)
        value: float = low + (high - low) * self.rng.uniform(0.05, 0.95) ** 1.3
        whole = "INT" in item.column.type or (low == int(low) and high - low > 50)
        if not whole and high - low < 50:
            return round(value, 1)
        digits = len(str(int(abs(value)))) - self.rng.choice((1, 1, 2))
        step = int("1" + "0" * max(0, digits))
        rounded = round(value / step) * step
        return rounded if low <= rounded <= high else int(value)

    def date_value(self, item: Field) -> dt.date:
        low, high = _day(item.column.minimum), _day(item.column.maximum)
        day = low + dt.timedelta(days=int((high - low).days * self.rng.uniform(0.05, 0.95)))
        shape = self.rng.random()
        if shape < 0.4 and low.year < day.year:
            return dt.date(day.year, 1, 1)
        return dt.date(day.year, day.month, 1) if shape < 0.7 else day


def _day(value: Any) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value


def _thing(table: Table, foreign: set[str]) -> Thing:
    fields = tuple(Field(table, column, column_words(table, column)) for column in table.columns)
    keys = frozenset(set(table.primary_key) | foreign)
    label = _label(table, fields, keys)
    telling = label[0].column.distinct >= 0.5 * table.row_count
    return Thing(table, table_words(table), fields, label, telling, keys)


def _label(table: Table, fields: tuple[Field, ...], keys: frozenset[str]) -> tuple[Field, ...]:
    """The columns that name a row to a person: its name, first and last name, else its key."""
    by_words = {tuple(words(f.column.name)): f for f in fields}
    first, last = by_words.get(("first", "name")), by_words.get(("last", "name"))
    if first is not None and last is not None:
        return (first, last)
    texts = [f for f in fields if f.kind == "text" and f.column.name not in keys]
    named = [f for f in texts if words(f.column.name) and words(f.column.name)[-1] in _LABELS]
    own = set(table_words(table).en)
    named.sort(key=lambda f: (f.words.key not in ("name", "title", *own), len(f.column.name)))
    if named:
        return (named[0],)
    telling = [f for f in texts if f.column.distinct >= 0.8 * max(table.row_count, 1)]
    if telling:
        return (telling[0],)
    primary = [f for f in fields if f.column.name in table.primary_key]
    return tuple(primary[:1] or texts[:1] or list(fields[:1]))


def _relation(child: Thing, column: str, parent: Thing, to_column: str) -> Relation:
    key = next(f for f in child.fields if f.column.name.lower() == column.lower())
    target = next(f for f in parent.fields if f.column.name.lower() == to_column.lower())
    named = {word for name in parent.words.en for word in name.split()}
    other = not (set(key.words.key.split()) & named) and key.words.key not in ("id", "code")
    return Relation(child, key, parent, target, key.words if other else parent.words)


def _interest(thing: Thing) -> float:
    return min(len(thing.shown), 8) + (2.0 if thing.named else 0.0)
