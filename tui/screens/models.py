"""Models: bases and tuned ones, their size, score and mix; use, talk with, add, delete."""

from __future__ import annotations

from asyncio import create_subprocess_exec
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import DataTable, Static

from llmtui.database.text import safe_text
from llmtui.tui.keys import bindings
from llmtui.tui.modellist import (
    Model,
    delete,
    fetched,
    mix_text,
    models_here,
    quantize_command,
    use,
)
from llmtui.tui.screens.base import LlmtuiScreen
from llmtui.tui.session import Session
from llmtui.tui.texts import t, words_of
from llmtui.tui.widgets.dialogs import AskText, Confirm
from llmtui.tui.widgets.lists import Rows
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.events import Failed, from_line
from llmtui.workspace.paths import typed_path
from llmtui.workspace.project import start


class ModelsScreen(LlmtuiScreen):
    place = "models"
    BINDINGS = bindings("models")

    def __init__(self, session: Session | None) -> None:
        super().__init__()
        self.session = session
        self.models: list[Model] = []
        self.adding = ""
        """What is being added, '' when nothing is."""
        self.making = ""
        """What is being quantized, '' when nothing is."""
        self.ticker: Timer | None = None

    def content(self) -> ComposeResult:
        yield Static("", id="adding", classes="quiet")
        yield Rows(id="models", cursor_type="row", zebra_stripes=True, classes="frame")
        yield Static(Text(t("reading")), id="facts", classes="facts")

    def on_mount(self) -> None:
        table = self.query_one(Rows)
        names = ("in_use", "model_name", "model_kind", "size", "score", "comes_from")
        table.add_columns(*(Text(t(name)) for name in names))
        table.focus()
        self.query_one("#adding").display = False

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.read()

    @work(thread=True, exclusive=True, group="read")
    def read(self) -> None:
        project = self.session.project if self.session else None
        try:
            self.from_thread(self.show, models_here(project))
        except (LlmtuiError, OSError) as error:
            self.from_thread(self.problem, error)

    def show(self, models: list[Model]) -> None:
        table = self.query_one(Rows)
        row = table.cursor_row
        self.models = models
        table.clear()
        for model in models:
            score = f"{model.score:.0%} ({model.asked})" if model.score is not None else ""
            table.add_row(
                Text("●" if self.in_use(model) else ""),
                Text(safe_text(model.name)[:48]),
                Text(t(f"kind_{model.kind}")),
                Text(f"{model.size / 1e6:,.0f} MB", justify="right"),
                Text(score),
                Text(safe_text(Path(model.origin).name if model.project else model.origin)),
            )
        if models:
            table.move_cursor(row=min(row, len(models) - 1))
        else:
            self.query_one("#facts", Static).update(Text(t("no_models")))

    def in_use(self, model: Model) -> bool:
        """Whether it answers here (tuned), or is tuned next (base)."""
        if model.kind == "tuned":
            own = self.session is not None and model.project is not None
            return own and model.path == self.session.project.model  # type: ignore[union-attr]
        return self.session is not None and model.name == self.session.settings.base

    @property
    def current(self) -> Model | None:
        row = self.query_one(Rows).cursor_row
        return self.models[row] if 0 <= row < len(self.models) else None

    @on(DataTable.RowHighlighted)
    def describe(self) -> None:
        model = self.current
        if model is not None:
            self.query_one("#facts", Static).update(facts(model, ""))
            self.read_mix(model)

    @work(thread=True, exclusive=True, group="mix")
    def read_mix(self, model: Model) -> None:
        try:
            told = mix_text(model.path) if model.path is not None else t("not_unpacked")
        except (LlmtuiError, OSError) as error:
            told = words_of(error)
        self.from_thread(self.show_mix, model, told)

    def show_mix(self, model: Model, told: str) -> None:
        if model is self.current:
            self.query_one("#facts", Static).update(facts(model, told))

    @on(DataTable.RowSelected)
    def selected(self) -> None:
        self.action_use()

    def action_use(self) -> None:
        model = self.current
        if model is None or self.session is None:
            self.notify(t("open_first"), severity="warning", markup=False)
            return
        try:
            start(self.session.project, self.session.source)
            use(self.session.project, model)
        except LlmtuiError as error:
            self.problem(error)
            return
        self.notify(t(f"used_{model.kind}", name=safe_text(model.name)), markup=False)
        self.read()

    def action_chat(self) -> None:
        """Talk with the highlighted model."""
        model = self.current
        if model is None or model.path is None or self.session is None:
            self.notify(t("open_first"), severity="warning", markup=False)
            return
        self.session.talk_with = model.path
        self.app.go("chat")

    @work
    async def action_quantize(self) -> None:
        """Make a file of another level of the highlighted tuned model; it is then in use."""
        from llmtui.tui.widgets.levels import PickLevel

        model = self.current
        if self.making or model is None:
            return
        if model.run is None or not (model.run / "adapter").is_dir():
            self.notify(t("not_quantizable"), severity="warning", markup=False)
            return
        level = await self.app.push_screen_wait(PickLevel(model.name, model.run))
        if level:
            await self.quantize(model, level)

    async def quantize(self, model: Model, level: str) -> None:
        """Quantize and verify in a process of its own, which tells its events."""
        self.making = t("quantizing", name=safe_text(model.name), level=level)
        adding = self.query_one("#adding", Static)
        adding.display = True
        adding.update(Text(self.making))
        child = await create_subprocess_exec(
            *quantize_command(model, level), stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
        )
        out, _ = await child.communicate()
        events = [from_line(line) for line in out.decode("utf-8", "replace").splitlines()]
        failed = next((event.message for event in events if isinstance(event, Failed)), "")
        self.making = ""
        adding.display = bool(self.adding)
        if child.returncode:
            self.problem(failed or t("quantize_failed", code=child.returncode))
        else:
            self.notify(t("quantized", level=level), markup=False)
        self.read()

    @work
    async def action_delete(self) -> None:
        model = self.current
        if model is None:
            return
        question = t("delete_model", name=safe_text(model.name), size=f"{model.size / 1e6:,.0f}")
        if await self.app.push_screen_wait(Confirm(question, t("delete"))):
            try:
                delete(model)
            except LlmtuiError as error:
                self.problem(error)
            self.read()

    @work
    async def action_add(self) -> None:
        """Add a base from a file or, only here, from a hub."""
        if self.adding:
            return
        name = await self.app.push_screen_wait(AskText(t("add_model"), placeholder="OWNER/NAME"))
        if name:
            self.adding = name
            self.query_one("#adding").display = True
            self.ticker = self.set_interval(0.5, self.tick)
            self.add(name)

    def tick(self) -> None:
        text = t("adding", name=safe_text(self.adding), size=f"{fetched() / 1e6:,.1f}")
        self.query_one("#adding", Static).update(Text(text))

    @work(thread=True, group="add")
    def add(self, name: str) -> None:
        from llmtui.quantize.bases import add_file, add_folder
        from llmtui.quantize.hub import add_from_hub, is_repository

        try:
            file = typed_path(name)
            if file.is_dir():
                target = add_folder(file)
            elif file.is_file() or name.endswith(".gguf") or not is_repository(name):
                target = add_file(file)
            else:
                target = add_from_hub(name)
        except LlmtuiError as error:
            self.from_thread(self.added, error, "")
        else:
            self.from_thread(self.added, None, target.stem)

    def added(self, error: LlmtuiError | None, name: str) -> None:
        self.adding = ""
        self.query_one("#adding").display = bool(self.making)
        if self.ticker is not None:
            self.ticker.stop()
        if error is not None:
            self.problem(error)
        else:
            self.notify(t("added", name=name), markup=False)
        self.read()

    def unsaved(self) -> str:
        download = t("download_stops", name=safe_text(self.adding)) if self.adding else ""
        return "\n".join(filter(None, (download, self.making)))


def facts(model: Model, mix: str) -> Text:
    """What is known of a model, in a few lines."""
    text = Text(safe_text(model.name), style="bold")
    for label, value in (
        (t("weights"), mix or "…"),
        (t("comes_from"), model.origin),
        (t("licence"), model.licence or t("as_base")),
        (t("file"), str(model.path or "")),
    ):
        text.append(f"\n{label}: ", style="dim not bold")
        text.append(safe_text(value), style="not bold")
    if model.score is not None:
        told = t("scored", share=f"{model.score:.1%}", asked=model.asked)
        text.append(f"\n{told}", style="not bold")
    return text
