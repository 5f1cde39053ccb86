"""Esc while a model answers: in Ask, in Chat, and while one waits for the other."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from textual.widgets import Select, Static

from llmtui.inference.answer import Answer
from llmtui.trainer.prompt import Prompt
from llmtui.tui import modellist
from llmtui.tui.app import LlmtuiApp
from llmtui.tui.screens.ask import AskScreen
from llmtui.tui.screens.chat import ChatScreen
from llmtui.tui.screens.settings import SettingsScreen
from llmtui.tui.session import Session
from llmtui.tui.widgets.lists import Rows
from llmtui.workspace.errors import Interrupted, ModelError
from tests.tui.waiting import until


class Speaker:
    """Says "x " until it is cancelled; `problem` is raised in the place of an answer."""

    prompt = Prompt("chatml", "prompt")
    context = 2048
    cut = False

    def __init__(self) -> None:
        self.cancelled = 0
        self.asked = self.said = 0
        self.problem = ""

    def tokenize(self, text: str, control: bool = False) -> list[int]:
        return list(range(len(text)))

    def stream(self, tokens: Sequence[int], *, max_tokens: int = 256) -> Iterator[str]:
        self.asked += 1
        if self.problem:
            raise ModelError(self.problem)
        for _ in range(600):
            if self.cancelled:
                raise Interrupted
            time.sleep(0.02)
            self.said += 1
            yield "x "

    def cancel(self) -> None:
        self.cancelled += 1


class SlowAsker:
    """Answers when it is cancelled, as the real one does."""

    def __init__(self) -> None:
        self.cancelled = 0
        self.asked: list[str] = []

    def ask(self, question, on_text):  # type: ignore[no-untyped-def]
        self.asked.append(question)
        for _ in range(600):
            if self.cancelled:
                return Answer(question=question, message="The answer was stopped.")
            time.sleep(0.02)
        return Answer(question=question, message="too late")

    def cancel(self) -> None:
        self.cancelled += 1


@pytest.fixture
def speakers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Speaker]:
    """Two models to talk with, by their names."""
    here, made = [], {}
    for name in ("one", "two"):
        file = tmp_path / f"{name}.gguf"
        file.write_bytes(b"GGUF")
        here.append(modellist.Model(name, "base", file, 4, "here"))
        made[name] = Speaker()
    monkeypatch.setattr("llmtui.tui.screens.chat.models_here", lambda _project: here)
    monkeypatch.setattr(Session, "engine", lambda _self, model: made[model.stem])
    return made


@pytest.fixture
def asker(monkeypatch: pytest.MonkeyPatch) -> SlowAsker:
    slow = SlowAsker()

    def asker_of(session: Session) -> SlowAsker:
        session._asker = slow  # type: ignore[assignment]
        return slow

    monkeypatch.setattr(Session, "asker", asker_of)
    return slow


async def chatting(app: LlmtuiApp) -> ChatScreen:
    app.go("chat")
    await until(lambda: isinstance(app.screen, ChatScreen) and app.screen.is_mounted)
    screen = app.screen
    assert isinstance(screen, ChatScreen)
    await until(lambda: screen.query_one("#model", Select).value)
    return screen


def message(screen: AskScreen) -> str:
    return str(screen.query_one("#message", Static).content)


async def test_esc_stops_the_model_that_writes_though_another_was_chosen_since(
    shop: Path, speakers: dict[str, Speaker]
) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await chatting(app)
        select = screen.query_one("#model", Select)
        await until(lambda: "one" in str(select.value))
        screen.query_one("#say").focus()
        await pilot.press(*"go", "enter")
        await until(lambda: screen.stream is not None)
        select.value = str(select.value).replace("one.gguf", "two.gguf")
        await pilot.press("escape")
        await until(lambda: not screen.busy)
        assert (speakers["one"].cancelled, speakers["two"].cancelled) == (1, 0)
        assert screen.messages()[-1].text.startswith("x ")
        assert isinstance(app.screen, ChatScreen)


async def test_a_model_that_writes_stops_when_the_app_ends(
    shop: Path, speakers: dict[str, Speaker]
) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await chatting(app)
        screen.query_one("#say").focus()
        await pilot.press(*"go", "enter")
        await until(lambda: screen.stream is not None)
    await asyncio.sleep(0.5)
    said = speakers["one"].said
    await asyncio.sleep(0.3)
    assert 0 < said == speakers["one"].said < 600


async def test_an_answer_that_failed_leaves_no_bubble_behind(
    shop: Path, speakers: dict[str, Speaker]
) -> None:
    speakers["one"].problem = "It broke"
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await chatting(app)
        screen.query_one("#say").focus()
        await pilot.press(*"one", "enter")
        await until(lambda: app._notifications and not screen.busy)
        assert len(screen.query(".bubble")) == len(screen.messages()) == 1
        await pilot.press(*"two", "enter")
        await until(lambda: speakers["one"].asked == 2 and not screen.busy)
        await until(lambda: len(screen.query(".bubble")) == 2)
        screen.query(".bubble").last().focus()
        await pilot.press("f8")
        assert app.clipboard == "two"


async def test_esc_in_chat_gives_up_waiting_for_the_answer_in_ask(
    shop: Path, speakers: dict[str, Speaker], asker: SlowAsker
) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("a", *"who", "enter")
        await until(lambda: asker.asked == ["who"])
        screen = await chatting(app)
        screen.query_one("#say").focus()
        await pilot.press(*"go", "enter")
        await until(lambda: screen.busy)
        await pilot.press("escape")
        await until(lambda: not screen.busy)
        assert speakers["one"].asked == 0
        assert asker.cancelled == 0
        app.go("ask")
        await pilot.pause()
        asking = app.screen
        assert isinstance(asking, AskScreen)
        assert asking.busy
        await pilot.press("escape")
        await until(lambda: not asking.busy)
        assert "The answer was stopped" in message(asking)
        assert asker.cancelled == 1


async def test_a_setting_does_not_wait_for_a_source_that_is_being_opened(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)):
        session = app.session
        assert session is not None
        first = session.database()
        held, free = threading.Event(), threading.Event()

        def hold() -> None:
            with session._lock:
                held.set()
                free.wait(20)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        app.go("settings")
        await until(lambda: app.screen.query(Rows) and app.screen.query_one(Rows).row_count)
        assert isinstance(app.screen, SettingsScreen)
        app.screen.write("max_rows", "7")
        assert thread.is_alive()
        free.set()
        thread.join()
        assert session.database() is not first
        assert session.database().access.max_rows == 7


async def test_esc_in_ask_gives_up_waiting_for_the_answer_in_chat(
    shop: Path, speakers: dict[str, Speaker], asker: SlowAsker
) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await chatting(app)
        screen.query_one("#say").focus()
        await pilot.press(*"go", "enter")
        await until(lambda: screen.stream is not None)
        app.go("ask")
        await until(lambda: isinstance(app.screen, AskScreen) and app.screen.is_mounted)
        asking = app.screen
        assert isinstance(asking, AskScreen)
        asking.query_one("#question").focus()
        await pilot.press(*"who", "enter")
        await until(lambda: asking.waiting)
        await pilot.press("escape")
        await until(lambda: not asking.busy)
        assert asker.asked == []
        assert "The answer was stopped" in message(asking)
        assert asker.cancelled == 0
        assert screen.busy
        app.go("chat")
        await pilot.press("escape")
        await until(lambda: not screen.busy)
