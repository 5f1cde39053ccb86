"""Tensors of safetensors files, read in place; the package of that name is not needed."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize
from gguf.utility import LocalTensor, SafetensorsLocal
from numpy.typing import NDArray

KINDS = {
    "F32": GGMLQuantizationType.F32,
    "F16": GGMLQuantizationType.F16,
    "BF16": GGMLQuantizationType.BF16,
}


def stored(file: Path) -> dict[str, LocalTensor]:
    """The tensors of a file by name. Raises ValueError when it is damaged, OSError."""
    try:
        tensors: dict[str, LocalTensor] = SafetensorsLocal(file).tensors
        for name, tensor in tensors.items():
            place = tensor.data_range
            if place.size < 0 or place.offset + place.size > file.stat().st_size:
                raise ValueError("it is cut short")
            width = GGML_QUANT_SIZES[KINDS[tensor.dtype]][1] if tensor.dtype in KINDS else 0
            if width and prod(tensor.shape) * width != place.size:
                raise ValueError(f'the tensor "{name}" has another size than its shape')
    except (AttributeError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise ValueError(f"its list of tensors is unreadable ({error})") from error
    return tensors


def floats(file: Path) -> dict[str, NDArray[np.float32]]:
    """The numbers of a file, by tensor. Raises as `stored`, also for what is no floating point."""
    found = {}
    for name, tensor in stored(file).items():
        if tensor.dtype not in KINDS:
            raise ValueError(f'the tensor "{name}" is of the kind {tensor.dtype}')
        kind = KINDS[tensor.dtype]
        raw = tensor.mmap_bytes()
        numbers = raw.view(np.float16) if tensor.dtype == "F16" else dequantize(raw, kind)
        found[name] = np.array(numbers, np.float32).reshape(tensor.shape)
    return found
