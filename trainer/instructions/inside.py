"""What is inside columns: the fields of a struct, the items of a list and their number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sqlglot
from sqlglot import exp

from llmtui.database.execute import Database
from llmtui.database.keys import singular
from llmtui.database.schema import Column, Table, quote
from llmtui.database.secrets import harmless
from llmtui.trainer.instructions.lexicon import Words, column_words
from llmtui.trainer.instructions.things import Field, Thing
from llmtui.workspace.errors import LlmtuiError

LIST = "list"
"""The kind of a column whose values are lists."""
_NESTED = (exp.DType.STRUCT, exp.DType.ARRAY, exp.DType.LIST)
_RANGED = ("number", "date")
_VALUES = 60
"""Values of a text that are looked at."""


@dataclass(frozen=True, eq=False)
class Inner(Field):
    """A part of a column, which `column` describes as if it were one of its own.

    form: its SQL, with {c} for the column that it is in, `outer`
    """

    outer: str = ""
    form: str = "{c}"

    @property
    def bare(self) -> str:
        return self.form.replace("{c}", quote(self.outer))

    @property
    def full(self) -> str:
        return self.form.replace("{c}", f"{self.table.sql_name}.{quote(self.outer)}")


def with_inner(thing: Thing, database: Database, known: dict[str, list[Field]]) -> Thing:
    """The thing with what is inside its columns, where that can be asked for.

    known: of columns that were looked into before, which is not done again
    """
    if not any(item.kind == "other" for item in thing.fields):
        return thing
    fields: list[Field] = []
    for item in thing.fields:
        if item.kind == "other" and item.full not in known:
            known[item.full] = _inside(item, database)
        fields += known[item.full] if item.kind == "other" else [item]
    return replace(thing, fields=tuple(fields))


def _inside(item: Field, database: Database) -> list[Field]:
    """What is asked for in place of a column; the column itself when there is nothing."""
    try:
        kind = exp.DataType.build(item.column.type, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, ValueError):
        return [item]
    if not kind.is_type(*_NESTED):
        return [item]
    parts = _fields if kind.is_type(exp.DType.STRUCT) else _items
    try:
        return [_described(part, database) for part in parts(item, kind, database)] or [item]
    except LlmtuiError:  # it takes too long to look into
        return [item]


def _fields(item: Field, kind: exp.DataType, _database: Database) -> Iterator[Inner]:
    for part in kind.expressions:
        if of := _kind(part.args.get("kind")):
            column = Column(part.name, part.kind.sql("duckdb"), of)
            words = column_words(item.table, column).of(item.words)
            named = replace(column, name=f"{item.column.name}.{part.name}")
            yield _inner(item, named, words, f"{{c}}.{quote(part.name)}")


def _kind(of: exp.DataType | None) -> str:
    """The kind of a part, "" for what is not asked for."""
    types = exp.DataType
    kinds = {
        "text": types.TEXT_TYPES,
        "number": types.NUMERIC_TYPES - {exp.DType.BIT},
        "date": types.TEMPORAL_TYPES,
        "bool": {exp.DType.BOOLEAN},
    }
    return next((kind for kind, some in kinds.items() if of and of.is_type(*some)), "")


def _items(item: Field, kind: exp.DataType, database: Database) -> Iterator[Inner]:
    if not kind.expressions or _kind(kind.expressions[0]) not in ("number", "text"):
        return
    items = f"SELECT DISTINCT unnest({item.bare}) AS item FROM {_rows(item.table)}"
    found = database.run(f"SELECT item FROM ({items}) ORDER BY hash(item)", max_rows=_VALUES).rows
    if found and database.access.secrets == "mask" and not harmless(str(r[0]) for r in found)[0]:
        return
    yield _inner(item, replace(item.column, kind=LIST), item.words, "{c}")
    names, count = item.words.en, Column(f"{item.column.name} count", "BIGINT", "number")
    words = Words(
        (*(f"number of {name}" for name in names[:2]), f"{singular(names[0])} count"),
        tuple(f"{name}{end}" for name in item.words.zh[:2] for end in ("数量", "数")),
        counts=names[0],
    )
    yield _inner(item, count, words, "len({c})")


def _inner(item: Field, column: Column, words: Words, form: str) -> Inner:
    return Inner(item.table, column, words, outer=item.column.name, form=form)


def _rows(table: Table) -> str:
    """Where the rows of a table are looked at: the sample that its columns are counted over."""
    if not table.sampled:
        return table.sql_name
    return f"(SELECT * FROM {table.sql_name} USING SAMPLE {table.sampled} (reservoir, 7))"


def _described(part: Inner, database: Database) -> Inner:
    """With counts, range and values, as every column has them."""
    name, column = part.bare, part.column
    wanted = [f"count({name})", f"count(DISTINCT {name})"]
    wanted += [f"{f}({name})" if column.kind in _RANGED else "NULL" for f in ("min", "max")]
    sql = f"SELECT count(*), {', '.join(wanted)} FROM {_rows(part.table)}"
    rows, filled, distinct, low, high = database.run(sql).rows[0]
    column = replace(
        column, nulls=rows - filled, distinct=distinct, minimum=low, maximum=high,
        unique=rows == filled == distinct,
    )  # fmt: skip
    if column.kind == "text":
        column = _with_values(part.table, name, column, database)
    return replace(part, column=column)


def _with_values(table: Table, name: str, column: Column, database: Database) -> Column:
    found = database.run(
        f"SELECT {name} FROM {_rows(table)} WHERE {name} IS NOT NULL "
        f"GROUP BY {name} ORDER BY count(*) DESC, {name}", max_rows=_VALUES,
    ).rows  # fmt: skip
    values, secret = tuple(str(row[0]) for row in found), ""
    if database.access.secrets == "mask":
        values, secret = harmless(values)
    complete = len(values) == column.distinct
    return replace(column, values=values, complete=complete, secret=secret)
