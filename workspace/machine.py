"""The machine that llmtui runs on."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress

_LOWER = 5
"""How much lower the priority of work is than that of the screen that shows it."""


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def lower_priority(process: int) -> None:
    """Let another process go after this one when both want a core."""
    with suppress(OSError):  # it ended
        os.setpriority(os.PRIO_PROCESS, process, os.getpriority(os.PRIO_PROCESS, 0) + _LOWER)


def step_back() -> None:
    """Let the calling thread, and those it starts, go after the main thread; only on Linux, where
    threads have priorities of their own."""
    if sys.platform == "linux":
        main = os.getpriority(os.PRIO_PROCESS, os.getpid())
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), main + _LOWER)


def ending_signals() -> list[int]:
    """The signals that ask to end; not SIGHUP where whoever started this lets it go on (nohup)."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [int(getattr(signal, name)) for name in names]
    return [
        number
        for name, number in zip(names, numbers, strict=True)
        if name != "SIGHUP" or signal.getsignal(number) != signal.SIG_IGN
    ]
