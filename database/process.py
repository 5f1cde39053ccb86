"""The process that holds a database, seen from llmtui: asked, waited for, interrupted, ended.

A question that has not come back in time, or was interrupted and does not stop at once, ends the
process; a new one is started at the same moment, so that the next question finds it ready.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from llmtui.database import wire
from llmtui.workspace.errors import (
    Interrupted,
    LlmtuiError,
    QueryError,
    SourceError,
    TimeLimitError,
)
from llmtui.workspace.events import Event, from_line

COMMAND = ("-P", "-m", "llmtui.database.worker")
"""-P: the folder that llmtui is started in is no place to import from."""
GRACE = 0.5
"""Seconds past its limit after which a query's process is ended."""
_STOPPED_WITHIN = 0.1  # seconds that an interrupted query may take to stop by itself
_Message = dict[str, Any]


class Process:
    """One child process, for any number of threads: one call is made after another.

    opening: a call that is made whenever a child is started
    """

    def __init__(self, opening: _Message | None = None) -> None:
        self._opening = opening
        self._one_call = threading.Lock()
        self._sending = threading.Lock()
        self._number = 0
        self._waiting = 0
        self._stopped = ""
        self._closed = False
        self._opened: _Message | None = None
        self._failed = False
        """Whether a child that lives could not open what it should."""
        self._start()

    def _start(self) -> None:
        environment = {**os.environ, "MALLOC_ARENA_MAX": "2", "PYTHONWARNINGS": "ignore"}
        self._child = subprocess.Popen(
            [sys.executable, *COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        self._replies: SimpleQueue[_Message | None] = SimpleQueue()
        arguments = (self._child, self._replies)
        threading.Thread(target=_listen, args=arguments, daemon=True).start()
        self._opened, self._failed = None, False
        if self._opening is not None:
            self._send({"id": 0, **self._opening})

    @property
    def number(self) -> int:
        """The system's number of the child."""
        return self._child.pid

    def opened(self) -> _Message:
        """The reply to the opening call. Raises what it failed with."""
        with self._one_call:  # whoever comes second finds it
            if self._opened is None:
                if self._failed and not self._closed:
                    self._start()
                try:
                    self._opened = self._wait(0, None, None)
                except LlmtuiError:  # the next call tries anew, with another child
                    self._failed = self._child.poll() is None
                    self._child.kill()
                    raise
            return self._opened

    def call(
        self,
        message: _Message,
        *,
        limit: float | None = None,
        tell: Callable[[Event], None] | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> _Message:
        """Ask and wait, at most `limit` seconds. `tell` gets the events before the reply.

        stopped: whether the call is no longer wanted when its turn comes
        Raises TimeLimitError, Interrupted, QueryError when the process ended, and what the child
        answers with.
        """
        if self._opening is not None:
            self.opened()
        with self._one_call:
            self._number += 1
            self._stopped = ""
            self._waiting = self._number
            try:
                if stopped():
                    raise Interrupted("The query was stopped")
                self._send({"id": self._number, **message})
                return self._wait(self._number, limit, tell)
            finally:
                self._waiting = 0

    def interrupt(self) -> None:
        """Stop the call that waits, if any: it raises Interrupted within a tenth of a second."""
        number = self._waiting
        if number:
            self._stopped = "person"
            self._send({"id": number, "do": "interrupt"})
            timer = threading.Timer(_STOPPED_WITHIN, self._kill_if_waiting, (number,))
            timer.daemon = True
            timer.start()

    def _kill_if_waiting(self, number: int) -> None:
        if self._waiting == number:
            self._child.kill()

    def _wait(
        self, number: int, limit: float | None, tell: Callable[[Event], None] | None
    ) -> _Message:
        ends = None if limit is None else time.monotonic() + limit + GRACE
        while True:
            try:
                reply = self._replies.get(
                    timeout=None if ends is None else max(0.0, ends - time.monotonic())
                )
            except Empty:
                self._stopped = self._stopped or "time"
                self._child.kill()
                ends = None
                continue
            if reply is None:
                raise self._ended(limit)
            if "event" in reply:
                event = from_line(reply["event"])
                if tell is not None and event is not None:
                    tell(event)
            elif reply.get("id") == number:
                if "error" in reply:
                    raise self._told(wire.read_error(reply), limit)
                return reply

    def _told(self, error: LlmtuiError, limit: float | None) -> LlmtuiError:
        if isinstance(error, Interrupted) and self._stopped != "person":
            return time_limit_error(limit or 0)
        return error

    def _ended(self, limit: float | None) -> LlmtuiError:
        """Why the child is gone; a new one is on its way, unless that would end too."""
        code = self._child.wait()
        self._forget()
        opening = self._opening if self._opened is None else None
        if self._closed or self._opened is None:
            self._replies.put(None)  # for whoever asks next
        else:
            self._start()
        if self._closed:
            return Interrupted("The database was closed")
        if opening is not None:
            return SourceError(
                f"Opening this ended DuckDB (code {code})",
                where=str(opening.get("file", "")),
                hint="It may be damaged.",
            )
        if self._stopped == "person":
            return Interrupted("The query was stopped")
        if self._stopped == "time":
            return time_limit_error(limit or 0)
        return QueryError(
            f"The process that reads the database ended (code {code}); "
            "it may have needed more memory than it may have",
            hint="Ask for less, or raise the setting memory_mb.",
        )

    def _send(self, message: _Message) -> None:
        assert self._child.stdin is not None
        with self._sending, suppress(OSError, ValueError):  # a child that is gone is told by _wait
            self._child.stdin.write(wire.write(message))
            self._child.stdin.flush()

    def _forget(self) -> None:
        with suppress(OSError):
            if self._child.stdin is not None:
                self._child.stdin.close()

    def close(self) -> None:
        """End the child, at once when it works; a call that waits raises Interrupted."""
        self._closed = True
        self._forget()
        try:
            self._child.wait(timeout=0.05 if self._waiting else 1)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


def time_limit_error(seconds: float) -> TimeLimitError:
    return TimeLimitError(
        f"The query was stopped after {seconds:g} seconds",
        hint="Ask for less, or raise the setting time_limit.",
    )


def _listen(child: subprocess.Popen[bytes], replies: SimpleQueue[_Message | None]) -> None:
    """Read the child's replies until it is gone; None tells the end."""
    assert child.stdout is not None
    with child.stdout:
        for line in child.stdout:
            try:
                replies.put(wire.read(line))
            except (ValueError, KeyError, TypeError, AttributeError):
                child.kill()  # nothing that it says can be trusted
                break
    replies.put(None)
