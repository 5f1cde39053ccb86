"""Tables that are described from a sample are named, keyed and joined as others are."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Database
from llmtui.database.schema import ForeignKey
from llmtui.trainer.instructions.construct import Options, construct
from llmtui.trainer.instructions.things import thing_of
from llmtui.tui.facts import column_facts

ROWS = 250_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Products, and orders of them; no key is declared, and one product's code stands twice."""
    path = tmp_path_factory.mktemp("large") / "large.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE products AS SELECT i::INTEGER AS id, 'Product ' || i AS name, "
            "'C' || (i % 249990) AS code, 1 + i % 900 AS price, "
            f"['red', 'blue', 'green'][1 + i % 3] AS color FROM range({ROWS}) t(i);"
            f"CREATE TABLE orders AS SELECT i::INTEGER AS id, (i * 7 % {ROWS})::INTEGER "
            "AS product_id, 1 + i % 9 AS amount FROM range(300000) t(i)"
        )
    with Database.open(path) as database:
        yield database


def test_keys_are_looked_for_in_the_whole_table(large: Database) -> None:
    products = large.schema.table("products")
    assert products.row_count == ROWS
    assert products.counted == 100_000
    assert products.primary_key == ("id",)
    assert products.column("name").unique
    assert not products.column("code").unique
    assert not products.column("color").unique
    keys = {(k.table, k.column, k.to_table, k.to_column) for k in large.schema.foreign_keys}
    assert keys == {("orders", "product_id", "products", "id")}


def test_facts_say_how_many_rows_they_were_counted_over(large: Database) -> None:
    products = large.schema.table("products")
    told = column_facts(large.schema, products, products.column("color")).plain
    assert "100,000" in told


def test_a_large_table_is_named_and_its_keys_are_joined_along(large: Database) -> None:
    assert thing_of(large.schema.table("products"), set()).named
    rows = construct(large, Options(("en",), 150), lambda _event: None)
    assert any("name = 'Product " in row.sql for row in rows)
    assert any("JOIN products ON" in row.sql for row in rows)


def test_a_key_on_a_column_that_no_statement_may_hold_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "hidden.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            'CREATE TABLE makers ("id\u200b" INTEGER PRIMARY KEY, name VARCHAR, since INTEGER);'
            "INSERT INTO makers SELECT i, 'Maker ' || i, 1900 + i FROM range(30) t(i);"
            "CREATE TABLE cars (id INTEGER PRIMARY KEY, model VARCHAR, "
            'maker INTEGER REFERENCES makers("id\u200b"));'
            "INSERT INTO cars SELECT i, 'Car ' || i, i % 30 FROM range(60) t(i)"
        )
    with Database.open(path) as database:
        assert database.schema.table("makers").primary_key == ()
        hidden = ForeignKey("cars", "maker", "makers", "id\u200b")
        assert hidden not in database.schema.foreign_keys
        assert construct(database, Options(rows=30), lambda _event: None)
