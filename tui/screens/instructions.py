"""Instructions: the rows that a model learns from; filter, read, judge, edit, add, exchange."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.timer import Timer
from textual.widgets import Input, Select, Static
from textual_fastdatatable import DataTable

from llmtui.database.text import safe_text
from llmtui.tui.keys import bindings
from llmtui.tui.rowlist import (
    FIELDS,
    MARKS,
    Filter,
    checked,
    choices,
    coverage_text,
    exported,
    filtered,
    imported,
    judged,
    named,
    row_text,
    summary,
)
from llmtui.tui.screens.base import LlmtuiScreen
from llmtui.tui.session import Session
from llmtui.tui.texts import t, words_of
from llmtui.tui.verdicts import put_row, row_id, rows_of
from llmtui.tui.widgets.dialogs import PickPath
from llmtui.tui.widgets.results import Results
from llmtui.tui.widgets.roweditor import RowEditor
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.project import start
from llmtui.workspace.records import Instruction

_PAUSE = 0.2  # seconds


class InstructionsScreen(LlmtuiScreen):
    place = "instructions"
    BINDINGS = bindings("instructions")
    AUTO_FOCUS = ""
    """Nothing until there are rows, so that n and i work; then the rows."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.all: list[Instruction] = []
        self.shown: list[Instruction] = []
        self.changed = 0
        self.typing: Timer | None = None
        """Runs out a moment after the last key of the filter."""

    def content(self) -> ComposeResult:
        with Horizontal(id="filters"):
            yield Input(placeholder=t("find_row"), id="find", compact=True)
            for field in FIELDS:
                yield Select[str]([], prompt=t(f"by_{field}"), id=field, compact=True)
        yield Static("", id="summary", classes="quiet")
        yield Results(id="rows")
        with VerticalScroll(id="coverage", classes="frame"):
            yield Static("", id="covered")
        yield Static("", id="row", classes="facts")

    def on_mount(self) -> None:
        self.query_one("#coverage").display = False

    def on_screen_resume(self) -> None:
        """Read the file when it is another than last time."""
        file = self.session.project.instructions
        stamp = file.stat().st_mtime_ns if file.is_file() else 0
        if self.is_mounted and (stamp != self.changed or not stamp):
            self.changed = stamp
            self.read()

    @work(thread=True, exclusive=True, group="read")
    def read(self) -> None:
        try:
            self.from_thread(self.take, rows_of(self.session.project))
        except LlmtuiError as error:
            self.from_thread(self.problem, error)

    async def take(self, rows: list[Instruction]) -> None:
        """Show other rows: first what can be filtered by, then those that pass the filter."""
        self.all = rows
        for field in FIELDS:
            select = self.query_one(f"#{field}", Select)
            chosen = select.value
            options = [(f"{safe_text(named(v))[:18]} {n:,}", v) for v, n in choices(rows, field)]
            with self.prevent(Select.Changed):
                select.set_options(options)
                if chosen in [value for _, value in options]:
                    select.value = chosen
        await self.show()
        if self.query_one("#coverage").display:
            self.count(rows)

    @on(Input.Changed, "#find")
    def typed(self) -> None:
        """Filter once no key has come for a moment: among thousands of rows it takes longer."""
        if self.typing is not None:
            self.typing.stop()
        self.typing = self.set_timer(_PAUSE, self.show)

    @on(Select.Changed)
    async def show(self) -> None:
        wanted = {field: self.query_one(f"#{field}", Select).value for field in FIELDS}
        given = {name: value for name, value in wanted.items() if isinstance(value, str)}
        self.shown = filtered(self.all, Filter(self.query_one("#find", Input).value, **given))
        text = summary(self.all, len(self.shown)) if self.all else t("no_rows_yet")
        self.query_one("#summary", Static).update(Text(text))
        columns = (" ", t("by_lang"), t("row_question"), "SQL", t("by_shape"), t("by_origin"))
        cells = [
            (MARKS[r.status], r.lang, r.question, r.target, named(r.shape), named(r.origin))
            for r in self.shown
        ]
        results = self.query_one("#rows", Results)
        place = results.table.cursor_row if results.table is not None else 0
        await results.show(columns if cells else (), cells)
        if results.table is None:
            self.query_one("#row", Static).update("")
            return
        if self.focused is None:
            results.table.focus()
        self.call_after_refresh(results.table.move_cursor, row=min(place, len(cells) - 1))
        self.describe()

    def action_find(self) -> None:
        """Go to the field that filters the rows."""
        self.query_one("#find", Input).focus()

    @on(Input.Submitted, "#find")
    def found(self) -> None:
        table = self.query_one("#rows", Results).table
        if table is not None:
            table.focus()

    @property
    def current(self) -> Instruction | None:
        """The highlighted row; None while none is shown."""
        rows = self.query_one("#rows", Results)
        table = rows.table if rows.display else None
        if table is None or not 0 <= table.cursor_row < len(self.shown):
            return None
        return self.shown[table.cursor_row]

    @on(DataTable.RowHighlighted)
    def describe(self) -> None:
        row = self.current
        if row is not None:
            self.query_one("#row", Static).update(row_text(row))

    @on(DataTable.RowSelected)
    def selected(self) -> None:
        self.action_edit()

    def action_judge(self, status: str) -> None:
        """Accept or reject the highlighted row; once more takes it back."""
        row = self.current
        if row is not None:
            self.store(lambda: judged(self.session.project, row.id, status))

    def action_edit(self) -> None:
        row = self.current
        if row is not None:
            self.edit(row, row)

    def action_new(self) -> None:
        self.edit(Instruction("new", "", origin="written", status="accepted"), None)

    @work
    async def edit(self, row: Instruction, old: Instruction | None) -> None:
        """Open the editor; a row that was changed counts as written by hand."""
        session = self.session

        def check(edited: Instruction) -> tuple[Instruction | None, str]:
            return checked(session.database(), edited)

        edited = await self.app.push_screen_wait(RowEditor(row, session.schema, check))
        if edited is None:
            return
        if old is not None and (edited.question, edited.target) == (old.question, old.target):
            return
        from llmtui.trainer.evaluate.run import language_of

        lang, id = language_of(edited.question), row_id(edited.question, edited.target)
        new = replace(edited, id=id, lang=lang, origin="written", status="accepted")

        def save() -> list[Instruction]:
            start(session.project, session.source)
            if old is not None and old.status != "rejected":
                judged(session.project, old.id, "rejected")
            put_row(session.project, new)
            return rows_of(session.project)

        self.store(save)

    @work(thread=True, exclusive=True, group="store")
    def store(self, change: object) -> None:
        """Run a change of the file and show what it leaves."""
        assert callable(change)
        try:
            rows = change()
        except LlmtuiError as error:
            self.from_thread(self.problem, error)
            return
        self.changed = self.session.project.instructions.stat().st_mtime_ns
        self.from_thread(self.take, rows)

    def action_cover(self) -> None:
        """Show the coverage picture in the place of the rows, or the rows again."""
        picture = self.query_one("#coverage")
        picture.display = not picture.display
        for name in ("#rows", "#row"):
            self.query_one(name).display = not picture.display
        if picture.display:
            self.query_one("#covered", Static).update(Text(t("counting")))
            picture.focus()
            self.count(self.all)
        elif (table := self.query_one("#rows", Results).table) is not None:
            table.focus()

    @work(thread=True, exclusive=True, group="count")
    def count(self, rows: list[Instruction]) -> None:
        """Draw the coverage picture of all rows."""
        from llmtui.tui.pipeline import parse_languages

        try:
            languages = parse_languages(self.session.settings.languages)
            told = coverage_text(rows, self.session.database().schema, languages)
        except LlmtuiError as error:
            told = Text(words_of(error))
        self.from_thread(self.query_one("#covered", Static).update, told)

    @work
    async def action_take(self) -> None:
        """Import rows from a file."""
        file = await self.app.push_screen_wait(PickPath(Path.cwd(), (".jsonl", ".json", ".csv")))
        if file is not None:
            self.bring_in(file)

    @work(thread=True)
    def bring_in(self, file: Path) -> None:
        session = self.session
        try:
            start(session.project, session.source)
            kept, dropped = imported(session.database(), session.project, file)
            rows = rows_of(session.project)
        except LlmtuiError as error:
            self.from_thread(self.problem, error)
            return
        self.from_thread(self.told, t("imported", kept=kept, dropped=dropped))
        self.from_thread(self.take, rows)

    @work
    async def action_give(self) -> None:
        """Export the rows that are shown."""
        file = await self.ask_file(t("export_rows"), "rows.jsonl")
        if file is not None:
            try:
                exported(file, self.shown)
            except LlmtuiError as error:
                self.problem(error)
            else:
                self.told(t("saved_to", file=file))
