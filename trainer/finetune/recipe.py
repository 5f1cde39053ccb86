"""The recipe: base GGUF → LoRA → answer-only loss → adapter. Reads top to bottom."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import psutil
import torch
from safetensors.torch import save_file

from llmtui.trainer.finetune import importance, parity
from llmtui.trainer.finetune.batches import Example, Tokenize, encode, schema_of
from llmtui.trainer.finetune.checkpoint import State, adapter_weights, load_adapter
from llmtui.trainer.finetune.config import RunConfig
from llmtui.trainer.finetune.loop import Rows, learn
from llmtui.trainer.finetune.model import (
    add_lora,
    device,
    load_base,
    place,
    prompt_for_training,
    tokenizer_of,
    use_threads,
)
from llmtui.trainer.finetune.packed import common_prefix
from llmtui.trainer.finetune.plan import (
    make_plan,
    probe,
    remember,
    use_exact_weights,
    use_format,
)
from llmtui.trainer.finetune.pretrain import pretraining_rows
from llmtui.trainer.finetune.replay import GENERAL, before_and_after, general_rows, mixed_in
from llmtui.trainer.finetune.together import join
from llmtui.trainer.prompt import Prompt
from llmtui.workspace.errors import LlmtuiError, UsageError
from llmtui.workspace.events import Event, Finished, Note, Planned, RowDropped, Saved, Started
from llmtui.workspace.files import whole_folder, write_text
from llmtui.workspace.records import Instruction, load_rows

STAGE = "finetune"
_WEIGHT = 3
"""How often a row that a person wrote or accepted is seen for once that another one is."""
_TELLING = 30
"""Steps after which a run's speed says more than the probe's."""
_HELD_OUT = 48
"""Held-out rows that a run until it is flat looks at."""


def finetune(
    config: RunConfig, folder: Path, stop: Callable[[], bool] = lambda: False
) -> Generator[Event, None, None]:
    """Train as `config` says and leave `folder/adapter`; go on from `folder/checkpoint` if there.

    `stop` is asked after every step; when it says yes, what was learnt so far is kept as the
    adapter. Raises ModelError, UsageError (no rows) and LlmtuiError (the loss blows up, or the
    memory is too small).
    """
    began, together = time.monotonic(), join()
    threads = use_threads(config.threads)
    alone = "" if together.size == 1 else f", {together.size} processes"
    yield Started(STAGE, f"loading {Path(config.base).name}, {threads} threads{alone}")
    model, tokenizer = load_base(Path(config.base))
    tokenize, prompt = tokenizer_of(tokenizer), prompt_for_training(tokenizer, config.asked_with)
    group = 0 if config.schema == "weights" else -1  # bare questions go with bare questions
    general, unseen = (general_rows(s, prompt.template, tokenize, group) for s in ("train", "test"))
    pad = tokenizer.pad_token_id or 0
    if config.stage == "pretrain":
        rows = pretraining_rows(config, tokenize, pad)
    else:
        rows = yield from encoded(config, prompt, tokenize, pad)
    rows = Rows(mixed_in(rows.learnt, general, config.replay), rows.held_out, pad)
    model = add_lora(model, config.rank, config.alpha, config.seed)
    if config.start:
        load_adapter(model, Path(config.start))
    place(model)
    if together.size > 1 and model.device.type != device().type:
        raise LlmtuiError("The base does not fit the GPU", hint="Set LLMTUI_DEVICE=cpu.")
    mine = probe(model, rows, config, folder)
    chosen = together.same(mine)
    if (chosen.dtype, chosen.threads) != (mine.dtype, mine.threads):
        use_exact_weights(model)
        use_format(model, chosen, folder)
    plan = make_plan(model, rows, config, chosen)
    yield plan.told
    if not plan.told.fits:
        raise LlmtuiError("Training does not fit the memory", hint=plan.told.advice)
    if plan.checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    state = yield from learn(model, rows, config, folder, stop, plan.steps, plan.at_once, together)
    if not together.first:
        return
    if state.step >= _TELLING:
        remember(config, model.device.type, state.tokens / max(state.seconds, 1e-9))
    cost = told(plan.told, state, gpu=model.device.type == "cuda")
    yield from leave(model, tokenizer, prompt, rows, unseen, config, folder, cost)
    detail = f"{state.step} steps, {state.rows} rows seen"
    yield Finished(STAGE, time.monotonic() - began, detail)


def leave(
    model: Any,
    tokenizer: Any,
    prompt: Prompt,
    rows: Rows,
    unseen: Sequence[Example],
    config: RunConfig,
    folder: Path,
    cost: dict[str, Any],
) -> Generator[Event, None, None]:
    """Write the adapter, what to hold the exported model to, and what training cost and did."""
    yield Note("Recording sample answers to check the exported model with")
    use_exact_weights(model.to("cpu"))
    rows_asked, text = rows_to_compare(config), config.schema_text
    expected = parity.record(model, tokenizer, prompt, rows_asked, schema_text=text)
    looked_at = {"general": unseen}
    if config.stage == "pretrain":
        looked_at["held_out"] = rows.held_out[:100]
    losses = yield from compared(model, looked_at, rows.pad)
    write_text(folder / "training.json", json.dumps(cost | losses))
    with whole_folder(folder / "adapter") as place:
        write_adapter(place, model, config, prompt.identity, expected)
        logits = parity.logits_after(model, expected["contexts"])
        save_file({"logits": logits}, str(place / "parity.safetensors"))
        save_file(importance.record(model, rows.learnt), str(place / "importance.safetensors"))
    yield Saved("adapter", str(folder / "adapter"))


def encoded(
    config: RunConfig, prompt: Prompt, tokenize: Tokenize, pad: int
) -> Generator[Event, None, Rows]:
    """The rows as tokens; those that are too long are told and left out."""
    other = Prompt(prompt.template, "prompt" if prompt.schema == "weights" else "weights")
    prompts = (prompt, other) if config.schema == "mixed" else (prompt,)

    def encode_all(rows: Sequence[Instruction]) -> list[Example]:
        groups: dict[tuple[str, str], list[Example]] = {}
        found = []
        for i, row in enumerate(rows):
            chosen, text = prompts[i % len(prompts)], schema_of(row, config.schema_text)
            group = groups.setdefault((chosen.schema, text), [])
            number = list(groups).index((chosen.schema, text))
            group.append(encode(row, chosen, tokenize, text, number))
            found.append(group[-1])
        begun = [common_prefix(group) for group in groups.values()]
        return [e for e in found if len(e.tokens) - begun[e.group] <= config.max_tokens]

    rows = training_rows(config)
    learnt = encode_all(rows)
    dropped = len(rows) - len(learnt)
    if dropped:
        yield RowDropped(f"longer than {config.max_tokens} tokens", count=dropped)
    if not learnt:
        raise UsageError(
            "There are no rows to train on", where=config.instructions,
            hint="Build some with `llmtui instructions build`.",
        )  # fmt: skip
    yield Note(f"{len(learnt)} rows to learn")
    dev = [row for row in load_rows(Path(config.instructions)) if row.split == "dev" and row.usable]
    return Rows(learnt, encode_all(dev)[:_HELD_OUT], pad)


def compared(
    model: Any, looked_at: dict[str, Sequence[Example]], pad: int
) -> Generator[Event, None, dict[str, Any]]:
    """Loss of base and tuned model on text that was not learnt, by its name."""
    losses = {name: before_and_after(model, some, pad) for name, some in looked_at.items()}
    for name, loss in losses.items():
        yield Note(
            f"Loss on {name.replace('_', ' ')} text: {loss['before']:.3f} nats a token before, "
            f"{loss['after']:.3f} after"
        )
    return losses


def training_rows(config: RunConfig) -> list[Instruction]:
    """The rows to train on; those that a person wrote or accepted stand there several times."""
    rows = load_rows(Path(config.instructions))
    usable = [row for row in rows if row.split == "train" and row.usable]
    heavy = [row for row in usable if row.of_people]
    return usable + heavy * (_WEIGHT - 1)


def told(planned: Planned, state: State, *, gpu: bool = False) -> dict[str, Any]:
    """What the report says of the training: what was planned, and what came of it."""
    if gpu:
        peak = torch.cuda.max_memory_reserved()
    else:
        peak = getattr(psutil.Process().memory_info(), "peak_wset", 0) or _peak()
    return {
        "planned": {
            "rows": planned.rows, "steps": planned.steps, "minutes": planned.minutes,
            "tokens_per_second": planned.tokens_per_second, "memory_gb": planned.memory_gb,
        },
        "actual": {
            "rows": state.rows, "steps": state.step, "minutes": round(state.seconds / 60, 2),
            "tokens_per_second": round(state.tokens / max(state.seconds, 1e-9), 1),
            "memory_gb": round(peak / 1e9, 2),
        },
        "detail": planned.detail,
    }  # fmt: skip


def _peak() -> int:
    """Peak memory of this process in bytes, on POSIX systems."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def rows_to_compare(config: RunConfig) -> list[Instruction]:
    """Rows to hold the exported model to: those that were not trained on first."""
    file = Path(config.instructions)
    rows = load_rows(file if file.is_file() else GENERAL)
    return sorted(rows, key=lambda row: row.split == "train")[:200]


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
