"""The training loop: batch, loss, step, checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch

from llmtui.trainer.finetune.batches import Example, plan_batches
from llmtui.trainer.finetune.checkpoint import State, load_checkpoint, save_checkpoint
from llmtui.trainer.finetune.config import RunConfig
from llmtui.trainer.finetune.loss import fast, first_choices, loss_sum, run_length
from llmtui.trainer.finetune.pace import Pace, gone_flat, healthy, learning_rate, steady
from llmtui.trainer.finetune.together import Together
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.events import Event, Note

ALONE = Together()
_LOOK = 40
"""Steps between two looks at held-out rows, in a run until it is flat."""
_LOOKED_AT = 8
"""Rows that are looked at together."""
_COOL = 0.25
"""Share of the steps so far that a flat run goes on, with the learning rate going to zero."""


@dataclass(frozen=True)
class Rows:
    """What is learnt, and what is only looked at; `pad` is the token that fills short rows."""

    learnt: Sequence[Example]
    held_out: Sequence[Example]
    pad: int

    def batches(self, config: RunConfig) -> list[list[int]]:
        """Every step of the longest run that `config` allows."""
        epochs = -(-config.rows // len(self.learnt)) if config.rows else config.epochs
        found = [
            batch
            for epoch in range(epochs)
            for batch in plan_batches(self.learnt, config.batch, config.seed, epoch)
        ]
        if not config.rows:
            return found
        before = accumulate(map(len, found), initial=0)
        pairs = zip(found, before, strict=False)
        cut = [batch[: max(0, config.rows - seen)] for batch, seen in pairs]
        return [batch for batch in cut if batch]


def learn(
    model: Any,
    rows: Rows,
    config: RunConfig,
    folder: Path,
    stop: Callable[[], bool],
    steps: int,
    at_once: int,
    together: Together = ALONE,
) -> Generator[Event, None, State]:
    """Train for `steps`, looked at anew as time goes, `at_once` tokens together; where it ended.

    Without a limit of time the steps are fixed, and a run that was killed and goes on ends with
    the weights of one that was not. Raises LlmtuiError when the loss blows up.
    """
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, weight_decay=0.0, foreach=True)
    state, checkpoint = State(), folder / "checkpoint"
    if checkpoint.is_dir():
        state = load_checkpoint(checkpoint, model, optimizer)
        yield Note(f"Going on from step {state.step} of {state.total}")
    state.total, state.at_once = state.total or steps, state.at_once or at_once
    model.train()
    batches, pace, saved_at = rows.batches(config), Pace(), time.monotonic()
    try:
        with fast(model):
            while True:
                most = min(state.total, len(batches))
                state.total, ended = together.agreed(most, stop())
                if ended or state.step >= state.total:
                    break
                began = time.monotonic()
                batch = [rows.learnt[i] for i in batches[state.step]]
                how = (rows.pad, state.at_once, together)
                loss = take_step(model, optimizer, batch, config, state, *how)
                state.seconds += pace.timed(time.monotonic() - began)
                if config.minutes and not state.flat_at:
                    state.total = pace.plan(state, config.minutes * 60, len(batches))
                yield pace.progress(state, loss, config.batch)
                if config.until_flat and state.step % _LOOK == 0 and not state.flat_at:
                    yield look(model, rows, state)
                due = time.monotonic() - saved_at > config.save_seconds
                if due and together.first and steady(state):
                    save_checkpoint(checkpoint, model, optimizer, state)
                    saved_at = time.monotonic()
    except GeneratorExit:  # nobody listens any more: the process that asked is gone
        save_checkpoint(checkpoint, model, optimizer, state)
        raise
    if together.first:
        save_checkpoint(checkpoint, model, optimizer, state)
    return state


def take_step(
    model: Any,
    optimizer: Any,
    batch: Sequence[Example],
    config: RunConfig,
    state: State,
    pad: int,
    at_once: int,
    together: Together,
) -> float:
    """Learn from one batch; its loss. Raises LlmtuiError, and learns nothing, when it blows up."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(config, state)
    loss = step_loss(model, batch, pad, at_once, together)
    if not healthy(state, loss):
        raise LlmtuiError(
            f"The loss is no longer sound at step {state.step} ({loss:.3g})",
            hint="The last good point is kept. Train anew with a lower --learning-rate; "
            f"it was {config.learning_rate:g}.",
        )
    torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    state.step += 1
    state.rows += len(batch)
    state.tokens += sum(len(example.tokens) for example in batch)
    return loss


def step_loss(
    model: Any, batch: Sequence[Example], pad: int, at_once: int, together: Together = ALONE
) -> float:
    """Mean loss in nats of a batch's answer tokens; its gradients are added up part by part."""
    answers = sum(len(example.tokens) - example.answer for example in batch)
    total = 0.0
    for part in parts(model, together.share(batch), at_once):
        loss = loss_sum(model, part, pad) / answers
        loss.backward()  # type: ignore[no-untyped-call]
        total += loss.item()
    return together.add_up((p for p in model.parameters() if p.requires_grad), total)


def parts(model: Any, batch: Sequence[Example], most: int) -> Iterator[Sequence[Example]]:
    """A batch in parts of at most so many tokens to run; a row that is longer is one alone."""
    start = 0
    for end in range(1, len(batch) + 1):
        if end == len(batch) or run_length(model, batch[start : end + 1]) > most:
            yield batch[start:end]
            start = end


def exact(model: Any, examples: Sequence[Example], pad: int) -> int:
    """How many answers the model would give to the letter.

    Greedy decoding gives the wanted answer exactly when each of its tokens is the first choice
    after those before it, so one forward pass tells, without decoding.
    """
    model.eval()
    hits = 0
    for start in range(0, len(examples), _LOOKED_AT):
        hits += sum(first_choices(model, examples[start : start + _LOOKED_AT], pad))
    model.train()
    return hits


def look(model: Any, rows: Rows, state: State) -> Note:
    """Score held-out rows; when they no longer get better, plan the way down and the end.

    An exact answer is execution accuracy's lower bound, and needs neither database nor decoding.
    """
    hits = exact(model, rows.held_out, rows.pad)
    text = f"{hits} of {len(rows.held_out)} held-out answers are exact"
    if gone_flat(state, hits):
        state.flat_at = state.step
        state.total = min(state.total, state.step + max(1, int(state.step * _COOL)))
        text += f": no longer better, ending at step {state.total}"
    return Note(text)
