"""Tune: one key starts it; stages, progress, loss, time left and log. It outlives the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import ProgressBar, RichLog, Static

from llmtui.tui.commands.common import describe, duration
from llmtui.tui.jobs import STAGES, TuneState, tune_command
from llmtui.tui.keys import bindings
from llmtui.tui.screens.base import LlmtuiScreen
from llmtui.tui.session import Session
from llmtui.tui.texts import t
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.project import start

if TYPE_CHECKING:
    from textual_plot import PlotWidget


_MARKS = {"": "○", "running": "▶", "done": "✓"}


class TuneScreen(LlmtuiScreen):
    place = "tune"
    BINDINGS = bindings("tune")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.job = session.job
        self.drawn = self.seen = 0
        self.number = -1

    def content(self) -> ComposeResult:
        from textual_plot import PlotWidget

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

    @property
    def plot(self) -> PlotWidget:
        from textual_plot import PlotWidget

        return self.query_one("#plot", PlotWidget)

    def follow(self) -> None:
        """Read what is new and draw it."""
        log = self.query_one("#log", RichLog)
        if self.number != self.job.number:
            log.clear()
            self.number, self.seen, self.drawn = self.job.number, 0, 0
        events = self.job.events[self.seen :]
        self.seen += len(events)
        for event in events:
            text = describe(event)
            if text:
                from llmtui.database.text import safe_text

                log.write(Text(safe_text(text)))
        state, running = self.job.state, self.job.running
        self.query_one("#state", Static).update(Text(self.sentence(state, running=running)))
        self.query_one("#stages", Static).update(
            Text("   ".join(f"{_MARKS[state.stages[s]]} {t(f'stage_{s}')}" for s in STAGES))
        )
        self.show_progress(state)
        self.draw_losses(state)

    def sentence(self, state: TuneState, *, running: bool) -> str:
        if running:
            return t("tune_running")
        if state.failed:
            return t("tune_failed", why=state.failed)
        if state.done:
            return t("tune_done")
        return t("tune_died") if self.job.died else t("tune_idle")

    def show_progress(self, state: TuneState) -> None:
        bar, numbers = self.query_one("#bar", ProgressBar), self.query_one("#numbers", Static)
        step = state.progress
        if step is None:
            done = state.done and not self.job.running
            bar.update(total=1 if done else None, progress=1 if done else 0)
            bar.display = self.job.running or done
            scores = [f"{s.name} {s.hits}/{s.of}" for s in state.scores if s.metric == "strict"]
            numbers.update(Text("   ".join(scores)))
            return
        bar.display = True
        bar.update(total=step.of or None, progress=step.step)
        parts = [f"{step.step}/{step.of}"]
        if step.loss is not None:
            parts.append(f"{t('loss')} {step.loss:.3f}")
        if step.rate is not None:
            parts.append(f"{step.rate:.1f} {step.unit}/s")
        if step.seconds_left is not None:
            parts.append(t("left", time=duration(step.seconds_left)))
        numbers.update(Text("   ".join(parts)))

    def draw_losses(self, state: TuneState) -> None:
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

    async def action_start(self) -> None:
        if self.job.running:
            return
        try:
            start(self.session.project, self.session.source)
            await self.job.start(tune_command(self.session.project))
        except (LlmtuiError, OSError) as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.follow()

    def action_stop(self) -> None:
        self.job.stop()
