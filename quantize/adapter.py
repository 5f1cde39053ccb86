"""Adapters: the folder that training leaves, and the same as a LoRA GGUF for llama.cpp.

A delta is (scale · B · A) on one tensor of the base, in GGUF's names and row order. Reading,
writing, combining and merging all work on deltas, whatever file they came from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from numpy.typing import NDArray

from llmtui.quantize.architectures import Architecture, architecture_named, to_gguf_rows
from llmtui.quantize.gguf import Matrix, Tensor, values, write
from llmtui.quantize.header import read
from llmtui.quantize.stored import floats
from llmtui.quantize.trusted import sha256
from llmtui.workspace.errors import ModelError

Vector: TypeAlias = NDArray[np.float32]
SUFFIX = ".lora.gguf"
"""How the name of an adapter file ends; a model's ends in .gguf alone."""


@dataclass(frozen=True)
class Delta:
    """A change of one tensor (out, in): scale · b (out, rank) @ a (rank, in)."""

    a: Matrix
    b: Matrix
    scale: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.b.shape[0], self.a.shape[1]

    def matrix(self) -> Matrix:
        product: Matrix = self.b @ self.a
        return product * np.float32(self.scale)


@dataclass(frozen=True)
class Adapter:
    """What was learnt: changes by tensor of the base, and what they are for.

    facts: "base" (path), "prompt" (identity), "schema" (fingerprint) and whatever else is known
    """

    base: Path
    architecture: str
    facts: dict[str, str]
    deltas: Mapping[str, Delta]
    importance: Mapping[str, Vector] = field(default_factory=dict)
    """Mean squared input of each column, by tensor, where training recorded it."""


def load_adapter(path: Path) -> Adapter:
    """An adapter folder or a LoRA GGUF. Raises ModelError when it is missing or damaged."""
    return _from_file(path) if path.name.endswith(SUFFIX) else _from_folder(path)


def _from_folder(folder: Path) -> Adapter:
    try:
        facts = json.loads((folder / "adapter.json").read_text(encoding="utf-8"))
        weights = floats(folder / "adapter.safetensors")
        inputs = folder / "importance.safetensors"
        squares = floats(inputs) if inputs.is_file() else {}
        scale = float(facts["alpha"]) / float(facts["rank"])
        base = Path(facts["base"])
        pairs = {
            module: (weights[f"{module}.lora_A"], weights[f"{module}.lora_B"])
            for module in sorted({key.rsplit(".", 1)[0] for key in weights})
        }
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise ModelError(
            f"This is not an adapter folder, or it is damaged ({error})",
            where=str(folder),
            hint="Train again with `llmtui train`.",
        ) from error
    known = read(base).facts
    architecture = architecture_named(str(known.get("general.architecture", "")), base)
    where = places(known, architecture, pairs, base)
    deltas = {}
    for module, (name, heads) in where.items():
        a, b = pairs[module]
        deltas[name] = Delta(a, np.asarray(to_gguf_rows(b, heads)) if heads else b, scale)
    told = {name: str(facts.get(name, "")) for name in ("prompt", "schema")}
    importance = {where[one][0]: values for one, values in squares.items() if one in where}
    return Adapter(base, architecture.name, told, deltas, importance)


def places(
    facts: Mapping[str, Any], architecture: Architecture, modules: Iterable[str], base: Path
) -> dict[str, tuple[str, int]]:
    """Module of transformers → tensor in GGUF, and the heads its rows are to be turned for or 0.

    Raises ModelError for a module that GGUF has no place for.
    """
    names = architecture.tensor_names(int(facts[f"{architecture.name}.block_count"]))
    heads = int(facts[f"{architecture.name}.attention.head_count"])
    kv_heads = int(facts.get(f"{architecture.name}.attention.head_count_kv", heads))
    turned = {"q_proj": heads, "k_proj": kv_heads} if architecture.rotated_pairs else {}
    found: dict[str, tuple[str, int]] = {}
    for module in modules:
        name = names.get_name(module)
        if name is None:
            raise ModelError(f'GGUF has no place for the module "{module}"', where=str(base))
        found[module] = (f"{name}.weight", turned.get(module.rsplit(".", 1)[-1], 0))
    return found


def _from_file(file: Path) -> Adapter:
    header = read(file)
    facts = header.facts
    if facts.get("general.type") != "adapter" or facts.get("adapter.type") != "lora":
        raise ModelError("This GGUF file is not a LoRA adapter", where=str(file))
    base = base_of(file)
    parts = {tensor.name: values(tensor) for tensor in header.tensors}
    deltas = {}
    try:
        alpha, architecture = float(facts["adapter.lora.alpha"]), facts["general.architecture"]
        for name in sorted({name.rsplit(".", 1)[0] for name in parts}):
            a, b = parts[f"{name}.lora_a"], parts[f"{name}.lora_b"]
            deltas[name] = Delta(a, b, alpha / a.shape[0])
    except (KeyError, ValueError, TypeError) as error:
        raise ModelError(
            f"This LoRA adapter is incomplete: it lacks {error}",
            where=str(file),
            hint="Make it again with `llmtui quantize --adapter`.",
        ) from error
    told = {"prompt": "", "schema": ""}
    told |= {key.removeprefix("llmtui."): str(value) for key, value in facts.items()
             if key.startswith("llmtui.")}  # fmt: skip
    return Adapter(base, str(architecture), told, deltas)


def base_of(file: Path) -> Path:
    """The base that an adapter file is for. Raises ModelError when it is gone or another one."""
    facts = read(file).facts
    if "llmtui.base_path" not in facts:
        raise ModelError(
            "This adapter was not made by llmtui: it does not say which base it is for",
            where=str(file),
            hint="Use one that `llmtui quantize --adapter` made.",
        )
    base = Path(str(facts["llmtui.base_path"]))
    if not base.is_file():
        raise ModelError(
            f"The base model of this adapter is not at {base}",
            where=str(file),
            hint="Put it back there, or make the adapter again with `llmtui quantize --adapter`.",
        )
    if sha256(base) != facts.get("llmtui.base_sha256"):
        raise ModelError(
            f"The base model {base.name} is not the one that this adapter was trained on",
            where=str(file),
            hint="Put that one back, or tune again.",
        )
    return base


def save_adapter(adapter: Adapter, target: Path, keys: Mapping[str, str]) -> None:
    """Write a LoRA GGUF (F16) for the adapter's base, with the text metadata `keys`."""
    ranks = {delta.a.shape[0] for delta in adapter.deltas.values()}
    alphas = {round(delta.scale * delta.a.shape[0], 6) for delta in adapter.deltas.values()}
    if len(ranks) != 1 or len(alphas) != 1:
        raise ModelError("The parts of this adapter have different ranks or scales")
    own = {"llmtui.base_path": str(adapter.base), "llmtui.base_sha256": sha256(adapter.base)}

    def add_keys(writer: GGUFWriter) -> None:
        writer.add_type("adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", alphas.pop())
        for name, text in {**keys, **own}.items():
            writer.add_string(name, text)

    half = GGMLQuantizationType.F16
    tensors = [
        Tensor(f"{name}.lora_{part}", matrix.shape, half, partial(matrix.astype, np.float16))
        for name, delta in adapter.deltas.items()
        for part, matrix in (("a", delta.a), ("b", delta.b))
    ]
    write(target, adapter.architecture, add_keys, tensors)


def combine(adapters: Sequence[tuple[Adapter, float]]) -> Adapter:
    """One adapter that is the weighted sum of several on the same base.

    Raises ModelError when their bases or prompts differ.
    """
    first = adapters[0][0]
    for other, _ in adapters[1:]:
        if other.base != first.base or other.facts["prompt"] != first.facts["prompt"]:
            raise ModelError(
                "Only adapters of one base and one prompt can be combined; these are for "
                f"{first.base.name} ({first.facts['prompt']}) and "
                f"{other.base.name} ({other.facts['prompt']})"
            )
    rank = sum(max(d.a.shape[0] for d in adapter.deltas.values()) for adapter, _ in adapters)
    deltas = {}
    for name in sorted({name for adapter, _ in adapters for name in adapter.deltas}):
        parts = [(a.deltas[name], weight) for a, weight in adapters if name in a.deltas]
        a = np.concatenate([delta.a for delta, _ in parts])
        b = np.concatenate([delta.b * np.float32(delta.scale * w) for delta, w in parts], axis=1)
        room = rank - a.shape[0]
        deltas[name] = Delta(np.pad(a, ((0, room), (0, 0))), np.pad(b, ((0, 0), (0, room))), 1.0)
    return replace(first, deltas=deltas)
