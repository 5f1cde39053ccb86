"""Chat: talk with a model; conversations are kept in the project."""

from __future__ import annotations

from pathlib import Path

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, Markdown, OptionList, Select

from llmtui.database.text import safe_text
from llmtui.inference.chat import Turn, reply
from llmtui.tui.conversation import as_said, safe_prose, title_of, turns_of
from llmtui.tui.keys import bindings
from llmtui.tui.modellist import models_here
from llmtui.tui.screens.talked import TalkedScreen, bubble
from llmtui.tui.texts import t, words_of
from llmtui.tui.widgets.lists import Options
from llmtui.workspace.errors import Interrupted, LlmtuiError
from llmtui.workspace.machine import step_back


class ChatScreen(TalkedScreen):
    place = "chat"
    BINDINGS = bindings("chat")

    def content(self) -> ComposeResult:
        with Horizontal():
            yield Options(id="chats", classes="frame side")
            with Vertical():
                yield Select[str]([], prompt=t("choose_model"), id="model", compact=True)
                yield VerticalScroll(id="talk", classes="frame")
                yield Input(placeholder=t("say_something"), id="say")

    async def on_mount(self) -> None:
        self.query_one("#chats").display = self.app.size.width >= 100
        self.list_chats()
        await self.show_chat()

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.call_after_refresh(self.list_models)

    def list_models(self) -> None:
        """Offer every model that is here; one chosen on the models screen is taken."""
        select = self.query_one("#model", Select)
        wanted = self.session.talk_with or select.value
        try:
            models = [m for m in models_here(self.session.project) if m.path is not None]
        except (LlmtuiError, OSError) as error:
            self.problem(error)
            return
        select.set_options([(safe_text(m.name), str(m.path)) for m in models])
        paths = [str(m.path) for m in models]
        bases = [str(m.path) for m in models if m.kind == "base"]
        choice = str(wanted) if str(wanted) in paths else next(iter([*bases, *paths]), None)
        if choice is not None:
            select.value = choice
        self.session.talk_with = None

    @on(OptionList.OptionSelected, "#chats")
    async def open_chat(self, event: OptionList.OptionSelected) -> None:
        if not self.busy:
            chat = self.chats[event.option_index]
            self.chat, self.system = chat.id, chat.system
            await self.show_chat()

    @on(Input.Submitted, "#say")
    async def said(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        model = self.query_one("#model", Select).value
        if not text or self.busy:
            return
        if not isinstance(model, str):
            self.problem(t("no_models"))
            return
        event.input.clear()
        try:
            if not self.chat:
                self.chat = self.history.add_chat(title_of(text), self.system, model)
                self.list_chats()
            self.history.add_message(self.chat, "user", text)
        except LlmtuiError as error:
            self.problem(error)
            return
        await self.query("#empty").remove()
        await self.query_one("#talk").mount(bubble(as_said(text), "user"))
        await self.answer(Path(model))

    async def answer(self, model: Path) -> None:
        """Let the model answer the last message, shown while it grows."""
        turns = turns_of(self.messages())
        if not turns:
            return
        self.busy, self.cancelled = True, False
        shown = bubble("", "assistant")
        await self.query_one("#talk").mount(shown)
        self.query_one("#talk").anchor()
        self.generate(model, turns, shown)

    @work(thread=True, exclusive=True, group="chat")
    def generate(self, model: Path, turns: list[Turn], shown: Markdown) -> None:
        step_back()
        told, problem = "", ""
        try:
            with self.session.turn(lambda: self.cancelled):
                self.writing = self.session.engine(model)
                if self.cancelled or self.session.closed:
                    raise Interrupted
                for piece in reply(self.writing, turns, self.system):
                    if self.cancelled or self.session.closed:
                        break
                    told += piece
                    self.from_thread(self.write, shown, safe_prose(piece))
                if self.writing.cut:
                    self.from_thread(self.told, t("answer_cut"))
        except Interrupted:
            problem = ""  # what was said so far is kept
        except LlmtuiError as error:
            problem = words_of(error)
        self.writing = None
        self.from_thread(self.answered, told, problem, shown)

    async def write(self, shown: Markdown, piece: str) -> None:
        """Add to the answer; the stream draws several pieces at once when it falls behind."""
        if self.stream is None:
            self.stream = Markdown.get_stream(shown)
        await self.stream.write(piece)

    async def answered(self, text: str, problem: str, shown: Markdown) -> None:
        self.busy = False
        if self.stream is not None:
            await self.stream.stop()
            self.stream = None
        try:
            if text.strip():
                self.history.add_message(self.chat, "assistant", text)
            else:
                await shown.remove()
        except LlmtuiError as error:
            problem = words_of(error)
        if problem:
            self.problem(problem)

    async def action_again(self) -> None:
        """Answer the last message anew."""
        model = self.query_one("#model", Select).value
        messages = self.messages()
        if self.busy or not messages or not isinstance(model, str):
            return
        if messages[-1].role == "assistant":
            try:
                self.history.delete_message(messages[-1].id)
            except LlmtuiError as error:
                self.problem(error)
                return
            await self.query_one("#talk").children[-1].remove()
        await self.answer(Path(model))

    def action_cancel(self) -> None:
        """Stop the answer; else go back."""
        if not self.busy:
            self.app.go("home")
            return
        self.cancelled = True
        if self.writing is not None:
            self.writing.cancel()

    def unsaved(self) -> str:
        return t("answer_lost") if self.busy else ""
