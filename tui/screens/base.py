"""What every screen shares: its frame, its keys, and a safe way back from worker threads."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from inspect import isawaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Footer, Header

from llmtui.database.text import safe_text
from llmtui.tui.takeaway import free_name
from llmtui.tui.texts import t, words_of
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.paths import typed_path

if TYPE_CHECKING:
    from llmtui.tui.app import LlmtuiApp


@runtime_checkable
class CanLose(Protocol):
    """A screen that may hold what would be lost if the app ended."""

    def unsaved(self) -> str:
        """What would be lost, in a sentence; '' when nothing would."""
        ...


class LlmtuiScreen(Screen[None]):
    """A place of the app; `place` is its name in the key registry."""

    app: LlmtuiApp
    place = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.title = t(self.place)

    def compose(self) -> ComposeResult:
        yield Header(icon="≡")
        with Vertical(id="body"):
            yield from self.content()
        yield Footer(show_command_palette=False, compact=True)

    def content(self) -> ComposeResult:
        """What stands between header and footer."""
        raise NotImplementedError

    def unsaved(self) -> str:
        """What would be lost if the app ended now, in a sentence; '' when nothing would."""
        return ""

    async def ask_file(self, question: str, name: str) -> Path | None:
        """Ask for a file to write, `name` or a free name like it offered; None when not to.

        A file that is there is replaced only when the person says so.
        """
        from llmtui.tui.widgets.dialogs import AskText, Confirm

        offered = free_name(Path.cwd() / name)
        text = await self.app.push_screen_wait(AskText(question, str(offered)))
        if not text:
            return None
        try:
            file = typed_path(text)
        except LlmtuiError as error:
            self.problem(error)
            return None
        there = Confirm(t("replace_file", file=safe_text(str(file))), t("replace"))
        if file.is_file() and not await self.app.push_screen_wait(there):
            return None
        return file

    def from_thread(self, call: Callable[..., object], *values: Any) -> None:
        """Run `call` in the app's thread, unless the screen or the app is gone by then."""

        async def act() -> bool:
            if self.is_attached:
                with suppress(NoMatches):  # it is being taken down, from its leaves upwards
                    done = call(*values)
                    if isawaitable(done):
                        await done
            return self.is_attached

        if_there: Callable[[], bool | Coroutine[Any, Any, bool]] = act
        try:
            self.app.call_from_thread(if_there)
        except RuntimeError:
            return  # the app ended while the thread worked

    def told(self, text: str) -> None:
        """Tell something in passing."""
        self.notify(text, markup=False)

    def problem(self, error: Exception | str) -> None:
        """Tell a problem in passing."""
        self.notify(words_of(error), severity="error", markup=False, timeout=8)
