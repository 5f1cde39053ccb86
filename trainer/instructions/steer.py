"""Which new rows to train on next: more of what the model still gets wrong."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence

import sqlglot
from sqlglot import exp

from llmtui.database.dialects import plain
from llmtui.trainer.instructions.virtues import asked_in
from llmtui.workspace.records import Instruction

_SHARPNESS = 2.0
"""Power of the miss rate by which a row is drawn."""


def features(row: Instruction) -> frozenset[str]:
    """What a row is about: its shape, its tables, its columns."""
    found = {f"shape {row.shape}"}
    try:
        tree = sqlglot.parse_one(row.sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return frozenset(found)
    found |= {f"table {table.name.lower()}" for table in tree.find_all(exp.Table)}
    found |= {f"column {column.name.lower()}" for column in tree.find_all(exp.Column)}
    return frozenset(found)


def miss_rates(asked: Iterable[tuple[Instruction, bool]]) -> dict[str, float]:
    """Feature → how often rows with it were missed, pulled towards a half where few were asked.

    asked: (row, whether it was answered right)
    """
    seen: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for row, right in asked:
        for feature in features(row):
            seen[feature] += 1
            missed[feature] += not right
    return {feature: (missed[feature] + 1) / (count + 2) for feature, count in seen.items()}


def steered(
    rows: Sequence[Instruction], rates: dict[str, float], count: int, seed: int
) -> list[Instruction]:
    """`count` of `rows`, drawn by the miss rates of their features (Efraimidis and Spirakis 2006).

    A feature that was never asked counts as a half: it may be wrong as well.
    """
    rng = random.Random(seed)

    def key(row: Instruction) -> float:
        about = features(row)
        rate = sum(rates.get(feature, 0.5) for feature in about) / len(about)
        return float(rng.random() ** (1 / rate**_SHARPNESS))

    return sorted(rows, key=key, reverse=True)[:count]


def fit_to_learn(rows: Iterable[Instruction], old: Sequence[Instruction]) -> list[Instruction]:
    """New rows that give nothing away of the held-out `old` ones, and repeat none of the old.

    Left out: a query or question of an old row, and what was held out as shapes on tables.
    """
    queries = {plain(row.sql) for row in old if row.split != "train"}
    asked = asked_in(old)
    held = {combination(row) for row in old if row.extra.get("held") == "shape"}
    return [
        row
        for row in rows
        if plain(row.sql) not in queries
        and not asked.fault(row.question, row.target)
        and combination(row) not in held
    ]


def combination(row: Instruction) -> frozenset[str]:
    """What is held out as a whole: a shape on tables."""
    return frozenset(name for name in features(row) if not name.startswith("column "))
