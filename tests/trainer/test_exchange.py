"""Rows from and to other people's files."""

from pathlib import Path

import pytest

from llmtui.trainer.instructions.exchange import SHAPES, export_rows, import_rows
from llmtui.workspace.errors import RecordError
from llmtui.workspace.records import Instruction, load_rows, save_rows
from tests.conftest import write_lines


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_survive_export_and_import(tmp_path: Path, shape: str) -> None:
    rows = [
        Instruction("1", "所有客户", "SELECT name\nFROM customers", lang="zh"),
        Instruction("2", 'with "quotes", commas', "SELECT 1"),
    ]
    file = tmp_path / (f"rows.{shape}" if shape in ("csv", "json") else "rows.jsonl")
    assert export_rows(file, rows, shape) == 2
    back = import_rows(file)
    assert [(row.question, row.sql, row.lang) for row in back] == [
        (row.question, row.sql, row.lang) for row in rows
    ]


def test_the_name_of_a_file_tells_its_shape_and_bad_rows_do_not_travel(tmp_path: Path) -> None:
    rows = [
        Instruction("1", "good", "SELECT 1"),
        Instruction("2", "bad", "SELECT 2", status="rejected"),
    ]
    assert export_rows(tmp_path / "r.csv", rows) == 1
    assert [row.question for row in import_rows(tmp_path / "r.csv")] == ["good"]
    assert export_rows(tmp_path / "r.json", rows) == 2
    assert [row.status for row in import_rows(tmp_path / "r.json")] == ["new", "rejected"]


def test_numbers_of_other_files_are_no_ids(tmp_path: Path) -> None:
    first = {"id": 1, "question": "How many staff?", "sql": "SELECT 1"}
    rows = import_rows(
        write_lines(tmp_path / "r.jsonl", first, {**first, "question": "多少"}, first)
    )
    assert [row.question for row in rows] == ["How many staff?", "多少"]
    save_rows(tmp_path / "kept.jsonl", rows)
    assert load_rows(tmp_path / "kept.jsonl") == rows


@pytest.mark.parametrize(
    ("answer", "sql"),
    [
        ("SELECT\n  name\nFROM t", "SELECT\n  name\nFROM t"),
        ("-- names\nselect name from t", "-- names\nselect name from t"),
        ("```sql\nSELECT 1\n```", "SELECT 1"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1) SELECT * FROM a"),
        ("With kind regards, Ann", ""),
        ("Selecting is easy.", ""),
    ],
)
def test_an_answer_that_is_a_query_is_checked_as_one(tmp_path: Path, answer: str, sql: str) -> None:
    line = {"instruction": "List names", "output": answer}
    (row,) = import_rows(write_lines(tmp_path / "r.jsonl", line))
    assert (row.kind, row.sql) == (("sql", sql) if sql else ("text", ""))


def test_a_bad_line_of_an_import_is_named(tmp_path: Path) -> None:
    file = write_lines(
        tmp_path / "r.jsonl", {"question": "a", "sql": "SELECT 1"}, {"question": "b"}
    )
    with pytest.raises(RecordError, match="line 2"):
        import_rows(file)
    chats = write_lines(tmp_path / "c.jsonl", {"messages": [{"role": "user", "content": "x"}]})
    with pytest.raises(RecordError, match="line 1: A chat needs"):
        import_rows(chats)
