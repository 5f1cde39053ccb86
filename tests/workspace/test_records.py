from pathlib import Path

import pytest

from llmtui.workspace.errors import RecordError
from llmtui.workspace.records import Instruction, load_rows, parse_row, save_rows
from tests.conftest import write_lines


def test_rows_survive_writing_and_reading(tmp_path: Path) -> None:
    rows = [
        Instruction("a", "有多少客户？", "SELECT COUNT(*) FROM customers", lang="zh"),
        Instruction("b", "Summarise this", answer="Short.", kind="text", extra={"held": "row"}),
    ]
    save_rows(tmp_path / "rows.jsonl", rows)
    assert load_rows(tmp_path / "rows.jsonl") == rows


def test_an_error_names_file_line_and_field(tmp_path: Path) -> None:
    good = {"id": "1", "question": "q", "sql": "SELECT 1"}
    file = write_lines(tmp_path / "rows.jsonl", good, {"id": "2", "question": "q2"})
    with pytest.raises(RecordError, match=r"line 2: The field \"sql\" is missing"):
        load_rows(file)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "Not valid JSON"),
        ("[]", "must be a JSON object"),
        ('{"id": "1", "question": " ", "sql": "x"}', '"question" is missing'),
        ('{"id": "1", "question": "q", "sql": "x", "split": "half"}', "it may be train, dev, test"),
        ('{"id": "1", "question": "q", "sql": 5}', '"sql" must be text'),
    ],
)
def test_a_bad_row_is_told_in_one_sentence(line: str, problem: str) -> None:
    with pytest.raises(RecordError, match=problem):
        parse_row(line, where="x")


def test_the_same_id_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    row = {"id": "1", "question": "q", "sql": "SELECT 1"}
    file = write_lines(tmp_path / "rows.jsonl", row, row)
    with pytest.raises(RecordError, match='line 2: The id "1" stands on line 1 too'):
        load_rows(file)


def test_unknown_fields_are_kept() -> None:
    row = parse_row('{"id": "1", "question": "q", "sql": "SELECT 1", "note": "mine"}')
    assert row.extra == {"note": "mine"}


def test_a_number_may_be_an_id() -> None:
    assert parse_row('{"id": 7, "question": "q", "sql": "x"}', where="x").id == "7"
    with pytest.raises(RecordError, match='"question" is missing'):
        parse_row('{"id": 7}', where="x")
