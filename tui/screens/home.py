"""Home: the five steps with the next one highlighted; without a source, what can be opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.events import Click
from textual.widgets import Button, Input, OptionList, Static

from llmtui.tui.keys import bindings
from llmtui.tui.screens.base import LlmtuiScreen
from llmtui.tui.session import Session
from llmtui.tui.texts import t, words_of
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.project import recent

if TYPE_CHECKING:
    from llmtui.database.schema import Schema


STEPS = ("database", "instructions", "tune", "models", "ask")
"""The place of each step."""


class HomeScreen(LlmtuiScreen):
    place = "home"
    BINDINGS = bindings("home")

    def __init__(self, session: Session | None) -> None:
        super().__init__()
        self.session = session
        self.facts = ""
        self.choices: list[Path] = []

    def content(self) -> ComposeResult:
        yield Static("", classes="problem", id="problem")
        if self.session is None:
            yield from self.welcome()
            return
        for number in range(1, 6):
            yield Static("", classes="step", id=f"step{number}")
        with VerticalScroll(id="schema"):
            yield Static("", id="tables")

    def welcome(self) -> ComposeResult:
        """What to open: the demo, a file, something recent."""
        from llmtui.tui.widgets.lists import Options

        self.choices = [p.source for p in recent() if p.source is not None]
        yield Static(Text(t("welcome")), classes="heading")
        yield Button(Text(t("open_demo")), id="demo", compact=True)
        yield Button(Text(t("open_file")), id="pick", compact=True)
        yield Input(placeholder=t("path"), id="path")
        if self.choices:
            yield Static(Text(t("recent")), classes="heading")
            yield Options(*[Text(str(path)) for path in self.choices], id="recent")

    def on_mount(self) -> None:
        self.query_one("#problem").display = bool(self.app.problem)
        self.query_one("#problem", Static).update(Text(self.app.problem))
        if self.session is None:
            self.query_one("#recent" if self.choices else "#demo").focus()
            return
        self.show_steps()
        self.set_interval(2.0, self.show_steps)
        self.read_schema()

    def on_screen_resume(self) -> None:
        if self.session is not None and self.is_mounted and self.facts:
            self.show_steps()

    @on(Click, ".step")
    def step_clicked(self, event: Click) -> None:
        """Go where the step is done."""
        number = int((event.widget.id or "1")[-1]) if event.widget is not None else 1
        self.app.go(STEPS[number - 1])

    def show_steps(self) -> None:
        """Each step with its state; the next one stands out."""
        assert self.session is not None
        try:
            found = steps(self.session, self.facts)
        except (LlmtuiError, OSError) as error:
            self.tell(words_of(error))
            return
        for number, (state, text) in enumerate(found, 1):
            row = self.query_one(f"#step{number}", Static)
            row.set_classes(f"step {state}")
            mark = {"done": "✓", "next": "▶", "later": "·"}[state]
            row.update(Text(f"{mark} {number}  {t(f'step{number}')}: {text}"))

    @work(thread=True)
    def read_schema(self) -> None:
        assert self.session is not None
        try:
            self.from_thread(self.show_schema, self.session.outline())
            self.from_thread(self.show_schema, self.session.database().schema)
        except LlmtuiError as error:
            self.from_thread(self.tell, words_of(error))

    def tell(self, problem: str) -> None:
        self.query_one("#problem").display = True
        self.query_one("#problem", Static).update(Text(problem))

    def show_schema(self, schema: Schema) -> None:
        rows = sum(table.row_count for table in schema.tables)
        self.facts = t("tables", tables=len(schema.tables), rows=f"{rows:,}")
        self.query_one("#tables", Static).update(summary(schema))
        self.show_steps()

    @on(Input.Submitted, "#path")
    def open_path(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.open(Path(event.value.strip()))

    @on(OptionList.OptionSelected, "#recent")
    def open_recent(self, event: OptionList.OptionSelected) -> None:
        self.open(self.choices[event.option_index])

    @on(Button.Pressed)
    async def pressed(self, event: Button.Pressed) -> None:
        await self.run_action(event.button.id or "")

    def action_demo(self) -> None:
        """Open the demo database, made when it is not there yet."""
        self.make_demo()

    @work(thread=True, exclusive=True, group="demo")
    def make_demo(self) -> None:
        from llmtui.database.demo import write_demo
        from llmtui.workspace import paths

        try:
            if not paths.demo_file().is_file():
                write_demo(paths.demo_file())
        except LlmtuiError as error:
            self.from_thread(self.tell, words_of(error))
            return
        self.from_thread(self.open, paths.demo_file())

    @work
    async def action_pick(self) -> None:
        """Choose a file or folder."""
        from llmtui.tui.widgets.dialogs import SOURCES, PickPath

        folder = self.session.source.parent if self.session else Path.cwd()
        chosen = await self.app.push_screen_wait(PickPath(folder, SOURCES, folders=True))
        if chosen is not None:
            self.open(chosen)

    def open(self, path: Path) -> None:
        if self.app.open_source(path):
            self.app.go("home")
        else:
            self.tell(self.app.problem)


def summary(schema: Schema) -> Text:
    """A schema on few lines: tables with their comments, rows and columns."""
    from llmtui.database.text import safe_text

    text = Text()
    for table in schema.tables:
        text.append(safe_text(table.name), style="bold")
        note = f"  {table.comment}" if table.comment else ""
        text.append(f"  {table.row_count:,}{safe_text(note)}\n", style="dim")
        names = ", ".join(column.name for column in table.columns)
        text.append(f"  {safe_text(names)}\n")
    return text


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
        t("press_a") if model else t("after_tuning"),
    ]
    following = states.index(False)
    if 1 <= following <= 3 and not running and not tuning:
        texts[following] = f"{texts[following]} · {t('press_t')}"
    return [
        ("done" if done else "next" if place == following else "later", text)
        for place, (done, text) in enumerate(zip(states, texts, strict=True))
    ]
