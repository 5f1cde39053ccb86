"""The field for a question; up and down walk through those asked before."""

from __future__ import annotations

from textual.events import Key
from textual.widgets import Input

from llmtui.tui.texts import t


class QuestionField(Input):
    """What is typed before walking filters by its beginning."""

    def __init__(self) -> None:
        super().__init__(placeholder=t("question"), id="question")
        self.asked: list[str] = []
        self.walked = 0
        self.typed = ""

    def remember(self, asked: list[str]) -> None:
        self.asked = asked
        self.walked = len(asked)

    def on_key(self, event: Key) -> None:
        if event.key not in ("up", "down"):
            return
        event.stop()
        if self.walked == len(self.asked):
            self.typed = "" if self.value in self.asked[-1:] else self.value
        step = -1 if event.key == "up" else 1
        place = walk(self.asked, self.walked, step, self.typed)
        if place is not None:
            self.walked = place
            self.value = self.asked[place] if place < len(self.asked) else self.typed
            self.cursor_position = len(self.value)


def walk(asked: list[str], place: int, step: int, start: str) -> int | None:
    """The next place, back or forth, of a question beginning with `start`; None at the end."""
    place += step
    while 0 <= place < len(asked):
        if asked[place].startswith(start):
            return place
        place += step
    return len(asked) if step > 0 else None
