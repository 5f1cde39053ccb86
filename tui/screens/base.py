"""What every screen shares: the app's type, and a safe way back from worker threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.screen import Screen

if TYPE_CHECKING:
    from llmtui.tui.app import LlmtuiApp


class LlmtuiScreen(Screen[None]):
    app: LlmtuiApp

    def from_thread(self, call: Callable[..., None], *values: Any) -> None:
        """Run `call` in the app's thread, unless the screen or the app is gone by then."""

        def if_there() -> None:
            if self.is_attached:
                call(*values)

        try:
            self.app.call_from_thread(if_there)
        except RuntimeError:
            return  # the app ended while the thread worked
