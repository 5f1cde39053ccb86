"""The SQL editor: coloured, with the rest of a name offered in grey (right arrow takes it)."""

from __future__ import annotations

from rich.style import Style
from textual.theme import Theme
from textual.widgets import TextArea
from textual.widgets.text_area import TextAreaTheme

from llmtui.database.schema import Schema
from llmtui.tui.completion import complete
from llmtui.tui.keys import bindings

_ON_LIGHT = TextAreaTheme(
    "on-light",
    syntax_styles={
        "keyword": Style(color="#7a1fa2"),
        "keyword.operator": Style(color="#7a1fa2"),
        "type": Style(color="#2a5db0"),
        "variable": Style(color="#8a4b00"),
        "function.call": Style(color="#00696b"),
        "string": Style(color="#2f6b1a"),
        "number": Style(color="#9a3412"),
        "float": Style(color="#9a3412"),
        "boolean": Style(color="#9a3412"),
        "comment": Style(color="#5f6672", italic=True),
    },
)
"""Dark colours for words; all else follows the app's theme, as in Textual's own "css"."""


class SqlArea(TextArea):
    """Ctrl+Y, which redoes elsewhere, accepts an answer: redo has a key of the registry."""

    BINDINGS = bindings("sql")

    def __init__(self, text: str = "", *, id: str = "sql") -> None:
        super().__init__(text, language="sql", id=id, soft_wrap=True, show_line_numbers=False)
        self.border_title = "SQL"
        self.schema: Schema | None = None

    def on_mount(self) -> None:
        self.register_theme(_ON_LIGHT)
        self.app.theme_changed_signal.subscribe(self, self._colour)
        self._colour(self.app.current_theme)

    def _colour(self, theme: Theme) -> None:
        self.theme = "css" if theme.dark else _ON_LIGHT.name

    def update_suggestion(self) -> None:
        """Offer a completion at the end of a line, where it does not hide what follows."""
        row, column = self.cursor_location
        line = self.document.get_line(row)
        fits = self.selection.is_empty and column == len(line) and not self.read_only
        self.suggestion = complete(line[:column], self.text, self.schema) if fits else ""
