"""LoRA deltas on the base's matrices: W' = W + (alpha / rank) · B · A, in GGUF's own layout."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, TensorNameMap, get_tensor_name_map
from safetensors.numpy import load_file

from llmtui.quantize.gguf import Matrix, metadata, patched_copy, read
from llmtui.workspace.errors import ModelError

PERMUTED = ("llama",)
"""Architectures whose q and k rows GGUF stores interleaved for its rotary embedding."""
SUPPORTED = ("llama", "qwen2", "qwen3", "gemma3")


@dataclass(frozen=True)
class Adapter:
    """A trained adapter folder: its facts and its LoRA tensors."""

    facts: dict[str, Any]
    weights: dict[str, Matrix]

    @property
    def scale(self) -> float:
        return float(self.facts["alpha"]) / float(self.facts["rank"])


def load_adapter(folder: Path) -> Adapter:
    """Raises ModelError when the folder is missing or damaged."""
    try:
        facts = json.loads((folder / "adapter.json").read_text(encoding="utf-8"))
        weights = load_file(str(folder / "adapter.safetensors"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"This is not an adapter folder, or it is damaged ({type(error).__name__})",
            where=str(folder),
            hint="Train again with `llmtui train`.",
        ) from error
    return Adapter(facts, weights)


def merge(base: Path, adapter: Adapter, target: Path, keys: dict[str, str]) -> None:
    """Write `target`: the base with the adapter merged in (changed matrices in F16).

    Raises ModelError for an architecture whose layout is not known here.
    """
    facts = metadata(read(base))
    architecture = str(facts.get("general.architecture", ""))
    if architecture not in SUPPORTED:
        raise ModelError(
            f'The architecture "{architecture}" cannot be merged',
            where=str(base),
            hint=f"Supported: {', '.join(SUPPORTED)}.",
        )
    blocks = int(facts[f"{architecture}.block_count"])
    heads = int(facts[f"{architecture}.attention.head_count"])
    names = _tensor_names(architecture, blocks)
    kv_heads = int(facts.get(f"{architecture}.attention.head_count_kv", heads))
    patch: dict[str, Callable[[Matrix], Matrix]] = {}
    for module in sorted({key.rsplit(".", 1)[0] for key in adapter.weights}):
        name = names.get_name(module)
        if name is None:
            raise ModelError(f'GGUF has no place for the module "{module}"', where=str(base))
        rows = 0
        if architecture in PERMUTED and module.endswith(("q_proj", "k_proj")):
            rows = heads if module.endswith("q_proj") else kv_heads
        patch[f"{name}.weight"] = partial(_add, adapter=adapter, module=module, heads=rows)
    patched_copy(base, target, patch, keys)


def _tensor_names(architecture: str, blocks: int) -> TensorNameMap:
    kinds: dict[str, MODEL_ARCH] = {name: kind for kind, name in MODEL_ARCH_NAMES.items()}
    return get_tensor_name_map(kinds[architecture], blocks)


def _add(matrix: Matrix, *, adapter: Adapter, module: str, heads: int) -> Matrix:
    lora_a = adapter.weights[f"{module}.lora_A"]
    lora_b = adapter.weights[f"{module}.lora_B"]
    delta = adapter.scale * (lora_b.astype(np.float32) @ lora_a.astype(np.float32))
    if delta.shape != matrix.shape:
        raise ModelError(
            f'The adapter does not fit this base: "{module}" is {delta.shape}, not {matrix.shape}'
        )
    return matrix + (to_gguf_rows(delta, heads) if heads else delta)


def to_gguf_rows(matrix: Matrix, heads: int) -> Matrix:
    """Rows (out, in) of a q or k projection from transformers' order to GGUF's for llama.

    transformers rotates the two halves of a head, GGUF its neighbouring pairs.
    """
    out, width = matrix.shape
    halves = matrix.reshape(heads, 2, out // heads // 2, width)
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(out, width))
