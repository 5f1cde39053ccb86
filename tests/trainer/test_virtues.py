"""Every row is clear, concise, covering and in one form; cuts that cut nothing are not asked."""

import json
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Database
from llmtui.trainer.instructions.check import check_rows
from llmtui.trainer.instructions.construct import Options, construct
from llmtui.trainer.instructions.pointless import without_cuts
from llmtui.trainer.instructions.virtues import (
    CHECKS,
    NOT_CLEAR,
    NOT_CONCISE,
    Asked,
    concise,
    covering,
    heard,
    in_one_form,
)
from llmtui.workspace.events import Event, Note, RowDropped
from llmtui.workspace.records import Instruction
from tests.test_command_line import llmtui


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("List the customers", "please list  the customers.", True),
        ("How many orders?", "Could you please how many orders", True),
        ("请问有多少客户？", "有多少 客户", True),
        ("帮我查询“Rome”的客户", "查询Rome的客户。", True),
        ("orders above 1.5", "orders above 15", False),
        ("total > 5", "total < 5", False),
        ("growth of 5%", "growth of 5", False),
        ("courses in C#", "courses in C", False),
    ],
)
def test_questions_are_the_same_but_for_case_blanks_marks_and_politeness(
    one: str, other: str, same: bool
) -> None:
    assert (heard(one) == heard(other)) == same


def test_one_question_has_one_query_however_it_is_said() -> None:
    asked = Asked()
    asked.add("List the customers.", "SELECT name FROM customers")
    assert asked.fault("please list the customers", "SELECT city FROM customers") == NOT_CLEAR
    assert asked.fault("please list the customers", "select name FROM customers") == ""
    assert asked.fault("list the customers.", "SELECT name FROM customers") != ""


@pytest.mark.parametrize(
    ("question", "sql", "said"),
    [
        ("customers in Rome", "SELECT name FROM customers WHERE city = 'Rome'", True),
        ("customers in Paris", "SELECT name FROM customers WHERE city = 'Rome'", False),
        ("orders above 1,500", "SELECT id FROM orders WHERE total > 1500", True),
        ("orders above 2k", "SELECT id FROM orders WHERE total > 2000", True),
        ("总额大于2万的订单", "SELECT id FROM orders WHERE total > 20000", True),
        ("large orders", "SELECT id FROM orders WHERE total > 1500", False),
        ("cities with more than two customers",
         "SELECT city FROM customers GROUP BY city HAVING COUNT(*) >= 3", True),
        ("the three largest orders", "SELECT id FROM orders ORDER BY total DESC LIMIT 3", True),
        ("the largest orders", "SELECT id FROM orders ORDER BY total DESC LIMIT 3", False),
        ("orders of February 2023",
         "SELECT id FROM orders WHERE year(placed) = 2023 AND month(placed) = 2", True),
        ("orders of March 2023",
         "SELECT id FROM orders WHERE year(placed) = 2023 AND month(placed) = 2", False),
        ("orders in the last month",
         "SELECT id FROM orders WHERE placed >= CURRENT_DATE - INTERVAL 30 DAY", True),
    ],
)  # fmt: skip
def test_a_question_says_the_values_and_numbers_of_its_sql(
    question: str, sql: str, said: bool, shop_database: Database
) -> None:
    assert covering(question, sql, shop_database.linker.mentions(question)) == said


def test_words_are_counted_in_both_languages() -> None:
    assert concise("word " * 40)
    assert not concise("word " * 41)
    assert concise("客" * 80)
    assert not concise("客" * 81)


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("select name,city\nfrom customers -- all\nwhere id!=3 ;",
         "SELECT name, city FROM customers WHERE id <> 3"),
        ('SELECT "name" FROM "order" WHERE ( id in (1,2) )',
         'SELECT name FROM "order" WHERE (id IN (1, 2))'),
        ("SELECT 'a  from b', count(*) FROM t", "SELECT 'a  from b', count(*) FROM t"),
    ],
)  # fmt: skip
def test_sql_is_written_in_one_form(sql: str, written: str) -> None:
    assert in_one_form(sql) == written
    assert in_one_form(written) == written


def test_every_constructed_row_has_the_four_virtues(shop_database: Database) -> None:
    asked = Asked()
    for row in construct(shop_database, Options(rows=500), lambda _event: None):
        assert row.checks[-4:] == CHECKS[-4:]
        assert asked.fault(row.question, row.sql) == ""
        asked.add(row.question, row.sql)
        assert concise(row.question)
        assert covering(row.question, row.sql, shop_database.linker.mentions(row.question)), row
        assert in_one_form(row.sql) == row.sql


def test_rows_of_people_are_held_to_the_virtues_by_name(shop_database: Database) -> None:
    events: list[Event] = []
    rows = [
        Instruction("1", "All names", "select name\nfrom customers;", origin="imported"),
        Instruction("2", "please all names.", "SELECT city FROM customers", origin="imported"),
        Instruction("3", "names " * 200, "SELECT name FROM customers", origin="imported"),
        Instruction("4", "cheap ones", "SELECT id FROM orders WHERE total < 50", origin="imported"),
        Instruction("5", "a list", "SELECT id->>'a' FROM orders", origin="imported"),
    ]
    kept = check_rows(shop_database, rows, events.append)
    assert [(row.id, row.sql) for row in kept] == [
        ("1", "SELECT name FROM customers"),
        ("4", "SELECT id FROM orders WHERE total < 50"),
        ("5", "SELECT id->>'a' FROM orders"),
    ]
    assert ["covering" in row.checks for row in kept] == [True, False, True]
    reasons = {event.reason for event in events if isinstance(event, RowDropped)}
    assert {NOT_CLEAR, NOT_CONCISE} <= reasons
    assert any("4: cheap ones" in e.text for e in events if isinstance(e, Note))


def test_a_cut_that_cuts_nothing_is_not_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "few.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE shops (id INTEGER PRIMARY KEY, name VARCHAR, area VARCHAR, "
            "sales INTEGER); INSERT INTO shops SELECT i, 'Shop ' || chr(65 + i::INTEGER), "
            "['North', 'South'][1 + i % 2], 100 + 7 * i FROM range(4) t(i)"
        )
    with Database.open(path) as database:
        told: list[Event] = []
        rows = construct(database, Options(rows=400), told.append)
        for sql in {row.sql for row in rows}:
            for what, cut, whole in without_cuts(sql):
                assert len(database.run(cut).rows) < len(database.run(whole).rows), (what, sql)
        assert any("LIMIT 1" in row.sql for row in rows)
    reasons = {event.reason for event in told if isinstance(event, RowDropped)}
    assert "a limit changes nothing" in reasons


def test_the_reasons_are_told_by_the_command(shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    rows = [
        {"question": "How many orders?", "sql": "SELECT COUNT(*) FROM orders"},
        {"question": "how many orders", "sql": "SELECT SUM(total) FROM orders"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = llmtui("instructions", "import", shop, file)
    assert done.returncode == 0
    assert NOT_CLEAR in done.stderr
