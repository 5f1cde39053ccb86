"""Quantization levels: one row each. The mix really written is read back, never assumed."""

from __future__ import annotations

import ctypes
from collections import Counter
from dataclasses import dataclass
from math import prod
from pathlib import Path

from llmtui.quantize.header import read
from llmtui.workspace.errors import ModelError, UsageError
from llmtui.workspace.files import require_space, whole_file


@dataclass(frozen=True)
class Level:
    """`ftype` is llama.cpp's file type, `bits` the nominal bits a weight."""

    name: str
    ftype: int
    bits: float


LEVELS = {
    level.name: level
    for level in (
        Level("f16", 1, 16),
        Level("q8_0", 7, 8.5),
        Level("q5_0", 8, 5.5),
        Level("q4_0", 2, 4.5),
        Level("q6_k", 18, 6.6),
        Level("q5_k_m", 17, 5.7),
        Level("q4_k_m", 15, 4.8),
        Level("iq4_nl", 25, 4.5),
        Level("bf16", 32, 16),
    )
}


def level_named(name: str) -> Level:
    try:
        return LEVELS[name.lower()]
    except KeyError:
        raise UsageError(
            f'There is no quantization level "{name}"', hint=f"Known: {', '.join(LEVELS)}."
        ) from None


def quantize_file(source: Path, target: Path, level: Level, threads: int = 0) -> None:
    """Write `target`: `source` quantized to `level` by llama.cpp. Whole or not at all.

    Raises ModelError when llama.cpp refuses.
    """
    from llmtui.quantize.silence import llama_cpp_silent

    llama_cpp = llama_cpp_silent()
    require_space(target, source.stat().st_size)
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = level.ftype
    params.nthread = threads
    params.allow_requantize = True  # embeddings of the base are quantized already
    with whole_file(target) as temporary:
        code = llama_cpp.llama_model_quantize(
            str(source).encode(), str(temporary).encode(), ctypes.byref(params)
        )
        if code != 0 or not temporary.is_file():
            raise ModelError(f"llama.cpp could not quantize to {level.name}", where=str(source))


def mix(path: Path) -> dict[str, int]:
    """Weights by the type they are really stored in, largest first."""
    counts: Counter[str] = Counter()
    for tensor in read(path).tensors:
        counts[tensor.kind.name] += prod(tensor.shape)
    return dict(counts.most_common())
