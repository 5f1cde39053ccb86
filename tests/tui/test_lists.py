"""Keys in lists, tables and trees: moves, finding, and what the footer says of them."""

from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input
from textual.widgets._footer import FooterKey

from llmtui.tui.app import LlmtuiApp
from llmtui.tui.screens.settings import SettingsScreen
from llmtui.tui.texts import t
from llmtui.tui.widgets.dialogs import Files, PickPath
from llmtui.tui.widgets.lists import Options, Rows, Seekable
from llmtui.tui.widgets.results import Results
from tests.tui.waiting import until


async def find(pilot: Pilot[int], text: str) -> None:
    """Press `/` and say what is sought."""
    below = pilot.app.screen
    await pilot.press("slash")
    await until(lambda: pilot.app.screen is not below and pilot.app.screen.query("#line"))
    pilot.app.screen.query_one("#line", Input).value = text
    await pilot.press("enter")
    await until(lambda: pilot.app.screen is below)


async def test_slash_goes_to_the_next_row_that_holds_a_text_and_round(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        app.go("settings")
        await until(lambda: app.screen.query(Rows))
        screen = app.screen
        assert isinstance(screen, SettingsScreen)
        table = screen.query_one(Rows)
        await until(lambda: table.row_count == len(screen.names))
        for wanted in ("max_rows", "rows", "max_rows"):
            await find(pilot, "ROWS")
            await until(lambda: table.sought == "ROWS")
            assert screen.names[table.cursor_row] in ("rows", "max_rows"), wanted
        await find(pilot, "no such setting")
        await until(lambda: app._notifications)
        assert "no such setting" in next(iter(app._notifications)).message


async def test_a_large_result_is_sought_left_with_tab_and_walked_with_letters(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("a")
        await until(lambda: app.screen.query("#result"))
        result = app.screen.query_one("#result", Results)
        await result.show(("n", "name"), [(n, f"name {n}") for n in range(5000)])
        table = result.table
        assert table is not None
        table.focus()
        await pilot.pause()
        await find(pilot, "name 4321")
        await until(lambda: table.cursor_row == 4321)
        await pilot.press("j", "k", "k")
        assert table.cursor_row == 4320
        await pilot.press("G")
        assert table.cursor_row == 4999
        await pilot.press("g")
        assert table.cursor_row == 0
        await pilot.press("tab")
        assert app.focused is not table
        await pilot.press("shift+tab")
        assert app.focused is table


class Holder(App[None]):
    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self):  # type: ignore[no-untyped-def]
        yield self.widget


async def test_options_and_files_are_sought_too(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv", "three.csv"):
        (tmp_path / name).touch()
    for widget in (Options("one.csv", "two.csv", "three.csv"), Files(tmp_path, (".csv",))):
        async with Holder(widget).run_test() as pilot:
            assert isinstance(widget, Seekable)
            await until(lambda widget=widget: len(list(widget.lines())) >= 3)
            await pilot.pause()
            lines = list(widget.lines())
            assert widget.seek("TWO")
            assert "two" in lines[widget.place()]
            assert not widget.seek("nine")


async def test_slash_finds_a_file_in_the_file_picker(shop: Path) -> None:
    (shop.parent / "another.csv").write_text("a\n1\n")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("f")
        await until(lambda: isinstance(app.screen, PickPath))
        files = app.screen.query_one(Files)
        await until(lambda: files.last_line > 0)
        await find(pilot, "shop")
        await until(lambda: "shop" in list(files.lines())[files.cursor_line])


@pytest.mark.parametrize(("place", "text"), [("models", "use"), ("settings", "change")])
async def test_the_footer_tells_what_enter_does_in_a_list(
    shop: Path, place: str, text: str
) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(160, 24)):
        app.go(place)
        await until(lambda: t(text) in [key.description for key in app.screen.query(FooterKey)])
