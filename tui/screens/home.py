"""Home: the five steps with the next one highlighted, and the tables of the open source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Footer, Header, Input, OptionList, Static

from llmtui.tui.keys import bindings
from llmtui.tui.screens.base import LlmtuiScreen
from llmtui.tui.session import Session
from llmtui.tui.texts import t
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.project import recent

if TYPE_CHECKING:
    from llmtui.database.schema import Schema


class HomeScreen(LlmtuiScreen):
    BINDINGS = bindings("home")

    def __init__(self, session: Session | None) -> None:
        super().__init__()
        self.session = session
        self.facts = ""
        self.choices: list[Path] = []

    def compose(self) -> ComposeResult:
        yield Header()
        with Vertical(id="body"):
            yield Static("", classes="problem", id="problem")
            if self.session is None:
                yield Static(Text(t("no_source")), classes="heading")
                yield Static(Text(t("open_one")), classes="quiet")
                yield Input(placeholder=t("path"), id="path")
                yield Static(Text(t("recent")), classes="heading")
                yield OptionList(id="recent")
            else:
                for number in range(1, 6):
                    yield Static("", classes="step", id=f"step{number}")
                with VerticalScroll(id="schema"):
                    yield Static("", id="tables")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#problem").display = bool(self.app.problem)
        self.query_one("#problem", Static).update(Text(self.app.problem))
        if self.session is None:
            self.choices = [p.source for p in recent() if p.source is not None]
            options = self.query_one("#recent", OptionList)
            options.add_options([Text(str(path)) for path in self.choices])
            return
        self.show_steps()
        self.set_interval(2.0, self.show_steps)
        self.read_schema()

    def show_steps(self) -> None:
        """Each step with its state; the next one stands out."""
        assert self.session is not None
        for number, (state, text) in enumerate(steps(self.session, self.facts), 1):
            row = self.query_one(f"#step{number}", Static)
            row.set_classes(f"step {state}")
            mark = {"done": "✓", "next": "▶", "later": "·"}[state]
            row.update(Text(f"{mark} {number}  {t(f'step{number}')}: {text}"))

    @work(thread=True)
    def read_schema(self) -> None:
        assert self.session is not None
        try:
            schema = self.session.database().schema
        except LlmtuiError as error:
            self.from_thread(self.tell, str(error))
            return
        self.from_thread(self.show_schema, schema)

    def tell(self, problem: str) -> None:
        self.query_one("#problem").display = True
        self.query_one("#problem", Static).update(Text(problem))

    def show_schema(self, schema: Schema) -> None:
        from llmtui.database.text import safe_text

        rows = sum(table.row_count for table in schema.tables)
        self.facts = t("tables", tables=len(schema.tables), rows=f"{rows:,}")
        text = Text()
        for table in schema.tables:
            text.append(safe_text(table.name), style="bold")
            note = f"  {table.comment}" if table.comment else ""
            text.append(f"  {table.row_count:,}{safe_text(note)}\n", style="dim")
            names = ", ".join(column.name for column in table.columns)
            text.append(f"  {safe_text(names)}\n")
        self.query_one("#tables", Static).update(text)
        self.show_steps()

    @on(Input.Submitted, "#path")
    def open_path(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.open(Path(event.value.strip()))

    @on(OptionList.OptionSelected, "#recent")
    def open_recent(self, event: OptionList.OptionSelected) -> None:
        self.open(self.choices[event.option_index])

    def action_demo(self) -> None:
        """Open the demo database, made when it is not there yet."""
        from llmtui.database.demo import write_demo
        from llmtui.workspace import paths

        try:
            if not paths.demo_file().is_file():
                write_demo(paths.demo_file())
        except LlmtuiError as error:
            self.tell(str(error))
            return
        self.open(paths.demo_file())

    def open(self, path: Path) -> None:
        if self.app.open_source(path):
            self.app.go("home")
        else:
            self.tell(self.app.problem)


def steps(session: Session, facts: str) -> list[tuple[str, str]]:
    """(state, text) of the five steps: done, next (one of them) or later."""
    project, running = session.project, session.job.running
    rows = ""
    if project.instructions.is_file():
        with project.instructions.open("rb") as file:
            rows = t("rows", rows=f"{sum(1 for _ in file):,}")
    run = project.latest_run()
    trained = run is not None and (run / "adapter").is_dir()
    model = project.model
    tuning = t("running") if running else t("unfinished") if run and not trained else ""
    states = [bool(facts), bool(rows), trained, model is not None, False]
    texts = [
        facts or t("reading"),
        rows or t("none_yet"),
        tuning or (t("run_done", run=run.name) if run and trained else t("none_yet")),
        f"{model.name}, {model.stat().st_size / 1e6:.0f} MB" if model else t("none_yet"),
        t("press_a") if model else t("no_model"),
    ]
    following = states.index(False)
    if 1 <= following <= 3 and not running and not tuning:
        texts[following] = f"{texts[following]} · {t('press_t')}"
    return [
        ("done" if done else "next" if place == following else "later", text)
        for place, (done, text) in enumerate(zip(states, texts, strict=True))
    ]
