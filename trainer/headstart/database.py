"""A designed schema becomes a DuckDB file with rows in it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from llmtui.database.schema import quote
from llmtui.trainer.headstart.design import ColumnDesign, Design, TableDesign
from llmtui.trainer.headstart.plan import ColumnPlan
from llmtui.trainer.headstart.values import Filler, column_type
from llmtui.workspace.files import whole_file


def write_database(design: Design, path: Path, rng: random.Random) -> None:
    """Fill the tables and write them to `path`, whole or not at all.

    Tables and columns carry comments with what people call them, in English and Chinese.
    """
    keys: dict[str, list[Any]] = {}
    with whole_file(path) as temporary, duckdb.connect(str(temporary)) as connection:
        for table in design.tables:
            columns = _columns(table, design, keys, rng)
            connection.execute(_create(table, design))
            _comment(connection, table)
            for part in _in_order(table, columns):
                connection.register("given", pa.table(part))
                connection.execute(f"INSERT INTO {quote(table.name)} SELECT * FROM given")
                connection.unregister("given")
        connection.execute("CHECKPOINT")


def _columns(
    table: TableDesign, design: Design, keys: dict[str, list[Any]], rng: random.Random
) -> dict[str, list[Any]]:
    """The values of every column by name; those of the table's key are kept for its children."""
    listed = table.plan.columns[0]
    rows = len(listed.args) if listed.kind == "all" else table.rows
    filler = Filler(rng, design.style, rows)
    made: dict[str, list[Any]] = {}
    if table.key is not None:
        kind = table.key.plan.kind
        made[table.key.name] = sorted(filler.of_code()) if kind == "code" else _numbers(rows, rng)
        keys[table.plan.name] = made[table.key.name]
    for column in table.columns:
        if column.plan.parent:
            known = keys[column.plan.parent]
            made[column.name] = _references(column.plan, table, known, rows, rng)
        else:
            made[column.name] = filler.column(column.plan)
    return _without_doubles(table, made) if table.key is None else made


def _numbers(rows: int, rng: random.Random) -> list[int]:
    first = rng.choice((1, 1, 1, 1, 101, 1001, 10_000))
    return list(range(first, first + rows))


def _references(
    plan: ColumnPlan, table: TableDesign, known: list[Any], rows: int, rng: random.Random
) -> list[Any]:
    """Keys of the parent: some often, a few of them never."""
    if plan.parent == table.plan.name:  # to itself: the first few lead the others
        heads = known[: max(2, rows // 8)]
        return [None if key in heads else rng.choice(heads) for key in known]
    used = rng.sample(known, max(1, round(len(known) * rng.uniform(0.75, 1.0))))
    bend = rng.choice((0.0, 0.4, 0.8))
    weights = [1 / (place + 1) ** bend for place in range(len(used))]
    missing = 0.08 if plan.missing else 0.0
    chosen = rng.choices(used, weights, k=rows)
    return [None if rng.random() < missing else key for key in chosen]


def _without_doubles(table: TableDesign, made: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """A linking table has each pair once."""
    pairs = list(zip(*(made[c.name] for c in table.columns if c.plan.parent), strict=True))
    first = [place for place, pair in enumerate(pairs) if pair not in pairs[:place]]
    return {name: [values[place] for place in first] for name, values in made.items()}


def _create(table: TableDesign, design: Design) -> str:
    lines = []
    key, declared = table.key, design.style.declared
    if key is not None:
        mark = " PRIMARY KEY" if declared else ""
        lines.append(f"{quote(key.name)} {column_type(key.plan, design.style)}{mark}")
    for column in table.columns:
        lines.append(f"{quote(column.name)} {_type(column, design)}")
        if column.plan.parent and declared:
            parent = design.table(column.plan.parent)
            assert parent.key is not None
            lines[-1] += f" REFERENCES {quote(parent.name)}({quote(parent.key.name)})"
    return f"CREATE TABLE {quote(table.name)} ({', '.join(lines)})"


def _type(column: ColumnDesign, design: Design) -> str:
    plan = column.plan
    if plan.parent:
        key = design.table(plan.parent).key
        assert key is not None
        plan = key.plan
    return column_type(plan, design.style)


def _comment(connection: duckdb.DuckDBPyConnection, table: TableDesign) -> None:
    name = quote(table.name)
    connection.execute(f"COMMENT ON TABLE {name} IS '{table.english} / {table.chinese}'")
    for column in (table.key, *table.columns) if table.key else table.columns:
        text = f"{column.english} / {column.chinese}"
        connection.execute(f"COMMENT ON COLUMN {name}.{quote(column.name)} IS '{text}'")


def _in_order(table: TableDesign, columns: dict[str, list[Any]]) -> Iterator[dict[str, list[Any]]]:
    """The rows in parts: where a table refers to itself, those referred to come first."""
    own = [c.name for c in table.columns if c.plan.parent == table.plan.name]
    if not own:
        yield columns
        return
    for heads in (True, False):
        places = [n for n, key in enumerate(columns[own[0]]) if (key is None) is heads]
        yield {name: [values[n] for n in places] for name, values in columns.items()}
