"""The recipe: base GGUF → LoRA → answer-only loss → adapter. Reads top to bottom."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from llmtui.trainer.finetune import parity
from llmtui.trainer.finetune.batches import Example, encode, plan_batches
from llmtui.trainer.finetune.checkpoint import (
    State,
    adapter_weights,
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
_PROBE_STEPS = 4
"""Steps timed before the number of steps is planned; the first is warm-up and not counted."""


def finetune(
    config: RunConfig, folder: Path, stop: Callable[[], bool] = lambda: False
) -> Iterator[Event]:
    """Train as `config` says and leave `folder/adapter`; go on from `folder/checkpoint` if there.

    `stop` is asked after every step; when it says yes, what was learnt so far is kept as the
    adapter. Raises ModelError, UsageError (no rows) and LlmtuiError (loss not finite).
    """
    began = time.monotonic()
    threads = use_threads(config.threads)
    yield Started(STAGE, f"loading {Path(config.base).name}, {threads} threads")
    model, tokenizer = load_base(Path(config.base))
    tokenize, prompt = tokenizer_of(tokenizer), prompt_for_training(tokenizer)
    rows = training_rows(config)
    examples = [encode(row, prompt, tokenize) for row in rows]
    short = [example for example in examples if len(example.tokens) <= config.max_tokens]
    if len(short) < len(examples):
        reason = f"longer than {config.max_tokens} tokens"
        yield RowDropped(reason, count=len(examples) - len(short))
    if not short:
        raise UsageError(
            "There are no rows to train on", where=config.instructions,
            hint="Build some with `llmtui instructions build`.",
        )  # fmt: skip

    model = add_lora(model, config.rank, config.alpha, config.seed)
    model.train()
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=config.learning_rate, weight_decay=0.0)
    state = State()
    if (folder / "checkpoint").is_dir():
        state = load_checkpoint(folder / "checkpoint", model, optimizer)
        yield Note(f"Going on from step {state.step} of {state.total}")
    batches = [
        batch
        for epoch in range(config.epochs)
        for batch in plan_batches(short, config.batch, config.seed, epoch)
    ]
    yield Note(f"{len(short)} rows, {sum(p.numel() for p in weights) / 1e6:.1f} M trained weights")

    saved_at, timed = time.monotonic(), 0.0
    total = state.total or len(batches)
    pad = tokenizer.pad_token_id or 0
    for step in range(state.step, total):
        step_began = time.monotonic()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, step, total)
        tokens, wanted = collate([short[i] for i in batches[step]], pad)
        loss = answer_loss(model, tokens, wanted)
        if not math.isfinite(loss.item()):
            raise LlmtuiError(
                f"The loss is no longer a number at step {step}", where=str(folder),
                hint="The last saved point is kept. Tune again with a lower learning rate.",
            )  # fmt: skip
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        now = time.monotonic()
        state.step, state.tokens = step + 1, state.tokens + tokens.numel()
        state.seconds += now - step_began
        timed += (now - step_began) if step else 0.0
        total = state.total = plan_total(config, state, total, len(batches), timed)
        yield progress(state, loss.item(), config.batch)
        if now - saved_at > config.save_seconds:
            save_checkpoint(folder / "checkpoint", model, optimizer, state)
            saved_at = time.monotonic()
        if state.step >= total or stop():
            break

    save_checkpoint(folder / "checkpoint", model, optimizer, state)
    yield Note("Recording sample answers to check the exported model with")
    expected = parity.record(model, tokenizer, prompt, [row.question for row in held_out(config)])
    write_adapter(folder / "adapter", model, config, prompt.identity, expected)
    yield Saved("adapter", str(folder / "adapter"))
    detail = f"{state.step} steps, {state.step * config.batch} rows seen"
    yield Finished(STAGE, time.monotonic() - began, detail)


def training_rows(config: RunConfig) -> list[Instruction]:
    rows = load_rows(Path(config.instructions))
    return [row for row in rows if row.split == "train" and row.status != "rejected"]


def held_out(config: RunConfig, most: int = 24) -> list[Instruction]:
    rows = load_rows(Path(config.instructions))
    return [row for row in rows if row.split != "train"][:most] or rows[:most]


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


def plan_total(config: RunConfig, state: State, total: int, most: int, timed: float) -> int:
    """Steps that fit the time budget, from the steps timed so far.

    Planned once after the probe; later only ever shortened, when the machine turns out slower.
    """
    if state.step < _PROBE_STEPS or not timed:
        return total
    budget = config.minutes * 60
    pace = state.seconds / state.step
    fitting = max(state.step, state.step + int((budget - state.seconds) / pace))
    first = state.step == _PROBE_STEPS
    slower = state.step % 10 == 0 and fitting < total * 0.97
    return min(fitting, most) if first or slower else total


def progress(state: State, loss: float, batch: int) -> Progress:
    rate = state.step * batch / max(state.seconds, 1e-9)
    left = (state.total - state.step) * state.seconds / state.step if state.total else None
    return Progress(STAGE, state.step, state.total, loss, rate, "rows", left)


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
    with whole_folder(folder) as temporary:
        save_file(adapter_weights(model), str(temporary / "adapter.safetensors"))
        (temporary / "adapter.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        (temporary / "parity.json").write_text(
            json.dumps(expected, ensure_ascii=False), encoding="utf-8"
        )
