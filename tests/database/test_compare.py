"""The matcher must say no to what is wrong but looks right."""

import datetime as dt
from decimal import Decimal

import duckdb
import pytest

from llmtui.database.compare import Wanted, same_strict, same_tolerant
from llmtui.database.result import Result

SETUP = """
CREATE TABLE d (id INTEGER, name VARCHAR, city VARCHAR);
INSERT INTO d VALUES (1, 'Sales', 'Rome'), (2, 'Legal', 'Oslo'), (3, 'Lab', 'Rome');
CREATE TABLE e (id INTEGER, name VARCHAR, dept INTEGER, pay INTEGER, bonus INTEGER, age INTEGER);
INSERT INTO e VALUES (1, 'Ann', 1, 10, NULL, 20), (2, 'Bob', 1, 20, 5, 30),
    (3, 'Cid', 2, 30, 5, 40), (4, 'Dee', 2, 40, NULL, 50), (5, 'Ann', 1, 20, 7, 60);
"""


def result(sql: str) -> Result:
    with duckdb.connect() as connection:
        connection.execute(SETUP)
        cursor = connection.execute(sql)
        names = tuple(item[0] for item in cursor.description or ())
        return Result(names, names, tuple(cursor.fetchall()))


WRONG = [
    ("SELECT DISTINCT name FROM e", "SELECT name FROM e"),
    ("SELECT COUNT(*) FROM e", "SELECT COUNT(bonus) FROM e"),
    ("SELECT COUNT(*) FROM e", "SELECT COUNT(DISTINCT name) FROM e"),
    ("SELECT name FROM e WHERE pay > 20", "SELECT name FROM e WHERE pay >= 20"),
    ("SELECT name FROM e ORDER BY pay DESC", "SELECT name FROM e ORDER BY pay"),
    ("SELECT name FROM e ORDER BY id", "SELECT name FROM e ORDER BY id DESC"),
    ("SELECT id FROM e ORDER BY age DESC LIMIT 2", "SELECT id FROM e ORDER BY age DESC LIMIT 3"),
    ("SELECT name, pay FROM e", "SELECT name, age FROM e"),
    ("SELECT SUM(pay) FROM e", "SELECT AVG(pay) FROM e"),
    ("SELECT name, pay FROM e", "SELECT name, 70 - pay FROM e"),
    ("SELECT dept, MAX(pay) FROM e GROUP BY dept", "SELECT dept, MIN(pay) FROM e GROUP BY dept"),
    ("SELECT d.name FROM d", "SELECT d.name FROM d JOIN e ON e.dept = d.id"),
    ("SELECT name FROM d WHERE id NOT IN (SELECT dept FROM e)", "SELECT name FROM d WHERE id = 2"),
    ("SELECT bonus FROM e WHERE id = 1", "SELECT 0"),
    ("SELECT 1", "SELECT 'one'"),
    ("SELECT name FROM e WHERE id = 1", "SELECT name FROM e WHERE false"),
    ("SELECT name, pay FROM e", "SELECT name, 10 * (6 - id) FROM e"),
    ("SELECT 12345678901", "SELECT 12345678902"),
    ("SELECT AVG(pay) FROM e", "SELECT 24.001"),
    ("SELECT true", "SELECT 1"),
]  # fmt: skip


@pytest.mark.parametrize(("gold", "other"), WRONG)
def test_a_wrong_but_similar_query_is_wrong_both_ways(gold: str, other: str) -> None:
    ordered = "ORDER BY" in gold
    assert not same_strict(Wanted.of(result(gold), ordered=ordered), result(other))
    assert not same_tolerant(Wanted.of(result(gold), ordered=ordered), result(other))
    assert not same_strict(Wanted.of(result(other), ordered=ordered), result(gold))


RIGHT = [
    ("SELECT name FROM e", "SELECT name FROM e ORDER BY pay DESC", False),
    ("SELECT COUNT(*) FROM e", "SELECT COUNT(id) FROM e", False),
    ("SELECT SUM(pay) FROM e", "SELECT CAST(120 AS DOUBLE)", False),
    ("SELECT AVG(pay) FROM e", "SELECT SUM(pay) / COUNT(*) FROM e", False),
    ("SELECT name AS n FROM e ORDER BY pay, id", "SELECT name FROM e ORDER BY pay, id", True),
    ("SELECT DATE '2024-01-01'", "SELECT TIMESTAMP '2024-01-01 00:00:00'", False),
    ("SELECT DATE '2024-01-01' AS a, 1 AS a", "SELECT '2024-01-01', 1.0", False),
    ("SELECT bonus FROM e", "SELECT bonus FROM e ORDER BY bonus NULLS FIRST", False),
    ("SELECT 0.1 + 0.2", "SELECT CAST(0.1 AS DOUBLE) + CAST(0.2 AS DOUBLE)", False),
    ("SELECT CAST('nan' AS DOUBLE)", "SELECT CAST('nan' AS DOUBLE)", False),
]


@pytest.mark.parametrize(("gold", "other", "ordered"), RIGHT)
def test_another_way_to_the_same_answer_is_right(gold: str, other: str, ordered: bool) -> None:
    assert same_strict(Wanted.of(result(gold), ordered=ordered), result(other))
    assert same_tolerant(Wanted.of(result(gold), ordered=ordered), result(other))


TOLERATED = [
    ("SELECT name, pay FROM e", "SELECT pay, name FROM e"),
    ("SELECT name FROM e", "SELECT id, name FROM e"),
    ("SELECT 1", "SELECT '1'"),
    ("SELECT name FROM e ORDER BY pay DESC, id", "SELECT name, pay FROM e ORDER BY pay DESC, id"),
]


@pytest.mark.parametrize(("gold", "other"), TOLERATED)
def test_column_order_and_more_columns_are_tolerated_but_not_strictly_right(
    gold: str, other: str
) -> None:
    ordered = "ORDER BY" in gold
    assert not same_strict(Wanted.of(result(gold), ordered=ordered), result(other))
    assert same_tolerant(Wanted.of(result(gold), ordered=ordered), result(other))


def test_the_same_columns_paired_otherwise_are_wrong() -> None:
    gold = Result(("a", "b"), ("", ""), ((1, "x"), (2, "y")))
    other = Result(("a", "b"), ("", ""), ((1, "y"), (2, "x")))
    assert not same_strict(Wanted.of(gold, ordered=False), other)
    assert not same_tolerant(Wanted.of(gold, ordered=False), other)


def test_decimals_equal_floats_and_nested_values_compare() -> None:
    gold = Result(("a",), ("",), ((Decimal("2.50"),), ([1, None],), ({"k": dt.date(2024, 1, 1)},)))
    other = Result(("b",), ("",), ((2.5,), ([1.0, None],), ({"k": dt.datetime(2024, 1, 1)},)))
    assert same_strict(Wanted.of(gold, ordered=True), other)
