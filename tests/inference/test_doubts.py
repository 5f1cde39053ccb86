"""When an answer is not to be believed, and when it is no longer waited for."""

import pytest

from llmtui.database.execute import Database
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
    assert in_vain("SELECT name FROM customers WHERE id > 9", shop_database.schema, "above 9")
