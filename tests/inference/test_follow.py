"""Questions that go on from the last one change its SQL; others are left alone."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.inference.follow import Last, follow_up
from llmtui.inference.fragment import goes_on

COUNT = "SELECT COUNT(*) FROM customers"
ROME = "SELECT name FROM customers WHERE city = 'Rome'"
OF_2023 = "SELECT SUM(total) FROM orders WHERE year(placed) = 2023"
SINCE = "SELECT COUNT(*) FROM orders WHERE placed >= '2023-01-01'"
IN_2024 = "SELECT COUNT(*) FROM orders WHERE YEAR(placed) = 2024"
BEFORE = "SELECT name FROM customers WHERE joined < '1990-01-01'"
JOINED = (
    "SELECT COUNT(*) FROM orders JOIN customers ON orders.customer_id = customers.id "
    "WHERE orders.status = 'open'"
)
WITHIN = "SELECT id FROM orders WHERE placed >= '2023-01-01' AND placed < '2024-01-01'"
PAID = "SELECT id FROM orders WHERE YEAR(placed) = 2023 AND total > 2000"
CALLED = "SELECT c.name FROM customers AS c WHERE c.city = 'Rome'"
EITHER = "SELECT name FROM customers WHERE city = 'Paris' OR city = 'Rome'"
IN_TWO = "SELECT name FROM customers WHERE city IN ('Rome', 'Paris')"
LAST_YEAR = date.today().year - 1
TOP = "SELECT name FROM customers ORDER BY joined DESC LIMIT 5"


def changed(question: str, last: str, database: Database) -> str:
    return follow_up(question, Last(sql=last), database).sql


@pytest.mark.parametrize(
    ("last", "question", "sql"),
    [
        (COUNT, "only oslo", f"{COUNT} WHERE city = 'Oslo'"),
        (ROME, "and in oslo?", ROME.replace("Rome", "Oslo")),
        (OF_2023, "and in 2024?", OF_2023.replace("2023", "2024")),
        (OF_2023, "2024年呢？", OF_2023.replace("2023", "2024")),
        (OF_2023, "in 2024", OF_2023.replace("2023", "2024")),
        (OF_2023, "last year?", OF_2023.replace("2023", str(LAST_YEAR))),
        (OF_2023, "去年呢", OF_2023.replace("2023", str(LAST_YEAR))),
        (SINCE, "what about 2024", IN_2024),
        (SINCE, "and in 2024?", IN_2024),
        (SINCE, "since 2024?", SINCE.replace("2023", "2024")),
        (SINCE, "and after 2023?", SINCE.replace("2023", "2024")),
        (SINCE, "and before 2024?", SINCE.replace(">= '2023", "< '2024")),
        (IN_2024, "2023年以来呢", IN_2024.replace("= 2024", ">= 2023")),
        (BEFORE, "and in 2021?", BEFORE.replace("joined < '1990-01-01'", "YEAR(joined) = 2021")),
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
        (TOP, "前十名呢", TOP.replace("5", "10")),
        (TOP, "top ten", TOP.replace("5", "10")),
        (ROME, "or oslo?", ROME.replace("= 'Rome'", "IN ('Rome', 'Oslo')")),
        (IN_TWO, "or oslo?", IN_TWO.replace("'Paris'", "'Paris', 'Oslo'")),
        (
            ROME.replace("city", "City"),
            "and in oslo?",
            "SELECT name FROM customers WHERE city = 'Oslo'",
        ),
        (IN_2024, "and from 2023 on?", IN_2024.replace("= 2024", ">= 2023")),
        (IN_2024, "and from 2023 to now", IN_2024.replace("= 2024", ">= 2023")),
        (IN_2024, "and 2023?", IN_2024.replace("2024", "2023")),
        (COUNT, "and the year 2021?", f"{COUNT} WHERE YEAR(joined) = 2021"),
    ],
)
def test_a_question_changes_the_last_sql(
    shop_database: Database, last: str, question: str, sql: str
) -> None:
    assert changed(question, last, shop_database).lower() == sql.lower()


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
        (IN_TWO, "and oslo?"),
        (COUNT, "or oslo?"),
        (SINCE.replace("01-01", "05-01"), "and in 2024?"),
        (f"{COUNT} WHERE NOT YEAR(joined) = 2021", "and in 2022?"),
        ("SELECT COUNT(*) FILTER (WHERE YEAR(joined) = 2021) FROM customers", "and in 2022?"),
        (OF_2023, "and in 2021 and 2022?"),
        (OF_2023, "2022年5月呢"),
        (ROME, "and paris and oslo?"),
        (TOP, "前3个月呢"),
        (f"{TOP} OFFSET 5", "top 3"),
        (ROME.replace("city", "NOT city"), "only oslo"),
        (WITHIN.replace("2024", "2030"), "and in 2025?"),
        (COUNT, "top 3"),
        (TOP, "top 3 orders"),
        (TOP, "前3个订单"),
        (f"{COUNT} UNION {COUNT}", "only oslo"),
        ("not SQL (", "only oslo"),
        (ROME, "only rome"),
        ("SELECT SUM(total) FROM orders WHERE Placed > CURRENT_DATE", "and in 2023?"),
        (COUNT.replace("(*)", "(*) FILTER (WHERE city = 'Rome')"), "only oslo"),
        ("SELECT SUM(CASE City WHEN 'Rome' THEN 1 END) FROM customers", "only oslo"),
        (
            "SELECT orders.id FROM orders JOIN customers ON customer_id = 3 AND city = 'Rome'",
            "only oslo",
        ),
        ("SELECT city, COUNT(*) FROM customers GROUP BY city HAVING city <> 'Rome'", "only oslo"),
        (
            f"{COUNT} WHERE id IN (SELECT c.id FROM customers AS c WHERE c.city = 'Rome')",
            "only oslo",
        ),
        (COUNT, "and to 2023?"),
        (COUNT, "and by 2023?"),
        (TOP, "top 10%?"),
        (TOP, "top ten percent"),
        (TOP, "前10%呢"),
        (TOP, "前百分之十呢"),
        ("SELECT id FROM orders WHERE total > 1900", "and 2000?"),
        (
            "SELECT COUNT(*) FROM orders AS o JOIN customers ON o.customer_id = customers.id",
            "and in 2023?",
        ),
        (f"{COUNT} LIMIT 1", "by city"),
    ],
)
def test_what_is_not_sure_is_not_changed(shop_database: Database, last: str, question: str) -> None:
    assert changed(question, last, shop_database) == ""


@pytest.mark.parametrize(
    "question",
    [
        "android phones",
        "only",
        "byte counts",
        "same-day orders",
        "那些订单呢的",
        "orders by city and year in the last days of",
    ],
)
def test_words_that_only_begin_alike_do_not_go_on(question: str) -> None:
    assert goes_on(question) == (question == "only")


@pytest.mark.parametrize(
    ("asked", "sql", "question", "whole"),
    [
        ("customers in Rome?", ROME, "and in oslo?", "customers in oslo?"),
        ("customers in Rome", ROME, "or Oslo?", "customers in Rome or Oslo"),
        ("total of 2023", OF_2023, "and in 2024?", "total of 2024"),
        ("2023年的总额", OF_2023, "2024年呢", "2024年的总额"),
        ("total of 2023", OF_2023, "last year?", f"total of {LAST_YEAR}"),
        ("orders since 2023?", SINCE, "and in 2024?", "orders in 2024?"),
        ("orders since 2023?", SINCE, "and since 2024?", "orders since 2024?"),
        ("how many orders in 2024", IN_2024, "since 2023呢", "how many orders since 2023"),
        ("how many?", COUNT, "only Oslo", "how many, only Oslo?"),
        ("how many customers?", COUNT, "and in 2021?", "how many customers in 2021?"),
        ("how many customers?", COUNT, "by city", "how many customers by city?"),
        ("有多少客户？", COUNT, "按城市呢", "有多少客户，按城市？"),
        ("top 5 customers", TOP, "top 3", "top 3 customers"),
        ("the five newest", TOP, "top 3", ""),
        ("orders starting in 2023", SINCE, "and in 2024?", ""),
        ("customers from the capital", ROME, "and oslo?", ""),
        ("", ROME, "and oslo?", ""),
    ],
)
def test_a_changed_question_is_said_whole_where_its_words_change_as_the_sql_does(
    shop_database: Database, asked: str, sql: str, question: str, whole: str
) -> None:
    found = follow_up(question, Last(asked, sql), shop_database)
    assert found.sql
    assert found.whole == whole


@pytest.mark.parametrize(
    ("asked", "question", "whole", "unread"),
    [
        ("how many customers?", "only those I like", "how many customers, only those I like?", ""),
        ("how many customers?", "and with a dog?", "how many customers with a dog?", ""),
        ("orders with a note", "and with a dog?", "", "with a dog"),
        ("orders in 2022", "or 2023?", "orders in 2022 or 2023", ""),
        ("orders in 2022", "and in 2023 and 2024?", "", "in 2023 and 2024"),
        ("how many customers?", "and the nicest?", "", "the nicest"),
        ("how many customers?", "and how many orders?", "how many orders", ""),
        ("how many customers?", "and how many of them are old?", "", "how many of them are old"),
        ("how many customers?", "top 3 orders", "top 3 orders", ""),
        ("how many customers?", "top 5 customers", "top 5 customers", ""),
        ("how many orders?", "by customer", "how many orders by customer?", ""),
        ("how many customers?", "订单有多少呢", "订单有多少呢", ""),
        ("", "and in 2023?", "", "in 2023"),
        ("customers in Rome?", "and in oslo?", "customers in oslo?", ""),
        ("customers in Rome or Paris", "and in oslo?", "", "in oslo"),
        (
            "how many orders?",
            "since 2022 with status paid",
            "how many orders since 2022 with status paid?",
            "",
        ),
        (
            "how many orders?",
            "since 2022 orders with status paid",
            "since 2022 orders with status paid",
            "",
        ),
        ("orders over 1900", "and 2000?", "", "2000"),
        ("orders over 2000", "and in 2023?", "", "in 2023"),
        ("how many orders?", "only those over 2000", "how many orders, only those over 2000?", ""),
        ("", "Just the names of employees", "Just the names of employees", ""),
        ("", "最贵的产品呢", "最贵的产品呢", ""),
        ("", "by city", "", "by city"),
        ("how many orders?", "and?", "", "and?"),
        ("how many orders?", "再呢", "", "再呢"),
    ],
)
def test_without_sql_to_change_a_question_is_said_whole_or_not_understood(
    shop_database: Database, asked: str, question: str, whole: str, unread: str
) -> None:
    found = follow_up(question, Last(asked), shop_database)
    assert (found.whole, found.sql, found.unread) == (whole, "", unread)


@pytest.fixture
def trade(tmp_path: Path) -> Iterator[Database]:
    """Two tables with a city; one has a date, a year, and a yearly fee."""
    file = tmp_path / "trade.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("""
            CREATE TABLE customers AS SELECT i AS id, ['Paris', 'Berlin'][1 + i % 2] AS city
                FROM range(20) t(i);
            CREATE TABLE suppliers AS SELECT i AS id, ['Paris', 'Berlin'][1 + i % 2] AS city,
                1995 + i AS yearly_fee, 1995 + i AS founding_year, DATE '2020-01-01' AS signed
                FROM range(20) t(i);
        """)
    with Database.open(file, Access(time_limit=5)) as database:
        yield database


def test_a_value_is_of_the_table_that_was_asked_about(trade: Database) -> None:
    sql = "SELECT COUNT(*) FROM {}"
    for table in ("customers", "suppliers"):
        last = sql.format(table)
        assert changed("only Berlin", last, trade) == f"{last} WHERE city = 'Berlin'"
        paris = f"{last} WHERE city = 'Paris'"
        assert changed("and Berlin?", paris, trade) == f"{last} WHERE city = 'Berlin'"


def test_only_what_holds_years_is_taken_for_one(trade: Database) -> None:
    sql = "SELECT id FROM suppliers WHERE {}"
    fee, founded = sql.format("yearly_fee > 2000"), sql.format("founding_year = 2000")
    assert changed("and in 2010?", fee, trade) == f"{fee} AND YEAR(signed) = 2010"
    assert changed("and in 2010?", founded, trade) == founded.replace("2000", "2010")
    assert changed("and after 2010?", founded, trade) == founded.replace("= 2000", "> 2010")
