"""What can be done with a conversation: show, begin anew, copy, export, instruct, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual import work
from textual.containers import VerticalScroll
from textual.widgets import Markdown, Select, Static
from textual.widgets.markdown import MarkdownStream

from llmtui.database.text import safe_text
from llmtui.tui.conversation import as_said, code_of, export_chat, safe_prose
from llmtui.tui.screens.base import LlmtuiScreen
from llmtui.tui.session import Session
from llmtui.tui.takeaway import copy_text
from llmtui.tui.texts import t
from llmtui.tui.widgets.dialogs import AskText, Confirm
from llmtui.tui.widgets.lists import Options
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.history import Chat, Message

if TYPE_CHECKING:
    from llmtui.inference.engine import Engine


class TalkedScreen(LlmtuiScreen):
    """A screen with the conversation #talk, the list #chats and the choice #model."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.history = session.history()
        self.chats: list[Chat] = []
        self.chat = 0
        """The conversation that is shown, 0 for one not yet begun."""
        self.system = ""
        self.busy = False
        self.cancelled = False
        """Whether the answer that is being made is not wanted any more."""
        self.writing: Engine | None = None
        """The engine that writes it, once it is its turn."""
        self.stream: MarkdownStream | None = None

    def list_chats(self) -> None:
        try:
            self.chats = self.history.chats()
        except LlmtuiError as error:
            self.problem(error)
        options = self.query_one("#chats", Options)
        options.clear_options()
        options.add_options([Text(safe_text(chat.title)) for chat in self.chats])

    async def show_chat(self) -> None:
        """Show the messages of the conversation, or what to do when there are none."""
        talk = self.query_one("#talk", VerticalScroll)
        await talk.remove_children()
        messages = self.messages()
        if not messages:
            await talk.mount(Static(Text(t("chat_empty")), id="empty", classes="quiet"))
        for message in messages:
            said = message.role == "user"
            text = as_said(message.text) if said else safe_prose(message.text)
            await talk.mount(bubble(text, message.role))
        talk.anchor()
        self.query_one("#say").focus()

    def messages(self) -> list[Message]:
        """Those of the conversation; a history that cannot be read is told, and has none."""
        try:
            return self.history.messages(self.chat) if self.chat else []
        except LlmtuiError as error:
            self.problem(error)
            return []

    async def action_new(self) -> None:
        if not self.busy:
            self.chat, self.system = 0, ""
            await self.show_chat()

    def message(self) -> str:
        """The message that Tab went to, or else the last answer."""
        messages = self.messages()
        for shown, message in zip(self.query(".bubble"), messages, strict=False):
            if shown.has_focus:
                return message.text
        return next((m.text for m in reversed(messages) if m.role == "assistant"), "")

    def action_copy(self) -> None:
        self.take(self.message())

    def action_copy_code(self) -> None:
        self.take(code_of(self.message()))

    def take(self, text: str) -> None:
        if text:
            copy_text(self.app, text)
            self.notify(t("copied"), markup=False)
        else:
            self.notify(t("nothing_to_copy"), severity="warning", markup=False)

    def action_toggle_list(self) -> None:
        chats = self.query_one("#chats")
        chats.display = not chats.display
        (chats if chats.display else self.query_one("#say")).focus()

    @work
    async def action_system(self) -> None:
        """What the model is told before every conversation."""
        text = await self.app.push_screen_wait(AskText(t("system_help"), self.system))
        if text is not None:
            self.system = text
            model = self.query_one("#model", Select).value
            try:
                if self.chat:
                    self.history.update_chat(self.chat, system=text, model=str(model))
            except LlmtuiError as error:
                self.problem(error)

    @work
    async def action_export(self) -> None:
        messages = self.messages()
        if not messages:
            self.notify(t("nothing_to_copy"), severity="warning", markup=False)
            return
        file = await self.ask_file(t("export_chat"), "chat.md")
        if file is not None:
            try:
                title = next(c.title for c in self.history.chats() if c.id == self.chat)
                export_chat(file, title, self.system, messages)
            except LlmtuiError as error:
                self.problem(error)
            else:
                self.told(t("saved_to", file=file))

    @work
    async def action_delete(self) -> None:
        """Delete the conversation that is shown."""
        if not self.chat or self.busy:
            return
        if await self.app.push_screen_wait(Confirm(t("delete_chat"), t("delete"))):
            try:
                self.history.delete_chat(self.chat)
            except LlmtuiError as error:
                self.problem(error)
                return
            self.list_chats()
            await self.action_new()


def bubble(text: str, role: str) -> Markdown:
    """A message; Tab goes to it, so that it can be copied."""
    shown = Markdown(text, classes=f"bubble {role}", open_links=False)
    shown.can_focus = True
    return shown
