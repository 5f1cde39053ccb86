"""Texts of a statement become what the question and the rows say."""

import pytest

from llmtui.database.dialects import parse
from llmtui.database.execute import Database
from llmtui.inference.literals import mend_literals
from llmtui.inference.repair import mend


@pytest.mark.parametrize(
    ("question", "pattern", "mended"),
    [
        ("customers whose city contains TN", "%N%", "%TN%"),
        ("customers whose city contains N", "%N%", "%N%"),
        ("customers whose city contains tn", "%n%", "%n%"),
        ("城市以A开头的客户有哪些", "A%", "A%"),
        ("customers of TN or NY whose city has an N", "%N%", "%N%"),
    ],
)
def test_a_pattern_is_the_word_that_was_written(
    shop_database: Database, question: str, pattern: str, mended: str
) -> None:
    tree = parse(f"SELECT name FROM customers WHERE city ILIKE '{pattern}'")
    assert tree is not None
    mend_literals(tree, shop_database, question)
    assert f"'{mended}'" in tree.sql(dialect="duckdb")


def test_a_pattern_with_braces_is_no_hindrance(shop_database: Database) -> None:
    mended = mend("SELECT nmae FROM customers WHERE name LIKE '%{%'", shop_database)
    assert mended.sql.startswith("SELECT name FROM customers")
