"""What can be done with an answer: chart it, judge it, copy it, export it, edit its SQL."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

from textual import work

from llmtui.tui.charts import Chart
from llmtui.tui.screens.base import LlmtuiScreen
from llmtui.tui.session import Session
from llmtui.tui.takeaway import copy_text, edit_outside, tab_separated, write_result
from llmtui.tui.texts import t
from llmtui.tui.verdicts import keep_answer
from llmtui.tui.widgets.chart import ChartView
from llmtui.tui.widgets.sqlarea import SqlArea
from llmtui.workspace.errors import LlmtuiError

if TYPE_CHECKING:
    from llmtui.inference.answer import Answer


class AnsweredScreen(LlmtuiScreen):
    """A screen with an SqlArea, a ChartView and the place #result."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.asked = ""
        """The last question."""
        self.whole = ""
        """What it says without the question before it; "" when that cannot be told."""
        self.answer: Answer | None = None
        self.proposed = ""
        """The SQL that the model answered with, to tell a correction."""
        self.chart: Chart | None = None
        self.kept = 0
        """The last question's id in the history."""
        self.keeping = Lock()
        """Held while a verdict is written, so that the later one stays."""

    def show_chart(self, wanted: bool) -> None:
        self.query_one("#result").display = not wanted
        self.query_one(ChartView).display = wanted
        if wanted and self.chart is not None:
            self.query_one(ChartView).draw(self.chart)

    def action_chart(self) -> None:
        """Rows or chart."""
        if self.chart is None:
            self.notify(t("no_chart"), severity="warning", markup=False)
        else:
            self.show_chart(not self.query_one(ChartView).display)

    def action_accept(self) -> None:
        """Keep the question and its SQL, corrected or not, as an instruction."""
        if self.answer is None or self.answer.status != "ok":
            self.notify(t("nothing_to_accept"), severity="warning", markup=False)
            return
        self.judge("accepted" if self.answer.sql == self.proposed else "corrected")

    def action_reject(self) -> None:
        """Note that the answer is wrong, so that it is never trained on."""
        if self.answer is not None and self.answer.sql:
            self.judge("rejected")

    def judge(self, verdict: str) -> None:
        if not self.asked or self.answer is None:
            self.notify(t("nothing_to_accept"), severity="warning", markup=False)
            return
        if not self.whole:
            self.notify(t("not_whole", question=self.asked), severity="warning", markup=False)
            return
        self.keep(self.whole, self.answer.sql, verdict, self.kept)

    @work(thread=True, group="keep")
    def keep(self, question: str, sql: str, verdict: str, number: int) -> None:
        """Write the verdict; among thousands of rows that takes a moment."""
        try:
            with self.keeping:
                keep_answer(self.session, question, sql, verdict)
                self.session.history().judge(number, verdict)
        except LlmtuiError as error:
            self.from_thread(self.problem, error)
        else:
            told = t("rejected" if verdict == "rejected" else "accepted")
            self.from_thread(self.told, told)

    def action_copy(self) -> None:
        copy_text(self.app, self.query_one(SqlArea).text)
        self.notify(t("copied"), markup=False)

    def action_copy_result(self) -> None:
        if self.answer is not None and self.answer.columns:
            copy_text(self.app, tab_separated(self.answer.columns, self.answer.rows))
            self.notify(t("copied"), markup=False)

    @work
    async def action_export(self) -> None:
        """Write the result to a file that the person names."""
        answer = self.answer
        if answer is None or not answer.columns:
            self.notify(t("nothing_to_export"), severity="warning", markup=False)
            return
        file = await self.ask_file(t("export_result"), "answer.csv")
        if file is not None:
            try:
                write_result(file, answer.columns, answer.rows)
            except LlmtuiError as error:
                self.problem(error)
            else:
                self.notify(t("saved_to", file=file), markup=False)

    def action_editor(self) -> None:
        area = self.query_one(SqlArea)
        try:
            area.load_text(edit_outside(self.app, area.text, ".sql").rstrip("\n"))
        except LlmtuiError as error:
            self.problem(error)
