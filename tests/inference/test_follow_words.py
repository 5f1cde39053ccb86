"""Words that look as if a question went on from another, or said a year, and do not."""

from datetime import date

import pytest

from llmtui.database.execute import Database
from llmtui.inference.follow import Last, follow_up
from llmtui.inference.years import with_numbers


@pytest.mark.parametrize(
    "question",
    ["那不勒斯有多少客户？", "再婚的员工有多少？", "再次购买的客户有哪些？", "那么多客户从哪来？"],
)
def test_the_first_question_is_asked_as_it_was_typed(
    shop_database: Database, question: str
) -> None:
    assert follow_up(question, Last(), shop_database).whole == question
    last = Last("客户有多少", "SELECT COUNT(*) FROM customers")
    assert follow_up(question, last, shop_database).whole == question


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("目前年龄大于30", "目前年龄大于30"),
        ("当今年轻的客户", "当今年轻的客户"),
        ("以前年度", "以前年度"),
        ("this year's orders", "this year's orders"),
        ("orders in the last year", f"orders in {date.today().year - 1}"),
        ("去年的订单", f"{date.today().year - 1}年的订单"),
    ],
)
def test_a_year_is_read_where_one_is_said(text: str, meant: str) -> None:
    assert with_numbers(text) == meant
