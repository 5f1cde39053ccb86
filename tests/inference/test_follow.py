"""Questions that go on from the last one change its SQL; others are left alone."""

import pytest

from llmtui.database.execute import Database
from llmtui.inference.follow import follow_up, goes_on

COUNT = "SELECT COUNT(*) FROM customers"
ROME = "SELECT name FROM customers WHERE city = 'Rome'"
OF_2023 = "SELECT SUM(total) FROM orders WHERE year(placed) = 2023"
SINCE = "SELECT COUNT(*) FROM orders WHERE placed >= '2023-05-01'"
JOINED = (
    "SELECT COUNT(*) FROM orders JOIN customers ON orders.customer_id = customers.id "
    "WHERE orders.status = 'open'"
)
WITHIN = "SELECT id FROM orders WHERE placed >= '2023-01-01' AND placed < '2024-01-01'"
PAID = "SELECT id FROM orders WHERE YEAR(placed) = 2023 AND total > 2000"
CALLED = "SELECT c.name FROM customers AS c WHERE c.city = 'Rome'"
EITHER = "SELECT name FROM customers WHERE city = 'Paris' OR city = 'Rome'"
TOP = "SELECT name FROM customers ORDER BY joined DESC LIMIT 5"


@pytest.mark.parametrize(
    ("last", "question", "sql"),
    [
        (COUNT, "only oslo", f"{COUNT} WHERE city = 'Oslo'"),
        (ROME, "and in oslo?", ROME.replace("Rome", "Oslo")),
        (OF_2023, "and in 2024?", OF_2023.replace("2023", "2024")),
        (OF_2023, "2024年呢？", OF_2023.replace("2023", "2024")),
        (SINCE, "what about 2024", SINCE.replace("2023", "2024")),
        (
            WITHIN,
            "and in 2025?",
            WITHIN.replace("2024", "2025")
            .replace("2023", "2024")
            .replace("2025", "2026")
            .replace("2024", "2025"),
        ),
        (PAID, "and in 2024?", PAID.replace("2023", "2024")),
        (
            PAID.replace("YEAR(placed)", "DATE_PART('YEAR', placed)"),
            "and in 2024?",
            PAID.replace("YEAR(placed)", "DATE_PART('YEAR', placed)").replace("2023", "2024"),
        ),
        (CALLED, "and oslo?", CALLED.replace("Rome", "Oslo")),
        (COUNT, "and in 2021?", f"{COUNT} WHERE YEAR(joined) = 2021"),
        (COUNT, "by city", "SELECT city, COUNT(*) FROM customers GROUP BY city"),
        (COUNT, "按城市呢", "SELECT city, COUNT(*) FROM customers GROUP BY city"),
        (JOINED, "only rome", f"{JOINED} AND customers.city = 'Rome'"),
        (JOINED, "and paid?", JOINED.replace("open", "paid")),
        (TOP, "top 3 customers", TOP.replace("5", "3")),
        (TOP, "top 3", TOP.replace("5", "3")),
        (TOP, "前3个呢", TOP.replace("5", "3")),
    ],
)
def test_a_question_changes_the_last_sql(
    shop_database: Database, last: str, question: str, sql: str
) -> None:
    assert follow_up(question, last, shop_database).lower() == sql.lower()


@pytest.mark.parametrize(
    ("last", "question"),
    [
        (COUNT, "how many orders are there in 2023?"),
        (COUNT, "and what else could you tell me about the many customers of this shop?"),
        (COUNT, "only those I like"),
        (JOINED, "and in 2023?"),
        (ROME, "by colour"),
        (EITHER, "and oslo?"),
        ("SELECT id FROM orders WHERE YEAR(placed) IN (2022, 2023)", "and in 2021?"),
        (
            "SELECT id FROM orders WHERE placed > '2022-12-31' AND placed <= '2023-12-31'",
            "and in 2021?",
        ),
        ("SELECT id FROM orders WHERE MONTH(placed) = 5", "and in 2021?"),
        (ROME.replace("=", "<>"), "only oslo"),
        (ROME.replace("= 'Rome'", "IN ('Rome', 'Paris')"), "and oslo?"),
        (ROME.replace("city", "NOT city"), "only oslo"),
        (WITHIN.replace("2024", "2030"), "and in 2025?"),
        (COUNT, "top 3"),
        (TOP, "top 3 orders"),
        (TOP, "前3个订单"),
        (f"{COUNT} UNION {COUNT}", "only oslo"),
        ("not SQL (", "only oslo"),
        (ROME, "only rome"),
    ],
)
def test_what_is_not_sure_is_a_question_of_its_own(
    shop_database: Database, last: str, question: str
) -> None:
    assert follow_up(question, last, shop_database) == ""


@pytest.mark.parametrize(
    "question",
    ["android phones", "only", "byte counts", "orders by city and year in the last days of"],
)
def test_words_that_only_begin_alike_do_not_go_on(question: str) -> None:
    assert goes_on(question) == (question == "only")
