"""Rows in other words, as a person rewrites them on the command line."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from llmtui.database.execute import Database
from llmtui.inference.rewriting.ways import questions_in
from llmtui.inference.rewriting.wordings import Literals
from llmtui.inference.server import ServerModel
from llmtui.trainer.instructions.build import merged
from llmtui.trainer.instructions.splits import in_one_split
from llmtui.trainer.instructions.virtues import CHECKS
from llmtui.workspace.project import Project
from llmtui.workspace.records import Instruction, save_rows
from tests.inference.served import server, streamed
from tests.inference.teachers import (
    COUNT,
    MEANT,
    PAID,
    ROWS,
    by_table,
    fixed,
    project_of,
    rewrite,
    rewritten,
    speaking,
)


@pytest.fixture
def project(shop: Path) -> Project:
    return project_of(shop)


def test_what_means_the_same_is_kept_and_says_where_it_comes_from(
    shop: Path, project: Project
) -> None:
    with server(speaking(by_table)) as (url, asked):
        assert rewrite(shop, url) == 0
    rows = rewritten(project)
    assert set(rows) == {
        "Number of customers in Rome", "Rome: customer count", "总额大于200的订单有几个?",
        "Which customers come from Oslo? Give their names",
    }  # fmt: skip
    row = rows["Number of customers in Rome"]
    assert (row.sql, row.split, row.shape, row.lang) == (COUNT, "train", "count", "en")
    assert row.extra == {"from": "r1", "way": "paraphrase", "by": "m"}
    assert row.checks == CHECKS
    assert row.hints == ("customers.city = 'Rome'",)
    assert not any("paid?" in str(item) or "from Paris" in str(item) for item in asked)


@pytest.mark.parametrize(
    "said",
    [
        {
            "How many customers do not live in Rome?": "is answered with other results",
            "What is the population of Rome?": "is not answered",
            "Of Rome's customers, how many?": "is answered with other results on a perturbed copy",
        },
        {
            "How many customers live there?": "loses a value",
            "How many customers live in Rome since 2020?": "adds a number",
            "How many customers live in Rome, please?": "is nearly a question that is there",
        },
        {
            "SELECT COUNT(*) FROM customers WHERE city = 'Rome'": "is SQL in the place",
            "Rome住着多少客户?": "is in another language",
            "How many customers live in Rome\u202e now?": "is no question",
        },
        {"Sure, here they are:": "the teacher gave no question"},
    ],
)
def test_a_teacher_that_lies_adds_nothing(
    shop: Path, project: Project, capsys: pytest.CaptureFixture[str], said: dict[str, str]
) -> None:
    save_rows(project.instructions, ROWS[:1])
    with server(speaking(lambda _prompt: "\n".join(said))) as (url, _):
        assert rewrite(shop, url) == 0
    assert rewritten(project) == {}
    told = capsys.readouterr().err
    for reason in said.values():
        assert f"dropped 1: {reason} (r1" in told or f"dropped 1: {reason} of" in told


@pytest.mark.parametrize(
    ("asked", "sql", "said", "lost"),
    [
        ("Orders above 1,500 in total", "total > 1500", "Orders with a total over 1500", ""),
        ("Orders above 1500", "total > 1500", "总额超过1500的订单", ""),
        ("总额超过两百的订单", "total > 200", "Orders above 200", ""),
        ("Orders above 1500", "total > 1500", "Orders above 1600", "loses a number"),
        ("Three orders above 20", "total > 20 LIMIT 3", "3 orders above 20", ""),
        ("Orders above 20", "total > 20", "5 orders above 20", "adds a number"),
        ("Orders since 2023-02-03", "placed >= '2023-02-03'", "2023年2月3日以来的订单", ""),
        ("Orders since 2023-02-03", "placed >= '2023-02-03'", "Orders since 2023", "loses a date"),
        ("已付款(paid)的订单", "status = 'paid'", "Orders with the status paid", ""),
        ("Orders called 'x y'", "status = 'x y'", "Orders named x z", "loses a value"),
    ],
)
def test_values_dates_and_numbers_stay_as_they_are_written(
    shop_database: Database, asked: str, sql: str, said: str, lost: str
) -> None:
    row = Instruction("r", asked, f"SELECT * FROM orders WHERE {sql}")
    assert Literals.of(row, shop_database.linker).lost(said) == lost


def test_questions_are_found_in_what_teachers_write() -> None:
    said = (
        "<think>The user wants\nquestions?</think>\nHere are three:\n\n1. How many?\n"
        '2) "How much?"\n- **Who?**\n问题3：谁的订单最多？\n3 customers with most orders\nHow many?'
    )
    assert questions_in(said) == [
        "How many?", "How much?", "Who?", "谁的订单最多？", "3 customers with most orders",
    ]  # fmt: skip


def test_a_question_is_translated_and_translated_back(shop: Path, project: Project) -> None:
    def translator(text: str) -> str:
        there = {"How many customers live in Rome?": "Rome有多少客户?"}
        back = {"Rome有多少客户?": "How many people in Rome are customers?"}
        table = there if text.startswith("Translate") else back
        return next((said for asked, said in table.items() if asked in text), "")

    with server(speaking(translator)) as (url, _):
        assert rewrite(shop, url, "--way", "translation", "--way", "back-translation") == 0
    rows = rewritten(project)
    found = {question: (row.lang, row.extra["way"], row.sql) for question, row in rows.items()}
    assert found == {
        "Rome有多少客户?": ("zh", "translation", COUNT),
        "How many people in Rome are customers?": ("en", "back-translation", COUNT),
    }


def test_new_questions_like_ones_own_need_two_answers_that_agree(
    shop: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MEANT, "How many customers live in Oslo?", COUNT.replace("Rome", "Oslo"))
    monkeypatch.setitem(MEANT, "Oslo: number of customers", COUNT.replace("Rome", "Oslo"))
    monkeypatch.setitem(MEANT, "How many orders are open?", PAID.replace("paid", "open"))
    monkeypatch.setitem(MEANT, "Count of open orders", PAID)
    monkeypatch.setitem(MEANT, "Count the orders that are paid", PAID)
    words = {"live in Oslo": "Oslo: number of customers", "are open": "Count of open orders",
             "that are paid": "How many paid orders?"}  # fmt: skip

    def teacher(text: str) -> str:
        if text.startswith("These are the tables"):
            assert "customers(" in text
            assert "How many customers live in Rome?" in text
            assert "Oslo" not in text.split("People ask")[1]
            return "\n".join(
                ["How many customers live in Oslo?", "How many orders are open?",
                 "Count the orders that are paid"]
            )  # fmt: skip
        return next(said for part, said in words.items() if part in text)

    mine = Instruction("a1", ROWS[0].question, COUNT, origin="asked", status="accepted")
    save_rows(project.instructions, [mine, *ROWS[1:]])
    with server(speaking(teacher)) as (url, _):
        assert rewrite(shop, url, "--way", "self-instruct") == 0
    (row,) = rewritten(project).values()
    assert row.question == "How many customers live in Oslo?"
    assert row.sql == COUNT.replace("Rome", "Oslo")
    assert (row.shape, row.split, row.extra["from"]) == ("aggregate", "train", "a1")


@pytest.fixture
def own_model(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The project's model is a stand-in that answers by the table that is given."""
    table: dict[str, str] = {}

    def say(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        question = body["messages"][0]["content"].split("\n\n")[-1].split("\n# ")[0]
        streamed(table.get(question, "no"))(handler, body)

    project.models.mkdir()
    (project.models / "own.gguf").write_bytes(b"GGUF")
    project.update(model="models/own.gguf")
    with server(say) as (url, _):
        model = nullcontext(ServerModel(url))
        monkeypatch.setattr("llmtui.tui.commands.asking.open_engine", lambda *_: model)
        yield table


def test_the_projects_own_model_answers_before_the_teacher_does(
    shop: Path, project: Project, own_model: dict[str, str]
) -> None:
    own_model["Customers in Rome, counted"] = COUNT
    save_rows(project.instructions, ROWS[:1])
    with server(speaking(fixed("Customers in Rome, counted"))) as (url, asked):
        assert rewrite(shop, url) == 0
    assert list(rewritten(project)) == ["Customers in Rome, counted"]
    assert len(asked) == 1


def test_new_questions_are_kept_with_the_sql_of_ones_own_model_when_the_teacher_agrees(
    shop: Path, project: Project, own_model: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    oslo = "SELECT COUNT(*) FROM customers WHERE city = 'Oslo'"
    own_model |= {
        "Customers in Oslo, counted": oslo,
        "Orders in all": "SELECT COUNT(*) FROM orders",
    }
    monkeypatch.setitem(MEANT, "Customers in Oslo, counted", oslo.replace("COUNT(*)", "COUNT(id)"))
    monkeypatch.setitem(MEANT, "Orders in all", "SELECT SUM(total) FROM orders")
    save_rows(project.instructions, [replace(ROWS[0], origin="imported")])
    with server(speaking(fixed("Customers in Oslo, counted\nOrders in all"))) as (url, _):
        assert rewrite(shop, url, "--way", "self-instruct") == 0
    assert {question: row.sql for question, row in rewritten(project).items()} == {
        "Customers in Oslo, counted": oslo
    }


def test_without_rows_of_ones_own_self_instruct_says_so(
    shop: Path, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with server(speaking(by_table)) as (url, _):
        assert rewrite(shop, url, "--way", "self-instruct") == 2
    assert "no rows of your own yet" in capsys.readouterr().err


def test_a_second_run_goes_on_where_the_first_stopped(
    shop: Path, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with server(speaking(by_table)) as (url, asked):
        assert rewrite(shop, url, "--rows", "1") == 0
        first = len(asked)
        assert rewrite(shop, url, "--rows", "1") == 0
        assert len(asked) == first
        assert "All of these were tried before" in capsys.readouterr().err
        assert rewrite(shop, url, "--rows", "3") == 0
    assert len(rewritten(project)) == 4
    prompts = [item["messages"][0]["content"] for item in asked]
    assert sum(text.startswith(("Someone", "有人")) for text in prompts) == 3


def test_rewritten_rows_stay_when_rows_are_built_anew_and_go_where_their_query_goes(
    shop: Path, project: Project
) -> None:
    with server(speaking(by_table)) as (url, _):
        assert rewrite(shop, url) == 0
    held_out = Instruction("new", "Customers in Rome: how many?", COUNT, split="test")
    split = {row.question: row.split for row in in_one_split(merged([held_out], project))}
    assert split["Number of customers in Rome"] == "test"
    assert split["Which customers come from Oslo? Give their names"] == "train"


def test_a_query_that_is_held_out_is_not_rewritten(shop: Path, project: Project) -> None:
    mine = Instruction("a1", "Paid orders, how many are there?", PAID, origin="asked")
    save_rows(project.instructions, [mine, *ROWS])
    with server(speaking(by_table)) as (url, asked):
        assert rewrite(shop, url) == 0
    assert not any("Paid orders" in item["messages"][0]["content"] for item in asked)


def test_events_are_json_lines(
    shop: Path, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with server(speaking(by_table)) as (url, _):
        assert rewrite(shop, url, "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [e["count"] for e in events if e["event"] == "RowsKept"] == [4]
