"""A database to draw questions from: its tables, ways between them, rows and values."""

from __future__ import annotations

import copy
import datetime as dt
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from llmtui.database.execute import Database
from llmtui.database.schema import Schema
from llmtui.trainer.instructions.called import called
from llmtui.trainer.instructions.deeds import by_a_noun, deed_of
from llmtui.trainer.instructions.inside import LIST, with_inner
from llmtui.trainer.instructions.phrases import (
    Phrase,
    number_phrase,
)
from llmtui.trainer.instructions.routes import links, ways_up
from llmtui.trainer.instructions.things import (
    Field,
    Link,
    Relation,
    Row,
    Thing,
    relation_of,
    role_of,
    thing_of,
)

_BY_A_VERB = 0.2
"""How often a table named by a verb is asked about, compared with others like it."""
_DEEDS = 4.0
"""What a table whose rows do something weighs more when one to ask about is drawn."""
_TIES_ONLY = 0.3
"""What a table weighs whose rows only tie two rows of one other: people ask about the rows tied."""
_MORE_VALUES = 300
_SAMPLE = 600
"""Rows of a table that questions are drawn around."""


class World:
    """Everything the steps draw from, and the only source of chance."""

    def __init__(
        self,
        database: Database,
        rng: random.Random,
        retold: Callable[[Thing], Thing] = lambda thing: thing,
        inner: dict[str, list[Field]] | None = None,
    ) -> None:
        """retold: what a table is taken for, such as one with other words for a column
        inner: what another world of this database found inside of columns"""
        self._inner: dict[str, list[Field]] = {} if inner is None else inner
        self.database = database
        self.schema: Schema = database.schema
        self.rng = rng
        keyed: dict[str, set[str]] = {}
        for key in self.schema.foreign_keys:
            keyed.setdefault(key.table, set()).add(key.column)
        self.things = [
            retold(with_inner(thing_of(table, keyed.get(table.name, set())), database, self._inner))
            for table in self.schema.tables
            if table.columns and table.row_count
        ]
        by_name = called({thing.table.name: thing for thing in self.things}, self.schema)
        self.things = list(by_name.values())
        self.relations: list[Relation] = []
        self.selves: list[Relation] = []
        for key in self.schema.foreign_keys:
            child, parent = by_name.get(key.table), by_name.get(key.to_table)
            if child is None or parent is None:
                continue
            relation = relation_of(child, key.column, parent, key.to_column)
            target = relation.target.column
            if not target.unique and parent.table.primary_key != (target.name,):
                continue  # a part of a longer key: rows would be doubled
            (self.selves if child is parent else self.relations).append(relation)
        plain = Counter((r.child, r.parent) for r in self.relations if r.role == r.parent.words)
        self.relations = [
            replace(r, role=role_of(r)) if plain[r.child, r.parent] > 1 else r
            for r in self.relations
        ]
        self._ups = {t.table.name: [r for r in self.relations if r.child is t] for t in self.things}
        self._downs = {
            t.table.name: [r for r in self.relations if r.parent is t] for t in self.things
        }
        self._links = {
            t.table.name: [link for link in self._told(t) if link.deed or _plain(link)]
            for t in self.things
        }
        self._rows: dict[str, list[Row]] = {}
        self._index: dict[tuple[str, str], dict[Any, list[Row]]] = {}
        self._texts: dict[tuple[str, str], list[str]] = {}
        self._wholes: dict[tuple[str, str], bool] = {}
        asked = [(t, self._interest(t)) for t in self.things]
        self._asked = [t for t, weight in asked if weight > 0] or self.things
        self._weights = [weight for _, weight in asked if weight > 0] or [1.0] * len(self.things)

    def _told(self, thing: Thing) -> list[Link]:
        """The links of a table with the verbs for them."""
        found = links(self._ups, self._downs, thing)
        return [replace(link, deed=deed_of(self, link)) for link in found]

    def drawing(self, rng: random.Random) -> World:
        """The same world with another source of chance."""
        other = copy.copy(self)
        other.rng = rng
        return other

    def retold(self, rng: random.Random, table: str, change: Callable[[Thing], Thing]) -> World:
        """The same database with one table told otherwise, and asked about that table only."""

        def told(thing: Thing) -> Thing:
            return change(thing) if thing.table.name == table else thing

        other = World(self.database, rng, told, self._inner)
        other._rows, other._texts, other._index = self._rows, self._texts, self._index
        other._asked = [thing for thing in other.things if thing.table.name == table]
        other._weights = [1.0] * len(other._asked)
        return other

    def _interest(self, thing: Thing) -> float:
        """How much there is to ask about a table: nothing about keys alone, little about names of
        others or of what ties them, "trained ins", more where rows do something."""
        if not thing.shown:
            return 0.0
        if self.only_ties(thing):
            return _TIES_ONLY
        deeds = _DEEDS if any(link.deed for link in self._links[thing.table.name]) else 0.0
        if all(item.column.name in thing.keys for item in thing.shown):
            return 1.0 + deeds
        told = 1.0 if by_a_noun(thing) else _BY_A_VERB
        return told * (min(len(thing.shown), 8) + (3.0 if thing.named else 0.0)) + deeds

    def only_ties(self, thing: Thing) -> bool:
        """Whether a row says nothing but which two rows of one other table it ties."""
        keys = [r for r in self._ups[thing.table.name] if r.key in thing.shown]
        return len(keys) == len(thing.shown) > 1 and len({r.parent.table.name for r in keys}) == 1

    def thing(self) -> Thing:
        """A table at random, those with more to ask about more often."""
        return self.rng.choices(self._asked, self._weights)[0]

    def path(self, thing: Thing) -> tuple[Relation, ...]:
        """A way up from a table, the shorter ones more often; () when there is none."""
        paths = ways_up(self._ups, thing)
        if not paths:
            return ()
        return self.rng.choices(paths, [1.3 if len(path) == 1 else 1.0 for path in paths])[0]

    def ups(self, thing: Thing) -> list[Relation]:
        return self._ups[thing.table.name]

    def downs(self, thing: Thing) -> list[Relation]:
        return self._downs[thing.table.name]

    def linked(self, thing: Thing) -> list[Link]:
        return self._links[thing.table.name]

    def rows(self, thing: Thing) -> list[Row]:
        """Some rows of a table, always the same ones."""
        if thing.table.name not in self._rows:
            names = [f for f in thing.fields if f.kind != "other" and not f.column.secret]
            if not names:
                return []
            shown = ", ".join(f.bare for f in names)
            sql = f"SELECT {shown} FROM {thing.sql} ORDER BY hash({shown}), {shown} LIMIT {_SAMPLE}"
            result = self.database.run(sql, max_rows=_SAMPLE)
            self._rows[thing.table.name] = [
                {f.column.name: _usable(value, f.kind) for f, value in zip(names, row, strict=True)}
                for row in result.rows
            ]
        return self._rows[thing.table.name]

    def anchor(self, thing: Thing) -> Row | None:
        """A row that a question is drawn around, so that it has an answer."""
        rows = self.rows(thing)
        return self.rng.choice(rows) if rows else None

    def _by(self, thing: Thing, item: Field) -> dict[Any, list[Row]]:
        key = (thing.table.name, item.column.name)
        if key not in self._index:
            found: dict[Any, list[Row]] = {}
            for row in self.rows(thing):
                found.setdefault(row.get(item.column.name), []).append(row)
            self._index[key] = found
        return self._index[key]

    def parent_row(self, relation: Relation, row: Row) -> Row | None:
        found = self._by(relation.parent, relation.target).get(row.get(relation.key.column.name))
        return found[0] if found else None

    def children(self, relation: Relation, row: Row) -> list[Row]:
        value = row.get(relation.target.column.name)
        return self._by(relation.child, relation.key).get(value, [])

    def text_value(self, item: Field) -> str:
        """A value of a text column, frequent or not."""
        key = (item.table.name, item.column.name)
        if key not in self._texts:
            values = list(item.column.values)
            if not (item.column.complete or item.column.secret):
                rows = self.database.run(
                    f"SELECT DISTINCT {item.bare} FROM {item.table.sql_name} "
                    f"WHERE {item.bare} IS NOT NULL ORDER BY hash({item.bare}) LIMIT {_MORE_VALUES}"
                ).rows
                values = [str(row[0]) for row in rows]
            self._texts[key] = [v for v in values if v.strip() and len(v) <= 40] or values[:1]
        return self.rng.choice(self._texts[key])

    def number_value(self, item: Field) -> int | float:
        """A round number inside the column's range."""
        low, high = float(item.column.minimum), float(item.column.maximum)
        value: float = low + (high - low) * self.rng.uniform(0.05, 0.95) ** 1.3
        whole = self._whole(item) or (low == int(low) and high - low > 50)
        if not whole and high - low < 50:
            return round(value, 1 if high - low > 2 else 2)
        if item.words.year or high - low < 12:
            return int(value)
        digits = len(str(int(abs(value)))) - self.rng.choice((1, 1, 2))
        step = int("1" + "0" * max(0, digits))
        rounded = round(value / step) * step
        return rounded if low <= rounded <= high else int(value)

    def follows(self, thing: Thing, item: Field) -> bool:
        """Whether rows of one name have one value of a column each, however often they stand
        there, as far as the rows at hand tell, which hold nothing secret."""
        name, told = thing.label[0].column.name, item.column.name
        rows = [row for row in self.rows(thing) if told in row and row.get(name) is not None]
        if item.kind == LIST:  # the same items may stand in another order
            return False
        pairs = {(row[name], row[told]) for row in rows}
        return len(pairs) == len({name for name, _ in pairs}) < len(rows)

    def _whole(self, item: Field) -> bool:
        """Whether a column holds whole numbers, whatever its type."""
        key = (item.table.name, item.column.name)
        if key not in self._wholes:
            thing = next(t for t in self.things if t.table.name == item.table.name)
            values = [row.get(item.column.name) for row in self.rows(thing)]
            self._wholes[key] = (
                "INT" in item.column.type
                or item.words.year
                or all(value is None or value == int(value) for value in values)
            )
        return self._wholes[key]

    def number(self, item: Field, value: int | float) -> Phrase:
        return number_phrase(value, money=item.words.money, plain=item.words.year)

    @staticmethod
    def plain(value: Any) -> int | float:
        """A number of the database as it is written in SQL."""
        number = float(value)
        return int(number) if number == int(number) else round(number, 6)

    def date_value(self, item: Field) -> dt.date:
        low, high = _day(item.column.minimum), _day(item.column.maximum)
        day = low + dt.timedelta(days=int((high - low).days * self.rng.uniform(0.05, 0.95)))
        shape = self.rng.random()
        if shape < 0.4 and low.year < day.year:
            return dt.date(day.year, 1, 1)
        return dt.date(day.year, day.month, 1) if shape < 0.7 else day


def _plain(link: Link) -> bool:
    """Whether a link can be said without a verb: it is not far, and nothing is nearer."""
    return len(link.right) == 1 and not link.barred


def _usable(value: Any, kind: str) -> Any:
    """A value that questions can be about: a date without end, which comes as text, is none."""
    return None if kind == "date" and isinstance(value, str) else value


def _day(value: Any) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value
