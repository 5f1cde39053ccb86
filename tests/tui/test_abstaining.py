from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Static

from llmtui.inference.answer import Answer, Checks
from llmtui.inference.reading import reading
from llmtui.tui.app import LlmtuiApp
from llmtui.tui.commands.asking import narrate
from llmtui.tui.screens.ask import AskScreen
from llmtui.tui.session import Session
from llmtui.tui.widgets.sqlarea import SqlArea
from tests.tui.test_app import FakeAsker
from tests.tui.waiting import until


class Declining(FakeAsker):
    """Has SQL for the first question, and none for those after it."""

    asked = 0

    def ask(self, question: str, on_text: Any) -> Answer:
        self.asked += 1
        if self.asked == 1:
            answer: Answer = super().ask(question, on_text)
            return answer
        told = "Which [date] do you mean: start date or end date?"
        return Answer(question=question, status="abstained", message=told, exit_code=1)


async def test_a_question_back_stands_beside_no_sql(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = LlmtuiApp(shop)
    asker = None

    def one(session: Session) -> FakeAsker:
        nonlocal asker
        asker = asker or Declining(session.database())
        return asker

    monkeypatch.setattr(Session, "asker", one)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("a", *"who", "enter")
        screen = app.screen
        assert isinstance(screen, AskScreen)
        await until(lambda: bool(screen.query_one(SqlArea).text))
        await until(lambda: not screen.busy)
        await pilot.press(*"when", "enter")
        await until(lambda: screen.answer is not None and screen.answer.status == "abstained")
        await pilot.pause()
        assert screen.query_one(SqlArea).text == ""
        assert "Which [date] do you mean" in str(screen.query_one("#message", Static).render())


class Unsure(FakeAsker):
    """Has SQL that it is not sure of."""

    def ask(self, question: str, on_text: Any) -> Answer:
        answer: Answer = super().ask(question, on_text)
        told = "Not sure enough: 29% of 50%. Read the SQL, and run it when it says what you mean."
        return replace(answer, status="abstained", message=told, columns=(), rows=(), row_count=0)


async def test_the_sql_to_read_is_said_in_plain_words_too(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "asker", lambda session: Unsure(session.database()))
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("a", *"who", "enter")
        message = app.screen.query_one("#message", Static)
        await until(lambda: "Read the SQL" in str(message.render()))
        assert reading("SELECT name FROM customers WHERE id = 1", "en") in str(message.render())


def test_of_an_unsure_answer_the_sql_is_shown_on_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = "Not sure enough: 29% of 50%."
    unsure = Answer(sql="SELECT 1", status="abstained", message=told, checks=Checks(*[True] * 4))
    narrate(unsure, asked=True)
    assert "SELECT 1" in capsys.readouterr().err
    narrate(Answer(sql="SELECT x", status="abstained", message=told), asked=True)
    assert "SELECT x" not in capsys.readouterr().err
