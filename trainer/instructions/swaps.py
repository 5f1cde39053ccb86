"""Changes of a query that need the schema: another column of the same kind, another value of it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence
from typing import Any

from sqlglot import exp

from llmtui.database.schema import Column, Schema, Table, quote
from llmtui.trainer.instructions.edits import Change

_EACH = 2
"""Columns, and values, that are tried in the place of one."""
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between)


class Swaps:
    """A source of changes for the queries of one schema; `rng` chooses among many."""

    def __init__(self, schema: Schema, rng: random.Random) -> None:
        self._tables = {table.name.lower(): table for table in schema.tables}
        self._keys = {(table.name, name) for table in schema.tables for name in table.primary_key}
        self._keys |= {(key.table, key.column) for key in schema.foreign_keys}
        self._keys |= {(key.to_table, key.to_column) for key in schema.foreign_keys}
        self._rng = rng

    def __call__(self, node: exp.Expr) -> Iterator[Change]:
        if isinstance(node, exp.Column) and not node.is_star:
            yield from self._columns(node)
        elif isinstance(node, exp.Literal):
            yield from self._values(node)

    def _columns(self, node: exp.Column) -> Iterator[Change]:
        table, column = self._place(node)
        if table is None or column is None:
            return
        joins = node.find_ancestor(exp.Join) is not None
        others = [c for c in table.columns if c.kind == column.kind and c.name != column.name]
        alike = [c for c in others if self._is_key(table, c) == self._is_key(table, column)]
        others = alike if alike or joins else others
        shown = _shown_beside(node)
        for other in self._some([c for c in others if c.name.lower() not in shown]):
            yield Change("join column" if joins else "column", _renamed(other.name))

    def _is_key(self, table: Table, column: Column) -> bool:
        return (table.name, column.name) in self._keys

    def _values(self, node: exp.Literal) -> Iterator[Change]:
        test = node.find_ancestor(exp.Predicate)
        compared = next(test.find_all(exp.Column), None) if isinstance(test, _COMPARED) else None
        column = self._place(compared)[1] if compared is not None else None
        if column is None or isinstance(node.parent, exp.Interval):
            return
        for other in self._some(_other_values(node, column)):
            yield Change("value", _written(other, text=node.is_string))

    def _some(self, options: Sequence[Any]) -> list[Any]:
        return self._rng.sample(list(options), min(_EACH, len(options)))

    def _place(self, node: exp.Column) -> tuple[Table | None, Column | None]:
        """The table and column that a name stands for, as far as one table is plain."""
        select = node.find_ancestor(exp.Select)
        tables = list(select.find_all(exp.Table)) if select is not None else []
        near = [t for t in tables if t.find_ancestor(exp.Select) is select]
        for found in near:
            table = self._tables.get(found.name.lower())
            if table is None or node.table.lower() not in ("", found.alias_or_name.lower()):
                continue
            for column in table.columns:
                if column.name.lower() == node.name.lower():
                    return table, column
        return None, None


def _shown_beside(node: exp.Column) -> set[str]:
    """The columns that a query shows beside this one: none is shown twice."""
    select = node.parent
    if not isinstance(select, exp.Select) or node.arg_key != "expressions":
        return set()
    return {item.name.lower() for item in select.expressions if isinstance(item, exp.Column)}


def _renamed(name: str) -> Any:
    identifier = exp.to_identifier(name, quoted=quote(name) != name)
    return lambda found: found.set("this", identifier.copy())


def _written(value: str, *, text: bool) -> Any:
    literal = exp.Literal.string(value) if text else exp.Literal.number(value)
    return lambda found: found.replace(literal.copy())


def _other_values(node: exp.Literal, column: Column) -> list[str]:
    """What else could stand in the place of a literal that is compared with a column."""
    text = str(node.this)
    if not node.is_string:
        return _other_numbers(text)
    if column.kind == "date":
        return _other_days(text)
    listed = node.parent.expressions if isinstance(node.parent, exp.In) else [node]
    taken = {str(item.this) for item in listed}
    return [v for v in column.values if v not in taken and len(v) <= 60 and v.strip()]


def _other_numbers(text: str) -> list[str]:
    """One more, one less, twice as many; a year stays one."""
    try:
        number = float(text)
    except ValueError:
        return []
    if number != int(number):
        return [f"{number * 2:.6g}", f"{number / 2:.6g}"]
    whole = int(number)
    near = [whole + 1, whole - 1]
    return [str(n) for n in (near if whole < 10 or 1900 <= whole <= 2100 else [*near, whole * 2])]


def _other_days(text: str) -> list[str]:
    """The same day a year before and after."""
    try:
        day = dt.date.fromisoformat(text[:10])
    except ValueError:
        return []
    day = day.replace(day=min(day.day, 28))
    years = [day.year + step for step in (-1, 1)]
    return [day.replace(year=y).isoformat() for y in years if dt.MINYEAR <= y <= dt.MAXYEAR]
