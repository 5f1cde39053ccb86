"""What a person has settled is answered at once; what a database lacks is named."""

import pytest

from llmtui.database.execute import Database
from llmtui.inference.ask import Asker
from llmtui.inference.lacking import what_is_lacking
from llmtui.inference.recall import Recall
from tests.inference.test_ask import Scripted

IN_ROME = "SELECT COUNT(*) FROM customers WHERE city = 'Rome'"
OVER = "SELECT COUNT(*) FROM orders WHERE total > 20 AND status = 'open'"


@pytest.fixture
def recall(shop_database: Database) -> Recall:
    return Recall(
        shop_database,
        [
            ("How many customers live in Rome?", IN_ROME),
            ("open orders over 20", OVER),
            ("金额大于20的订单", OVER),
        ],
    )


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("how many customers live in rome", IN_ROME),
        ("How many  customers live in Rome ?", IN_ROME),
        ("How many customers live in Oslo?", IN_ROME.replace("Rome", "Oslo")),
        ("how many customers live in 'Paris'?", IN_ROME.replace("Rome", "Paris")),
        ("open orders over 35", OVER.replace("20", "35")),
        ("金额大于35的订单", OVER.replace("20", "35")),
        ("paid orders over 7.5", OVER.replace("20", "7.5").replace("open", "paid")),
        ("How many customers live in Madrid?", ""),
        ("How many customers live in open?", ""),
        ("How many customers do not live in Oslo?", ""),
        ("open orders over 20 or 30", ""),
        ("open orders over 3 thousand", ""),
        ("金额大于3万的订单", ""),
        ("orders over 20", ""),
    ],
)
def test_a_settled_question_is_known_again_with_other_values(
    recall: Recall, question: str, sql: str
) -> None:
    assert recall.sql_for(question) == sql


def test_a_rejected_question_is_forgotten_and_what_no_longer_binds_is_left(recall: Recall) -> None:
    recall.forget("how many customers live in rome?")
    assert recall.sql_for("How many customers live in Rome?") == ""
    assert recall.sql_for("How many customers live in Oslo?") == ""
    recall.learn("all towns", "SELECT town FROM customers")
    assert recall.sql_for("all towns") == ""


def test_one_of_ten_thousand_is_no_one_of_limit_one(shop_database: Database) -> None:
    largest = "SELECT id FROM orders WHERE total > 10000 ORDER BY total DESC LIMIT 1"
    recall = Recall(shop_database, [("金额超过1万的最大订单", largest)])
    assert recall.sql_for("金额超过5万的最大订单") == ""
    assert recall.sql_for("金额超过1万的最大订单？") == largest


def test_a_value_that_is_only_like_a_stored_one_is_not_put_in(recall: Recall) -> None:
    assert recall.sql_for("How many customers live in Oslow?") == ""


def test_what_was_rejected_stays_so_whatever_else_was_settled(shop_database: Database) -> None:
    rejected = ("How many customers live in Oslo?", "")
    recall = Recall(shop_database, [("How many customers live in Rome?", IN_ROME), rejected])
    assert recall.sql_for("how many customers live in Oslo?") == ""
    assert recall.sql_for("How many customers live in Paris?") == IN_ROME.replace("Rome", "Paris")
    recall.learn("How many customers live in Oslo?", IN_ROME.replace("Rome", "Oslo"))
    assert recall.sql_for("how many customers live in Oslo?")


def test_other_values_are_told(shop_database: Database) -> None:
    asker = Asker(shop_database, Scripted(), settled=[("customers in Rome", IN_ROME)])
    assert asker.ask("customers in Rome").message == "Answered as you settled it before."
    told = asker.ask("customers in Oslo").message
    assert told == "Answered as you settled it before, with other values."


def test_a_settled_question_does_not_trouble_the_model(shop_database: Database) -> None:
    model = Scripted("SELECT 1")
    asker = Asker(shop_database, model, settled=[("Romans", IN_ROME)])
    seen: list[str] = []
    answer = asker.ask("romans?", on_text=seen.append)
    assert (answer.status, answer.sql, answer.confidence) == ("ok", IN_ROME, 1.0)
    assert "settled" in answer.message
    assert (model.asked, seen) == ([], [IN_ROME])
    asker.recall.forget("Romans")
    assert asker.ask("romans?").sql == "SELECT 1"


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("How many customers live in Rome?", ""),
        ("What is the weather in Rome?", 'Nothing here is called "weather".'),
        ("total of orders by custamer", 'Nothing here is called "custamer"; nearest: "customer".'),
        ("客户有多少?", ""),
        ("客户的血型", 'Nothing here is called "血型".'),
        ("每个客户的血型是什么？", 'Nothing here is called "血型".'),
        ("列出巴黎客户的血型和姓名", 'Nothing here is called "血型".'),
        ("每个城市的客户数量", ""),
        ("客户的下单次数是多少？", ""),
        ("下单最多的客户是谁", ""),
    ],
)
def test_what_a_database_lacks_is_named(shop_database: Database, question: str, told: str) -> None:
    assert what_is_lacking(question, shop_database) == told
