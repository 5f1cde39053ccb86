"""One tune, or rewrite, at a time on a project: a lock that ends with those who hold it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from llmtui.workspace.errors import UsageError
from llmtui.workspace.project import Project

WAIT = 60.0
"""Seconds to wait for the child of a tune that was killed: it saves before it goes."""


@contextmanager
def only_one(project: Project, wait: float = WAIT, what: str = "tune") -> Iterator[int]:
    """Hold the project's lock; yields its file descriptor, -1 where files cannot be locked.

    what: of what there is one at a time
    Raises UsageError when another one keeps it longer than `wait` seconds.
    """
    try:
        import fcntl
    except ImportError:  # not a POSIX system
        yield -1
        return
    file = project.root / f"{what}.lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                keeper = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
                if time.monotonic() > until or _alive(keeper):
                    raise UsageError(
                        f"A {what} is already running on this project (process {keeper})",
                        where=str(project.root),
                        hint="Wait for it, or stop it with Ctrl-C where it runs.",
                    ) from None
                time.sleep(0.2)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def holder(project: Project) -> int:
    """The process that tunes this project now, 0 when none does."""
    try:
        import fcntl

        descriptor = os.open(project.root / "tune.lock", os.O_RDONLY)
    except (ImportError, OSError):
        return 0
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        text = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(descriptor)
    return 0


def _alive(keeper: str) -> bool:
    """Whether the process that took the lock still runs (its child may outlive it for a moment)."""
    try:
        os.kill(int(keeper), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
