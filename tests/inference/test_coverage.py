"""What a question names must be in its SQL: values, numbers in digits and in Chinese."""

import pytest

from llmtui.database.execute import Database
from llmtui.database.numbers import numbers_in
from llmtui.database.schema import Column, Schema, Table
from llmtui.inference.coverage import left_out
from llmtui.inference.named import Names


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("between 5,000 and 10000.5", [5000, 10000.5]),
        ("在5000到10000之间", [5000, 10000]),
        ("over 5k, under 2 million", [5000, 2_000_000]),
        ("超过两万", [20000]),
        ("1.5万以上", [15000]),
        ("1万5千以下", [15000]),
        ("十分高的", []),
        ("三千五百元", [3500]),
        ("前三名", [3]),
        ("the 1 employee of col_3 and T12", []),
        ("一个员工", []),
        ("after 2024-01-01", [2024]),
    ],
)
def test_numbers_are_read(question: str, numbers: list[float]) -> None:
    assert list(numbers_in(question)) == numbers


@pytest.mark.parametrize(
    ("question", "sql", "missing"),
    [
        ("customers in rome or oslo", "SELECT 1 FROM customers WHERE city IN ('Rome', 'Oslo')", 0),
        ("customers in rome or oslo", "SELECT 1 FROM customers WHERE city = 'Rome'", 2),
        ("customers in rome or oslo", "SELECT 1 FROM customers", 3),
        ("3 orders of 2023", "SELECT 1 FROM orders WHERE placed > '2023-01-01' LIMIT 3", 0),
        ("3 orders of 2023", "SELECT 1 FROM orders WHERE year(placed) = 2024 LIMIT 3", 1),
        ("orders with total above 50", "SELECT 1 FROM orders WHERE total > 500", 1),
        ("how many orders", "not SQL (", 0),
        ("at least two orders", "SELECT 1 FROM orders GROUP BY id HAVING COUNT(*) > 1", 0),
        ("bought by at least two clients", "SELECT 1 FROM orders", 2),
        ("three different products", "SELECT 1 FROM orders", 2),
        ("the two of them", "SELECT 1 FROM orders", 0),
        ("who placed multiple orders", "SELECT 1 FROM orders", 1),
        (
            "who placed more than one order",
            "SELECT id FROM orders GROUP BY 1 HAVING COUNT(*) > 1",
            0,
        ),
        ("orders", "SELECT 1 FROM orders JOIN customers ON customers.id = customers.id", 1),
    ],
)
def test_what_is_left_out_is_counted(
    shop_database: Database, question: str, sql: str, missing: int
) -> None:
    mentions = shop_database.linker.mentions(question)
    assert left_out(question, mentions, sql) == missing


@pytest.mark.parametrize(
    ("question", "sql", "missing"),
    [
        ("which doctors are trained in stents", "SELECT 1 FROM performs", 1),
        ("which doctors are trained in stents", "SELECT 1 FROM Trained_In", 0),
        ("the start dates of all stays", "SELECT start_date FROM stays", 0),
        ("the start dates of all stays", "SELECT stay_id FROM stays", 1),
        ("everything with its start date", "SELECT * FROM stays", 0),
        ("how many have a start date", "SELECT COUNT(*) FROM stays", 1),
        ("the original start date", "SELECT original_start_date FROM stays", 0),
        ("those who start on a date", "SELECT stay_id FROM stays", 0),
    ],
)
def test_tables_and_columns_that_are_named_in_full_are_read(
    question: str, sql: str, missing: int
) -> None:
    columns = [
        Column(name, "INTEGER", "number")
        for name in ("stay_id", "start_date", "original_start_date")
    ]
    tables = (
        Table("stays", tuple(columns)),
        Table("Trained_In", (Column("a", "INTEGER", "number"),)),
        Table("performs", (Column("a", "INTEGER", "number"),)),
    )
    assert left_out(question, [], sql, Names(Schema(tables))) == missing


@pytest.mark.parametrize(
    ("question", "sql", "missing"),
    [
        ("names in alphabetical order", "SELECT name FROM t", 1),
        ("names in alphabetical order", "SELECT name FROM t ORDER BY name", 0),
        ("in order to see the names", "SELECT name FROM t", 0),
        ("按价格从高到低排序", "SELECT name FROM t", 1),
        ("the average price", "SELECT MAX(price) FROM t", 1),
        ("平均价格是多少", "SELECT AVG(price) FROM t", 0),
        ("all different cities", "SELECT city FROM t", 1),
        ("all different cities", "SELECT city FROM t GROUP BY city", 0),
        ("who never ordered", "SELECT name FROM t WHERE id IN (SELECT c FROM o)", 1),
        ("who never ordered", "SELECT name FROM t EXCEPT SELECT name FROM o", 0),
        ("who have no orders", "SELECT name FROM t LEFT JOIN o ON t.id = o.c WHERE o.c IS NULL", 0),
        ("the cheapest of all", "SELECT name FROM t", 1),
        ("the cheapest of all", "SELECT name FROM t ORDER BY price LIMIT 1", 0),
        ("at least one of them", "SELECT name FROM t", 0),
        ("the lowest point of Ohio", "SELECT lowest_point FROM t", 0),
        ("特拉华州的最高点", "SELECT highest_point FROM t", 0),
        ("both in Rome", "SELECT name FROM t WHERE city = 'Rome'", 1),
        ("all rivers", "SELECT * FROM t", 1),
        ("rivers with all details", "SELECT * FROM t", 0),
        ("河流的详细信息", "SELECT * FROM t", 0),
        ("how many rivers", "SELECT COUNT(*) FROM t", 0),
    ],
)
def test_what_a_question_asks_to_be_done_is_done(question: str, sql: str, missing: int) -> None:
    assert left_out(question, [], sql) == missing


@pytest.mark.parametrize(
    ("question", "sql", "missing"),
    [
        ("人口最多的州的首府", "SELECT capital FROM state ORDER BY population DESC LIMIT 1", 0),
        ("人口最多的州的首府", "SELECT name FROM state ORDER BY population DESC LIMIT 1", 1),
        ("人口密度最大的州", "SELECT name FROM state ORDER BY density DESC LIMIT 1", 0),
        ("人口密度最大的州", "SELECT name FROM state ORDER BY population DESC LIMIT 1", 1),
        ("the population density of Ohio", "SELECT density FROM state", 0),
        ("the density of Ohio", "SELECT population FROM state", 1),
        ("the capitals of states", "SELECT name FROM state", 1),
    ],
)
def test_columns_that_are_named_by_a_word_of_their_own_are_read(
    question: str, sql: str, missing: int
) -> None:
    columns = [Column(name, "VARCHAR", "text") for name in ("name", "capital")]
    columns += [Column(name, "INTEGER", "number") for name in ("population", "density")]
    names = Names(Schema((Table("state", tuple(columns)),)))
    assert left_out(question, [], sql, names) == missing
