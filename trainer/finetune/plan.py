"""What a run will cost and how it is run: a few timed steps decide, once a machine and model."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import Tensor

from llmtui.trainer.finetune.batches import Example
from llmtui.trainer.finetune.config import RunConfig
from llmtui.trainer.finetune.loop import Rows, step_loss
from llmtui.trainer.finetune.loss import fast, loss_sum, run_length
from llmtui.workspace import paths
from llmtui.workspace.events import Planned
from llmtui.workspace.files import write_text
from llmtui.workspace.machine import cores

STAGE = "finetune"
_GAIN = 1.3
"""bf16 must be so many times faster than fp32 to be chosen, and half of the cores than all."""
_TURNS = 15
"""Times that each way to multiply is timed."""
_SLACK = 1.3
"""What a step needs beside the tensors that are kept for its backward."""
_SHARE = 0.85
"""Share of the free memory that a run may take."""
_PROGRAMS = 0.4e9
"""Bytes that the matrix library keeps, in a long run, for the lengths it has met."""
_MODEST = 2.45e9
"""Bytes above which long steps are taken in parts, by halves at the most."""


@dataclass(frozen=True)
class Probe:
    """What was timed; `kept` is bytes that the backward needs for each token that is run."""

    dtype: str
    threads: int
    tokens_per_second: float
    kept: float


@dataclass(frozen=True)
class Plan:
    """How a run is run, `at_once` tokens together, and what of it is told."""

    told: Planned
    steps: int
    at_once: int
    checkpointing: bool


_VERSION = 2
"""Of what a probe holds."""
_BUSY = 25.0
"""Per cent of the processor that other work may take for a probe to be believed."""


def probe(model: Any, rows: Rows, config: RunConfig, folder: Path) -> Probe:
    """Choose number format and threads, and time three steps; remembered in the cache folder.

    Sets the threads and brings the frozen weights into the chosen format; `folder` has room for
    them as they were.
    """
    file, key = paths.cache_dir() / "probes.json", _key(config, model.device.type)
    known = _known(file)
    if key in known:
        found = Probe(**known[key])
        use_format(model, found, folder)
        return found
    disturbed = psutil.cpu_percent(interval=0.2) > _BUSY
    if model.device.type == "cuda":
        threads, dtype = torch.get_num_threads(), _of_gpu()
    else:
        threads, dtype = _fastest(config.threads or (cores() if disturbed else 0))
    use_format(model, Probe(dtype, threads, 0.0, 0.0), folder)
    batches = rows.batches(config)
    batch = [rows.learnt[i] for i in batches[len(batches) // 2]]
    with fast(model):
        kept = _kept(model, rows, batch[:2])
        step_loss(model, batch[:2], rows.pad, run_length(model, batch[:2]))
        times = []
        for _ in range(3):
            began = time.monotonic()
            step_loss(model, batch, rows.pad, _half(model, batch))
            times.append(time.monotonic() - began)
    model.zero_grad(set_to_none=True)
    rate = sum(len(example.tokens) for example in batch) / min(times)
    found = Probe(dtype, threads, rate, kept)
    if not disturbed:  # what other work made of it says nothing about the next run
        write_text(file, json.dumps(known | {key: dataclasses.asdict(found)}, indent=1))
    return found


def remember(config: RunConfig, where: str, tokens_per_second: float) -> None:
    """Let the next plan know what a whole run made of the probe, which may have been disturbed."""
    file, key = paths.cache_dir() / "probes.json", _key(config, where)
    known = _known(file)
    if key in known:
        known[key]["tokens_per_second"] = tokens_per_second
        write_text(file, json.dumps(known, indent=1))


def use_format(model: Any, chosen: Probe, folder: Path) -> None:
    """Set the threads and round the frozen weights; their exact values wait in a file without a
    name, which goes when the process does."""
    torch.set_num_threads(chosen.threads)
    wanted = getattr(torch, chosen.dtype)
    frozen = {name: p for name, p in model.named_parameters() if not p.requires_grad}
    if all(parameter.dtype == wanted for parameter in frozen.values()):
        return
    model.exact_weights = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
    torch.save({name: parameter.data for name, parameter in frozen.items()}, model.exact_weights)
    for parameter in frozen.values():
        parameter.data = parameter.data.to(wanted)


def use_exact_weights(model: Any) -> None:
    """Undo the rounding of `use_format`: what is exported is held to the exact weights."""
    file = getattr(model, "exact_weights", None)
    if file is None:
        return
    file.seek(0)
    exact = torch.load(file, map_location="cpu", weights_only=True, mmap=False)
    for name, parameter in model.named_parameters():
        if name in exact:
            parameter.data = exact[name].to(parameter.device)
    file.close()
    model.exact_weights = None


def make_plan(model: Any, rows: Rows, config: RunConfig, chosen: Probe) -> Plan:
    """Steps that fit the time, tokens at once that fit the memory, and whether any do."""
    batches = rows.batches(config)
    tokens = [sum(len(rows.learnt[i].tokens) for i in batch) for batch in batches]
    mean = sum(tokens) / len(tokens)
    per_step = mean / chosen.tokens_per_second
    steps = len(batches)
    if config.minutes:
        steps = max(1, min(steps, int(config.minutes * 60 / per_step)))
    learning = int(sum(p.numel() for p in model.parameters() if p.requires_grad))
    every = int(sum(p.numel() for p in model.parameters()))
    mine, available = _memory(model)
    fixed = mine + learning * 12 + _PROGRAMS
    free = available * _SHARE + mine

    def needed(count: int, kept: float) -> float:
        return fixed + count * kept * _SLACK

    examples = [[rows.learnt[i] for i in batch] for batch in batches]
    longest = max(run_length(model, [example]) for example in rows.learnt)
    half = max(_half(model, batch) for batch in examples)
    whole = max(run_length(model, batch) for batch in examples)
    kept, checkpointing = chosen.kept, False
    modest, most = (
        int((limit - fixed) / (kept * _SLACK))
        for limit in (free if model.device.type == "cuda" else _MODEST, free)
    )
    at_once = max(longest, min(whole, most, max(half, modest)))
    if needed(at_once, kept) > free:
        kept, checkpointing = kept / model.config.num_hidden_layers * 2, True
    memory = needed(at_once, kept)
    fits = memory <= free
    detail = (
        f"{'GPU, ' if model.device.type == 'cuda' else ''}"
        f"{chosen.dtype}, {chosen.threads} threads, {at_once} tokens at once"
        f"{', checkpointing' if checkpointing else ''}"
    )
    advice = "" if fits else (
        f"It needs {memory / 1e9:.1f} GB and {free / 1e9:.1f} GB are free. Close other programs, "
        "choose a smaller base, or leave long rows out (max_tokens in run.toml)."
    )  # fmt: skip
    told = Planned(
        STAGE, rows=sum(map(len, batches[:steps])), steps=steps,
        tokens_per_second=round(chosen.tokens_per_second, 1),
        minutes=round(steps * per_step / 60, 2), memory_gb=round(memory / 1e9, 2),
        disk_gb=round((learning * 16 + every * 3.1) / 1e9, 2), detail=detail, fits=fits,
        advice=advice,
    )  # fmt: skip
    return Plan(told, steps, at_once, checkpointing)


def _memory(model: Any) -> tuple[int, int]:
    """Bytes that this process holds where the model is, and those that are still free there."""
    if model.device.type == "cuda":
        torch.cuda.empty_cache()
        return torch.cuda.memory_allocated(), torch.cuda.mem_get_info()[0]
    return int(psutil.Process().memory_info().rss), int(psutil.virtual_memory().available)


def _of_gpu() -> str:
    """The number format of a GPU; without bf16 of its own it would only imitate it."""
    return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"


def _half(model: Any, batch: Sequence[Example]) -> int:
    """Tokens to run for the longer half of a batch's rows."""
    middle = (len(batch) + 1) // 2
    return max(run_length(model, rows) for rows in (batch[:middle], batch[middle:]) if rows)


def _fastest(threads: int) -> tuple[int, str]:
    """Threads and number format in which matrices of a small model multiply fastest.

    Every core, unless half of them are much faster: the machine may only be busy just now.
    """
    most = cores()
    counts = [threads] if threads else sorted({most, max(1, most // 2)}, reverse=True)
    rates = _rates([(count, torch.float32) for count in counts])
    gains = [rate * (_GAIN if place == 0 else 1.0) for place, rate in enumerate(rates)]
    best = counts[gains.index(max(gains))]
    single, half = _rates([(best, torch.float32), (best, torch.bfloat16)])
    return best, "bfloat16" if half > _GAIN * single else "float32"


def _rates(ways: list[tuple[int, torch.dtype]]) -> list[float]:
    """Products a second with so many threads in such a format, the best of some that take turns:
    what other work slows down, it slows down for all of them."""
    pairs = [(torch.ones(256, 576, dtype=d), torch.ones(1536, 576, dtype=d)) for _, d in ways]
    best = [float("inf")] * len(ways)
    for _ in range(_TURNS):
        for place, (threads, _) in enumerate(ways):
            torch.set_num_threads(threads)
            began = time.perf_counter()
            torch.nn.functional.linear(*pairs[place])
            best[place] = min(best[place], time.perf_counter() - began)
    return [1.0 / seconds for seconds in best]


def _kept(model: Any, rows: Rows, batch: list[Any]) -> float:
    """Bytes a token that autograd keeps for the backward, weights left out."""
    seen = {p.untyped_storage().data_ptr() for p in model.parameters()}
    total = 0

    def count(tensor: Tensor) -> Tensor:
        nonlocal total
        place = tensor.untyped_storage()
        if place.data_ptr() not in seen:
            seen.add(place.data_ptr())
            total += place.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        loss_sum(model, batch, rows.pad)
    return total / run_length(model, batch)


def _key(config: RunConfig, where: str) -> str:
    base = Path(config.base)
    parts = (platform.node(), os.cpu_count(), where, base.name, base.stat().st_size,
             torch.__version__, config.schema, config.batch, config.threads, config.rank,
             _VERSION)  # fmt: skip
    return " ".join(map(str, parts))


def _known(file: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found
