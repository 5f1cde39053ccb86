"""Quantization levels: one row each. The mix really written is read back, never assumed."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from numpy.typing import NDArray

from llmtui.quantize.header import read
from llmtui.quantize.silence import listening, llama_cpp_silent
from llmtui.workspace.errors import ModelError, UsageError
from llmtui.workspace.files import require_space, whole_file

Importance = Mapping[str, NDArray[np.float32]]
"""Tensor name → mean squared input of each of its columns, on the user's own rows."""


@dataclass(frozen=True)
class Level:
    """`ftype` is llama.cpp's file type, `bits` the nominal bits a weight.

    bound: how far logits may be from PyTorch's in fp32, as a share of their own spread
    weighted: rounding can be weighted by an importance matrix
    """

    name: str
    ftype: int
    bits: float
    bound: float
    weighted: bool = True


LEVELS = {
    level.name: level
    for level in (
        Level("f16", 1, 16, 0.03, weighted=False),
        Level("bf16", 32, 16, 0.05, weighted=False),
        Level("q8_0", 7, 8.5, 0.08, weighted=False),
        Level("q6_k", 18, 6.6, 0.1),
        Level("q5_k_m", 17, 5.7, 0.2),
        Level("q5_0", 8, 5.5, 0.25),
        Level("q4_k_m", 15, 4.8, 0.3),
        Level("q4_0", 2, 4.5, 0.5),
        Level("iq4_nl", 25, 4.5, 0.5),
    )
}


def level_named(name: str) -> Level:
    try:
        return LEVELS[name.lower()]
    except KeyError:
        raise UsageError(
            f'There is no quantization level "{name}"', hint=f"Known: {', '.join(LEVELS)}."
        ) from None


def quantize_file(
    source: Path, target: Path, level: Level, importance: Importance | None = None
) -> None:
    """Write `target`: `source` quantized to `level` by llama.cpp. Whole or not at all.

    importance: used where the level can. Raises ModelError when llama.cpp refuses.
    """
    llama_cpp = llama_cpp_silent()
    require_space(target, source.stat().st_size)
    params, _kept = _params(level, importance)
    with whole_file(target) as temporary:
        code = llama_cpp.llama_model_quantize(
            str(source).encode(), str(temporary).encode(), ctypes.byref(params)
        )
        if code != 0 or not temporary.is_file():
            raise ModelError(f"llama.cpp could not quantize to {level.name}", where=str(source))


@dataclass(frozen=True)
class Prediction:
    """Size of the file in bytes, and weights by the type they would be stored in."""

    size: int
    mix: dict[str, int]


_PLANNED = re.compile(r"\[ *\d+/ *\d+\] +(\S+) +- \[.*\], type = +(\S+), size = (.*)")
_CHANGED = re.compile(r"-> .*\((\w+)\)")


def predict(source: Path, level: Level, importance: Importance | None = None) -> Prediction:
    """What `quantize_file` would give, from llama.cpp's own dry run.

    Raises ModelError when llama.cpp refuses.
    """
    llama_cpp = llama_cpp_silent()
    params, _kept = _params(level, importance)
    params.dry_run = True
    with listening() as lines:
        code = llama_cpp.llama_model_quantize(str(source).encode(), b"", ctypes.byref(params))
    planned = {}
    for name, kind, rest in _PLANNED.findall("".join(lines)):
        changed = _CHANGED.search(rest)
        planned[name] = GGMLQuantizationType[(changed.group(1) if changed else kind).upper()]
    header = read(source)
    if code != 0 or planned.keys() != {tensor.name for tensor in header.tensors}:
        raise ModelError(f"llama.cpp cannot quantize this to {level.name}", where=str(source))
    size, counts = header.tensors[0].start, Counter[str]()
    for tensor in header.tensors:
        values, block = GGML_QUANT_SIZES[planned[tensor.name]]
        count = prod(tensor.shape)
        size += -(-count // values * block // 32) * 32
        counts[planned[tensor.name].name] += count
    return Prediction(size, dict(counts.most_common()))


def _params(level: Level, importance: Importance | None) -> tuple[Any, list[Any]]:
    """llama.cpp's parameters, and what must live as long as they are used."""
    llama_cpp = llama_cpp_silent()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = level.ftype
    params.allow_requantize = True  # embeddings of the base are quantized already
    if not level.weighted or not importance:
        return params, []
    kept = [np.ascontiguousarray(values, np.float32) for values in importance.values()]
    pointer = ctypes.POINTER(ctypes.c_float)
    items = [
        llama_cpp.llama_model_imatrix_data(
            name.encode(), values.ctypes.data_as(pointer), len(values)
        )
        for name, values in zip(importance, kept, strict=True)
    ]
    table = (llama_cpp.llama_model_imatrix_data * (len(items) + 1))(*items)
    params.imatrix = table
    return params, [kept, table]


def mix(path: Path) -> dict[str, int]:
    """Weights by the type they are really stored in, largest first."""
    counts: Counter[str] = Counter()
    for tensor in read(path).tensors:
        counts[tensor.kind.name] += prod(tensor.shape)
    return dict(counts.most_common())
