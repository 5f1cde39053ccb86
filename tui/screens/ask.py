"""Ask: a question, its SQL with checks, and the result. The SQL can be edited and run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from llmtui.tui.answers import badges, read_back, result_line
from llmtui.tui.charts import chart_of
from llmtui.tui.keys import bindings
from llmtui.tui.screens.answered import AnsweredScreen
from llmtui.tui.session import Session
from llmtui.tui.texts import own_words, t, words_of
from llmtui.tui.widgets.chart import ChartView
from llmtui.tui.widgets.question import QuestionField
from llmtui.tui.widgets.results import Results
from llmtui.tui.widgets.sqlarea import SqlArea
from llmtui.workspace.errors import Interrupted, LlmtuiError, ModelError
from llmtui.workspace.machine import step_back

if TYPE_CHECKING:
    from llmtui.database.execute import Database
    from llmtui.inference.answer import Answer
    from llmtui.inference.follow import Followed, Last

_REDRAWN_EVERY = 1 / 15  # seconds, while an answer grows


class AskScreen(AnsweredScreen):
    place = "ask"
    BINDINGS = bindings("ask")

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.busy = self.waiting = self.cancelled = self.typed = False
        """Whether an answer is being made; whether it still waits for its turn, as a model answers
        elsewhere; whether it is not wanted any more; whether it is that of a person's SQL."""
        self.growing: str | None = None
        self.last: Last | None = None
        """The last question, which the next one may go on from."""
        self.read_as = ""
        """How a question that goes on from another was understood, in a sentence."""

    def content(self) -> ComposeResult:
        yield QuestionField()
        yield SqlArea()
        yield Static("", id="badges")
        with VerticalScroll(id="told", can_focus=False):
            yield Static(Text(t("sql_here")), id="message")
        yield Results(id="result")
        yield ChartView(id="chart")

    def on_mount(self) -> None:
        self.query_one(QuestionField).focus()
        self.query_one(ChartView).display = False
        self.set_interval(_REDRAWN_EVERY, self.show_growing)
        self.load()

    def on_screen_resume(self) -> None:
        """Load anew when a model was made or chosen since."""
        if self.is_mounted and not self.busy and self.answer is None:
            self.load()

    def say(self, text: str) -> None:
        self.query_one("#message", Static).update(Text(text))

    def load(self) -> None:
        self.say(t("loading"))
        self.load_model()

    @work(thread=True, group="load", exclusive=True)
    def load_model(self) -> None:
        """The history, the schema for completion, and the model when there is one."""
        told = t("sql_here")
        try:
            asked = [item.question for item in self.session.history().questions()]
        except LlmtuiError as error:
            asked = []
            self.from_thread(self.problem, error)
        try:
            schema = self.session.database().schema
            self.from_thread(self.query_one(QuestionField).remember, asked)
            self.from_thread(setattr, self.query_one(SqlArea), "schema", schema)
            self.session.asker()
            if self.session.project.model is None and not self.session.settings.server:
                told = t("head_start")
        except LlmtuiError as error:
            told = words_of(error)
        self.from_thread(self.loaded, told)

    def loaded(self, told: str) -> None:
        if not self.busy and self.answer is None:
            self.say(told)

    @on(Input.Submitted, "#question")
    def ask(self, event: Input.Submitted) -> None:
        question = event.value.strip()
        if not question or self.busy:
            return
        event.input.select_all()  # typing replaces it
        field = self.query_one(QuestionField)
        field.remember([*field.asked, question])
        self.asked, self.kept = question, 0
        self.begin()
        self.waiting = True
        self.say(t("thinking"))
        self.answer_question(question)

    def begin(self) -> None:
        self.busy, self.waiting, self.cancelled, self.typed = True, False, False, False
        self.answer = self.growing = self.chart = None
        self.read_as = ""
        self.run_worker(self.query_one("#result", Results).show((), ()), group="rows")
        self.query_one("#badges", Static).update("")

    def remember(self, answer: Answer) -> None:
        """Keep a question in the history; one that cannot be kept is answered all the same."""
        try:
            self.kept = self.session.history().add_question(
                answer.question, answer.sql, answer.status, answer.model
            )
        except LlmtuiError as error:
            self.from_thread(self.problem, error)

    @work(thread=True, exclusive=True, group="answer")
    def answer_question(self, question: str) -> None:
        from llmtui.inference.answer import Answer
        from llmtui.inference.follow import Last, follow_up
        from llmtui.inference.fragment import goes_on

        step_back()
        self.whole = "" if goes_on(question) else question
        try:
            with self.session.turn(lambda: self.cancelled):
                self.waiting = False
                database = self.session.database()
                read = follow_up(question, self.last or Last(), database)
                self.whole = read.whole
                if read.whole not in ("", question):
                    self.read_as = t("read_as", question=read.whole)
                answer = self.answer_on(read, database) or self.answer_whole(read.whole)
                answer = replace(answer, question=question)
        except LlmtuiError as error:
            answer = Answer(question=question, message=words_of(error))
        else:
            self.remember(answer)
        self.proposed = answer.sql
        self.go_on_from(answer)
        self.from_thread(self.show, answer)

    def answer_on(self, read: Followed, database: Database) -> Answer | None:
        """The answer to a question that goes on from the last one; None when it is the model's."""
        from llmtui.inference.answer import Answer, holds_nothing, run_sql

        if read.unread:
            before = self.last.question if self.last else ""
            told = t("not_understood", said=read.unread, question=before)
            told = told if before else t("nothing_before", said=read.unread)
            return Answer(status="abstained", message=told, exit_code=1)
        if not read.sql or (read.whole and self.session.recalls(read.whole)):
            return None
        answer = run_sql(database, read.sql, stopped=lambda: self.cancelled)
        if answer.status == "ok":
            doubted = holds_nothing(answer)
            other = self.answer_instead(read.whole) if doubted and read.whole else None
            if other is not None:
                return other
            parts = (self.read_as, t("followed"), t("found_nothing") if doubted else "")
            self.read_as = " ".join(filter(None, parts))
        elif answer.exit_code <= 1 and read.whole:
            return None
        return answer

    def answer_whole(self, question: str) -> Answer:
        """The model's answer. Raises Interrupted when it is not wanted any more."""
        asker = self.session.asker()
        if self.cancelled:
            raise Interrupted("The answer was stopped")
        return asker.ask(question, on_text=self.grow)

    def answer_instead(self, question: str) -> Answer | None:
        """The model's answer when there is a model, and it finds something. Raises Interrupted."""
        from llmtui.inference.answer import holds_nothing

        try:
            answer = self.answer_whole(question)
        except ModelError:
            return None
        return answer if answer.status == "ok" and not holds_nothing(answer) else None

    def go_on_from(self, answer: Answer) -> None:
        """Let the next question go on from this one. One that was not understood leaves the one
        before it, and SQL that a person changed is no longer the question's."""
        from llmtui.inference.follow import Last

        question = self.whole if answer.sql.strip() == self.proposed.strip() else ""
        sql = answer.sql if answer.status == "ok" else ""
        if question or sql:
            self.last = Last(question, sql)

    def grow(self, text: str) -> None:
        """Called by the engine's thread for every token, which must not wait for the screen."""
        self.growing = text

    def show_growing(self) -> None:
        text, self.growing = self.growing, None
        if text is not None and self.busy:
            from llmtui.database.text import safe_text

            self.query_one(SqlArea).load_text(safe_text(text))

    def action_run_sql(self) -> None:
        """Run the SQL as it stands in the editor."""
        sql = self.query_one(SqlArea).text
        if sql.strip() and not self.busy:
            self.begin()
            self.typed = True
            self.run_statement(sql)

    @work(thread=True, exclusive=True, group="answer")
    def run_statement(self, sql: str) -> None:
        from llmtui.inference.answer import Answer, run_sql

        try:
            answer = run_sql(self.session.database(), sql, stopped=lambda: self.cancelled)
        except LlmtuiError as error:
            answer = Answer(sql=sql, message=words_of(error))
        self.go_on_from(answer)
        self.from_thread(self.show, answer)

    async def show(self, answer: Answer) -> None:
        """The answer's SQL, checks, message, rows and chart."""
        self.busy = False
        self.answer = answer
        area = self.query_one(SqlArea)
        if not answer.sql:
            area.clear()  # of what was half written, or of an earlier question; undo brings it back
        elif area.text.strip() != answer.sql.strip():
            area.load_text(answer.sql)
        self.query_one("#badges", Static).update(badges(answer))
        if answer.status != "ok":
            told = [self.read_as, f"{t(f'status_{answer.status}')}: {own_words(answer.message)}"]
            told += [read_back(answer)] if answer.sql else []
            self.say("\n".join(filter(None, told)))
            self.show_chart(False)
            return
        self.chart = chart_of(answer.columns, answer.rows)
        line = result_line(answer, chart=self.chart is not None)
        told = [self.read_as, line, read_back(answer)]
        self.say("\n".join(filter(None, told)))
        await self.query_one("#result", Results).show(answer.columns, answer.rows)
        self.show_chart(self.query_one(ChartView).display and self.chart is not None)

    def action_cancel(self) -> None:
        """Stop the answer that is being made; else go back."""
        if not self.busy:
            self.app.go("home")
            return
        self.cancelled = True
        if not self.waiting:
            self.stop_answer()

    @work(thread=True, group="stop")
    def stop_answer(self) -> None:
        if self.typed:
            self.session.stop_query()
        else:
            self.session.stop()
