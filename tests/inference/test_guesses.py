"""Values that a question does not quite name: told with the answer, or not taken at all."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.inference.ask import Asker
from llmtui.inference.repair import mend
from llmtui.tui.texts import translated
from tests.inference.test_ask import Scripted

BY_NAME = "SELECT COUNT(*) FROM people WHERE last_name = '{}'"
BY_CODE = "SELECT name FROM parts WHERE code = '{}'"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("""
            CREATE TABLE people (id INTEGER PRIMARY KEY, last_name VARCHAR, city VARCHAR);
            INSERT INTO people VALUES (1, 'Martinez', 'Lisbon'), (2, 'Okafor', 'Porto'),
                (3, 'Lindqvist', 'Lisbon'), (4, 'Zhou', 'Porto');
            CREATE TABLE parts (code VARCHAR PRIMARY KEY, name VARCHAR);
            INSERT INTO parts VALUES ('AB12346', 'bolt'), ('AB99346', 'nut'), ('galaxy10', 'cam');
        """)
    with Database.open(path, Access()) as database:
        yield database


@pytest.mark.parametrize("name", ["Martin", "Martines"])
def test_a_value_that_is_only_nearly_named_is_told(shop: Database, name: str) -> None:
    model = Scripted(BY_NAME.format("Martinez"))
    answer = Asker(shop, model).ask(f"How many people are called {name}?")
    assert answer.status == "ok"
    assert answer.message == f"'{name}' was read as 'Martinez'."
    assert translated(answer.message, "zh") == f"“{name}”按“Martinez”理解。"


def test_it_is_told_once_when_the_statement_was_mended_too(shop: Database) -> None:
    answer = Asker(shop, Scripted(BY_NAME.format("Martin"))).ask("How many are called Martin?")
    assert (answer.sql, answer.message) == (
        BY_NAME.format("Martinez"), "'Martin' was read as 'Martinez'."
    )  # fmt: skip


@pytest.mark.parametrize("question", ["How many are called Martinez?", "people named martinez"])
def test_a_value_that_is_named_needs_no_telling(shop: Database, question: str) -> None:
    assert Asker(shop, Scripted(BY_NAME.format("Martinez"))).ask(question).message == ""


@pytest.mark.parametrize("code", ["AB12345", "AB12347", "galaxy", "galaxy1"])
def test_a_code_is_never_its_neighbour(shop: Database, code: str) -> None:
    question = f"What is the name of part {code}?"
    assert mend(BY_CODE.format(code), shop, question).sql == BY_CODE.format(code)
    assert shop.linker.hints(question) == ()
