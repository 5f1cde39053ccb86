"""When an answer is not to be believed, and when it is no longer waited for."""

import pytest

from llmtui.database.execute import Database
from llmtui.database.schema import Column, Schema, Table
from llmtui.inference.ask import Asker
from llmtui.inference.calibration import calibrated
from llmtui.inference.candidates import ROUND_LETTERS, goes_round
from llmtui.inference.doubts import in_vain
from tests.inference.test_ask import Scripted


def test_a_model_that_goes_round_in_circles_is_not_waited_for(shop_database: Database) -> None:
    model = Scripted("SELECT name FROM customers WHERE " + "id IN (SELECT id FROM x) AND " * 40)
    grown: list[str] = []
    answer = Asker(shop_database, model, repair=False).ask("huh?", on_text=grown.append)
    assert answer.status != "ok"
    assert len(grown[-1]) < 150


@pytest.mark.parametrize(
    "said",
    [
        "SELECT a, b, c FROM t WHERE a = 1 OR a = 2 OR a = 3 OR a = 4",
        "SELECT MAX(price), MIN(price), AVG(price) FROM products GROUP BY price",
        "SELECT x FROM t WHERE n LIKE '------------------------------------------'",
        "SELECT x,\n" + " " * 60 + "y FROM t",
    ],
)
def test_what_only_looks_alike_is_no_circle(said: str) -> None:
    assert not any(goes_round(said[:end], ROUND_LETTERS) for end in range(len(said)))


def test_the_confidence_rises_from_none_to_certain() -> None:
    shown = [calibrated(step / 200) for step in range(201)]
    assert (shown[0], shown[-1]) == (0.0, 1.0)
    assert shown == sorted(shown)
    assert calibrated(0.93) < 0.5 < calibrated(0.95)
    assert calibrated(float("nan")) == 0.0


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("customers with an id above 9", "SELECT name FROM customers WHERE id > 9"),
        ("编号大于9的客户", "SELECT name FROM customers WHERE id > 9"),
        ("orders above 9", "SELECT id FROM orders WHERE total > 9 ORDER BY total LIMIT 3"),
        (
            "pairs of customers of one city",
            "SELECT a.name, b.name FROM customers AS a JOIN customers AS b"
            " ON a.city = b.city AND a.id < b.id",
        ),
    ],
)
def test_a_key_may_be_compared_where_it_is_spoken_of(
    shop_database: Database, question: str, sql: str
) -> None:
    assert not in_vain(sql, shop_database.schema, question)
    for said in (
        "above 9",
        "the phone number of customers above 9",
        "the largest number of orders",
    ):
        assert in_vain("SELECT name FROM customers WHERE id > 9", shop_database.schema, said)


@pytest.mark.parametrize(
    ("question", "doubted"),
    [
        ("the id of the customer that ordered most often", True),
        ("客户编号，订单最多的那个", True),
        ("the customer with the highest id", False),
        ("the largest customer id", False),
        ("编号最大的客户", False),
    ],
)
def test_the_first_by_a_key_is_believed_where_that_is_asked_for(
    shop_database: Database, question: str, doubted: bool
) -> None:
    sql = "SELECT id FROM customers ORDER BY id DESC LIMIT 1"
    assert in_vain(sql, shop_database.schema, question) is doubted


@pytest.mark.parametrize(
    ("question", "doubted"),
    [
        ("How many people live in Rome?", True),
        ("罗马有多少居民", True),
        ("How many towns are there?", False),
    ],
)
def test_rows_are_not_counted_for_people(question: str, doubted: bool) -> None:
    columns = (Column("name", "VARCHAR", "text"), Column("population", "INTEGER", "number"))
    schema = Schema((Table("town", columns),))
    assert in_vain("SELECT COUNT(*) FROM town WHERE name = 'Rome'", schema, question) == doubted
    assert not in_vain("SELECT population FROM town WHERE name = 'Rome'", schema, question)
