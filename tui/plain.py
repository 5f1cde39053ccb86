"""The last line of defence of the screen: no drawn cell holds what a terminal obeys."""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from llmtui.database.text import is_hidden


class Plain(LineFilter):
    """Drops controls, escapes and direction marks that a widget was given unsaid.

    Data is made readable by `safe_text` where it is shown; this sees every line of every widget.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        return [
            segment
            if segment.control or segment.text.isprintable()
            else Segment(_plain(segment.text), segment.style)
            for segment in segments
        ]


def _plain(text: str) -> str:
    """The text without what is hidden; what took a cell leaves a dot."""
    return "".join("·" * cell_len(c) if is_hidden(c) else c for c in text)
