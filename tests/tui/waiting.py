"""Waiting for what happens in another thread or process."""

import asyncio
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot


async def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until `condition()` holds; fails after `seconds`."""
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"did not happen within {seconds:g} seconds")


async def click(pilot: Pilot[Any], selector: str) -> None:
    """Click a widget of the screen on top, once it is there and drawn."""
    await until(lambda: any(widget.region for widget in pilot.app.screen.query(selector)))
    await pilot.pause()
    await pilot.click(selector)
