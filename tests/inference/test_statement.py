"""Where the statement in a model's answer begins and ends, whole and as it is being written."""

import pytest

from llmtui.database.execute import Database
from llmtui.inference.ask import Asker
from llmtui.inference.statement import closed, is_whole, statement_in
from tests.inference.test_ask import Scripted


class ByCharacter(Scripted):
    """Says one character after the other, and notes how many were listened to."""

    heard = 0

    def stream(self, tokens, *, max_tokens=256, shared=0):  # type: ignore[no-untyped-def]
        for piece in super().stream(tokens):
            for character in piece:
                self.heard += 1
                yield character


COUNT = "SELECT COUNT(*) FROM customers"


@pytest.mark.parametrize(
    ("says", "sql"),
    [
        (f"You can count them with the following query:\n```sql\n{COUNT};\n```\nDone.", COUNT),
        (f"To select all customers with a city, run this:\n\n{COUNT};", COUNT),
        (f"Here is the query with the count:\n{COUNT};", COUNT),
        ("```sql\nWITH a AS (SELECT id FROM customers)\n\nSELECT COUNT(*) FROM a;\n```",
         "WITH a AS (SELECT id FROM customers)\n\nSELECT COUNT(*) FROM a"),
        (f"Select the customers like this:\n```\n{COUNT}\n```\nor select more:", COUNT),
        (f"Execute the following:\n{COUNT}\n\nThis counts them.", COUNT),
        (f"{COUNT}\n\nWHERE city = 'Rome'\n\nWhere Rome is a city.",
         f"{COUNT}\n\nWHERE city = 'Rome'"),
        (f"{COUNT}\n```\nSELECT 2", COUNT),
        (f"{COUNT} -- it's all\n;\n\nIt's all.", f"{COUNT} -- it's all"),
        (f"{COUNT} /* all; of them */ WHERE id > 1; SELECT 2",
         f"{COUNT} /* all; of them */ WHERE id > 1"),
        (f"{COUNT} WHERE name = 'Customer 1; Customer 2'",
         f"{COUNT} WHERE name = 'Customer 1; Customer 2'"),
        (f'{COUNT} WHERE "city" = \'a`b\' AND name <> \'it\'\'s; so\'; SELECT 3',
         f"{COUNT} WHERE \"city\" = 'a`b' AND name <> 'it''s; so'"),
        ("```sql\nSELECT MIN(city)\n\nFROM customers\n```", "SELECT MIN(city)\n\nFROM customers"),
    ],
)  # fmt: skip
def test_the_statement_of_an_answer_is_found_in_its_prose(
    shop_database: Database, says: str, sql: str
) -> None:
    model = ByCharacter(says, schema="prompt")
    answer = Asker(shop_database, model, repair=False).ask("How many customers?")
    assert (answer.status, answer.sql) == ("ok", sql)
    assert statement_in(says) == sql


@pytest.mark.parametrize("ends", [";", "\n\nThis ", "\n```", "\n\n这"])
def test_what_follows_a_statement_is_not_waited_for(shop_database: Database, ends: str) -> None:
    model = ByCharacter(COUNT + ends + " and so on" * 20)
    assert Asker(shop_database, model).ask("How many customers?").status == "ok"
    assert model.heard == len(COUNT + ends)


@pytest.mark.parametrize(
    "begun",
    [
        "I can select them:\n\nfor you;",
        "```sql\nSELECT 1\n\n",
        "SELECT 'a; b",
        "SELECT 1 -- one; two",
        "With this query as a help, select;",
        "WITH a AS (SELECT 1)\n\nSELECT",
        f"{COUNT}\n\nORDER ",
    ],
)
def test_what_may_still_grow_is_not_whole(begun: str) -> None:
    assert not is_whole(begun)


def test_a_second_statement_that_changes_data_is_left_for_the_guard() -> None:
    assert statement_in("SELECT ';' ; SELECT 2") == "SELECT ';'"
    assert statement_in("SELECT 1; DROP TABLE x") == "SELECT 1; DROP TABLE x"
    assert statement_in("```sql\nDROP TABLE x\n```") == "DROP TABLE x"
    assert statement_in("INSERT INTO a\nSELECT * FROM b") == "INSERT INTO a\nSELECT * FROM b"


@pytest.mark.parametrize(
    ("sql", "whole"),
    [
        ("SELECT f(a, '(", "SELECT f(a, '(')"),
        ("SELECT 'a)'", "SELECT 'a)'"),
        ("SELECT (1 /* ( */", "SELECT (1 /* ( */)"),
        ("SELECT 'it''s", "SELECT 'it''s'"),
    ],
)
def test_open_brackets_and_quotes_are_closed(sql: str, whole: str) -> None:
    assert closed(sql) == whole


@pytest.mark.parametrize("repair", [True, False])
def test_what_its_length_ended_is_no_answer(shop_database: Database, repair: bool) -> None:
    model = Scripted(f"{COUNT} WHERE id < 2", f"{COUNT} WHERE id < 2")  # 0, it would have said
    model.cut = True
    answer = Asker(shop_database, model, repair=repair).ask("How many customers below 20? Please.")
    assert (answer.status, answer.rows, answer.checks.ran) == (
        "abstained" if repair else "failed", (), False,
    )  # fmt: skip
    assert "The answer ended before its SQL did." in answer.message
    model.says = [f"{COUNT} WHERE id < 2; SELECT 1, 2, 3, 4"]  # its end was there
    assert Asker(shop_database, model, repair=repair).ask("How many below 2?").rows == ((1,),)
