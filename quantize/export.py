"""The stage: adapter folder and base in, quantized GGUF out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from llmtui.quantize.levels import level_named, mix, quantize_file
from llmtui.quantize.merge import load_adapter, merge
from llmtui.workspace.events import Event, Finished, Note, Saved, Started

STAGE = "quantize"


def export(adapter_folder: Path, target: Path, level: str, run: str) -> Iterator[Event]:
    """Merge the adapter into its base and quantize to `target`. Raises ModelError, StorageError."""
    began = time.monotonic()
    wanted = level_named(level)
    adapter = load_adapter(adapter_folder)
    base = Path(adapter.facts["base"])
    yield Started(STAGE, f"merging into {base.name}, then {wanted.name}")
    keys = {
        "llmtui.prompt": str(adapter.facts["prompt"]),
        "llmtui.schema": str(adapter.facts["schema"]),
        "llmtui.base": base.name,
        "llmtui.run": run,
        "llmtui.version": version("llmtui"),
    }
    merged = target.with_suffix(".merged")
    try:
        merge(base, adapter, merged, keys)
        quantize_file(merged, target, wanted)
    finally:
        merged.unlink(missing_ok=True)
    parts = ", ".join(f"{name} {count / 1e6:.1f} M" for name, count in mix(target).items())
    yield Note(f"{target.stat().st_size / 1e6:.0f} MB; weights by type: {parts}")
    yield Saved("model", str(target))
    yield Finished(STAGE, time.monotonic() - began)
