"""A row that is edited is kept as its checks leave it."""

from pathlib import Path

from textual.widgets import Input

from llmtui.tui.app import LlmtuiApp
from llmtui.tui.widgets.roweditor import RowEditor
from llmtui.tui.widgets.sqlarea import SqlArea
from llmtui.workspace.project import project_for, start
from llmtui.workspace.records import Instruction, load_rows, save_rows
from tests.tui.test_other_screens import at_rows
from tests.tui.waiting import until

ROME = "SELECT name FROM customers WHERE city = 'Rome'"


async def test_hints_and_schema_of_an_edited_row_are_those_of_now(shop: Path) -> None:
    project = project_for(shop)
    start(project, shop)
    hints = ("customers.city = 'Rome'",)
    save_rows(
        project.instructions,
        [Instruction("a", "Who lives in Rome?", ROME, hints=hints, schema="old", checks=("ran",))],
    )
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await at_rows(app)
        await until(lambda: screen.current is not None)
        await pilot.press("e")
        await until(lambda: app.screen.query("#row-question"))
        editor = app.screen
        assert isinstance(editor, RowEditor)
        editor.query_one("#row-question", Input).value = "Who lives in Oslo?"
        editor.query_one(SqlArea).load_text(ROME.replace("Rome", "Oslo"))
        await pilot.press("ctrl+s")  # before its check: it is kept once that has passed
        await until(lambda: len(load_rows(project.instructions)) == 2)
        assert app.session is not None
        now = app.session.database().schema.fingerprint
    new, old = load_rows(project.instructions)
    assert (old.status, old.hints) == ("rejected", hints)
    assert (new.question, new.origin, new.status) == ("Who lives in Oslo?", "written", "accepted")
    assert "Oslo" in " ".join(new.hints)
    assert "Rome" not in " ".join(new.hints)
    assert new.schema == now
    assert new.checks[:3] == ("parsed", "read-only", "ran")
