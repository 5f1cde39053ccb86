"""Questions about what is inside columns: fields of a struct, items of a list, their number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.inference.repair import mend
from llmtui.trainer.instructions.construct import Options, construct
from llmtui.workspace.records import Instruction

TAGS = ("newly", "salex", "ecoline", "premo", "kidz")
MAKERS = (("Acme", "Germany", 1901), ("Borel", "France", 1950), ("Chen", "China", 1999))


@pytest.fixture
def products(tmp_path: Path) -> Iterator[Database]:
    with duckdb.connect(str(tmp_path / "p.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE product (id INTEGER PRIMARY KEY, name VARCHAR, tags VARCHAR[], "
            "ratings INTEGER[], mails VARCHAR[], price DOUBLE, "
            "maker STRUCT(name VARCHAR, country VARCHAR, founded INTEGER))"
        )
        for n in range(40):
            maker = dict(zip(("name", "country", "founded"), MAKERS[n % 3], strict=True))
            tags = [tag for place, tag in enumerate(TAGS) if n >> place & 1]
            row = [n, f"Product {n}", tags, [1 + n % 5, 1 + n % 3], [f"p{n}@example.org"], n * 1.5]
            connection.execute("INSERT INTO product VALUES (?, ?, ?, ?, ?, ?, ?)", [*row, maker])
    with Database.open(tmp_path / "p.duckdb", Access(time_limit=5)) as database:
        yield database


@pytest.fixture
def rows(products: Database) -> list[Instruction]:
    return construct(products, Options(rows=500), lambda _event: None)


def asking(rows: list[Instruction], part: str) -> list[Instruction]:
    return [row for row in rows if part in row.sql]


@pytest.mark.parametrize(
    "part",
    ["list_contains(tags, '", "list_contains(ratings, ", "len(tags)", "maker.country = '",
     "AVG(maker.founded)", "GROUP BY maker."],
)  # fmt: skip
def test_parts_of_columns_are_asked_about(rows: list[Instruction], part: str) -> None:
    assert {row.lang for row in asking(rows, part)} == {"en", "zh"}


def test_such_sql_runs_and_is_left_as_it_is(rows: list[Instruction], products: Database) -> None:
    nested = {row.sql: row for row in rows if any(p in row.sql for p in ("maker.", "tags"))}
    assert len(nested) > 50
    for sql, row in nested.items():
        assert products.run(sql).rows, row
        assert mend(sql, products, row.question).sql == sql


def test_a_list_of_secrets_is_not_asked_about(rows: list[Instruction]) -> None:
    assert not asking(rows, "mails")


def test_a_question_names_the_item(rows: list[Instruction]) -> None:
    for row in asking(rows, "list_contains(tags, '"):
        (item,) = re.findall(r"list_contains\(tags, '(\w+)'\)", row.sql)[:1]
        assert item in row.question.lower(), row
