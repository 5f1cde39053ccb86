"""Statements that are right though their result is empty or their grouping is left out."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.inference.ask import Asker
from tests.inference.test_ask import Scripted

IN_CITY = "SELECT customers.name FROM customers JOIN stores ON customers.{} = stores.{}"
TOP = "SELECT department, MAX(salary) FROM staff"


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "chain.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("""
            CREATE TABLE stores (id INTEGER PRIMARY KEY, city VARCHAR, town VARCHAR);
            CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR, city VARCHAR,
                age INTEGER, home_store_id INTEGER REFERENCES stores(id));
            INSERT INTO stores VALUES (1, 'Lyon', 'Lyon'), (2, 'Nice', 'Nice');
            INSERT INTO customers VALUES (1, 'Ann', 'Paris', 40, 1), (2, 'Ben', 'Metz', 50, 2);
            CREATE TABLE staff (name VARCHAR, department VARCHAR, hourly_pay INTEGER,
                salary INTEGER);
            INSERT INTO staff VALUES ('Eva', 'sales', 20, 40), ('Jo', 'sales', 30, 50),
                ('Kim', 'legal', 25, 60);
        """)
    with Database.open(path, Access()) as database:
        yield database


@pytest.mark.parametrize("column", ["city", "town"])
def test_no_customer_in_the_city_of_a_store_is_an_answer(chain: Database, column: str) -> None:
    sql = IN_CITY.format("city", column)
    answer = Asker(chain, Scripted(sql)).ask(f"Which customers live in the {column} of a store?")
    assert (answer.status, answer.sql, answer.rows) == ("ok", sql, ())


def test_a_key_and_what_is_no_key_are_not_compared(chain: Database) -> None:
    answer = Asker(chain, Scripted(IN_CITY.format("age", "id"))).ask("customers with a store")
    assert answer.sql == IN_CITY.format("home_store_id", "id")
    assert (answer.row_count, bool(answer.message)) == (2, True)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("What is the highest salary in each department?", 2),
        ("highest salary by department", 2),
        ("the highest salary per department", 2),
        ("每个部门的最高工资", 2),
        ("各部门最高的工资是多少", 2),
        ("按部门列出最高工资", 2),
        ("Which department has the highest salary?", 1),
        ("Which department pays the highest salary by far?", 1),
        ("哪个部门的工资最高？", 1),
        ("按工资从高到低，第一个部门是哪个？", 1),
        ("每月工资最高的部门是哪个？", 1),
        ("按工资算，最高的是哪个部门？", 1),
    ],
)
def test_the_highest_of_each_group_is_no_single_row(
    chain: Database, question: str, rows: int
) -> None:
    answer = Asker(chain, Scripted(TOP)).ask(question)
    assert (answer.status, answer.row_count) == ("ok", rows)
    assert answer.message


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("各产品的最高销量", 2),
        ("每个产品卖得最多的是多少", 2),
        ("按产品列出最高销量", 2),
        ("每天销量最高的产品", 1),
        ("每单销量最高的产品", 1),
        ("按销量看，卖得最好的是哪个产品？", 1),
    ],
)
def test_each_is_said_of_what_is_shown(tmp_path: Path, question: str, rows: int) -> None:
    path = tmp_path / "sales.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("""
            CREATE TABLE sales (product VARCHAR, sold_on DATE, amount INTEGER);
            COMMENT ON COLUMN sales.product IS 'Product / 产品名称';
            COMMENT ON COLUMN sales.amount IS 'Amount / 销量';
            INSERT INTO sales VALUES ('pen', '2024-01-01', 5), ('ink', '2024-01-02', 9);
        """)
    with Database.open(path, Access()) as database:
        model = Scripted("SELECT product, MAX(amount) FROM sales")
        assert Asker(database, model).ask(question).row_count == rows
        model = Scripted("SELECT sold_on, MAX(amount) FROM sales")
        assert Asker(database, model).ask("每天的最高销量").row_count == 2
