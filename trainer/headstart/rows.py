"""Instruction rows over constructed databases, each with the schema text it is asked with.

Rows of one schema share one text, so that training can run it once for all of them. The text is
`Schema.text`, as asking writes it, of the tables that fit; what people call things stands in the
comments of the constructed database, from which questions are made, and seldom in the text.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

from llmtui.database.execute import Access, Database
from llmtui.database.schema import Schema
from llmtui.trainer.headstart.database import write_database
from llmtui.trainer.headstart.design import draw_design
from llmtui.trainer.instructions.construct import Options, construct
from llmtui.workspace.errors import UsageError
from llmtui.workspace.events import Event, Finished, Progress, RowsKept, Started
from llmtui.workspace.files import make_dir, write_text
from llmtui.workspace.records import Instruction, load_rows, save_rows

STAGE = "schemas"
TOGETHER = 16
"""Rows of a schema that stand together, so that a step shares its text: then come the others."""
_SPARE = 4
"""Rows constructed for each that is kept: a query is asked once in each language."""
_SPARE_BARE = 2
_HELD_OUT = 25
"""One schema of this many is never trained on."""


@dataclass(frozen=True)
class Recipe:
    """What is constructed: `each` rows over each of `schemas`, in texts of about `tokens`.

    schema: "prompt" shows every row its schema, and teaches to answer over any; "weights" shows
    none, and teaches what questions and SQL are like, for a tune to go on from
    """

    schemas: int = 400
    each: int = 48
    tokens: int = 400
    languages: str = "en,zh"
    seed: int = 7
    schema: str = "prompt"


def construct_rows(folder: Path, recipe: Recipe) -> Iterator[Event]:
    """Write `folder/instructions.jsonl`; what an earlier try made of the same recipe is kept.

    Raises UsageError when the folder was begun with another recipe.
    """
    began = time.monotonic()
    yield Started(STAGE, f"{recipe.schemas} databases", of=recipe.schemas)
    _same_recipe(folder, recipe)
    parts = make_dir(folder / "rows")
    for number in range(recipe.schemas):
        part = parts / f"{number:04d}.jsonl"
        if not part.is_file():
            save_rows(part, rows_of(number, recipe))
            yield Progress(STAGE, number + 1, recipe.schemas, unit="databases")
    made = [load_rows(parts / f"{number:04d}.jsonl") for number in range(recipe.schemas)]
    together = TOGETHER if recipe.schema == "prompt" else 1
    turns = range(0, recipe.each, together)
    rows = [row for turn in turns for part in made for row in part[turn : turn + together]]
    save_rows(folder / "instructions.jsonl", rows)
    yield RowsKept(len(rows), f"{recipe.schemas} constructed databases")
    yield Finished(STAGE, time.monotonic() - began, f"{len(rows)} rows")


def _same_recipe(folder: Path, recipe: Recipe) -> None:
    made = folder / "recipe.txt"
    text = str({name: value for name, value in asdict(recipe).items() if name != "schemas"})
    if made.is_file() and made.read_text("utf-8") != text:
        raise UsageError(
            "This folder was begun with another recipe", where=str(folder),
            hint="Delete it to start anew.",
        )  # fmt: skip
    write_text(made, text)


def rows_of(number: int, recipe: Recipe) -> list[Instruction]:
    """The rows over the constructed database of this number; the same for the same seed."""
    rng = random.Random(f"{recipe.seed}/{number}")
    with tempfile.TemporaryDirectory(prefix="llmtui-schema-") as place:
        file = Path(place) / "constructed.duckdb"
        write_database(draw_design(rng), file, rng)
        with Database.open(file, Access(time_limit=5, threads=1)) as database:
            wanted = recipe.each * (_SPARE if recipe.schema == "prompt" else _SPARE_BARE)
            options = Options(tuple(recipe.languages.split(",")), wanted, rng.randrange(2**31))
            made = construct(database, options, lambda _event: None)
            shown = view(database.schema, recipe.tokens, rng)
    if recipe.schema != "prompt":
        return [_numbered(row, number, {}) for row in list(_different(made))[: recipe.each]]
    names = {table.name.lower() for table in shown.tables}
    text = shown.text(rng.choice((3, 3, 3, 3, 0)))
    kept = [row for row in _different(made) if _tables(row.sql) <= names]
    return [_numbered(row, number, {"schema_text": text}) for row in kept[: recipe.each]]


def _numbered(row: Instruction, number: int, extra: dict[str, Any]) -> Instruction:
    split = "test" if number % _HELD_OUT == _HELD_OUT - 1 else "train"
    return replace(row, id=f"{number:04d}-{row.id}", split=split, extra=extra)


def view(schema: Schema, tokens: int, rng: random.Random) -> Schema:
    """The schema as it is shown: tables that fit, now and then shuffled, mostly without comments.

    Tables that no other refers to go first when there are too many.
    """
    tables = list(schema.tables)
    if rng.random() < 0.4:
        rng.shuffle(tables)
    if rng.random() < 0.85:
        tables = [replace(table, comment="") for table in tables]
    shown = Schema(tuple(tables), schema.foreign_keys)
    while about_tokens(shown.text()) > tokens and len(shown.tables) > 1:
        parents = {key.to_table for key in shown.foreign_keys if key.table != key.to_table}
        leaves = [table for table in shown.tables if table.name not in parents] or shown.tables
        left = rng.choice(list(leaves)).name
        shown = Schema(
            tuple(table for table in shown.tables if table.name != left),
            tuple(key for key in shown.foreign_keys if left not in (key.table, key.to_table)),
        )
    return shown


def about_tokens(text: str) -> float:
    """An estimate for a small English model: two to three letters, or half a Han, make a token."""
    plain = sum(character.isascii() for character in text)
    return plain / 2.6 + (len(text) - plain) * 2


def _different(rows: list[Instruction]) -> Iterator[Instruction]:
    """Each query once in each language."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if (row.lang, row.sql) not in seen:
            seen.add((row.lang, row.sql))
            yield row


def _tables(sql: str) -> set[str]:
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    own = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    return {table.name.lower() for table in tree.find_all(exp.Table)} - own
