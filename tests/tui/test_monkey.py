"""Keys pressed at random on every screen: no exception may reach the person."""

import os
import random
from pathlib import Path

import pytest

from llmtui.tui.app import LlmtuiApp
from llmtui.tui.keys import KEYS, PLACES

EVENTS = int(os.environ.get("LLMTUI_MONKEY_EVENTS", "60"))
"""Keys a screen; a long run is `LLMTUI_MONKEY_EVENTS=20000 pytest tests/tui/test_monkey.py`."""
_NOT = {"ctrl+q", "f4", "ctrl+p"}  # leaves, opens an editor, opens Textual's own palette


def key_pool() -> list[str]:
    keys = {one for key in KEYS for one in key.keys.split(",")} - _NOT
    moves = {"tab", "shift+tab", "up", "down", "left", "right", "home", "end", "pageup", "pagedown"}
    return sorted(keys | moves | set("abcxyz[]/1") | {"space", "backspace", "enter", "escape"})


@pytest.mark.parametrize("place", PLACES)
async def test_random_keys_do_no_harm(
    shop: Path, place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    async def no_tune(_job: object, _command: list[str]) -> None:
        """A tune takes minutes; that it starts is tested elsewhere."""

    monkeypatch.setattr("llmtui.tui.jobs.TuneJob.start", no_tune)
    chance = random.Random(f"monkey {place}")
    pool = key_pool()
    app = LlmtuiApp(shop)
    async with app.run_test(size=(chance.choice((40, 80, 120)), 24)) as pilot:
        app.go(place)
        for number in range(EVENTS):
            await pilot.press(chance.choice(pool))
            if number % 20 == 19:
                await pilot.resize_terminal(chance.choice((40, 80, 120)), chance.choice((12, 24)))
                app.go(place)
        assert app.is_running
