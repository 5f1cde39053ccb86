"""Instructions, settings, models, chat and runs, as a person meets them."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest
from textual.widgets import Input, Select, Static

from llmtui.inference.chat import Turn, pieces
from llmtui.trainer.finetune.config import RunConfig
from llmtui.trainer.prompt import Prompt
from llmtui.tui import modellist
from llmtui.tui.app import LlmtuiApp
from llmtui.tui.commands.web import own_page
from llmtui.tui.conversation import as_said, code_of, export_chat, safe_prose, turns_of
from llmtui.tui.rowlist import Filter, filtered
from llmtui.tui.runlist import difference, runs_of
from llmtui.tui.screens.chat import ChatScreen
from llmtui.tui.screens.instructions import InstructionsScreen
from llmtui.tui.screens.settings import SettingsScreen
from llmtui.tui.session import Session
from llmtui.tui.widgets.lists import Rows
from llmtui.tui.widgets.roweditor import RowEditor, as_file, from_file
from llmtui.tui.widgets.sqlarea import SqlArea
from llmtui.workspace import settings
from llmtui.workspace.history import History, Message
from llmtui.workspace.project import Project, project_for, start
from llmtui.workspace.records import Instruction, load_rows, save_rows
from tests.tui.waiting import click, until

ROWS = (
    Instruction("a", "How many customers?", "SELECT COUNT(*) FROM customers", shape="count"),
    Instruction("b", "客户的姓名", "SELECT name FROM customers", lang="zh", shape="list"),
    Instruction("c", "[/] \x1b[31m", "SELECT id FROM orders", shape="list", origin="imported"),
)


@pytest.fixture
def project(shop: Path) -> Project:
    made = project_for(shop)
    start(made, shop)
    return made


async def at_rows(app: LlmtuiApp) -> InstructionsScreen:
    app.go("instructions")
    await until(lambda: isinstance(app.screen, InstructionsScreen) and app.screen.shown)
    assert isinstance(app.screen, InstructionsScreen)
    return app.screen


def test_rows_are_filtered_by_text_and_every_field() -> None:
    assert [r.id for r in filtered(ROWS, Filter(text="CUSTOMERS"))] == ["a", "b"]
    assert [r.id for r in filtered(ROWS, Filter(lang="zh"))] == ["b"]
    assert [r.id for r in filtered(ROWS, Filter(shape="list", origin="imported"))] == ["c"]
    assert [r.id for r in filtered(ROWS, Filter(status="accepted"))] == []


async def test_rows_are_shown_judged_and_hostile_ones_are_only_text(
    shop: Path, project: Project
) -> None:
    save_rows(project.instructions, ROWS)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await at_rows(app)
        assert "3 of 3 rows" in str(screen.query_one("#summary", Static).content)
        await until(lambda: screen.current is not None)
        await pilot.pause()
        await pilot.press("j")
        await until(lambda: screen.current == ROWS[1])
        await pilot.press("r")
        await until(lambda: load_rows(project.instructions)[1].status == "rejected")
        await until(lambda: screen.all[1].status == "rejected")
        await pilot.press("r")
        await until(lambda: load_rows(project.instructions)[1].status == "new")
        screen.query_one("#lang", Select).value = "zh"
        await until(lambda: [row.id for row in screen.shown] == ["b"])
        assert app.is_running


async def test_c_shows_what_the_rows_cover_and_the_rows_again(shop: Path, project: Project) -> None:
    save_rows(project.instructions, ROWS)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await at_rows(app)
        covered = screen.query_one("#covered", Static)
        await pilot.press("c")
        await until(lambda: "Tables" in str(covered.content))
        told = str(covered.content)
        assert re.search(r"Tables +█{24} 2/2\n", told)
        assert re.search(r"Joins +░{24} 0/1\n", told)
        assert "Joins in no row: orders.customer_id = customers.id" in told
        assert "orders.status = paid" in told
        await pilot.press("r")
        assert {row.status for row in load_rows(project.instructions)} == {"new"}
        await pilot.press("c")
        assert screen.query_one("#rows").display
        assert app.is_running


async def test_a_row_is_added_by_hand_only_when_its_sql_runs(shop: Path, project: Project) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(120, 40)) as pilot:
        app.go("instructions")
        await pilot.pause()
        summary = app.screen.query_one("#summary", Static)
        await until(lambda: "No rows yet" in str(summary.content))
        await pilot.press("n")
        await until(lambda: isinstance(app.screen, RowEditor))
        editor = app.screen
        assert isinstance(editor, RowEditor)
        editor.query_one("#row-question", Input).value = "How many orders?"
        editor.query_one(SqlArea).load_text("SELECT nothing FROM orders")
        verdict = editor.query_one("#verdict", Static)
        await until(lambda: "nothing" in str(verdict.content))
        await pilot.press("ctrl+s")
        assert app.screen is editor
        editor.query_one(SqlArea).load_text("SELECT COUNT(*) FROM orders")
        await until(lambda: editor.kept)
        await pilot.press("ctrl+s")
        await until(project.instructions.exists)
        (row,) = load_rows(project.instructions)
        assert (row.question, row.origin, row.status) == ("How many orders?", "written", "accepted")


async def test_a_row_is_edited_in_the_persons_editor_and_not_lost_unasked(
    shop: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_rows(project.instructions, ROWS[:1])
    monkeypatch.setenv("VISUAL", "sed -i -e 1s/customers/cities/ -e s/COUNT.*FROM/city&/")
    monkeypatch.setattr(LlmtuiApp, "suspend", lambda _app: nullcontext())
    app = LlmtuiApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await at_rows(app)
        await until(lambda: screen.current is not None)
        await pilot.press("e")
        await until(lambda: isinstance(app.screen, RowEditor))
        editor = app.screen
        assert isinstance(editor, RowEditor)
        assert editor.unsaved() == ""
        await pilot.press("f4")
        await until(lambda: editor.edited().question == "How many cities?")
        assert editor.edited().sql == "SELECT cityCOUNT(*) FROM customers"
        await pilot.press("ctrl+q")
        await until(lambda: app.screen.query("#no"))
        await click(pilot, "#no")
        await until(lambda: app.screen is editor)
    assert from_file(as_file("two\nlines", "SELECT 1\n-- x")) == ("two lines", "SELECT 1\n-- x")
    assert from_file("SELECT 1") == ("", "SELECT 1")


async def test_a_setting_is_changed_where_it_belongs_and_put_back(
    shop: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTUI_THREADS", "1")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(120, 40)) as pilot:
        app.go("settings")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, SettingsScreen)
        await until(lambda: screen.query_one(Rows).row_count == len(screen.names))
        screen.query_one(Rows).move_cursor(row=screen.names.index("minutes"))
        await pilot.press("enter")
        await until(lambda: app.screen is not screen)
        app.screen.query_one("#line", Input).value = "4"
        await pilot.press("enter")
        await until(lambda: settings.load().minutes == 4.0)
        origins = settings.origins()
        assert origins["minutes"].endswith("settings.toml")
        assert origins["threads"] == "LLMTUI_THREADS"
        await until(lambda: app.screen is screen)
        await pilot.press("d")
        assert settings.origins()["minutes"] == "default"
        screen.write("exclude", "customers.city")
        assert settings.load(project.file).exclude == "customers.city"
        assert settings.load().exclude == ""
        screen.write("minutes", "many")
        assert settings.load().minutes == 8.0


class Speaker:
    """Speaks three pieces, among them what a terminal would obey."""

    prompt = Prompt("chatml", "prompt")
    context = 2048
    cut = True

    def tokenize(self, text: str, control: bool = False) -> list[int]:
        return list(range(len(text)))

    def stream(self, tokens: Sequence[int], *, max_tokens: int = 256) -> Iterator[str]:
        yield from ("Use `SELECT`:\n", "```sql\nSELECT 1\n", "```\n\x1b]0;t\x07[/] bye")

    def cancel(self) -> None:
        pass


async def test_a_chat_is_streamed_kept_answered_again_and_copied(
    shop: Path, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"GGUF")
    here = [modellist.Model("m", "base", file, 4, "here")]
    monkeypatch.setattr("llmtui.tui.screens.chat.models_here", lambda _project: here)
    monkeypatch.setattr(Session, "engine", lambda _self, _model: Speaker())
    app = LlmtuiApp(shop)
    async with app.run_test(size=(120, 40)) as pilot:
        app.go("chat")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, ChatScreen)
        await until(lambda: screen.query_one("#model", Select).value == str(file))
        assert "Say something below" in str(screen.query_one("#empty", Static).content)
        await pilot.press(*"hi", "enter")
        await until(lambda: len(screen.messages()) == 2)
        assert [m.role for m in screen.messages()] == ["user", "assistant"]
        assert len(screen.query(".bubble")) == 2
        await until(lambda: not screen.busy)
        assert any("is cut" in told.message for told in app._notifications)
        assert not screen.query("#empty")
        screen.query(".bubble").first().focus()
        await pilot.press("f8")
        assert app.clipboard == "hi"
        screen.query_one("#say").focus()
        await pilot.press("f7")
        assert app.clipboard == "SELECT 1"
        await pilot.press("ctrl+r")
        await until(lambda: not screen.busy and len(screen.messages()) == 2)
        assert len(screen.query(".bubble")) == 2
        await pilot.press("ctrl+n")
        await until(lambda: screen.chat == 0 and screen.query("#empty"))
        assert [chat.title for chat in History(project.history).chats()] == ["hi"]


def test_a_conversation_is_put_in_the_models_own_format() -> None:
    turns = [Turn("one", "1"), Turn("two")]
    text = "".join(p.text for p in pieces(Prompt("chatml", "prompt"), turns, "Be brief."))
    assert text == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\none<|im_end|>\n"
        "<|im_start|>assistant\n1<|im_end|>\n<|im_start|>user\ntwo<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    gemma = pieces(Prompt("gemma"), turns, "Be brief.")
    assert "".join(p.text for p in gemma).count("<bos>") == 1
    assert gemma[1].text == "Be brief.\n\none"
    said = pieces(Prompt("chatml"), [Turn("<|im_end|>")], "")
    assert [p.control for p in said if p.text == "<|im_end|>"] == [False]


def test_what_is_said_is_shown_as_it_is_and_exported(tmp_path: Path) -> None:
    assert as_said("*a* [x](y)") == "\\*a\\* \\[x\\]\\(y\\)"
    assert "\x1b" not in safe_prose("a\x1b[31m\nb")
    assert code_of("x\n```sql\nSELECT 1\n```\ny\n```\nmore") == "SELECT 1\n\nmore"
    messages = [Message(1, "user", "hi"), Message(2, "assistant", "yes"), Message(3, "user", "and")]
    assert turns_of(messages) == [Turn("hi", "yes"), Turn("and")]
    export_chat(tmp_path / "c.jsonl", "t", "sys", messages)
    data = json.loads((tmp_path / "c.jsonl").read_text("utf-8"))
    assert [m["role"] for m in data["messages"]] == ["system", "user", "assistant", "user"]
    export_chat(tmp_path / "c.md", "t", "", messages)
    assert (tmp_path / "c.md").read_text("utf-8").startswith("# t\n\n**user**\n\nhi")


def test_two_runs_are_compared_field_by_field(project: Project) -> None:
    for name, minutes, hits in (("20260101-000000", 3.0, 5), ("20260102-000000", 10.0, 8)):
        run = project.runs / name
        run.mkdir(parents=True)
        RunConfig(base="/x/base.gguf", instructions="r", minutes=minutes).save(run)
        scores = {"tuned": {"all": {"strict": {"hits": hits, "of": 10}}}}
        (run / "report.json").write_text(json.dumps({"scores": scores}), "utf-8")
    (project.runs / "not-a-run").mkdir()
    newest, oldest = runs_of(project)
    assert (newest.right, newest.state, newest.loss) == ((8, 10), "scored", None)
    table = {field: (one, other) for field, one, other in difference(oldest, newest)}
    assert table["right"] == ("50% (5/10)", "80% (8/10)")
    assert table["minutes"] == ("3.0", "10.0")


def test_the_page_in_the_browser_fetches_nothing_from_elsewhere(tmp_path: Path) -> None:
    textual_serve = pytest.importorskip("textual_serve")
    page = Path(textual_serve.__file__).parent / "templates" / "app_index.html"
    own_page(page, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8")
    assert re.findall(r'(?:src|href)="https?://', text) == []
    assert "textual.js" in text
