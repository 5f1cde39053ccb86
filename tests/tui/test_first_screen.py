"""How soon the first screen is there, in a real terminal, and that the terminal is left clean.

Where the system tells it, processor time is measured, which other work hardly changes; wall time
on an idle machine is in benchmarks/startup.py.
"""

import os
import pty
import select
import sys
import time
from pathlib import Path

import pytest


def processor_time(process: int) -> float:
    """Seconds of processor time that a process used so far, 0 when the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
                    painted = processor_time(child) or time.monotonic() - began
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
