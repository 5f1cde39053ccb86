"""What a question's own words change in a statement: what is not asked for goes."""

import pytest

from llmtui.database.execute import Database
from llmtui.inference.ask import Asker
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
