"""How fast the app draws: a result of 100,000 rows, and scrolling while a model answers.

The app runs without a terminal at 120×40, on a generated DuckDB file. "rows" is from the moment
that DuckDB's rows are there to the drawn table, with its checks and the SQL in plain words above
it. Then the table is scrolled by the wheel, three rows at a time, as fast as it is drawn, in three
surroundings: nothing else, llama.cpp writing in a thread of the app (the base model, all cores),
and as many processes as there are cores multiplying matrices, as training does. "frames" is how
many are drawn a second, "slowest" the 95th percentile of the time from the wheel to its frame,
"page" the time of a whole page, of which no row was there before.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import duckdb
from common import arguments, finish
from textual.pilot import Pilot

from llmtui.database.execute import Access, Database
from llmtui.inference.answer import run_sql
from llmtui.inference.engine import Engine
from llmtui.quantize.bases import find_base
from llmtui.tui.app import LlmtuiApp
from llmtui.tui.screens.ask import AskScreen
from llmtui.tui.widgets.results import Results
from llmtui.workspace.machine import lower_priority, step_back

ROWS = 100_000
SQL = "SELECT * FROM sales"
MAKE = f"""
CREATE TABLE sales AS SELECT i AS id, 'customer ' || (i % 977) AS customer, i * 0.37 AS amount,
    DATE '2020-01-01' + CAST(i % 1500 AS INTEGER) AS day, '客户' || (i % 31) AS note
FROM range({ROWS}) AS r(i)
"""
TRAIN = "import numpy as n\na = n.random.rand(700, 700).astype('f')\nwhile True: a @ a"


def main() -> int:
    options = arguments(__doc__).parse_args()
    seconds = 3.0 if options.quick else 15.0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LLMTUI_HOME"] = folder
        os.environ["LLMTUI_MAX_ROWS"] = str(ROWS)
        source = Path(folder) / "sales.duckdb"
        with duckdb.connect(str(source)) as connection:
            connection.execute(MAKE)
        results = asyncio.run(measured(source, seconds))
    writing, training = results["while a model answers"], results["while cores are busy"]
    bars = {
        "seconds from rows to screen": (results["rows"], 0.5, results["rows"] <= 0.5),
        "frames a second while a model answers": (
            writing["frames"], 30.0, writing["frames"] >= 30
        ),
        "seconds of a frame while all cores are busy": (
            training["slowest"], 0.06, training["slowest"] <= 0.06
        ),
    }  # fmt: skip
    return finish(options, results, bars)


async def measured(source: Path, seconds: float) -> dict[str, Any]:
    """Everything that is measured, in one run of the app."""
    app = LlmtuiApp(source)
    async with app.run_test(size=(120, 40)) as pilot:
        app.go("ask")
        while not isinstance(app.screen, AskScreen) or not app.screen.query(Results):
            await pilot.pause(0.1)
        assert app.session is not None
        database = Database.open(source, Access.of(app.session.settings))
        answer = run_sql(database, SQL)
        assert answer.row_count == ROWS, answer.message
        took = []
        for _ in range(5):
            began = time.monotonic()
            await app.screen.show(answer)
            await pilot.pause()
            took.append(time.monotonic() - began)
        found: dict[str, Any] = {"rows": median(took), "load": os.getloadavg()}
        found["with nothing else"] = await scrolled(pilot, seconds)
        with answering():
            found["while a model answers"] = await scrolled(pilot, seconds)
        with training():
            found["while cores are busy"] = await scrolled(pilot, seconds)
        database.close()
    for name, one in found.items():
        if isinstance(one, dict):
            told = f"{one['frames']:.0f} frames/s, slowest {one['slowest'] * 1e3:.0f} ms"
            print(f"{name}: {told}, a page {one['page'] * 1e3:.0f} ms")
    return found


async def scrolled(pilot: Pilot[int], seconds: float) -> dict[str, float]:
    """Frames a second by the wheel, its slowest of twenty, and how long a whole page takes."""
    table = pilot.app.screen.query_one("#result", Results).table
    assert table is not None
    table.focus()
    table.move_cursor(row=0)
    await pilot.pause()

    async def times(scroll: Callable[[], None], seconds: float) -> list[float]:
        took = []
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            began = time.monotonic()
            scroll()
            drawn = asyncio.Event()
            pilot.app.call_later(pilot.app.screen.call_after_refresh, drawn.set)
            await drawn.wait()
            took.append(time.monotonic() - began)
        return took

    wheel = await times(lambda: table.scroll_relative(y=3, animate=False), seconds)
    pages = await times(table.action_page_down, seconds / 3)
    assert not table.is_vertical_scroll_end
    return {
        "frames": len(wheel) / sum(wheel),
        "slowest": quantiles(wheel, n=20)[-1],
        "page": median(pages),
    }


@contextmanager
def answering() -> Iterator[None]:
    """A model that writes and writes, in a thread of this process."""
    over = threading.Event()
    with Engine(find_base("smollm2-135m")) as engine:

        def write() -> None:
            step_back()
            tokens = engine.tokenize("Once upon a time")
            while not over.is_set():
                for _ in engine.stream(tokens, max_tokens=200):
                    if over.is_set():
                        return

        thread = threading.Thread(target=write)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextmanager
def training() -> Iterator[None]:
    """As many busy processes as there are cores."""
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-c", TRAIN]
    busy = [subprocess.Popen(command, env=os.environ | one) for _ in range(os.cpu_count() or 1)]
    for process in busy:  # as the app does with a tune
        lower_priority(process.pid)
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
