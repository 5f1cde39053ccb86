"""Keys that no other test presses: what each does, seen on the screen and in the files."""

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from llmtui.trainer.finetune.config import RunConfig
from llmtui.tui.app import LlmtuiApp
from llmtui.tui.modellist import Model
from llmtui.tui.screens.chat import ChatScreen
from llmtui.tui.screens.instructions import InstructionsScreen
from llmtui.tui.screens.runs import RunsScreen
from llmtui.tui.widgets.dialogs import Files, PickPath
from llmtui.tui.widgets.lists import Nodes, Rows
from llmtui.tui.widgets.results import Results
from llmtui.tui.widgets.sqlarea import SqlArea
from llmtui.workspace.history import History
from llmtui.workspace.project import Project, project_for, start
from llmtui.workspace.records import Instruction, load_rows, save_rows
from tests.tui.test_ask_screen import run
from tests.tui.waiting import click, until

ROW = Instruction("a", "How many customers?", "SELECT COUNT(*) FROM customers", shape="count")


@pytest.fixture
def project(shop: Path) -> Project:
    made = project_for(shop)
    start(made, shop)
    return made


async def say(pilot: Pilot[int], text: str) -> None:
    """Fill the line that is asked for and press Enter."""
    await until(lambda: pilot.app.screen.query("#line"))
    asking = pilot.app.screen
    asking.query_one("#line", Input).value = text
    await pilot.press("enter")
    await until(lambda: pilot.app.screen is not asking)


async def told(app: LlmtuiApp, text: str) -> None:
    await until(lambda: any(text in note.message for note in app._notifications))


@pytest.mark.parametrize(
    ("key", "place"),
    [("a", "ask"), ("c", "chat"), ("b", "database"), ("i", "instructions"), ("t", "tune"),
     ("m", "models"), ("s", "settings")],
)  # fmt: skip
async def test_a_letter_on_home_opens_a_place(shop: Path, key: str, place: str) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(key)
        await until(lambda: getattr(app.screen, "place", "") == place)


async def test_l_hides_the_log_of_a_tune_and_r_shows_its_runs_which_are_compared(
    shop: Path, project: Project
) -> None:
    for name, minutes in (("20260101-000000", 3.0), ("20260102-000000", 10.0)):
        (project.runs / name).mkdir(parents=True)
        config = RunConfig(base="/x/base.gguf", instructions="r", minutes=minutes)
        config.save(project.runs / name)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("t")
        await until(lambda: app.screen.query("#log"))
        await pilot.press("l")
        assert not app.screen.query_one("#log").display
        await pilot.press("r")
        await until(lambda: isinstance(app.screen, RunsScreen))
        compared = app.screen.query_one("#compared", Rows)
        assert not compared.display
        await pilot.press("c")
        assert compared.display
        lines = list(compared.lines())
        assert any("3.0" in line and "10.0" in line for line in lines)
        await pilot.press("enter")
        assert not compared.display
        await pilot.press("j", "enter")
        assert list(compared.lines()) == lines
        await pilot.press("escape")
        await until(lambda: not isinstance(app.screen, RunsScreen))


async def test_n_adds_a_model_and_c_talks_with_it(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(b"GGUF")
    here: list[Model] = []

    def add(given: Path) -> Path:
        here.append(Model(given.stem, "base", given, 4, "here"))
        return given

    monkeypatch.setattr("llmtui.quantize.bases.add_file", add)
    for screen in ("models", "chat"):
        monkeypatch.setattr(f"llmtui.tui.screens.{screen}.models_here", lambda _project: here)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("m")
        facts = app.screen.query_one("#facts", Static)
        await until(lambda: "press n to add one" in str(facts.content))
        await pilot.press("n")
        await say(pilot, str(file))
        await told(app, "mine was added")
        await until(lambda: app.screen.query_one(Rows).row_count == 1)
        await pilot.press("c")
        await until(lambda: isinstance(app.screen, ChatScreen))
        await until(lambda: app.screen.query_one("#model").value == str(file))  # type: ignore[attr-defined]


@pytest.mark.parametrize("typed", ["mine/folder", "mine/none.gguf", "~nosuch/x", "x" * 300])
async def test_what_is_typed_as_a_path_never_goes_to_a_hub(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine" / "folder").mkdir(parents=True)
    asked: list[str] = []
    monkeypatch.setattr("llmtui.quantize.hub.add_from_hub", asked.append)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("m")
        await until(lambda: app.screen.query(Rows))
        await pilot.press("n")
        await say(pilot, typed)
        await until(lambda: app._notifications)
        said = next(iter(app._notifications)).message
        assert "config.json" in said if typed == "mine/folder" else "was added" not in said
    assert asked == []


async def test_h_closes_a_branch_and_goes_to_its_table(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("b")
        await until(lambda: app.screen.query(Nodes))
        tree = app.screen.query_one(Nodes)
        await until(lambda: tree.cursor_line == 1)
        await pilot.press("l", "j")
        assert tree.cursor_line == 2
        await pilot.press("h")
        assert tree.cursor_line == 1
        await pilot.press("h")
        assert not tree.root.children[0].is_expanded


async def test_ctrl_r_runs_and_ctrl_shift_z_redoes_in_the_editor(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await run(app, "SELECT 1 AS m FROM customers")
        area, screen.answer = screen.query_one(SqlArea), None
        area.load_text("SELECT 7 AS n FROM customers LIMIT 1")
        await pilot.press("ctrl+r")
        await until(lambda: screen.answer is not None)
        assert screen.query_one("#result", Results).columns == ("n",)
        area.focus()
        await pilot.press("x", "ctrl+z")
        assert not area.text.startswith("x")
        await pilot.press("ctrl+shift+z")
        assert area.text.startswith("x")


async def test_rows_are_imported_accepted_and_exported(
    shop: Path, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    lines = [{"question": ROW.question, "sql": ROW.sql}, {"question": "?", "sql": "DROP TABLE x"}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "in" / "rows.jsonl").write_text(text)
    monkeypatch.chdir(tmp_path / "in")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("i")
        await until(lambda: app.screen.query("#summary"))
        screen = app.screen
        assert isinstance(screen, InstructionsScreen)
        await pilot.press("i")
        await until(lambda: isinstance(app.screen, PickPath))
        files = app.screen.query_one(Files)
        await until(lambda: files.last_line == 1)
        await pilot.press("G", "enter")
        await told(app, "1 rows imported, 1 did not pass")
        await until(lambda: screen.current is not None)
        await pilot.press("a")
        await until(lambda: load_rows(project.instructions)[0].status == "accepted")
        await pilot.press("x")
        await say(pilot, str(tmp_path / "out.csv"))
        await told(app, "Saved to")
    assert ROW.question in (tmp_path / "out.csv").read_text("utf-8")


async def test_a_conversation_is_listed_instructed_exported_and_deleted(
    shop: Path, project: Project, tmp_path: Path
) -> None:
    history = History(project.history)
    history.add_chat("what is [/etc/hosts]? a[i]")
    number = history.add_chat("About SQL")
    history.add_message(number, "user", "What is it?")
    save_rows(project.instructions, [ROW])
    app = LlmtuiApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c")
        await until(lambda: isinstance(app.screen, ChatScreen) and app.screen.chats)
        screen = app.screen
        assert isinstance(screen, ChatScreen)
        assert not screen.query_one("#chats").display
        await pilot.press("f5", "home", "enter")
        await until(lambda: screen.chat == number)
        await pilot.press("f6")
        await say(pilot, "Be brief.")
        await until(lambda: history.chats()[0].system == "Be brief.")
        await pilot.press("f9")
        await say(pilot, str(tmp_path / "chat.md"))
        assert "What is it?" in (tmp_path / "chat.md").read_text("utf-8")
        await pilot.press("ctrl+delete")
        await until(lambda: app.screen.query("#yes"))
        await click(pilot, "#yes")
        await until(lambda: len(history.chats()) == 1)
        left = screen.query_one("#chats", OptionList)
        await until(lambda: left.option_count == 1)
        assert str(left.get_option_at_index(0).prompt) == "what is [/etc/hosts]? a[i]"
