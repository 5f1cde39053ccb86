"""Waiting for what happens in another thread or process."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until `condition()` holds; fails after `seconds`."""
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"did not happen within {seconds:g} seconds")
