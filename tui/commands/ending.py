"""How a stage ends before its time: kept with Ctrl-C, paused with SIGUSR1, or failed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType

import typer

from llmtui.workspace.errors import Interrupted, LlmtuiError
from llmtui.workspace.events import Event, Failed, Started
from llmtui.workspace.machine import ending_signals

PAUSE = getattr(signal, "SIGUSR1", signal.SIGTERM)
"""Asks a tune to save where it is and go, for the next one to go on from."""
_KEPT = ("finetune", "rewrite")
"""Stages that keep what they have when they are ended."""


class Stop:
    """Ctrl-C: while training or rewriting it means "enough, keep it"; a second one, or elsewhere,
    interrupts."""

    def __init__(self) -> None:
        self.asked = self.paused = False
        self.training = False

    def __call__(self) -> bool:
        return self.asked

    def handle(self, _signal: int, _frame: FrameType | None) -> None:
        if not self.training or self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def pause(self, _signal: int, _frame: FrameType | None) -> None:
        """Leave the training process without a reader, upon which it saves and ends."""
        if not self.paused:
            self.paused = True
            raise Interrupted("Paused", hint="Tune again to go on from here.")


def told(events: Iterator[Event], stop: Stop, stage: str = "tune") -> Iterator[Event]:
    """Pass events on with signals handled by `stop`; a failure is an event too.

    stage: what fails before the first one has begun
    """
    handlers = dict.fromkeys(ending_signals(), stop.handle) | {PAUSE: stop.pause}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        for event in events:
            if isinstance(event, Started):
                stage = event.stage
                stop.training = stage in _KEPT
            yield event
    except LlmtuiError as error:
        yield Failed(stage, str(error), error.exit_code)
        raise typer.Exit(error.exit_code) from error
    finally:
        for number, former in before.items():
            signal.signal(number, former)
