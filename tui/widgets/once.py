"""Dialogs that end once, however often they are told to."""

from __future__ import annotations

from typing import Any

from textual.await_complete import AwaitComplete


class Once:
    """Mixed into a screen: a second click, or key, that comes while it is being taken away does
    nothing. In Textual it would end the app, or take away the screen below."""

    def dismiss(self, result: Any = None) -> AwaitComplete:
        if self.app.screen is not self:  # type: ignore[attr-defined]
            return AwaitComplete()  # of nothing
        ended: AwaitComplete = super().dismiss(result)  # type: ignore[misc]
        return ended
