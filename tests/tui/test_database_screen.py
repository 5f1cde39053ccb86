from pathlib import Path

import duckdb
import pytest
from textual.widgets import Input, Static

from llmtui.tui.app import LlmtuiApp
from llmtui.tui.screens.database import DatabaseScreen
from llmtui.tui.screens.settings import SettingsScreen
from llmtui.tui.widgets.lists import Nodes, Rows
from llmtui.tui.widgets.results import Results
from tests.database.types import TYPES, write_types
from tests.tui.waiting import until


async def opened(app: LlmtuiApp) -> DatabaseScreen:
    app.go("database")
    await until(lambda: bool(getattr(app.screen, "schema", None) and app.screen.schema.tables))  # type: ignore[attr-defined]
    screen = app.screen
    assert isinstance(screen, DatabaseScreen)
    await until(lambda: screen.query_one("#tree", Nodes).cursor_line > 0)
    return screen


def tree_text(screen: DatabaseScreen) -> str:
    tree = screen.query_one("#tree", Nodes)
    return "\n".join(str(node.label) for node in tree.root.children)


async def test_tables_columns_keys_comments_rows_and_values_are_shown(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app)
        assert "customers  40  Customers / 客户" in tree_text(screen)
        rows = screen.query_one("#rows", Results)
        await until(lambda: rows.columns == ("id", "name", "city", "joined"))
        assert rows.table is not None
        assert rows.table.row_count == 40
        await pilot.press("l", "j")
        facts = screen.query_one("#facts", Static)
        await until(lambda: "primary key" in str(facts.content))
        await pilot.press("j", "j")
        await until(lambda: "Oslo" in str(facts.content) and "1 empty" in str(facts.content))
        await pilot.press("G")
        await until(lambda: rows.columns[0:2] == ("id", "customer_id"))


async def test_slash_filters_the_tree(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app)
        await pilot.press("slash", *"placed", "enter")
        await until(lambda: "customers" not in tree_text(screen))
        assert "orders" in tree_text(screen)
        assert screen.query_one("#tree").has_focus
        screen.query_one("#find", Input).value = ""
        await until(lambda: "customers" in tree_text(screen))


async def test_x_excludes_a_column_and_lets_it_in_again(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app)
        assert app.session is not None
        await pilot.press("l", "j", "j", "x")
        await until(lambda: app.session.settings.exclude == "customers.name")  # type: ignore[union-attr]
        await until(lambda: "Excluded" in tree_text(screen))
        names = [column.name for column in screen.schema.table("customers").columns]
        assert names == ["id", "city", "joined"]
        tree = screen.query_one("#tree", Nodes)
        await until(lambda: tree.cursor_line > 0)
        await pilot.press("G")
        await pilot.press("x")
        await until(lambda: app.session.settings.exclude == "")  # type: ignore[union-attr]
        await until(lambda: len(screen.schema.table("customers").columns) == 4)


async def test_x_leaves_the_branches_open_and_the_cursor_where_it_is(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(app)
        tree = screen.query_one("#tree", Nodes)
        await pilot.press("G", "l", "j", "j")
        here = tree.cursor_line
        await pilot.press("x")
        await until(lambda: "Excluded" in tree_text(screen))
        await until(lambda: tree.cursor_line == here)
        assert [node.is_expanded for node in tree.root.children] == [False, True, True]
        assert "total" in str(tree.cursor_node.label)  # type: ignore[union-attr]


async def test_what_is_excluded_in_the_settings_is_gone_from_the_tree(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(120, 40)):
        screen = await opened(app)
        app.go("settings")
        await until(lambda: app.screen.query(Rows) and app.screen.query_one(Rows).row_count)
        assert isinstance(app.screen, SettingsScreen)
        app.screen.write("exclude", "customers")
        app.go("database")
        await until(lambda: "Excluded" in tree_text(screen))
        assert [table.name for table in screen.schema.tables] == ["orders"]


@pytest.mark.parametrize("name", ["[/]", "[@click=app.quit]x[/]", "名 称", "[r"])
async def test_hostile_names_and_values_are_only_text(tmp_path: Path, name: str) -> None:
    file = tmp_path / "h.duckdb"
    quoted = '"' + name.replace('"', '""') + '"'
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE TABLE {quoted} ({quoted} VARCHAR)")
        connection.execute(f"INSERT INTO {quoted} VALUES (?)", [f"{name}\x1b]0;t\x07"])
        connection.execute(f"COMMENT ON TABLE {quoted} IS '[bold]{name}\x1b[31m'")
    app = LlmtuiApp(file)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app)
        rows = screen.query_one("#rows", Results)
        await until(lambda: rows.count == 1)
        await pilot.press("l", "j")
        await pilot.pause()
        assert "\x1b" not in tree_text(screen)
        assert rows.table is not None
        assert "\x1b" not in str(rows.table.get_row_at(0))
        assert app.is_running


async def test_every_type_is_shown_as_a_person_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    app = LlmtuiApp(write_types(tmp_path / "types.duckdb"))
    async with app.run_test(size=(1200, 24)) as pilot:
        screen = await opened(app)
        rows = screen.query_one("#rows", Results)
        await until(lambda: rows.count == 1 and rows.table is not None)
        await pilot.pause()
        drawn = "".join(s.text for line in screen._compositor.render_strips() for s in line)
        for name, (_, _, shown) in TYPES.items():
            assert shown in drawn, name
