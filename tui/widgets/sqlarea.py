"""The SQL editor: coloured, with the rest of a name offered in grey (right arrow takes it)."""

from __future__ import annotations

from textual.widgets import TextArea

from llmtui.database.schema import Schema
from llmtui.tui.completion import complete


class SqlArea(TextArea):
    def __init__(self, text: str = "", *, id: str = "sql") -> None:
        super().__init__(text, language="sql", id=id, soft_wrap=True, show_line_numbers=False)
        self.border_title = "SQL"
        self.schema: Schema | None = None

    def update_suggestion(self) -> None:
        """Offer a completion at the end of a line, where it does not hide what follows."""
        row, column = self.cursor_location
        line = self.document.get_line(row)
        fits = self.selection.is_empty and column == len(line) and not self.read_only
        self.suggestion = complete(line[:column], self.text, self.schema) if fits else ""
