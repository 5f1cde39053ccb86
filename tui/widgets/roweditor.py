"""A row by hand: question and SQL, checked while they are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static, TextArea
from textual.worker import get_current_worker

from llmtui.database.schema import Schema
from llmtui.database.text import safe_text
from llmtui.tui.keys import bindings
from llmtui.tui.takeaway import edit_outside
from llmtui.tui.texts import own_words, t, words_of
from llmtui.tui.widgets.dialogs import Confirm, Dialog
from llmtui.tui.widgets.sqlarea import SqlArea
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.records import Instruction

_PAUSE = 0.3
"""Seconds without a key after which a row is checked."""


Check = Callable[[Instruction], tuple[Instruction | None, str]]
"""Gives the row as it is kept and '', or None and what is wrong; it is called in a thread."""


class RowEditor(Dialog[Instruction]):
    """Closes with the row as its checks left it."""

    place = "row"
    BINDINGS = bindings("row")

    def __init__(self, row: Instruction, schema: Schema | None, check: Check) -> None:
        super().__init__()
        self.row, self.schema, self.check = row, schema, check
        self.kept: Instruction | None = None
        """The row of the fields, once it has passed every check."""
        self.checking = self.saving = False
        """Whether the fields wait for their check, and whether to close once it has passed."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(t("row_question"), style="bold"))
            yield Input(self.row.question, id="row-question")
            yield SqlArea(self.row.target, id="row-sql")
            yield Static("", id="verdict")
            yield Static(Text(t("row_keys")), classes="quiet")

    def on_mount(self) -> None:
        self.query_one(SqlArea).schema = self.schema
        self.changed()

    def edited(self) -> Instruction:
        """The row as it stands in the fields."""
        question = self.query_one("#row-question", Input).value.strip()
        target = self.query_one(SqlArea).text.strip()
        if self.row.kind == "sql":
            return replace(self.row, question=question, sql=target)
        return replace(self.row, question=question, answer=target)

    def unsaved(self) -> str:
        return t("row_lost") if self.edited() != self.row else ""

    def action_editor(self) -> None:
        """Edit question and SQL in $EDITOR."""
        row = self.edited()
        try:
            text = edit_outside(self.app, as_file(row.question, row.target), ".sql")
        except LlmtuiError as error:
            self.query_one("#verdict", Static).update(Text(words_of(error), style="red"))
            return
        question, target = from_file(text)
        self.query_one("#row-question", Input).value = question
        self.query_one(SqlArea).load_text(target)

    @on(Input.Changed)
    @on(TextArea.Changed)
    def changed(self) -> None:
        self.kept, self.checking, self.saving = None, True, False
        self.judge()

    @work(exclusive=True)
    async def judge(self) -> None:
        from asyncio import sleep, to_thread

        await sleep(_PAUSE)
        worker = get_current_worker()
        if not self.query("#verdict"):  # closed meanwhile
            return
        try:
            kept, problem = await to_thread(self.check, self.edited())
        except LlmtuiError as error:
            kept, problem = None, words_of(error)
        if worker.is_cancelled:
            return
        self.kept, self.checking = kept, False
        if kept and self.saving and self.app.screen is self:  # nothing was opened over it meanwhile
            self.dismiss(kept)
            return
        self.saving = False
        text = f"✗ {safe_text(own_words(problem))}" if problem else f"✓ {t('row_passes')}"
        style = "red" if problem else "green"
        for verdict in self.query("#verdict").results(Static):
            verdict.update(Text(text, style=style))

    @on(Input.Submitted)
    def next_field(self) -> None:
        self.query_one(SqlArea).focus()

    def action_save(self) -> None:
        """Close with the row, once its check has passed; one that does not pass stays open."""
        if self.kept is not None:
            self.dismiss(self.kept)
        elif self.checking:
            self.saving = True
        else:
            self.app.bell()

    def action_cancel(self) -> None:
        """Close without the row, after a question when it was edited."""
        if self.unsaved():
            self.cancel_anyway()
        else:
            self.dismiss(None)

    @work
    async def cancel_anyway(self) -> None:
        if await self.app.push_screen_wait(Confirm(self.unsaved(), t("discard"))):
            self.dismiss(None)


def as_file(question: str, target: str) -> str:
    """A row as a file to edit: the question as a comment on the first line, then its SQL."""
    return f"-- {' '.join(question.split())}\n{target}\n"


def from_file(text: str) -> tuple[str, str]:
    """(question, SQL) of a file that was edited; without a comment on top there is no question."""
    first, _, rest = text.lstrip().partition("\n")
    if not first.startswith("--"):
        return "", text.strip()
    return first.removeprefix("--").strip(), rest.strip()
