"""Tune: a budget, one key to start; stages, plan, progress, loss and log. It outlives the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import ProgressBar, RichLog, Select, Static

from llmtui.database.text import safe_text
from llmtui.tui.budget import FIELDS, accuracy_text, offers, plan_text, progress_text
from llmtui.tui.jobs import STAGES, TuneState, tune_command
from llmtui.tui.keys import bindings
from llmtui.tui.runlist import runs_of
from llmtui.tui.screens.base import LlmtuiScreen
from llmtui.tui.session import Session
from llmtui.tui.texts import own_words, t
from llmtui.tui.tunelog import line_of
from llmtui.workspace import settings as settings_of
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.project import start

if TYPE_CHECKING:
    from textual_plot import PlotWidget

_MARKS = {"": "○", "running": "▶", "done": "✓"}


class TuneScreen(LlmtuiScreen):
    place = "tune"
    BINDINGS = bindings("tune")
    AUTO_FOCUS = ""
    """Nothing, so that Enter starts; Tab goes to the budget."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session, self.settings = session, session.settings
        self.job = session.job
        self.drawn = self.seen = 0
        self.number = -1
        self.was_running = self.job.running

    def content(self) -> ComposeResult:
        from textual_plot import PlotWidget

        with Horizontal(id="budget"):
            for name in FIELDS:
                value = str(getattr(self.settings, name))
                options = offers(name, self.settings)
                yield Select(options, value=value, allow_blank=False, id=name, compact=True)
        yield Static("", id="state")
        yield Static("", id="stages")
        yield ProgressBar(id="bar", show_eta=False)
        yield Static("", id="numbers")
        plot = PlotWidget(id="plot", allow_pan_and_zoom=False)
        plot.can_focus = False
        yield plot
        log = RichLog(id="log", wrap=True, markup=False, highlight=False)
        log.can_focus = False
        yield log

    def on_mount(self) -> None:
        plot = self.plot
        plot.margin_top, plot.margin_bottom, plot.margin_left = 0, 1, 6
        plot.border_title = f"{t('loss')} / {t('step')}"
        self.follow()
        self.set_interval(0.5, self.follow)

    def on_screen_resume(self) -> None:
        """Offer what is in force now: the settings may have been changed elsewhere."""
        if not self.is_mounted:
            return
        try:
            self.settings = self.session.settings
        except LlmtuiError as error:
            self.problem(error)
            return
        for name in FIELDS:
            select = self.query_one(f"#{name}", Select)
            with self.prevent(Select.Changed):
                select.set_options(offers(name, self.settings))
                select.value = str(getattr(self.settings, name))

    @property
    def plot(self) -> PlotWidget:
        from textual_plot import PlotWidget

        return self.query_one("#plot", PlotWidget)

    @on(Select.Changed)
    def choose(self, event: Select.Changed) -> None:
        """Write a choice into the project, where the command line heeds it too."""
        name = event.select.id or ""
        try:
            if str(getattr(self.session.settings, name)) == str(event.value):
                return
            start(self.session.project, self.session.source)
            settings_of.save_project(self.session.project.file, **{name: event.value})
        except LlmtuiError as error:
            self.problem(error)
        self.set_focus(None)
        self.follow()

    def follow(self) -> None:
        """Draw what is new; the app reads the events."""
        log = next(iter(self.query("#log").results(RichLog)), None)
        if log is None:  # left meanwhile
            return
        if self.number != self.job.number:
            log.clear()
            self.number, self.seen, self.drawn = self.job.number, 0, 0
        events = self.job.events[self.seen :]
        self.seen += len(events)
        for event in events:
            text = line_of(event)
            if text:
                log.write(Text(safe_text(text)))
        state, running = self.job.state, self.job.running
        self.query_one("#budget").display = not running
        self.query_one("#state", Static).update(Text(self.sentence(state, running=running)))
        self.query_one("#stages", Static).update(
            Text("   ".join(f"{_MARKS[state.stages[s]]} {t(f'stage_{s}')}" for s in STAGES))
        )
        self.show_progress(state)
        self.draw_losses(state)
        if running != self.was_running:
            self.was_running = running
            self.refresh_bindings()

    def sentence(self, state: TuneState, *, running: bool) -> str:
        """Where the tune stands and what can be done, in a sentence."""
        if running:
            text = t("tune_running")
        elif state.failed:
            text = t("tune_failed", why=safe_text(own_words(state.failed)))
        elif state.done:
            text = t("tune_done")
        elif state.paused:
            text = t("tune_paused")
        else:
            text = t("tune_died") if self.job.died else t("tune_idle")
        return "\n".join(filter(None, (text, plan_text(state.plan), accuracy_text(state.scores))))

    def show_progress(self, state: TuneState) -> None:
        bar, numbers = self.query_one("#bar", ProgressBar), self.query_one("#numbers", Static)
        step = state.progress
        done = state.done and not self.job.running
        bar.display = self.job.running or done
        if step is None or done:
            bar.update(total=1 if done else None, progress=1 if done else 0)
            numbers.update("")
            return
        bar.update(total=step.of or None, progress=step.step)
        numbers.update(Text(progress_text(step)))

    def draw_losses(self, state: TuneState) -> None:
        self.plot.display = len(state.losses) > 1
        if len(state.losses) < 2 or len(state.losses) == self.drawn:
            return
        from textual_hires_canvas import HiResMode

        self.drawn = len(state.losses)
        steps, losses = zip(*state.losses, strict=True)
        plot = self.plot
        plot.clear()
        plot.set_ylimits(0, max(losses) * 1.05)
        plot.set_xlimits(0, max(steps))
        plot.plot(steps, losses, line_style="bright_blue", hires_mode=HiResMode.BRAILLE)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now: to start, or to pause and stop what runs."""
        if action == "start":
            return not self.job.running
        if action in ("pause", "stop"):
            return self.job.running
        return super().check_action(action, parameters)

    async def action_start(self) -> None:
        if self.job.running:
            return
        try:
            start(self.session.project, self.session.source)
            await self.job.start(tune_command(self.session.project))
        except (LlmtuiError, OSError) as error:
            self.problem(error)
            return
        self.follow()

    def action_stop(self) -> None:
        self.told(t("stopping" if self.job.stop() else "breaking_off"))

    def action_pause(self) -> None:
        """Save where the tune is and end it; Enter goes on from there."""
        self.job.pause()
        self.notify(t("pausing"), markup=False)

    def action_toggle_log(self) -> None:
        log = self.query_one("#log")
        log.display = not log.display

    def action_toggle_runs(self) -> None:
        from llmtui.tui.screens.runs import RunsScreen

        self.app.push_screen(RunsScreen(runs_of(self.session.project)))
