from pathlib import Path

import pytest

from llmtui.tui.session import Session
from llmtui.tui.verdicts import keep_answer, rows_of, settled
from llmtui.workspace.errors import UsageError
from llmtui.workspace.records import Instruction, save_rows


def test_a_kept_answer_is_trained_on_as_it_is_asked_with_its_hints(shop: Path) -> None:
    session = Session(shop)
    keep_answer(session, "who lives in rome", "SELECT name FROM customers", "accepted")
    (row,) = rows_of(session.project)
    assert row.hints == ("customers.city = 'Rome'",)
    assert row.usable
    session.close()


def test_a_secret_is_not_kept_unless_the_settings_say_so(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(shop)
    asked = ("who is ann@corp.example", "SELECT name FROM customers")
    with pytest.raises(UsageError, match="e-mail address"):
        keep_answer(session, *asked, "accepted")
    assert rows_of(session.project) == []
    monkeypatch.setenv("LLMTUI_SECRETS", "keep")
    session.forget_database()
    keep_answer(session, *asked, "accepted")
    assert len(rows_of(session.project)) == 1
    session.close()


def test_what_was_accepted_is_settled_and_what_was_rejected_is_not(shop: Path) -> None:
    session = Session(shop)
    assert settled(session.project) == []
    rows = [Instruction("c", "how many customers?", "SELECT COUNT(*) FROM customers")]
    save_rows(session.project.instructions, rows)
    keep_answer(session, "first", "SELECT 1 FROM customers", "accepted")
    keep_answer(session, "second", "SELECT 2 FROM customers", "corrected")
    keep_answer(session, "third", "SELECT 3 FROM customers", "rejected")
    assert settled(session.project) == [
        ("first", "SELECT 1 FROM customers"),
        ("second", "SELECT 2 FROM customers"),
        ("third", ""),
    ]
    keep_answer(session, "first", "SELECT 1 FROM customers", "rejected")
    assert [question for question, sql in settled(session.project) if sql] == ["second"]
    session.close()
