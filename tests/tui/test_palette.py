"""The palette, the way out, and keys of one's own."""

from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen
from textual.widgets import Input

from llmtui.tui.app import LlmtuiApp
from llmtui.tui.keys import PLACES, parse_keymap
from llmtui.tui.screens.help import HelpScreen
from llmtui.tui.screens.home import HomeScreen
from llmtui.tui.screens.runs import RunsScreen
from llmtui.tui.widgets.dialogs import AskText, Confirm
from llmtui.tui.widgets.palette import Palette
from llmtui.tui.widgets.roweditor import RowEditor
from llmtui.workspace.errors import UsageError
from tests.tui.monkey import tame
from tests.tui.waiting import click, until


def titles(app: LlmtuiApp) -> list[str]:
    return [command.title for command in app.get_system_commands(app.screen)]


def pick(app: LlmtuiApp, title: str) -> None:
    next(c for c in app.get_system_commands(app.screen) if c.title == title).callback()


@pytest.mark.parametrize("place", PLACES)
async def test_every_command_of_the_palette_does_no_harm(
    shop: Path, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VISUAL", "true")
    tame(monkeypatch.setattr)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        app.go(place)
        await pilot.pause()
        for title in titles(app):
            app.go(place)
            await pilot.pause()
            pick(app, title)
            await pilot.pause()
        assert app.is_running


async def test_commands_of_the_app_work_from_the_palette_on_every_screen(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        app.go("settings")
        await pilot.pause()
        pick(app, "Help")
        await until(lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape")
        await until(lambda: app.screen.query("#settings"))
        await pilot.pause()
        pick(app, "Find in this list")
        await until(lambda: isinstance(app.screen, AskText))
        await pilot.press("escape")
        pick(app, "Quit")
        await until(lambda: app._exit)


async def test_ctrl_p_finds_a_command_by_what_is_typed(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTUI_LANG", "zh")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("ctrl+p")
        await until(lambda: app.screen.query(Input))
        assert app.screen.query_one(Input).placeholder == "查找命令 …"
        await pilot.press(*"模型")
        await pilot.pause(0.6)
        await pilot.press("enter")
        await until(lambda: getattr(app.screen, "place", "") == "models")


@pytest.mark.parametrize("way", ["escape", "palette"])
async def test_a_row_that_is_being_written_is_not_lost_unasked(shop: Path, way: str) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        app.go("instructions")
        await until(lambda: app.screen.query("#summary"))
        await pilot.press("n")
        await until(lambda: app.screen.query("#row-question"))
        editor = app.screen
        assert isinstance(editor, RowEditor)
        editor.query_one("#row-question", Input).value = "typed work"

        async def leave() -> None:
            if way == "escape":
                await pilot.press("escape")
            else:
                pick(app, "Home")
            await until(lambda: isinstance(app.screen, Confirm))
            await until(lambda: app.screen.query("#yes"))

        await leave()
        await click(pilot, "#no")
        await until(lambda: app.screen is editor)
        assert editor.query_one("#row-question", Input).value == "typed work"
        assert {"Row in $EDITOR", "Save", "Cancel"} <= set(titles(app))
        await leave()
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert len(app.screen_stack) == 3
        await click(pilot, "#yes")
        wanted = "instructions" if way == "escape" else "home"
        await until(lambda: getattr(app.screen, "place", "") == wanted)


async def test_ctrl_c_says_how_to_leave(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("ctrl+c")
        await until(lambda: app._notifications)
        assert "ctrl+q ends the app" in next(iter(app._notifications)).message


@pytest.mark.parametrize(
    ("text", "clash"),
    [("home.tune=a", "home.ask"), ("ask.copy=f1", "app.help"), ("app.help=f8", "ask.copy"),
     ("row.editor=ctrl+s", "dialog.save"), ("ask.copy=f10; ask.chart=f10", "ask")],
)  # fmt: skip
def test_two_keys_that_are_the_same_are_told(text: str, clash: str) -> None:
    with pytest.raises(UsageError, match=clash):
        parse_keymap(text)


def test_keys_are_exchanged_and_may_be_the_same_on_different_screens() -> None:
    assert parse_keymap("home.tune=a; home.ask=t") == {"home.tune": "a", "home.ask": "t"}
    assert parse_keymap("database.find=slash; tune.log=x")["tune.log"] == "x"


async def test_two_clicks_beside_the_palette_close_it_once(home: Path) -> None:
    app = LlmtuiApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p")
        await until(lambda: isinstance(app.screen, Palette))
        palette = app.screen
        palette.dismiss()
        palette.dismiss()
        await until(lambda: isinstance(app.screen, HomeScreen))
        assert app.is_running
        await pilot.press("ctrl+p")
        await until(lambda: isinstance(app.screen, Palette))


@pytest.mark.parametrize("dialog", [HelpScreen("home", {}), RunsScreen([]), Confirm("?", "yes")])
async def test_a_dialog_that_is_told_twice_to_end_leaves_the_screen_below(
    home: Path, dialog: Screen[Any]
) -> None:
    app = LlmtuiApp()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(dialog)
        await pilot.pause()
        dialog.dismiss(None)
        dialog.dismiss(None)
        await until(lambda: isinstance(app.screen, HomeScreen))
        assert app.is_running
