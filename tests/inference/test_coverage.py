"""What a question names must be in its SQL: values, numbers in digits and in Chinese."""

import pytest

from llmtui.database.execute import Database
from llmtui.inference.coverage import left_out, numbers_in


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("between 5,000 and 10000.5", [5000, 10000.5]),
        ("在5000到10000之间", [5000, 10000]),
        ("over 5k, under 2 million", [5000, 2_000_000]),
        ("超过两万", [20000]),
        ("1.5万以上", [15000]),
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
        ("customers in rome or oslo", "SELECT 1 FROM customers WHERE city = 'Rome'", 1),
        ("customers in rome or oslo", "SELECT 1 FROM customers", 2),
        ("3 orders of 2023", "SELECT 1 FROM orders WHERE placed > '2023-01-01' LIMIT 3", 0),
        ("3 orders of 2023", "SELECT 1 FROM orders WHERE year(placed) = 2024 LIMIT 3", 1),
        ("orders with total above 50", "SELECT 1 FROM orders WHERE total > 500", 1),
        ("how many orders", "not SQL (", 0),
        ("orders", "SELECT 1 FROM orders JOIN customers ON customers.id = customers.id", 1),
    ],
)
def test_what_is_left_out_is_counted(
    shop_database: Database, question: str, sql: str, missing: int
) -> None:
    mentions = shop_database.linker.mentions(question)
    assert left_out(question, mentions, sql) == missing
