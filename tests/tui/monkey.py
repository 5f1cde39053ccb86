"""Keys, clicks, commands of the palette, paths that are none and sizes at random on every screen;
no exception may end the app.

`python -m tests.tui.monkey --minutes 20 --seed 7` gives every screen so many minutes, tells how
many events it stood, and at the end all these numbers; it ends at the first exception, which it
shows. The same seed presses the same, as far as nothing waits for another process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from textual.errors import NoWidget
from textual.pilot import OutOfBounds, Pilot
from textual.widgets import Input

from llmtui.tui.app import LlmtuiApp
from llmtui.tui.keys import KEYS, PLACES
from llmtui.workspace.errors import ModelError
from tests.conftest import SHOP

WIDTHS, HEIGHTS = (40, 80, 120), (12, 24, 40)
MOVES = ("tab", "shift+tab", "up", "down", "left", "right", "home", "end", "pageup", "pagedown")
TYPED = ("space", "backspace", "enter", "escape", *"abcxyz[]1")
PATHS = ("x" * 300, "~nosuch/x.db", ".", "there.csv", "a/b", "\\", "there.csv/x.csv")
"""What is put into a field: too long, of nobody, a folder, a file that is there, none, below it."""
_BACK = 20  # events after which the screen that is meant is shown again


async def nothing(*_values: object) -> None:
    """In the place of what takes minutes (a tune), or ends the app."""


def refuse(*_values: object) -> Path:
    raise ModelError("There is no network for a monkey")


def tame(replace: Callable[[str, object], object]) -> None:
    """Take away what would leave the app, train, or go over the network."""
    replace("llmtui.tui.jobs.TuneJob.start", nothing)
    replace("llmtui.tui.app.LlmtuiApp.action_leave", nothing)
    replace("llmtui.quantize.hub.add_from_hub", refuse)
    replace("llmtui.tui.app.LlmtuiApp.deliver_screenshot", lambda *_values: None)


def key_pool() -> list[str]:
    keys = {one for key in KEYS for one in key.keys.split(",")}
    return sorted(keys | set(MOVES) | set(TYPED))


async def press_at_random(
    source: Path, place: str, seed: int, enough: Callable[[int], bool]
) -> int:
    """Events that a place stood until `enough(events)`. Raises what the app raises."""
    chance, pool = random.Random(f"{seed} {place}"), key_pool()
    Path("there.csv").write_text("n\n1\n", "utf-8")
    app = LlmtuiApp(source)
    events = 0
    async with app.run_test(size=(chance.choice(WIDTHS), 24)) as pilot:
        while not enough(events):
            if events % _BACK == 0:
                await pilot.resize_terminal(chance.choice(WIDTHS), chance.choice(HEIGHTS))
                app.go(place)
            await one_event(pilot, chance, pool)
            events += 1
            if not app.is_running:  # leaving the block raises what ended it
                break
        assert app.is_running, f"The app ended after {events} events"
    return events


async def one_event(pilot: Pilot[Any], chance: random.Random, pool: list[str]) -> None:
    """A key, or now and then a click, a command of the palette or a path."""
    app, (width, height) = pilot.app, pilot.app.size
    key, spot = chance.choice(pool), (chance.randrange(width), chance.randrange(height))
    commands, path = list(app.get_system_commands(app.screen)), chance.choice(PATHS)
    command, kind = chance.choice(commands), chance.random()
    if kind < 0.1:
        with suppress(OutOfBounds, NoWidget):
            await pilot.click(offset=spot)
    elif kind < 0.15:
        command.callback()
        await pilot.pause()
    elif kind < 0.3 and isinstance(app.focused, Input):
        app.focused.value = path
        await pilot.press("enter")
    else:
        await pilot.press(key)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, help="for each screen")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--screen", choices=PLACES, action="append", help="only this one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        tame(patch.setattr)
        os.environ.update({"LLMTUI_HOME": folder, "HOME": folder, "VISUAL": "true"})
        os.chdir(folder)
        source = Path(folder) / "shop.duckdb"
        with duckdb.connect(str(source)) as connection:
            connection.execute(SHOP)
        stood = {}
        for place in options.screen or PLACES:
            ends = time.monotonic() + options.minutes * 60
            over = lambda _events, ends=ends: time.monotonic() >= ends  # noqa: E731
            stood[place] = asyncio.run(press_at_random(source, place, options.seed, over))
            told = {"screen": place, "seed": options.seed, "minutes": options.minutes}
            print(json.dumps({**told, "events": stood[place], "exceptions": 0}), flush=True)
        print(json.dumps({"events": stood, "all": sum(stood.values())}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
