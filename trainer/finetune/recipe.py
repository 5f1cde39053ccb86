"""The recipe: base GGUF → LoRA → answer-only loss → adapter. Reads top to bottom."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from llmtui.trainer.finetune import importance, parity
from llmtui.trainer.finetune.batches import Example, encode, plan_batches
from llmtui.trainer.finetune.checkpoint import (
    State,
    adapter_weights,
    load_adapter,
    load_checkpoint,
    save_checkpoint,
)
from llmtui.trainer.finetune.config import RunConfig
from llmtui.trainer.finetune.model import (
    add_lora,
    answer_loss,
    load_base,
    prompt_for_training,
    tokenizer_of,
    use_threads,
)
from llmtui.workspace.errors import LlmtuiError, UsageError
from llmtui.workspace.events import Event, Finished, Note, Progress, RowDropped, Saved, Started
from llmtui.workspace.files import whole_folder
from llmtui.workspace.records import Instruction, load_rows

STAGE = "finetune"
_PROBES = (3, 8, 16)
"""Timed steps after which the number of steps is planned."""
_REPLAN = 25
_BY_PEOPLE = ("asked", "written", "imported")
_WEIGHT = 3
"""How often a row that a person wrote or accepted is seen for once that another one is."""


def finetune(
    config: RunConfig, folder: Path, stop: Callable[[], bool] = lambda: False
) -> Generator[Event, None, None]:
    """Train as `config` says and leave `folder/adapter`; go on from `folder/checkpoint` if there.

    `stop` is asked after every step; when it says yes, what was learnt so far is kept as the
    adapter. Raises ModelError, UsageError (no rows) and LlmtuiError (loss not finite).
    """
    began = time.monotonic()
    threads = use_threads(config.threads)
    yield Started(STAGE, f"loading {Path(config.base).name}, {threads} threads")
    model, tokenizer = load_base(Path(config.base))
    tokenize, prompt = tokenizer_of(tokenizer), prompt_for_training(tokenizer)
    rows = [encode(row, prompt, tokenize) for row in training_rows(config)]
    examples = [row for row in rows if len(row.tokens) <= config.max_tokens]
    if len(examples) < len(rows):
        yield RowDropped(f"longer than {config.max_tokens} tokens", count=len(rows) - len(examples))
    if not examples:
        raise UsageError(
            "There are no rows to train on", where=config.instructions,
            hint="Build some with `llmtui instructions build`.",
        )  # fmt: skip
    model = add_lora(model, config.rank, config.alpha, config.seed)
    if config.start:
        load_adapter(model, Path(config.start))
    weights = [p for p in model.parameters() if p.requires_grad]
    yield Note(f"{len(examples)} rows, {sum(p.numel() for p in weights) / 1e6:.1f} M weights learn")

    state = yield from learn(model, examples, config, folder, stop, tokenizer.pad_token_id or 0)

    yield Note("Recording sample answers to check the exported model with")
    expected = parity.record(model, tokenizer, prompt, rows_to_compare(config))
    with whole_folder(folder / "adapter") as place:
        write_adapter(place, model, config, prompt.identity, expected)
        logits = parity.logits_after(model, expected["contexts"])
        save_file({"logits": logits}, str(place / "parity.safetensors"))
        save_file(importance.record(model, examples), str(place / "importance.safetensors"))
    yield Saved("adapter", str(folder / "adapter"))
    detail = f"{state.step} steps, {state.step * config.batch} rows seen"
    yield Finished(STAGE, time.monotonic() - began, detail)


def learn(
    model: Any,
    examples: list[Example],
    config: RunConfig,
    folder: Path,
    stop: Callable[[], bool],
    pad: int,
) -> Generator[Event, None, State]:
    """The training loop: batch, loss, step, checkpoint; returns where it ended."""
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=config.learning_rate, weight_decay=0.0)
    state = State()
    if (folder / "checkpoint").is_dir():
        state = load_checkpoint(folder / "checkpoint", model, optimizer)
        yield Note(f"Going on from step {state.step} of {state.total}")
    batches = [
        batch
        for epoch in range(config.epochs)
        for batch in plan_batches(examples, config.batch, config.seed, epoch)
    ]
    state.total = state.total or len(batches)
    model.train()
    pace, saved_at = Pace(), time.monotonic()
    try:
        while state.step < state.total and not stop():
            began = time.monotonic()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(config, state.step, state.total)
            tokens, wanted = collate([examples[i] for i in batches[state.step]], pad)
            loss = answer_loss(model, tokens, wanted)
            if not math.isfinite(loss.item()):
                raise LlmtuiError(
                    f"The loss is no longer a number at step {state.step}", where=str(folder),
                    hint="The last saved point is kept. Tune again with a lower learning rate.",
                )  # fmt: skip
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            state.step += 1
            state.tokens += tokens.numel()
            state.seconds += pace.timed(time.monotonic() - began)
            state.total = pace.plan(state, config.minutes * 60, len(batches))
            yield pace.progress(state, loss.item(), config.batch)
            if time.monotonic() - saved_at > config.save_seconds:
                save_checkpoint(folder / "checkpoint", model, optimizer, state)
                saved_at = time.monotonic()
    except GeneratorExit:  # nobody listens any more: the process that asked is gone
        save_checkpoint(folder / "checkpoint", model, optimizer, state)
        raise
    save_checkpoint(folder / "checkpoint", model, optimizer, state)
    return state


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
        young = self.steps in _PROBES
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


def training_rows(config: RunConfig) -> list[Instruction]:
    """The rows to train on; those that a person wrote or accepted stand there several times."""
    rows = load_rows(Path(config.instructions))
    usable = [row for row in rows if row.split == "train" and row.usable]
    heavy = [row for row in usable if row.status == "accepted" or row.origin in _BY_PEOPLE]
    return usable + heavy * (_WEIGHT - 1)


def rows_to_compare(config: RunConfig) -> list[Instruction]:
    """Rows to hold the exported model to: those that were not trained on first."""
    rows = load_rows(Path(config.instructions))
    return sorted(rows, key=lambda row: row.split == "train")[:200]


def collate(examples: list[Example], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids (rows, length) padded at the right, and where the answers stand (bool)."""
    length = max(len(example.tokens) for example in examples)
    tokens = torch.full((len(examples), length), pad, dtype=torch.long)
    wanted = torch.zeros((len(examples), length), dtype=torch.bool)
    for i, example in enumerate(examples):
        tokens[i, : len(example.tokens)] = torch.tensor(example.tokens)
        wanted[i, example.answer : len(example.tokens)] = True
    return tokens, wanted


def learning_rate(config: RunConfig, step: int, total: int) -> float:
    """Linear warm-up, then linear to zero at `total`."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    left = max(total - step, 1) / max(total - config.warmup, 1)
    return config.learning_rate * min(left, 1.0)


def write_adapter(
    folder: Path, model: Any, config: RunConfig, identity: str, expected: dict[str, Any]
) -> None:
    """The adapter folder: LoRA tensors, what they are for, and the answers to expect of them."""
    facts = {
        "base": config.base,
        "prompt": identity,
        "rank": config.rank,
        "alpha": config.alpha,
        "schema": config.schema_fingerprint,
    }
    save_file(adapter_weights(model), str(folder / "adapter.safetensors"))
    (folder / "adapter.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    (folder / "parity.json").write_text(json.dumps(expected, ensure_ascii=False), encoding="utf-8")
