"""Which tables a question is about, where a prompt has no room for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

from llmtui.database.fold import is_han, tokens
from llmtui.database.keys import singular, words
from llmtui.database.schema import Schema

_TABLE, _COLUMN, _VALUE = 3.0, 1.0, 4.0
"""What speaks for a table: its name, the name of one of its columns, a stored value of it."""
_LEAST = 0.5
"""A table is asked for from here on: "name", which many tables have, says little of each."""
_LONGEST_WAY = 4


def part_of(schema: Schema, names: Iterable[str]) -> Schema:
    """Some tables of a schema, in its order, with the keys between them."""
    kept = set(names)
    keys = (key for key in schema.foreign_keys if {key.table, key.to_table} <= kept)
    return Schema(tuple(t for t in schema.tables if t.name in kept), tuple(keys))


class Relevance:
    """What the tables of a schema are called; made once for many questions."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def order(self, question: str, hints: Sequence[str]) -> list[str]:
        """The names of all tables: those that a question asks for first, with those on the way
        between them, then their neighbours, then the others."""
        said = {singular(token.folded) for token in tokens(question)}
        scores = {
            table.name: _VALUE * sum(hint.startswith(f"{table.sql_name}.") for hint in hints)
            + sum(
                weight
                for name, weight in self._names[table.name].items()
                if (name in question if is_han(name) else set(_singular(name)) <= said)
            )
            for table in self._schema.tables
        }
        ranked = sorted(scores, key=lambda name: -scores[name])
        found: list[str] = []
        for name in ranked:
            if scores[name] >= _LEAST:
                found += [each for each in self._way(name, found) if each not in found]
        for name in found:  # which grows by the neighbours, and by theirs
            found += [each for each in self._neighbours[name] if each not in found]
        return found + [name for name in ranked if name not in found]

    @cached_property
    def _names(self) -> dict[str, dict[str, float]]:
        """Table → what it and its columns are called, and how much each name says of it."""
        from llmtui.trainer.instructions.things import thing_of

        found = {}
        for table in self._schema.tables:
            thing = thing_of(table, set())
            columns = [
                name for field in thing.fields for name in (*field.words.en, *field.words.zh)
            ]
            weights = dict.fromkeys((name.lower() for name in columns), _COLUMN)
            own = (*thing.words.en, *thing.words.zh, " ".join(words(table.name)))
            found[table.name] = weights | dict.fromkeys((name.lower() for name in own), _TABLE)
        having = Counter(name for weights in found.values() for name in weights)
        return {
            table: {name: weight / having[name] for name, weight in weights.items() if name}
            for table, weights in found.items()
        }

    @cached_property
    def _neighbours(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {table.name: [] for table in self._schema.tables}
        for key in self._schema.foreign_keys:
            if {key.table, key.to_table} <= found.keys():
                found[key.table].append(key.to_table)
                found[key.to_table].append(key.table)
        return found

    def _way(self, name: str, found: Sequence[str]) -> list[str]:
        """A table after those between it and the nearest of `found`; alone when none is near."""
        ways = [[name]]
        passed = {name}
        for _ in range(_LONGEST_WAY if found else 0):
            longer = []
            for way in ways:
                for each in self._neighbours[way[-1]]:
                    if each in found:
                        return way[::-1]
                    if each not in passed:
                        passed.add(each)
                        longer.append([*way, each])
            ways = longer
        return [name]


def _singular(name: str) -> list[str]:
    return [singular(word) for word in words(name)]
