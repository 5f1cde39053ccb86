"""A chart in place of a result: bars as text, a series as a line."""

from __future__ import annotations

from rich.markup import escape
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.widgets import Static
from textual_hires_canvas import HiResMode
from textual_plot import PlotWidget

from llmtui.tui.charts import Chart, bars


class ChartView(Container):
    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, classes="frame")

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="bars"):
            yield Static("", id="bar-text")
        plot = PlotWidget(id="line", allow_pan_and_zoom=False)
        plot.can_focus = False
        yield plot

    def draw(self, chart: Chart) -> None:
        line = chart.kind == "line"
        self.query_one("#bars").display = not line
        plot = self.query_one("#line", PlotWidget)
        plot.display = line
        if not line:
            width = (self.size.width or self.app.size.width) - 4
            self.query_one("#bar-text", Static).update(bars(chart, width))
            return
        plot.clear()
        low, high = min(chart.values), max(chart.values)
        room = (high - low) * 0.05 or 1.0
        plot.set_ylimits(low - room, high + room)
        plot.set_xlimits(min(chart.places), max(chart.places))
        plot.set_xlabel(escape(chart.title))
        plot.plot(
            chart.places, chart.values, line_style="bright_blue", hires_mode=HiResMode.BRAILLE
        )
