"""The command palette; imported when it is first opened."""

from __future__ import annotations

from textual.command import CommandPalette

from llmtui.tui.widgets.once import Once


class Palette(Once, CommandPalette):
    """Textual's, which ends once."""
