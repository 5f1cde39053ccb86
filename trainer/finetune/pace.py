"""How many steps fit the time, how fast to learn at each, and whether learning goes well."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean

from llmtui.trainer.finetune.checkpoint import State
from llmtui.trainer.finetune.config import RunConfig
from llmtui.workspace.events import Progress

STAGE = "finetune"
_YOUNG = (3, 8, 16)
"""Timed steps after which the number of steps is looked at anew."""
_REPLAN = 25
_RECENT = 10
"""Losses whose mean tells how learning goes."""
_PATIENCE = 4
"""Looks at held-out rows without a gain after which learning is called flat."""


@dataclass
class Pace:
    """Seconds a step in this process; the first step, which warms up, is left out."""

    steps: int = 0
    seconds: float = 0.0
    warm: bool = False

    def timed(self, seconds: float) -> float:
        if self.warm:
            self.steps += 1
            self.seconds += seconds
        self.warm = True
        return seconds

    @property
    def per_step(self) -> float:
        return self.seconds / self.steps if self.steps else 0.0

    def plan(self, state: State, budget: float, most: int) -> int:
        """Steps of the whole run that fit `budget` seconds of training, `most` at the most.

        Looked at anew every few steps while the estimate is young, and rarely later, so that the
        learning rate's way down is not disturbed.
        """
        young = self.steps in _YOUNG
        if not young and state.step % _REPLAN:
            return state.total
        fitting = state.step + int((budget - state.seconds) / self.per_step) if self.steps else most
        fitting = min(max(fitting, state.step), most)
        near = abs(fitting - state.total) < 0.03 * state.total
        return state.total if near and not young else fitting

    def progress(self, state: State, loss: float, batch: int) -> Progress:
        left = (state.total - state.step) * self.per_step if self.steps else None
        rate = batch / self.per_step if self.steps else None
        return Progress(STAGE, state.step, state.total, loss, rate, "rows", left)


def learning_rate(config: RunConfig, state: State) -> float:
    """Linear warm-up, then linear to zero at the end.

    A run until it is flat does not know its end: it stays at the peak until then.
    """
    step, first = state.step, config.warmup
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    if config.until_flat:
        if not state.flat_at:
            return config.learning_rate
        first = state.flat_at
    left = max(state.total - step, 1) / max(state.total - first, 1)
    return config.learning_rate * min(left, 1.0)


def healthy(state: State, loss: float) -> bool:
    """Note a loss; false when it is no number or far above what it was: learning has blown up."""
    state.recent = [*state.recent, loss][-_RECENT:]
    if not math.isfinite(loss):
        return False
    mean = fmean(state.recent)
    if len(state.recent) < _RECENT:
        return True
    state.lowest = min(state.lowest, mean) if state.lowest else mean
    return mean < 3 * state.lowest + 1.0


def steady(state: State) -> bool:
    """Whether this point is worth keeping as one to go back to."""
    return not state.lowest or fmean(state.recent) < 1.5 * state.lowest + 0.3


def gone_flat(state: State, hits: int) -> bool:
    """Note how many held-out answers are exact; true when that has not grown for a while, a longer
    one as long as none is."""
    if hits > state.best_hits:
        state.best_hits, state.looks = hits, 0
    else:
        state.looks += 1
    return state.looks >= (_PATIENCE if state.best_hits else 3 * _PATIENCE)
