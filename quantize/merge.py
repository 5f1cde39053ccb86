"""LoRA deltas on the base's matrices: W' = W + (alpha / rank) · B · A, in GGUF's own layout."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from llmtui.quantize.adapter import Adapter, Delta
from llmtui.quantize.gguf import Matrix, patched_copy
from llmtui.workspace.errors import ModelError


def merge(adapter: Adapter, target: Path, keys: Mapping[str, str]) -> None:
    """Write `target`: the adapter's base with its deltas added (changed matrices in F16).

    A matrix whose delta is zero keeps its bytes. Raises ModelError when the adapter is for
    matrices of another shape.
    """
    patch = {
        name: partial(_add, delta=delta, name=name)
        for name, delta in adapter.deltas.items()
        if delta.b.any()
    }
    patched_copy(adapter.base, target, patch, keys)


def _add(matrix: Matrix, *, delta: Delta, name: str) -> Matrix:
    if delta.shape != matrix.shape:
        raise ModelError(
            f'The adapter does not fit this base: "{name}" is {delta.shape}, not {matrix.shape}'
        )
    return matrix + delta.matrix()
