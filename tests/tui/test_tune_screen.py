"""Tune: what its keys do to the process, and what is told when that ends badly."""

import sys
from pathlib import Path

import pytest
from textual.widgets import Select, Static

from llmtui.tui.app import LlmtuiApp
from llmtui.tui.jobs import TuneJob
from llmtui.tui.screens.settings import SettingsScreen
from llmtui.tui.screens.tune import TuneScreen
from llmtui.tui.widgets.lists import Rows
from llmtui.workspace.events import Progress
from llmtui.workspace.project import project_for
from tests.tui.test_every_key import told
from tests.tui.waiting import until

STAGE = """
import signal, sys, time
from pathlib import Path
from llmtui.tui import pipeline
from llmtui.tui.cli import run
from llmtui.tui.commands.common import follow
from llmtui.tui.commands.ending import Stop, told
from llmtui.workspace.events import Progress, Started
from llmtui.workspace.project import Project
from llmtui.workspace.settings import Settings
stage = sys.argv[3]
def slow(job):
    yield Started(stage)
    for step in range(600):
        yield Progress(stage, step, 600)
        time.sleep(0.05)
        if stop():
            return
pipeline.instructions = slow
pipeline.choose_run = lambda job: Path()
pipeline._stages = lambda *_: iter([])
stop = Stop()
job = pipeline.Job(Path(sys.argv[2]), Project(Path(sys.argv[1])), Settings())
try:
    follow(told(pipeline.tune(job, stop), stop), as_json=False)
except KeyboardInterrupt:
    sys.exit(130)
"""
"""A tune with one slow stage, of the name given."""


def stages_of(monkeypatch: pytest.MonkeyPatch, shop: Path, stage: str) -> None:
    """Let Enter start a tune that has but one stage."""

    def command(project):  # type: ignore[no-untyped-def]
        return [sys.executable, "-c", STAGE, str(project.root), str(shop), stage]

    monkeypatch.setattr("llmtui.tui.screens.tune.tune_command", command)


def state(app: LlmtuiApp) -> str:
    return str(app.screen.query_one("#state", Static).content)


def job_of(app: LlmtuiApp) -> TuneJob:
    assert app.session is not None
    return app.session.job


async def started(app: LlmtuiApp) -> None:
    """Wait until the stage runs."""
    await until(lambda: any(isinstance(e, Progress) for e in job_of(app).events), 60)


async def test_enter_starts_and_s_breaks_off_a_stage_that_keeps_nothing(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages_of(monkeypatch, shop, "instructions")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("t")
        await until(lambda: isinstance(app.screen, TuneScreen))
        await pilot.press("enter")
        await started(app)
        await pilot.press("s", "s")
        await told(app, "Enter goes on from what was finished")
        await until(lambda: not job_of(app).running, 30)
        await until(lambda: "Paused. Press Enter" in state(app))
        assert not job_of(app).state.failed


async def test_s_while_it_trains_keeps_what_was_learnt_however_often_it_is_pressed(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages_of(monkeypatch, shop, "finetune")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("t")
        await pilot.press("enter")
        await started(app)
        await pilot.press("s", "s", "s")
        await told(app, "what was learnt is kept")
        await until(lambda: "Done" in state(app), 30)


async def test_a_tune_that_fails_before_its_log_is_there_is_told(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = [sys.executable, "-c", "import sys; sys.exit('llmtui: There is no base \"x\" here.')"]
    monkeypatch.setattr("llmtui.tui.screens.tune.tune_command", lambda _project: fails)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("t", "enter")
        await told(app, 'It failed: There is no base "x" here.')
        await until(lambda: 'It failed: There is no base "x" here.' in state(app))


async def test_a_tune_that_is_killed_is_told_wherever_one_is(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages_of(monkeypatch, shop, "finetune")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("t", "enter")
        await started(app)
        app.go("home")
        await pilot.pause(0.6)
        child = job_of(app)._child
        assert child is not None
        child.kill()
        await told(app, "It ended before it was done")


async def test_the_budget_is_that_of_the_settings_of_now(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.press("t")
        await until(lambda: app.screen.query("#level"))
        app.go("settings")
        await until(lambda: app.screen.query(Rows) and app.screen.query_one(Rows).row_count)
        assert isinstance(app.screen, SettingsScreen)
        app.screen.write("minutes", "30")
        app.screen.write("level", "q4_0")
        app.go("tune")
        await until(lambda: app.screen.query_one("#level", Select).value == "q4_0")
        await until(lambda: app.screen.query_one("#minutes", Select).value == "30.0")
        await pilot.pause()
        assert "settings" not in project_for(shop).facts(), "nothing is written by being shown"
