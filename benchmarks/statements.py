"""Hostile and valid statements by class, made from what DuckDB says it has, and mutations of them.

Functions, table functions and catalogue views come from the engine, so that an upgrade that brings
new ones is tested without a new line here; the rest is in statements.toml.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from pathlib import Path

import duckdb

from llmtui.database.functions import ALLOWED, TABLE_FUNCTIONS

PARTS: dict[str, list[str]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)
SETUP = """
CREATE TABLE sales(id INTEGER, region VARCHAR, amount DECIMAL(10,2), sold TIMESTAMP, "user" VARCHAR);
INSERT INTO sales SELECT i, ['north', 'south', '[/] west'][1 + i % 3], i * 1.5,
    TIMESTAMP '2024-01-01' + INTERVAL 1 DAY * i, 'u' || i FROM range(1, 61) t(i);
CREATE TABLE customers(id INTEGER, name VARCHAR, email VARCHAR, tags VARCHAR[], j JSON);
INSERT INTO customers SELECT i, 'N' || i, 'n' || i || '@x.y', ['a', 'b'], '{"k": 1}'
    FROM range(1, 21) t(i);
CREATE SCHEMA hr;
CREATE TABLE hr.staff(id INTEGER, boss INTEGER, pay DOUBLE);
INSERT INTO hr.staff VALUES (1, NULL, 9), (2, 1, 5);
CREATE VIEW big AS SELECT * FROM sales WHERE amount > 50;
"""  # noqa: E501
TABLES = {("main", "sales"), ("main", "customers"), ("hr", "staff"), ("main", "big")}
COLUMNS = {"user"}
_SIGNS = (0, 1, 7, 8, 0x1B, 0x7F, 0x85, 0x9B, 0xAD, 0x200B, 0x200D, 0x200E, 0x202E, 0x2066, 0xFEFF,
          0xE0041, 0xD800, 0xDFFF, 0x3164, 0x034F)  # fmt: skip
"""Characters that are obeyed or not seen."""


def classes(outside: Path) -> dict[str, list[str]]:
    """Every class with its statements, all to be refused before anything runs.

    outside: a folder that holds secret.csv and is no part of the source
    """
    tables, values = table_expressions(outside), value_expressions()
    some = random.Random(5)
    parts = {name: [_filled(part, outside) for part in PARTS[name]] for name in PARTS}
    names = ["duckdb_settings", "duckdb_databases", "sqlite_master", "pg_class",
             f"{outside}/secret.csv"]  # fmt: skip
    return {
        "kinds of statements": parts["kinds"],
        "table expressions": [f"SELECT * FROM {e}" for e in tables],
        "table expressions anywhere": [
            place.replace("{e}", e)
            for place in parts["table_places"]
            for e in some.sample(tables, 40)
        ],
        "functions": [f"SELECT {e}" for e in values],
        "functions anywhere": [
            place.replace("{e}", e)
            for place in parts["value_places"]
            for e in some.sample(values, 40)
        ],
        "names lent by a WITH": [f.replace("{n}", n) for f in parts["shadowed"] for n in names],
        "changes in a query": [
            f.replace("{w}", w) for f in parts["hidden_writes"] for w in parts["writes"]
        ],
        "odd text": odd_text(),
    }  # fmt: skip


def _filled(part: str, outside: Path) -> str:
    return part.replace("{s}", f"{outside}/secret.csv").replace("{o}", str(outside))


def table_expressions(outside: Path) -> list[str]:
    """What stands in FROM and is no table of the database: functions, views, files, other names."""
    with duckdb.connect() as connection:
        functions = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() "
            "WHERE function_type IN ('table', 'table_macro', 'pragma') ORDER BY 1"
        ).fetchall()
        views = connection.execute(
            "SELECT schema_name, view_name FROM duckdb_views() WHERE internal ORDER BY 1, 2"
        ).fetchall()
    found = [_filled(part, outside) for part in PARTS["tables"]]
    for (name,) in functions:
        if name not in TABLE_FUNCTIONS:
            found += [f"{name}('{outside}/secret.csv')", f'"{name.upper()}"()']
    for schema, view in views:
        found += [f'"{view}"', f"{schema}.{view}", f"system.{schema}.{view}"]
    return found


def value_expressions() -> list[str]:
    """Scalars that are on no allow-list, and parameters."""
    with duckdb.connect() as connection:
        names = connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN "
            "('scalar', 'macro', 'aggregate') "
            "AND regexp_full_match(function_name, '\\w+') ORDER BY 1"
        ).fetchall()  # fmt: skip
    return [*PARTS["values"], *(f"{name}('x')" for (name,) in names if name.lower() not in ALLOWED)]


def odd_text() -> list[str]:
    """Too long, too deep, invisible, cut off, or no SQL at all."""
    many = [f"SELECT {part * 5000}1" for part in PARTS["deep"]]
    many += ["SELECT " + " + ".join(["1"] * 30000), "SELECT '" + "x" * 10**6 + "'",
             " UNION ALL ".join(["SELECT 1"] * 20000), "SELECT " + "(" * 500 + "1" + ")" * 500,
             "SELECT 1 WHERE 1 IN (" + ",".join(["1"] * 300000) + ")",
             "SELECT * FROM " + ", ".join(["sales"] * 200)]  # fmt: skip
    places = ("SELECT 1@", "@SELECT 1", "SELECT '@'", "SELECT 1 -- @\n", 'SELECT 1 AS "@"')
    hidden = [place.replace("@", chr(sign)) for sign in _SIGNS for place in places]
    return many + hidden + PARTS["broken"]


def mutated(count: int, outside: Path, seed: int = 1) -> Iterator[str]:
    """`count` statements made from valid and hostile ones by a few random edits each."""
    rng = random.Random(seed)
    hostile = [sql for group in classes(outside).values() for sql in group if 0 < len(sql) < 400]
    for _ in range(count):
        text = rng.choice(PARTS["valid"] if rng.random() < 0.75 else hostile)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            text = rng.choice(_EDITS)(rng, text, hostile)
        yield text


def _insert(rng: random.Random, text: str, _hostile: list[str]) -> str:
    place = rng.randint(0, len(text))
    return text[:place] + rng.choice(PARTS["pieces"]) + text[place:]


def _replace(rng: random.Random, text: str, _hostile: list[str]) -> str:
    words = text.split(" ")
    words[rng.randrange(len(words))] = rng.choice(PARTS["pieces"])
    return " ".join(words)


def _delete(rng: random.Random, text: str, _hostile: list[str]) -> str:
    place = rng.randint(0, len(text))
    return text[:place] + text[place + rng.randint(1, 8) :]


def _repeat(rng: random.Random, text: str, _hostile: list[str]) -> str:
    place = rng.randint(0, len(text))
    return text[:place] + text[place : place + 30] * 2 + text[place + 30 :]


def _nest(rng: random.Random, text: str, hostile: list[str]) -> str:
    place = rng.randint(0, len(text))
    return f"{text[:place]}({rng.choice(hostile)}){text[place:]}"


def _append(rng: random.Random, text: str, hostile: list[str]) -> str:
    return f"{text};{rng.choice(hostile)}"


def _cross(rng: random.Random, text: str, _hostile: list[str]) -> str:
    other = rng.choice(PARTS["valid"])
    return text[: rng.randint(0, len(text))] + other[rng.randint(0, len(other)) :]


def _space(rng: random.Random, text: str, _hostile: list[str]) -> str:
    words = text.split(" ")
    place = rng.randrange(len(words))
    words[place] += rng.choice(("\n", "\t", "\r", "\xa0", "/**/", "/* ; */", "--\n", " -- ;\r\n"))
    return " ".join(words)


_EDITS = (_insert, _insert, _space, _space, _replace, _delete, _repeat, _nest, _append, _cross)
