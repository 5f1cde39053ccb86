"""The log of a tune, in the person's language."""

from __future__ import annotations

from llmtui.tui.commands.common import describe
from llmtui.tui.texts import own_words
from llmtui.workspace.events import Event


def line_of(event: Event) -> str:
    """One line for a person, '' for what needs no line."""
    return own_words(describe(event))
