"""How soon the first screen is there, in a real terminal, and that the terminal is left clean."""

import os
import pty
import select
import sys
import time
from pathlib import Path

import pytest


def first_paint(shop: Path) -> float:
    """Seconds from the start of the process to the first step on the screen."""
    began = time.monotonic()
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update({"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"})
        os.execv(sys.executable, [sys.executable, "-m", "llmtui.tui", str(shop)])
    seen = b""
    painted = None
    try:
        while painted is None and time.monotonic() - began < 20:
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 1 << 16)
                if b"Database" in seen:
                    painted = time.monotonic() - began
        os.write(terminal, b"\x11")
        while select.select([terminal], [], [], 5)[0]:
            try:
                rest = os.read(terminal, 1 << 16)
            except OSError:
                break
            seen += rest
            if not rest:
                break
    finally:
        _, status = os.waitpid(child, 0)
        os.close(terminal)
    assert painted is not None, seen[-500:]
    assert os.waitstatus_to_exitcode(status) == 0
    assert b"\x1b[?1049l" in seen, "the alternate screen was not left"
    return painted


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_the_first_screen_is_there_within_a_second(shop: Path) -> None:
    times = [first_paint(shop) for _ in range(3)]
    assert min(times) <= 1.0, times
