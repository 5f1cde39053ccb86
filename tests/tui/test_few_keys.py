"""From nothing to an answer on a tuned database of one's own: at most seven keys."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from llmtui.tui.app import LlmtuiApp
from llmtui.tui.screens.home import HomeScreen
from llmtui.tui.session import Session
from llmtui.tui.widgets.results import Results
from llmtui.workspace.project import project_for, start
from tests.tui.test_app import FakeAsker
from tests.tui.waiting import until


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """An SQLite file whose project holds a tuned model."""
    file = tmp_path / "own.sqlite"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO customers VALUES (?, ?)", [(1, "Ada"), (2, "Bo")])
    project = project_for(file)
    start(project, file)
    project.models.mkdir()
    (project.models / "own.gguf").write_bytes(b"GGUF")
    project.update(model="models/own.gguf")
    return file


@pytest.mark.parametrize("known", [True, False])
async def test_an_own_database_answers_after_few_keys(
    own: Path, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "asker", lambda self: FakeAsker(self.database()))
    if not known:
        monkeypatch.setattr("llmtui.tui.screens.home.recent", list)
    pressed: list[str] = []
    app = LlmtuiApp()

    async def press(pilot: Pilot[int], *keys: str) -> None:
        pressed.extend(keys)
        await pilot.press(*keys)

    async with app.run_test(size=(80, 24)) as pilot:
        if not known:
            await press(pilot, "tab", "tab")
            app.post_message(Paste(str(own)))
            await pilot.pause()
        await press(pilot, "enter")
        await until(lambda: app.session is not None and isinstance(app.screen, HomeScreen))
        await until(lambda: app.screen.query("#step5"))
        await press(pilot, "a")
        await until(lambda: app.screen.query("#result") and app.screen.query("#question:focus"))
        app.post_message(Paste("who is the first customer?"))
        await pilot.pause()
        await press(pilot, "enter")
        result = app.screen.query_one("#result", Results)
        await until(lambda: result.count == 1)
        assert result.table is not None
        assert list(map(str, result.table.get_row_at(0))) == ["Ada"]
    assert len(pressed) <= 7
