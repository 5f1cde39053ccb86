"""The stage: adapter and base in, quantized GGUF or adapter file out."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from llmtui.quantize.adapter import Adapter, load_adapter, save_adapter
from llmtui.quantize.levels import level_named, mix, predict, quantize_file
from llmtui.quantize.merge import merge
from llmtui.quantize.trusted import remember
from llmtui.workspace.events import Event, Finished, Note, Saved, Started
from llmtui.workspace.files import make_dir

STAGE = "quantize"
ADAPTER_BOUND = 0.15
"""How far logits of an adapter on its base, which may be quantized, may be off; see `Level`."""


def export(source: Path, target: Path, level: str, run: str) -> Iterator[Event]:
    """Merge an adapter (folder or file) into its base and quantize to `target`.

    Raises ModelError, StorageError.
    """
    began = time.monotonic()
    wanted = level_named(level)
    adapter = load_adapter(source)
    yield Started(STAGE, f"merging into {adapter.base.name}, then {wanted.name}")
    expected = predict(adapter.base, wanted, adapter.importance)
    yield Note(f"{expected.size / 1e6:.1f} MB expected; {shares(expected.mix)}")
    if wanted.weighted:
        known = len(adapter.importance)
        yield Note(
            f"Rounding weighted by your own rows in {known} matrices"
            if known
            else "Rounding is not weighted: this adapter has no importance matrix"
        )
    with TemporaryDirectory(prefix=".merged-", dir=make_dir(target.parent)) as place:
        merged = Path(place) / target.name
        merge(adapter, merged, keys_of(adapter, run))
        quantize_file(merged, target, wanted, adapter.importance)
    yield Note(f"{target.stat().st_size / 1e6:.1f} MB written; {shares(mix(target))}")
    remember(target)
    yield Saved("model", str(target))
    yield Finished(STAGE, time.monotonic() - began)


def export_adapter(folder: Path, target: Path, run: str) -> Iterator[Event]:
    """Write an adapter folder as a LoRA GGUF. Raises ModelError, StorageError."""
    began = time.monotonic()
    adapter = load_adapter(folder)
    yield Started(STAGE, f"an adapter for {adapter.base.name}")
    save_adapter(adapter, target, keys_of(adapter, run))
    yield Note(f"{target.stat().st_size / 1e6:.0f} MB beside {adapter.base}")
    yield Saved("adapter", str(target))
    yield Finished(STAGE, time.monotonic() - began)


def shares(mix: Mapping[str, int]) -> str:
    """Weights by type as text."""
    parts = ", ".join(f"{name} {count / 1e6:.1f} M" for name, count in mix.items())
    return f"weights by type: {parts}"


def keys_of(adapter: Adapter, run: str) -> dict[str, str]:
    """What a GGUF says about how it was made."""
    return {
        "llmtui.prompt": adapter.facts["prompt"],
        "llmtui.schema": adapter.facts["schema"],
        "llmtui.base": adapter.base.name,
        "llmtui.run": run,
        "llmtui.version": version("llmtui"),
    }
