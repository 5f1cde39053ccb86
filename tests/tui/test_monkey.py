"""Keys and clicks at random on every screen, for a moment; monkey.py makes the long run."""

from pathlib import Path

import pytest

from llmtui.tui.keys import PLACES
from tests.tui.monkey import press_at_random, tame


@pytest.mark.parametrize("place", PLACES)
async def test_random_keys_and_clicks_do_no_harm(
    shop: Path, place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    tame(monkeypatch.setattr)
    assert await press_at_random(shop, place, 7, lambda events: events >= 60) == 60
