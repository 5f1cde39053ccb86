"""Files that are damaged and names that are none: told in a sentence, and the app goes on."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from llmtui.tui import modellist
from llmtui.tui.app import LlmtuiApp, run_app
from llmtui.tui.screens.ask import AskScreen
from llmtui.tui.screens.chat import ChatScreen
from llmtui.tui.screens.home import HomeScreen
from llmtui.tui.session import Session
from llmtui.workspace import paths
from llmtui.workspace.errors import StorageError
from llmtui.workspace.files import write_text
from llmtui.workspace.history import History
from llmtui.workspace.project import Project, project_for, start
from llmtui.workspace.records import Instruction, save_rows
from tests.tui.test_app import FakeAsker
from tests.tui.test_ask_screen import GROUPS, run
from tests.tui.test_every_key import told
from tests.tui.waiting import click, until


@pytest.fixture
def project(shop: Path) -> Project:
    made = project_for(shop)
    start(made, shop)
    return made


def problem(app: LlmtuiApp) -> str:
    return str(app.screen.query_one("#problem", Static).content)


async def test_a_damaged_project_hides_no_other(shop: Path, project: Project) -> None:
    other = paths.projects_dir() / "other"
    other.mkdir()
    (other / "project.toml").write_text("not [ toml")
    app = LlmtuiApp()
    async with app.run_test(size=(100, 30)):
        assert isinstance(app.screen, HomeScreen)
        assert app.screen.choices == [shop]
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)):
        app.go("chat")
        await until(lambda: isinstance(app.screen, ChatScreen) and app.screen.is_mounted)


async def test_the_damaged_project_of_the_open_source_is_told(shop: Path, project: Project) -> None:
    project.file.write_text("not [ toml")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)):
        await until(lambda: "not [ toml" in problem(app) or "damaged" in problem(app))


@pytest.mark.parametrize("place", ["tune", "database"])
async def test_a_wrong_setting_keeps_one_where_one_is(shop: Path, place: str) -> None:
    paths.settings_file().parent.mkdir(parents=True)
    paths.settings_file().write_text("minuts = 3\n")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(lambda: 'Did you mean "minutes"?' in problem(app))
        app.go(place)
        await told(app, 'no setting "minuts"')
        assert isinstance(app.screen, HomeScreen)
        paths.settings_file().write_text("minutes = 3\n")
        app.go(place)
        await until(lambda: getattr(app.screen, "place", "") == place)
        await pilot.pause()


@pytest.mark.parametrize("typed", ["x" * 300, "~nosuch/x.db", "a/" * 3000])
async def test_what_cannot_be_a_path_is_told(shop: Path, typed: str) -> None:
    app = LlmtuiApp()
    async with app.run_test(size=(100, 30)) as pilot:
        field = app.screen.query_one("#path", Input)
        field.value = typed
        field.focus()
        await pilot.press("enter")
        await until(lambda: "cannot be a path" in problem(app))
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await run(app, GROUPS)
        await say_file(pilot, "f9", typed)
        await told(app, "cannot be a path")


async def say_file(pilot: Pilot[int], key: str, name: str) -> str:
    """Export with a key to a file; returns the name that was offered."""
    await pilot.press(key)
    await until(lambda: pilot.app.screen.query("#line"))
    line = pilot.app.screen.query_one("#line", Input)
    offered, line.value = line.value, name
    await pilot.press("enter")
    return offered


@pytest.mark.parametrize("name", ["there.csv/x.csv", f"{'x' * 250}.csv"])
def test_what_the_disk_refuses_is_told_with_its_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / "there.csv").write_text("kept")
    with pytest.raises(StorageError, match="It cannot be written"):
        write_text(tmp_path / name, "x")
    assert [file.name for file in tmp_path.iterdir()] == ["there.csv"]


async def test_a_folder_is_no_file_to_write(shop: Path, project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "out.csv"
    folder.mkdir()
    history = History(project.history)
    history.add_message(history.add_chat("t"), "user", "x")
    save_rows(project.instructions, [Instruction("a", "?", "SELECT 1")])
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        app.go("instructions")
        await until(lambda: getattr(app.screen, "shown", None))
        await say_file(pilot, "x", str(folder))
        await told(app, "It cannot be written")
        app.clear_notifications()
        app.go("chat")
        await until(lambda: isinstance(app.screen, ChatScreen) and app.screen.chats)
        app.screen.chat = 1  # type: ignore[attr-defined]
        await say_file(pilot, "f9", str(folder))
        await told(app, "It cannot be written")
        app.clear_notifications()
        await run(app, GROUPS)
        await say_file(pilot, "f9", str(folder))
        await told(app, "It cannot be written")


async def test_a_file_that_is_there_is_replaced_only_when_told_so(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    precious = tmp_path / "answer.csv"
    precious.write_text("precious")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await run(app, GROUPS)
        for answer, kept in (("#no", True), ("#yes", False)):
            offered = await say_file(pilot, "f9", str(precious))
            assert offered == str(tmp_path / "answer-2.csv")
            await until(lambda answer=answer: app.screen.query(answer))
            await click(pilot, answer)
            await until(lambda: app.screen is screen)
            await until(lambda kept=kept: (precious.read_text("utf-8") == "precious") == kept)


async def test_a_damaged_history_is_told_by_every_key_of_the_chat(
    shop: Path, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF")
    here = [modellist.Model("m", "base", file, 4, "here")]
    monkeypatch.setattr("llmtui.tui.screens.chat.models_here", lambda _project: here)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        app.go("chat")
        await until(lambda: isinstance(app.screen, ChatScreen) and app.screen.is_mounted)
        screen = app.screen
        assert isinstance(screen, ChatScreen)
        await pilot.pause()
        screen.chat = 1
        project.history.write_bytes(b"garbage" * 200)

        async def act(key: str) -> None:
            await pilot.press(key)
            if key == "f6":
                await until(lambda: app.screen.query("#line"))
                await pilot.press(*"brief", "enter")
            elif key == "ctrl+delete":
                await until(lambda: app.screen.query("#yes"))
                await click(pilot, "#yes")

        for key in ("f8", "f7", "ctrl+r", "f6", "f9", "ctrl+delete"):
            app.clear_notifications()
            await act(key)
            await told(app, "The history cannot be used")
            await until(lambda: app.screen is screen)


@pytest.mark.parametrize("editor", ["sh -c 'printf \"SELECT \\351\" > $0'", "rm"])
async def test_what_an_editor_leaves_may_be_no_text(
    shop: Path, editor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", editor)
    monkeypatch.setattr(LlmtuiApp, "suspend", lambda _app: nullcontext())
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await run(app, GROUPS)
        await pilot.press("f4")
        await told(app, "cannot be read")
        assert screen.query_one("#sql").text == GROUPS  # type: ignore[attr-defined]


def test_after_a_crash_a_sentence_names_the_log_and_the_exit_code_is_not_0(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        row = "Ada Lovelace, 20000"
        raise ValueError(len(row))

    async def drive(pilot: Pilot[int]) -> None:
        pilot.app.call_later(fail)
        await pilot.pause(0.3)

    real: Callable[..., object] = LlmtuiApp.run
    monkeypatch.setattr(LlmtuiApp, "run", lambda app: real(app, headless=True, auto_pilot=drive))
    assert run_app(shop) == 1
    said = "".join(capfd.readouterr())
    assert "should not have (ValueError)" in said
    assert "Ada" not in said
    log = paths.log_file().read_text("utf-8")
    assert "ValueError: 19" in log
    assert "Ada" not in log


async def test_an_answer_is_shown_though_the_history_is_damaged(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "asker", lambda self: FakeAsker(self.database()))
    app = LlmtuiApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.session is not None
        project = app.session.project
        await until(project.root.is_dir)
        project.history.write_bytes(b"garbage" * 200)
        await pilot.press("a", *"who", "enter")
        screen = app.screen
        assert isinstance(screen, AskScreen)
        await until(lambda: screen.answer is not None)
        assert screen.answer is not None
        assert screen.answer.status == "ok"
        assert screen.kept == 0
