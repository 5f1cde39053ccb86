from pathlib import Path

import pytest

from llmtui.tui.session import Session
from llmtui.tui.verdicts import keep_answer, rows_of
from llmtui.workspace.errors import UsageError


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
