"""Runs: every tuning of this project, and two of them side by side."""

from __future__ import annotations

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import DataTable, Static

from llmtui.database.text import safe_text
from llmtui.tui.keys import bindings
from llmtui.tui.runlist import Run, difference, share_text
from llmtui.tui.texts import t
from llmtui.tui.widgets.lists import Rows
from llmtui.tui.widgets.once import Once


class RunsScreen(Once, ModalScreen[None]):
    """Enter marks a run; the two that were marked last are compared."""

    BINDINGS = bindings("runs")

    def __init__(self, runs: list[Run]) -> None:
        super().__init__()
        self.runs = runs
        self.marked: list[int] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall wide"):
            yield Static(Text(t("runs"), style="bold"))
            yield Rows(id="runs", cursor_type="row")
            yield Static(Text(t("runs_help") if self.runs else t("no_runs")), classes="quiet")
            yield Rows(id="compared", cursor_type="none")

    def on_mount(self) -> None:
        names = ("marked", "run_name", "run_base", "run_minutes", "run_loss", "run_right", "state")
        self.query_one("#runs", Rows).add_columns(*(Text(t(name)) for name in names))
        self.query_one("#compared").display = False
        self.fill()
        self.query_one("#runs").focus()

    def fill(self) -> None:
        table = self.query_one("#runs", Rows)
        row = table.cursor_row
        table.clear()
        for place, run in enumerate(self.runs):
            table.add_row(
                Text("●" if place in self.marked else ""),
                Text(safe_text(run.name)),
                Text(safe_text(run.base)),
                Text(f"{run.minutes:g}"),
                Text("" if run.loss is None else f"{run.loss:.3f}"),
                Text(share_text(run.right)),
                Text(t(f"run_is_{run.state}")),
            )
        table.move_cursor(row=row)

    @on(DataTable.RowSelected, "#runs")
    def mark(self, event: DataTable.RowSelected) -> None:
        place = event.cursor_row
        if place in self.marked:
            self.marked.remove(place)
        else:
            self.marked = [*self.marked[-1:], place]
        self.fill()
        self.action_compare()

    def action_compare(self) -> None:
        """Show the two marked runs side by side; with none marked, the two newest."""
        pair = self.marked if len(self.marked) == 2 else []
        if not self.marked and len(self.runs) > 1:
            pair = [0, 1]
        table = self.query_one("#compared", Rows)
        table.display = bool(pair)
        table.clear(columns=True)
        if not pair:
            return
        one, other = (self.runs[place] for place in sorted(pair, reverse=True))
        table.add_columns(Text(""), Text("A"), Text("B"))
        for field, left, right in difference(one, other):
            style = "" if left == right else "bold"
            table.add_row(
                Text(t(f"run_{field}"), style="dim"), Text(left, style=style),
                Text(safe_text(right), style=style),
            )  # fmt: skip
