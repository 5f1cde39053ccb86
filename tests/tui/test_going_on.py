"""Questions that go on from the last one, as a person asks, keeps and stops them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from llmtui.database.execute import Database
from llmtui.inference import follow
from llmtui.inference.answer import Answer, run_sql
from llmtui.inference.recall import Recall
from llmtui.tui.app import LlmtuiApp
from llmtui.tui.screens.ask import AskScreen
from llmtui.tui.session import Session
from llmtui.tui.verdicts import rows_of, settled
from llmtui.tui.widgets.sqlarea import SqlArea
from tests.tui.waiting import until

IN_2023 = "SELECT COUNT(*) FROM orders WHERE YEAR(placed) = 2023"
SLOW = "SELECT COUNT(*) FROM range(100000000000) t(i), customers"


class Teller:
    """Answers the questions it knows, in the words that are given for them."""

    def __init__(self, known: dict[str, Answer | str]) -> None:
        self.known, self.asked = known, list[str]()
        self.database: Database | None = None
        self.recall: Recall | None = None

    def ask(self, question: str, on_text: Any) -> Answer:
        self.asked.append(question)
        assert self.recall is not None
        said = self.known.get(question, Answer(status="failed", message="It is not known."))
        said = self.recall.sql_for(question) or said
        on_text("SELECT half")
        assert self.database is not None
        answer = run_sql(self.database, said) if isinstance(said, str) else said
        return replace(answer, question=question)

    def cancel(self) -> None:
        assert self.database is not None
        self.database.interrupt()


@pytest.fixture
def teller(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Teller]:
    def make(**known: Answer | str) -> Teller:
        made = Teller({name.replace("_", " "): said for name, said in known.items()})

        def asker(session: Session) -> Teller:
            if made.database is None:
                made.database = session.database()
                made.recall = Recall(made.database, [])
            session._asker = made  # type: ignore[assignment]
            return made

        monkeypatch.setattr(Session, "asker", asker)
        return made

    return make


def message(screen: AskScreen) -> str:
    return str(screen.query_one("#message", Static).content)


async def ask(pilot: Pilot[None], question: str) -> AskScreen:
    """Ask and wait for the answer."""
    app = pilot.app
    assert isinstance(app, LlmtuiApp)
    if not isinstance(app.screen, AskScreen):
        app.go("ask")
        await until(lambda: isinstance(app.screen, AskScreen) and app.screen.is_mounted)
    screen = app.screen
    assert isinstance(screen, AskScreen)
    screen.query_one("#question").focus()
    screen.query_one("#question").value = question  # type: ignore[attr-defined]
    await pilot.press("enter")
    await until(lambda: screen.answer is not None and screen.answer.question == question)
    await pilot.pause()
    return screen


async def test_a_question_that_goes_on_is_kept_as_a_whole_one(
    shop: Path, teller: Callable[..., Teller]
) -> None:
    told = teller(orders_in_2023=IN_2023)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await ask(pilot, "orders in 2023")
        screen = await ask(pilot, "and in 2024?")
        changed = IN_2023.replace("2023", "2024")
        assert screen.query_one(SqlArea).text == changed
        assert "Read as “orders in 2024”. The last SQL was changed." in message(screen)
        assert app.session is not None
        project = app.session.project
        await pilot.press("ctrl+y")
        await until(lambda: settled(project) == [("orders in 2024", changed)])
        assert told.recall is not None
        assert told.recall.sql_for("orders in 2024") == changed
        assert told.recall.sql_for("and in 2024?") == ""
        await ask(pilot, "and in 2025?")
        await pilot.press("ctrl+n")
        await until(lambda: len(rows_of(project)) == 2)
        assert rows_of(project)[0].question == "orders in 2025"
        await ask(pilot, "only paid")
        await pilot.press("ctrl+y")
        await until(lambda: len(rows_of(project)) == 3)
        assert rows_of(project)[0].question == "orders in 2025, only paid"


async def test_one_that_cannot_be_said_whole_is_not_kept_and_that_is_told(
    shop: Path, teller: Callable[..., Teller]
) -> None:
    newest = "SELECT name FROM customers ORDER BY joined DESC LIMIT 1"
    teller(newest_customer=newest)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await ask(pilot, "newest customer")
        screen = await ask(pilot, "top 3")
        assert screen.query_one(SqlArea).text == newest.replace("1", "3")
        for key in ("ctrl+y", "ctrl+n"):
            app.clear_notifications()
            await pilot.press(key)
            await until(lambda: app._notifications)
            assert "Not kept, because “top 3”" in next(iter(app._notifications)).message
        assert app.session is not None
        assert rows_of(app.session.project) == []


async def test_what_is_not_understood_is_asked_whole_or_told(
    shop: Path, teller: Callable[..., Teller]
) -> None:
    teller_of = teller(orders_in_2023=IN_2023)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await ask(pilot, "and in 2024?")
        assert "“in 2024” needs a question before it" in message(screen)
        await ask(pilot, "orders in 2023")
        await ask(pilot, "only those I like")
        assert teller_of.asked == ["orders in 2023", "orders in 2023, only those I like"]
        assert "Read as “orders in 2023, only those I like”." in message(screen)
        await ask(pilot, "orders in 2023")
        await ask(pilot, "and the nicest?")
        assert len(teller_of.asked) == 3
        assert "“the nicest” is not understood after “orders in 2023”" in message(screen)


async def test_after_an_answer_that_is_unsure_no_older_sql_is_changed(
    shop: Path, teller: Callable[..., Teller]
) -> None:
    unsure = Answer(sql="SELECT MAX(total) FROM orders", status="abstained", message="Not sure.")
    told = teller(orders_in_2023=IN_2023, the_dearest_one=unsure)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await ask(pilot, "orders in 2023")
        await ask(pilot, "the dearest one")
        screen = await ask(pilot, "and in 2024?")
        assert told.asked[-1] == "the dearest one in 2024"
        assert screen.query_one(SqlArea).text == ""
        assert screen.answer is not None
        assert screen.answer.status == "failed"


async def test_a_changed_sql_that_finds_nothing_is_doubted(
    shop: Path, teller: Callable[..., Teller]
) -> None:
    latest = "SELECT id FROM orders WHERE YEAR(placed) = 2023"
    found = "SELECT id FROM orders WHERE id = 1"
    told = teller(orders_of_2023=latest, orders_of_2024=found)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await ask(pilot, "orders of 2023")
        screen = await ask(pilot, "and of 2024?")
        assert screen.query_one(SqlArea).text == found
        await ask(pilot, "orders of 2023")
        await ask(pilot, "and of 2025?")
        assert told.asked[-1] == "orders of 2025"
        assert screen.query_one(SqlArea).text == latest.replace("2023", "2025")
        assert "It finds nothing" in message(screen)


async def test_what_a_person_settled_comes_for_a_question_that_goes_on_too(
    shop: Path, teller: Callable[..., Teller]
) -> None:
    told = teller(orders_in_2023=IN_2023)
    settled_sql = "SELECT COUNT(*) FROM orders WHERE id > 7"
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await ask(pilot, "orders in 2023")
        assert told.recall is not None
        told.recall.learn("orders in 2024", settled_sql)
        await ask(pilot, "and in 2024?")
        assert screen.query_one(SqlArea).text == settled_sql


async def test_a_question_that_is_not_understood_leaves_the_one_before(
    shop: Path, teller: Callable[..., Teller]
) -> None:
    teller(orders_in_2023=IN_2023)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await ask(pilot, "orders in 2023")
        screen = await ask(pilot, "and?")
        assert "“and?” is not understood after “orders in 2023”" in message(screen)
        await ask(pilot, "and in 2024?")
        assert screen.query_one(SqlArea).text == IN_2023.replace("2023", "2024")


async def test_a_question_is_not_tied_to_sql_that_a_person_wrote_over_its_own(
    shop: Path, teller: Callable[..., Teller]
) -> None:
    told = teller(orders_in_2023=IN_2023)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await ask(pilot, "orders in 2023")
        screen.query_one(SqlArea).load_text("SELECT name FROM customers WHERE city = 'Rome'")
        await pilot.press("f5")
        await until(lambda: not screen.busy)
        await ask(pilot, "and with a dog?")
        await ask(pilot, "only Oslo")
        assert "orders in 2023" not in message(screen)
        assert told.asked == ["orders in 2023"]
        assert "city = 'Oslo'" in screen.query_one(SqlArea).text


async def test_esc_on_sql_of_a_person_stops_no_model(
    shop: Path, teller: Callable[..., Teller], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = teller(orders_in_2023=IN_2023)
    stopped = list[str]()
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await ask(pilot, "orders in 2023")
        monkeypatch.setattr(told, "cancel", lambda: stopped.append("model"))
        screen.query_one(SqlArea).load_text(SLOW)
        await pilot.press("f5")
        assert app.session is not None
        process = app.session.database()._process
        await until(lambda: process._waiting)
        await pilot.press("escape")
        await until(lambda: not screen.busy)
        assert "stopped" in message(screen)
        assert stopped == []


async def test_nothing_half_written_or_of_an_earlier_question_stays_after_a_failure(
    shop: Path, teller: Callable[..., Teller]
) -> None:
    teller(orders_in_2023=IN_2023)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await ask(pilot, "orders in 2023")
        area = screen.query_one(SqlArea)
        assert area.text == IN_2023
        await ask(pilot, "unknown")
        assert area.text == ""
        area.load_text("SELECT 1 FROM customers")
        await ask(pilot, "unknown too")
        area.focus()
        await pilot.press("ctrl+z")
        assert area.text


@pytest.mark.parametrize("stopped", ["while it runs", "while it binds", "by the time limit"])
async def test_one_that_is_stopped_is_not_asked_of_the_model(
    shop: Path, teller: Callable[..., Teller], monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    told = teller(orders_in_2023=IN_2023)
    if stopped == "by the time limit":
        monkeypatch.setenv("LLMTUI_TIME_LIMIT", "0.5")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await ask(pilot, "orders in 2023")

        def slow(*_: object) -> follow.Followed:
            if stopped == "while it binds":
                screen.cancelled = True
                return follow.Followed("orders in 2024")
            return follow.Followed("orders in 2024", SLOW)

        monkeypatch.setattr(follow, "follow_up", slow)
        screen.query_one("#question").focus()
        screen.query_one("#question").value = "and in 2024?"  # type: ignore[attr-defined]
        await pilot.press("enter")
        if stopped == "while it runs":
            assert app.session is not None
            process = app.session.database()._process
            await until(lambda: process._waiting)
            await pilot.press("escape")
        await until(lambda: not screen.busy)
        assert "stopped" in message(screen)
        assert told.asked == ["orders in 2023"]
