"""Ask: a question, its SQL with checks, and the result. The SQL can be edited and run."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.events import Key
from textual.widgets import DataTable, Input, Static, TextArea

from llmtui.tui.keys import bindings
from llmtui.tui.screens.base import LlmtuiScreen
from llmtui.tui.session import Session
from llmtui.tui.texts import t
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.records import Instruction, load_rows, save_rows

if TYPE_CHECKING:
    from llmtui.inference.ask import Answer

_REDRAWN_EVERY = 1 / 15  # seconds, while an answer grows
_WIDEST = 60  # cells of a column
_SHOWN = 500
"""Rows put into the table; the command line gives them all."""


class AskScreen(LlmtuiScreen):
    place = "ask"
    BINDINGS = bindings("ask")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.answer: Answer | None = None
        self.busy = False
        self.growing: str | None = None
        self.asked: list[str] = []
        self.walked = 0

    def content(self) -> ComposeResult:
        yield Input(placeholder=t("question"), id="question")
        area = TextArea("", language="sql", id="sql", soft_wrap=True, show_line_numbers=False)
        area.border_title = "SQL"
        yield area
        yield Static("", id="badges")
        yield Static(Text(t("sql_here")), id="message")
        yield DataTable(id="result", zebra_stripes=True, cursor_type="row")

    def on_mount(self) -> None:
        self.query_one("#question", Input).focus()
        self.set_interval(_REDRAWN_EVERY, self.show_growing)
        self.say(t("loading"))
        self.load_model()

    def say(self, text: str) -> None:
        self.query_one("#message", Static).update(Text(text))

    @work(thread=True, group="load")
    def load_model(self) -> None:
        try:
            self.session.asker()
        except LlmtuiError as error:
            self.from_thread(self.say, str(error))
        else:
            tuned = self.session.project.model is not None
            self.from_thread(self.say, t("sql_here" if tuned else "head_start"))

    @on(Input.Submitted, "#question")
    def ask(self, event: Input.Submitted) -> None:
        question = event.value.strip()
        if not question or self.busy:
            return
        event.input.select_all()  # typing replaces it
        self.asked.append(question)
        self.walked = len(self.asked)
        self.begin()
        self.say(t("thinking"))
        self.answer_question(question)

    def begin(self) -> None:
        self.busy = True
        self.answer = self.growing = None
        self.query_one("#result", DataTable).clear(columns=True)
        self.query_one("#badges", Static).update("")

    @work(thread=True, exclusive=True, group="answer")
    def answer_question(self, question: str) -> None:
        from llmtui.inference.ask import Answer

        try:
            asker = self.session.asker()
            answer = asker.ask(question, on_text=self.grow)
        except LlmtuiError as error:
            answer = Answer(question=question, message=str(error))
        self.from_thread(self.show, answer)

    def grow(self, text: str) -> None:
        """Called by the engine's thread for every token, which must not wait for the screen."""
        self.growing = text

    def show_growing(self) -> None:
        text, self.growing = self.growing, None
        if text is not None and self.busy:
            from llmtui.database.text import safe_text

            self.query_one("#sql", TextArea).load_text(safe_text(text))

    def action_run_sql(self) -> None:
        """Run the SQL as it stands in the editor."""
        sql = self.query_one("#sql", TextArea).text
        if sql.strip() and not self.busy:
            self.begin()
            self.run_statement(sql)

    @work(thread=True, exclusive=True, group="answer")
    def run_statement(self, sql: str) -> None:
        from llmtui.inference.ask import Answer, run_sql

        try:
            answer = run_sql(self.session.database(), sql)
        except LlmtuiError as error:
            answer = Answer(sql=sql, message=str(error))
        self.from_thread(self.show, answer)

    def show(self, answer: Answer) -> None:
        """The answer's SQL, checks, message and rows."""
        self.busy = False
        self.answer = answer
        if answer.sql and self.query_one("#sql", TextArea).text.strip() != answer.sql.strip():
            self.query_one("#sql", TextArea).load_text(answer.sql)
        self.query_one("#badges", Static).update(badges(answer))
        if answer.status == "ok":
            counted = "result_one" if answer.row_count == 1 else "result_line"
            line = t(counted, rows=answer.row_count, seconds=answer.seconds)
            line += t("cut") if answer.truncated else ""
            self.say(f"{line}  {answer.message}".strip())
            fill(self.query_one("#result", DataTable), answer)
        else:
            self.say(f"{answer.status}: {answer.message}")

    def action_accept(self) -> None:
        """Keep the question and its SQL, corrected or not, as an instruction."""
        question = self.asked[-1] if self.asked else ""
        if self.answer is None or self.answer.status != "ok" or not question:
            self.notify(t("nothing_to_accept"), severity="warning", markup=False)
            return
        try:
            keep_row(self.session, question, self.answer.sql)
        except LlmtuiError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self.notify(t("accepted"), markup=False)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.query_one("#sql", TextArea).text)
        self.notify(t("copied"), markup=False)

    def action_cancel(self) -> None:
        """Stop the answer that is being made; else go back."""
        if self.busy:
            self.stop_answer()
        else:
            self.app.go("home")

    @work(thread=True, group="stop")
    def stop_answer(self) -> None:
        self.session.asker().cancel()

    def on_key(self, event: Key) -> None:
        """Up and down walk through the questions asked before."""
        field = self.query_one("#question", Input)
        if field.has_focus and event.key in ("up", "down") and self.asked:
            step = -1 if event.key == "up" else 1
            self.walked = max(0, min(len(self.asked), self.walked + step))
            field.value = self.asked[self.walked] if self.walked < len(self.asked) else ""
            field.cursor_position = len(field.value)
            event.stop()


def badges(answer: Answer) -> Text:
    """The four checks in words and signs, not by colour alone."""
    text = Text()
    for name in ("parsed", "read_only", "bound", "ran"):
        good = getattr(answer.checks, name)
        text.append(f"{'✓' if good else '✗'} {t(name)}  ", style="green" if good else "red")
    return text


def fill(table: DataTable[Text], answer: Answer) -> None:
    """Put rows into the table as plain text: nothing in a value is markup or an escape."""
    from llmtui.database.text import safe_text, show_value

    rows = [[Text(show_value(value)) for value in row] for row in answer.rows[:_SHOWN]]
    for place, name in enumerate(answer.columns):
        label = Text(safe_text(name))
        wide = max([label.cell_len, *(row[place].cell_len for row in rows)])
        table.add_column(label, key=str(place), width=min(wide, _WIDEST))
    table.add_rows(rows)


def keep_row(session: Session, question: str, sql: str) -> None:
    """Add or replace the row of a question in the project's instructions."""
    from llmtui.trainer.evaluate.run import language_of

    file = session.project.instructions
    old = load_rows(file) if file.is_file() else []
    row = Instruction(
        id=hashlib.sha256(f"{question}\0{sql}".encode()).hexdigest()[:12],
        question=question,
        sql=sql,
        lang=language_of(question),
        origin="asked",
        checks=("parsed", "read-only", "ran"),
        status="accepted",
        schema=session.database().schema.fingerprint,
    )
    key = question.strip().casefold()
    rest = [item for item in old if item.question.strip().casefold() != key and item.id != row.id]
    save_rows(file, [row, *rest])
