"""Choose a quantization level by what its file would be: its size and the types really stored."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import DataTable, Static

from llmtui.database.text import safe_text
from llmtui.tui.modellist import predicted
from llmtui.tui.texts import t, words_of
from llmtui.tui.widgets.dialogs import Dialog
from llmtui.tui.widgets.lists import Rows
from llmtui.workspace.errors import LlmtuiError


class PickLevel(Dialog[str]):
    """The level to quantize a run's model to."""

    def __init__(self, name: str, run: Path) -> None:
        super().__init__()
        self.model, self.run_folder = name, run

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog wide"):
            yield Static(Text(t("quantize_which", name=safe_text(self.model))))
            yield Rows(id="levels", cursor_type="row")
            yield Static(Text(t("reading")), id="predicting", classes="quiet")

    def on_mount(self) -> None:
        table = self.query_one(Rows)
        table.add_columns(*(Text(t(name)) for name in ("run_level", "size", "weights")))
        table.focus()
        self.predict()

    @work(thread=True)
    def predict(self) -> None:
        told = t("quantize_help")
        try:
            for level, size, mix in predicted(self.run_folder):
                self.app.call_from_thread(self.add, level, size, mix)
        except (LlmtuiError, OSError) as error:
            told = words_of(error)
        self.app.call_from_thread(self.query_one("#predicting", Static).update, Text(told))

    def add(self, level: str, size: int, mix: str) -> None:
        row = (Text(level), Text(f"{size / 1e6:,.0f} MB", justify="right"), Text(mix))
        self.query_one(Rows).add_row(*row, key=level)

    @on(DataTable.RowSelected)
    def chosen(self, event: DataTable.RowSelected) -> None:
        self.dismiss(event.row_key.value)
