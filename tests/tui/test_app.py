"""The app as a person uses it, in a terminal of 80×24."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from textual.widgets import Input, Static, TextArea
from textual.widgets._footer import FooterKey

from llmtui.database.execute import Database
from llmtui.tui.app import LlmtuiApp
from llmtui.tui.jobs import TuneJob
from llmtui.tui.screens.ask import AskScreen
from llmtui.tui.screens.home import HomeScreen
from llmtui.tui.screens.tune import TuneScreen
from llmtui.tui.session import Session
from llmtui.tui.toasts import Toasted
from llmtui.tui.widgets.results import Results
from llmtui.workspace import settings
from llmtui.workspace.events import Failed, Finished, Progress, Scored, Started, to_line
from llmtui.workspace.project import start
from llmtui.workspace.records import load_rows
from tests.tui.waiting import click, until

SIZE = (80, 24)


def text_of(app: LlmtuiApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


async def test_home_shows_five_steps_and_the_next_one(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await until(lambda: "2 tables, 240 rows" in text_of(app, "#step1"))
        assert "▶ 2" in text_of(app, "#step2")
        assert "press t" in text_of(app, "#step2")
        assert "customers" in text_of(app, "#tables")


async def test_a_step_is_clicked_and_its_place_opens(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=SIZE) as pilot:
        for number, place in ((2, "instructions"), (5, "ask")):
            await click(pilot, f"#step{number}")
            await until(lambda place=place: getattr(app.screen, "place", "") == place)
            await pilot.press("escape")
            await until(lambda: isinstance(app.screen, HomeScreen))


async def test_a_bad_source_is_told_and_another_can_be_opened(shop: Path, tmp_path: Path) -> None:
    app = LlmtuiApp(tmp_path / "missing.db")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert "There is no such file" in text_of(app, "#problem")
        app.screen.query_one("#path", Input).value = str(shop)
        app.screen.query_one("#path", Input).focus()
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, HomeScreen) and app.session is not None)


async def test_a_file_that_is_no_database_is_told_and_the_app_lives(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("nothing like a database")
    app = LlmtuiApp(tmp_path / "x.db")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await until(lambda: "not a database file" in text_of(app, "#problem"))


async def test_d_opens_the_demo_database(home: Path) -> None:
    app = LlmtuiApp()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        await pilot.press("tab", "d")
        await until(lambda: app.session is not None)
        await until(lambda: "8 tables" in text_of(app, "#step1"))


async def test_without_a_model_the_ask_screen_says_what_to_do(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("a")
        await pilot.pause()
        assert isinstance(app.screen, AskScreen)
        await until(lambda: "Press Esc, then t" in text_of(app, "#message"))
        await pilot.press("x", "enter")
        await until(lambda: "Failed" in text_of(app, "#message"))
        assert text_of(app, "#badges") == ""


class FakeAsker:
    """Streams one statement and answers with it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def ask(self, question, on_text):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        from llmtui.inference.answer import run_sql

        sql = "SELECT name FROM customers WHERE id = 1"
        on_text(sql[:10])
        on_text(sql)
        return replace(run_sql(self.database, sql), question=question)


async def test_a_question_shows_sql_checks_and_rows_and_can_be_accepted(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "asker", lambda self: FakeAsker(self.database()))
    app = LlmtuiApp(shop)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("a")
        await pilot.press(*"who", "enter")
        result = app.screen.query_one("#result", Results)
        await until(lambda: result.count == 1)
        assert "SELECT name" in app.screen.query_one("#sql", TextArea).text
        assert "✓ read-only" in text_of(app, "#badges")
        await pilot.press("ctrl+y")
        assert app.session is not None
        await until(app.session.project.instructions.exists)
        (row,) = load_rows(app.session.project.instructions)
        assert (row.question, row.status, row.origin) == ("who", "accepted", "asked")
        app.screen.query_one("#sql", TextArea).load_text("DROP TABLE customers")
        await pilot.press("f5")
        await until(lambda: "Refused" in text_of(app, "#message"))
        assert result.count == 0
        await pilot.press("ctrl+y")
        assert len(load_rows(app.session.project.instructions)) == 1
        await pilot.press("up")
        assert app.screen.query_one("#question", Input).value == "who"
        await pilot.press("escape")
        assert isinstance(app.screen, HomeScreen)


async def test_values_are_text_never_markup_or_escapes(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("a")
        result = app.screen.query_one("#result", Results)
        await result.show(("[/]", "\x1b[31m"), (("[@click=app.quit]x[/]", "\x1b]0;t\x07"),))
        await pilot.pause()
        assert result.table is not None
        cells = [str(cell) for cell in result.table.get_row_at(0)]
        assert cells == ["[@click=app.quit]x[/]", "\\e]0;t\\x07"]


async def test_the_tune_screen_follows_a_tune_that_it_did_not_start(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=SIZE) as pilot:
        assert app.session is not None
        start(app.session.project, shop)
        events = [
            Started("instructions"), Finished("instructions", 1.0), Started("finetune"),
            Progress("finetune", 1, 10, 2.0, 5.0, "rows", 90.0),
            Progress("finetune", 2, 10, 1.5, 5.0, "rows", 80.0),
        ]  # fmt: skip
        log = app.session.project.tune_log
        log.write_text("".join(to_line(event) + "\n" for event in events))
        await pilot.press("t")
        await pilot.pause()
        assert isinstance(app.screen, TuneScreen)
        await until(lambda: "2/10" in text_of(app, "#numbers"))
        assert "✓ Instructions   ▶ Fine-tune" in text_of(app, "#stages")
        assert "last saved point" in text_of(app, "#state")
        with log.open("a") as file:
            for name, hits in (("tuned · held-out en", 26), ("tuned · held-out zh", 34)):
                file.write(to_line(Scored(name, "strict", hits, 60, 0.1, 0.9)) + "\n")
            file.write(to_line(Finished("tune", 9.0)) + "\n")
        await until(lambda: "Done" in text_of(app, "#state"))
        assert "Held-out questions right: tuned 50% (60/120)" in text_of(app, "#state")


async def test_p_pauses_a_running_tune_and_enter_is_offered_again(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [True]
    monkeypatch.setattr(TuneJob, "running", property(lambda _job: runs[0]))

    def pause(job: TuneJob) -> None:
        runs[0] = False
        with job.project.tune_log.open("a") as file:
            file.write(to_line(Failed("tune", "Paused", 130)) + "\n")

    monkeypatch.setattr(TuneJob, "pause", pause)
    app = LlmtuiApp(shop)
    async with app.run_test(size=SIZE) as pilot:
        assert app.session is not None
        start(app.session.project, shop)
        app.session.project.tune_log.write_text(to_line(Started("finetune")) + "\n")
        await pilot.press("t")

        def offered() -> set[str]:
            return {str(key.description) for key in app.screen.query(FooterKey)}

        await until(lambda: "Running" in text_of(app, "#state"))
        await until(lambda: {"Pause", "Stop and keep"} <= offered())
        assert "Start / resume" not in offered()
        await pilot.press("p")
        await until(lambda: "Paused. Press Enter" in text_of(app, "#state"))
        await until(lambda: "Start / resume" in offered())
        assert "Pause" not in offered()


async def test_a_tune_that_fails_is_told_wherever_one_is(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=SIZE):
        assert app.session is not None
        start(app.session.project, shop)
        log = app.session.project.tune_log
        log.write_text(to_line(Started("finetune")) + "\n")
        await until(lambda: app.session.job.events)  # type: ignore[union-attr]
        with log.open("a") as file:
            file.write(to_line(Failed("tune", "The disk is full")) + "\n")
        await until(lambda: app._notifications)
        assert "The disk is full" in next(iter(app._notifications)).message


async def test_the_theme_is_kept(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=SIZE):
        assert app.theme == "llmtui-dark"
        app.theme = "llmtui-light"
    assert settings.load().theme == "llmtui-light"
    again = LlmtuiApp(shop)
    async with again.run_test(size=SIZE):
        assert again.theme == "llmtui-light"


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (40, 12)])
async def test_the_question_is_in_view_at_every_size(shop: Path, size: tuple[int, int]) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=size) as pilot:
        await pilot.press("a")
        await pilot.pause()
        region = app.screen.query_one("#question").region
        assert region.bottom <= size[1]
        assert region.width > 20


async def test_a_message_that_runs_out_while_it_is_drawn_does_not_stop_the_app(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = LlmtuiApp()
    async with app.run_test(notifications=True):
        monkeypatch.setattr(Toasted, "has_expired", False)  # listed, and out before it is drawn
        app.screen.notify("late", timeout=-1)
        await until(lambda: app.screen.query("Toast"))
        await until(lambda: not app.screen.query("Toast"))


def test_the_app_ends_while_a_thread_waits_for_it(shop: Path) -> None:
    async def drive(pilot) -> None:  # type: ignore[no-untyped-def]
        app = pilot.app

        async def never() -> None:
            app.call_later(app.exit)
            await asyncio.Event().wait()

        app.run_worker(lambda: app.screen.from_thread(never), thread=True)

    def run() -> None:
        LlmtuiApp(shop).run(headless=True, size=SIZE, auto_pilot=drive)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
