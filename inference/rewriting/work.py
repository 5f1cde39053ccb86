"""Makers at work beside each other, until all is made, enough is, or there is no use."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Thread

from llmtui.inference.rewriting.keep import Keep
from llmtui.inference.rewriting.maker import Made, Maker, is_final
from llmtui.inference.rewriting.parents import Task
from llmtui.workspace.errors import Interrupted, LlmtuiError
from llmtui.workspace.events import Event, Note, Progress

STAGE = "rewrite"
_GIVE_UP = 25
"""Tasks from the first on of which nothing came, after which there is no use."""
_FAILURES = 3
"""Tasks in a row that a server fails, after which it is not asked any more."""
_PATIENCE = 10.0
"""Seconds that whoever still works may take to stop."""


class Work:
    """Makers on their tasks, a thread each, and what they make in one place."""

    def __init__(
        self, keep: Keep, makers: Sequence[Maker], left: Sequence[Task], flag: Flag
    ) -> None:
        self.keep, self.makers, self.flag = keep, makers, flag
        self.of = len(left)
        self.done = self._failures = 0
        self._left: SimpleQueue[Task] = SimpleQueue()
        for task in left:
            self._left.put(task)
        self._made: SimpleQueue[Made | BaseException | None] = SimpleQueue()

    def through(self, stop: Callable[[], bool]) -> Iterator[Event]:
        """All tasks, or those until `stop` says yes; drops and kept rows are told at the end."""
        threads = [Thread(target=self._run, args=(maker,), daemon=True) for maker in self.makers]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        failure: LlmtuiError | None = None
        try:
            for made in self._until(stop):
                failure = self._taken(made)
                if failure is not None:
                    break
                rate = self.done / (time.monotonic() - began)
                left = (self.of - self.done) / rate if rate else None
                yield Progress(STAGE, self.done, self.of, unit="rows", seconds_left=left)
        finally:
            self._end(threads)
            self.keep.save()
        yield from self.keep.told()
        if self.flag.is_set() and self.done < self.of:
            yield Note(f"{self.of - self.done} are left; the same command goes on with them")
        if failure is not None:
            raise failure

    def _run(self, maker: Maker) -> None:
        """A thread: one task after the other until none is left."""
        try:
            while not self.flag.is_set():
                self._made.put(maker.make(self._left.get_nowait()))
        except Empty:
            pass
        except BaseException as error:  # handed over to the thread that waits
            self._made.put(error)
        self._made.put(None)

    def _until(self, stop: Callable[[], bool]) -> Iterator[Made]:
        running = len(self.makers)
        while running and not stop():
            try:
                made = self._made.get(timeout=0.1)
            except Empty:
                continue
            if made is None:
                running -= 1
            elif isinstance(made, BaseException):
                raise made
            else:
                yield made
        if running:
            self.flag.set()

    def _taken(self, made: Made) -> LlmtuiError | None:
        """Take what was made; why to stop here, None to go on."""
        error = made.error
        if error is None:
            self.keep.take(made)
            self.done += 1
            self._failures = 0
        elif not isinstance(error, Interrupted):
            self._failures += 1
            self.keep.drop(f"could not be asked: {error.what}", made.task.row.id)
            if is_final(error) or self._failures >= _FAILURES:
                return error
        if not self.keep.kept and self.done >= _GIVE_UP:
            return LlmtuiError(
                f"Nothing was kept of the first {self.done} tries",
                hint="This teacher, or the model that answers, is too small to help here.",
            )
        return None

    def _end(self, threads: Sequence[Thread]) -> None:
        """Let go of models and database, and take what was finished meanwhile."""
        self.flag.set()
        until = time.monotonic() + _PATIENCE
        while any(thread.is_alive() for thread in threads) and time.monotonic() < until:
            for maker in self.makers:
                maker.cancel()
            time.sleep(0.05)
        with suppress(Empty):
            while True:
                made = self._made.get_nowait()
                if isinstance(made, Made):
                    self._taken(made)
