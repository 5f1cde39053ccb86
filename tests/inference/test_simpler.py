"""What a question's own words change in a statement: what is not asked for goes."""

from pathlib import Path

import duckdb
import pytest

from llmtui.database.dialects import parse
from llmtui.database.execute import Access, Database
from llmtui.inference.ask import Asker
from llmtui.inference.needless import Joins
from llmtui.inference.simpler import CHANGES, simpler
from tests.inference.test_ask import Scripted


@pytest.mark.parametrize(
    ("question", "sql", "shorter"),
    [
        ("how many customers", "SELECT COUNT(*) FROM customers WHERE city = 'Rome'",
         "SELECT COUNT(*) FROM customers"),
        ("orders over 50", "SELECT id FROM orders WHERE total > 50 AND status = 'sent'",
         "SELECT id FROM orders WHERE total > 50"),
        ("customers in rome", "SELECT name FROM customers WHERE city = 'Rome'", ""),
        ("customers in Bern", "SELECT name FROM customers WHERE city = 'Bern'", ""),
        ("open orders or not", "SELECT id FROM orders WHERE total > 5 OR status = 'sent'", ""),
        ("how many girls", "SELECT COUNT(*) FROM customers WHERE city = 'Rome'", ""),
        ("orders", "SELECT id FROM orders WHERE status = 'yes'", ""),
        ("code x", "SELECT id FROM orders WHERE status = 'F'", ""),
        ("from March to May 2024", "SELECT id FROM orders WHERE placed BETWEEN '2024-03-01' AND "
         "'2024-05-31' AND year(placed) = 2024", "SELECT id FROM orders WHERE placed BETWEEN "
         "'2024-03-01' AND '2024-05-31'"),
        ("of 2023", "SELECT id FROM orders WHERE placed = '2023-01-01'", ""),
    ],
)  # fmt: skip
def test_conditions_of_which_the_question_says_nothing_go(
    shop_database: Database, question: str, sql: str, shorter: str
) -> None:
    assert simpler(CHANGES[0][0], sql, question, shop_database) == shorter


def test_an_answer_with_an_invented_value_is_shortened_and_told(shop_database: Database) -> None:
    model = Scripted("SELECT COUNT(*) FROM customers WHERE city = 'Rome'")
    answer = Asker(shop_database, model).ask("How many customers are there?")
    assert answer.sql == "SELECT COUNT(*) FROM customers"
    assert "does not name" in answer.message
    assert answer.rows == ((40,),)


@pytest.mark.parametrize(
    ("question", "sql", "changed"),
    [
        ("first names and salaries", "SELECT first_name, last_name, pay FROM staff",
         "SELECT first_name, pay FROM staff"),
        ("first name and department name", "SELECT s.first_name, s.last_name, d.name FROM staff "
         "AS s JOIN department AS d ON s.d = d.id", "SELECT s.first_name, d.name FROM staff AS s "
         "JOIN department AS d ON s.d = d.id"),
        ("first and last names", "SELECT first_name, last_name FROM staff", ""),
        ("full name, by first name", "SELECT first_name, last_name FROM staff", ""),
        ("staff names by first name", "SELECT first_name, last_name FROM staff", ""),
        ("the names of those with the first name Ann", "SELECT first_name, last_name FROM s", ""),
        ("first names", "SELECT first_name, pay FROM staff", ""),
        ("first names", "SELECT last_name, first_name, age FROM staff ORDER BY 2", ""),
    ],
)  # fmt: skip
def test_the_half_of_a_name_that_nobody_asked_for_goes(
    shop_database: Database, question: str, sql: str, changed: str
) -> None:
    assert simpler(CHANGES[1][0], sql, question, shop_database) == changed


@pytest.mark.parametrize(
    ("question", "pattern", "placed"),
    [
        ("names that end with the letter m", "%M%", "%M"),
        ("names that begin with Jo", "%Jo%", "Jo%"),
        ("names ending with the letter m", "%Ending", "%m"),
        ("those who have the letter J in their name", "J%", "%J%"),
        ("those with a letter 'z' in their name", "%Letter%", "%z%"),
        ("以A开头的名字", "%A%", "A%"),
        ("names that contain an m", "m%", "%m%"),
        ("names that begin or end with m", "%m%", ""),
        ("names like m", "%m%", ""),
        ("names that start with a_b", "%a_b%", ""),
        ("names that end with m", "%m", ""),
        ("tours that begin in Rome", "%Rome%", ""),
    ],
)
def test_a_text_is_looked_for_where_the_question_says(
    shop_database: Database, question: str, pattern: str, placed: str
) -> None:
    sql = "SELECT name FROM customers WHERE name ILIKE '{}'"
    wanted = sql.format(placed) if placed else ""
    assert simpler(CHANGES[2][0], sql.format(pattern), question, shop_database) == wanted


def test_an_answer_that_looks_at_the_other_end_is_put_right(shop_database: Database) -> None:
    model = Scripted("SELECT COUNT(*) FROM customers WHERE city ILIKE '%o%'")
    answer = Asker(shop_database, model).ask("How many customers live in cities ending with o?")
    assert answer.sql == "SELECT COUNT(*) FROM customers WHERE city ILIKE '%o'"
    assert "where the question says" in answer.message


TIED = "SELECT {} FROM customers JOIN orders ON customers.id = orders.customer_id"
BACK = "SELECT {} FROM orders JOIN customers ON orders.customer_id = customers.id"
ROME = " WHERE customers.city = 'Rome'"


@pytest.mark.parametrize(
    ("question", "sql", "changed"),
    [
        ("names of customers in Rome", TIED.format("customers.name") + ROME,
         "SELECT customers.name FROM customers" + ROME),
        ("names of customers in Rome", BACK.format("name") + ROME,
         "SELECT name FROM customers" + ROME),
        ("customers in Rome with an order", TIED.format("customers.name") + ROME, ""),
        ("who in Rome bought something", TIED.format("customers.name") + ROME, ""),
        ("罗马有订单的客户", TIED.format("customers.name") + ROME, ""),
        ("names in Rome", TIED.format("customers.name, orders.total") + ROME, ""),
        ("names in Rome", TIED.format("customers.name") + ROME + " ORDER BY orders.placed", ""),
        ("names in Rome", TIED.format("COUNT(*)") + ROME, ""),
        ("all in Rome", TIED.format("*") + ROME, ""),
        ("when in Rome", BACK.format("orders.placed"), ""),
        ("names", TIED.replace("JOIN", "LEFT JOIN").format("customers.name"), ""),
        ("names", "WITH orders AS (FROM main.orders WHERE total > 9) " + TIED.format("name"), ""),
        ("names", TIED.format("DISTINCT ON (orders.status) customers.name"), ""),
        ("买过东西的人", TIED.format("customers.name"), ""),
        ("names", "SELECT name FROM customers, orders", ""),
    ],
)  # fmt: skip
def test_a_table_of_which_nothing_is_read_or_said_goes(
    shop_database: Database, question: str, sql: str, changed: str
) -> None:
    assert simpler(CHANGES[3][0], sql, question, shop_database) == changed


@pytest.mark.parametrize(
    ("question", "sql", "changed"),
    [
        ("highest and lowest total per status",
         "SELECT status, MAX(total) - MIN(total) FROM orders GROUP BY status",
         "SELECT status, MAX(total), MIN(total) FROM orders GROUP BY status"),
        ("highest and lowest total", "SELECT MAX(total) - MIN(total) AS gap FROM orders",
         "SELECT MAX(total), MIN(total) FROM orders"),
        ("highest and lowest total", "SELECT MAX(total), MIN(total) FROM orders", ""),
        ("highest and lowest total", "SELECT MAX(total) - MIN(id) FROM orders", ""),
        ("highest and lowest total", "SELECT id, MAX(total) - MIN(total), COUNT(*) FROM orders "
         "GROUP BY id ORDER BY 3", ""),
    ],
)  # fmt: skip
def test_a_distance_is_told_by_its_ends(
    shop_database: Database, question: str, sql: str, changed: str
) -> None:
    assert simpler(CHANGES[4][0], sql, question, shop_database) == changed


def test_what_was_joined_or_subtracted_in_vain_is_put_right_and_told(
    shop_database: Database,
) -> None:
    joined, apart = (
        TIED.format("customers.name") + ROME,
        "SELECT MAX(total) - MIN(total) FROM orders",
    )
    answer = Asker(shop_database, Scripted(joined)).ask("What are the names of customers in Rome?")
    assert answer.row_count == 13
    assert "does not speak of" in answer.message
    answer = Asker(shop_database, Scripted(apart)).ask("What are the highest and lowest totals?")
    assert len(answer.columns) == 2
    assert "lowest are shown" in answer.message
    for gap in (
        "What is the difference between the highest and the lowest total?",
        "By how much does the highest total exceed the lowest?",
        "最高总额比最低总额高多少",
    ):
        answer = Asker(shop_database, Scripted(apart)).ask(gap)
        assert len(answer.columns) == 1, gap


def test_a_table_is_spoken_of_by_what_its_comment_or_people_call_it(tmp_path: Path) -> None:
    path = tmp_path / "t.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE buildings (id INTEGER PRIMARY KEY, name VARCHAR);"
            "INSERT INTO buildings SELECT i, 'B' || i FROM range(1, 9) t(i);"
            "CREATE TABLE staff (id INTEGER PRIMARY KEY, building_id INTEGER);"
            "INSERT INTO staff SELECT i, 1 + i % 3 FROM range(1, 20) t(i);"
            "CREATE TABLE t017 (id INTEGER PRIMARY KEY, building_id INTEGER);"
            "COMMENT ON TABLE t017 IS 'Orders / 订单';"
            "INSERT INTO t017 SELECT i, 1 + i % 3 FROM range(1, 20) t(i);"
            "CREATE TABLE pc (id INTEGER PRIMARY KEY, building_id INTEGER);"
            "INSERT INTO pc SELECT i, 1 + i % 3 FROM range(1, 20) t(i);"
        )
    with Database.open(path, Access(time_limit=30)) as database:
        joins = Joins(database.schema)
        for table, questions in {
            "staff": ["Which buildings have employees?", "Where do people work?", "有员工的楼"],
            "t017": ["Which buildings have orders?", "Where was it ordered from?", "下过单的楼"],
            "pc": ["Buildings with PCs"],
        }.items():
            tree = parse(
                f"SELECT buildings.name FROM buildings JOIN {table} "
                f"ON buildings.id = {table}.building_id"
            )
            assert tree is not None
            for question in questions:
                assert joins.needless(question, tree) == [], question
            assert len(joins.needless("names of all buildings", tree)) == 1
