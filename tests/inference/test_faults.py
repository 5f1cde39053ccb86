"""Whatever a model says, a question gets an answer with a reason; nothing is tried twice."""

import random
import re
from collections import Counter
from typing import Any

import pytest

from llmtui.database.dialects import parse, written
from llmtui.database.execute import Database
from llmtui.inference.ask import Asker
from llmtui.inference.calibration import calibrated
from llmtui.inference.follow import Last, follow_up
from llmtui.tui.texts import translated
from tests.inference.test_ask import Scripted

COUNT = "SELECT COUNT(*) FROM customers"
ODD = [
    "SELECT 1e FROM customers",
    "SELECT 1__0 FROM nope",
    "SELECT name FROM customers WHERE id > 1e",
    "SELECT year() FROM orders",
    "SELECT year(",
    "SELECT '1' -> '$[' FROM customers",
    "SELECT name FROM customers LIMIT 0x10",
    "SELECT " + "(" * 400,
    f"SELECT {'9' * 5000}",
]
_SOUND = (
    "SELECT name , city FROM customers WHERE city = 'Rome' AND id > 5 ORDER BY id LIMIT 3",
    "SELECT city , COUNT(*) FROM customers JOIN orders ON customers.id = orders.customer_id "
    "WHERE year( placed ) = 2023 GROUP BY city HAVING COUNT(*) > 2",
    "SELECT name FROM customers WHERE id IN ( SELECT customer_id FROM orders WHERE total > 20 )",
)
_PIECES = re.findall(
    r"\S+",
    "SELECT FROM customers orders WHERE name city total = 'Rome' ' ( ) , GROUP|BY ORDER|BY LIMIT 3 "
    "1__0 1e x'ff' 0x1F INTERVAL|'1'|DAY COUNT(*) MAX( JOIN ON customers.id a.b.c * AS x UNION IN "
    "AND OR LIKE '%a%' CASE WHEN END WITH t|AS|( > placed year( ::DATE QUALIFY OVER|( [1] { $1 ? - "
    "-- /* ; -> '$[' DATE|'2020-01-01' unnest( @ # \\",
)


@pytest.mark.parametrize("said", ODD)
def test_an_odd_statement_is_an_answer_that_failed(
    shop_database: Database, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    asker = Asker(shop_database, Scripted(said, said), settled=[("orders over 30", "SELECT 1e")])
    answer = asker.ask("Orders over 20 in Rome, by city? Please.")
    assert answer.status in ("ok", "abstained", "refused", "failed")
    assert answer.message or answer.status == "ok"
    assert "fault in llmtui" not in answer.message
    assert not caplog.records


def test_no_change_to_a_statement_raises(shop_database: Database) -> None:
    rng, told = random.Random(3), Counter[str]()
    for _ in range(120):
        words = rng.choice(_SOUND).split()
        for _ in range(rng.randrange(1, 5)):
            words[rng.randrange(1, len(words))] = rng.choice(_PIECES).replace("|", " ")
        said = " ".join(words)
        answer = Asker(shop_database, Scripted(said, said)).ask("orders over 20 in Rome, by city?")
        assert "fault in llmtui" not in answer.message, said
        told[answer.status] += 1
    assert min(told["abstained"], told["ok"]) > 4


def test_a_fault_is_one_sentence_and_ends_no_other_question(
    shop_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Any:
        raise KeyError("x")

    asker = Asker(shop_database, Scripted(COUNT, COUNT))
    with monkeypatch.context() as patched:
        patched.setattr(shop_database.linker, "hints", fail)
        answer = asker.ask("how many customers?")
    assert (answer.status, answer.exit_code) == ("failed", 1)
    assert "fault in llmtui (KeyError: 'x')." in answer.message
    assert asker.ask("how many customers?").status == "ok"


def test_a_tree_that_cannot_be_written_is_no_text() -> None:
    tree = parse("SELECT year() FROM orders")
    assert tree is None or written(tree) == ""


def test_a_number_of_thousands_of_digits_changes_nothing(shop_database: Database) -> None:
    last = Last(sql="SELECT name FROM customers ORDER BY id LIMIT 3")
    assert follow_up("top 5", last, shop_database).sql.endswith("LIMIT 5")
    for digits in ("9" * 5000, "9" * 1500):
        assert follow_up(f"top {digits}", last, shop_database).sql == ""


@pytest.mark.parametrize(
    "said", ["SELECT name FROM customers WHERE id < 0", "SELECT nope FROM customers"]
)
def test_the_same_sql_is_never_tried_twice(
    shop_database: Database, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, check, run = Counter[str](), shop_database.check, shop_database.run
    monkeypatch.setattr(shop_database, "check", lambda sql: tried.update([sql]) or check(sql))
    monkeypatch.setattr(
        shop_database, "run", lambda sql, **named: tried.update([sql]) or run(sql, **named)
    )

    def tries(*others: str) -> int:
        tried.clear()
        model = Scripted(said, f"{said};")
        model.others = list(others)
        Asker(shop_database, model).ask("customers below? Please.")
        return tried[said]

    assert tries() == tries(said, f"{said};", f"```{said}```") > 0


def test_a_second_try_is_doubted_too(shop_database: Database) -> None:
    model = Scripted("SELECT nope FROM customers", COUNT)
    answer = Asker(shop_database, model).ask("How many customers in Rome? Please.")
    assert answer.status == "ok"
    assert answer.confidence == pytest.approx(0.6 * calibrated(0.9))


def test_an_answer_that_is_not_sure_enough_names_what_nothing_is_called(
    shop_database: Database,
) -> None:
    asker = Asker(shop_database, Scripted(COUNT, COUNT), least=0.95)
    assert asker.ask("how many customers?").message.startswith("Not sure enough: 29% of 95%.")
    told = asker.ask("how many invoices of customers?").message
    assert told.startswith('Nothing here is called "invoices"')
    assert "Not sure enough: 29% of 95%." in told
    said = translated(told, "zh")
    assert said.startswith('这里没有叫 "invoices" 的东西')
    assert "把握不够：29%" in said


def test_without_repair_what_is_said_stays_as_it_was_said(shop_database: Database) -> None:
    model = Scripted("SELECT nmae FROM customers")
    model.others = [COUNT]
    answer = Asker(shop_database, model, repair=False).ask("Names? Please.")
    assert (answer.status, answer.sql) == ("failed", "SELECT nmae FROM customers")
