"""Write a GGUF one tensor after another, and patched copies of one: metadata, tokenizer and
untouched tensors byte for byte.

Built on the writer of the `gguf` package; memory is about one tensor, since files are mapped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFValueType, GGUFWriter
from gguf.quants import dequantize, quantize
from numpy.typing import NDArray

from llmtui.quantize.header import Header, TensorInfo, read
from llmtui.workspace.errors import ModelError
from llmtui.workspace.files import require_space, whole_file

Matrix: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True)
class Tensor:
    """A tensor to write: `shape` in numpy's order, `data()` its bytes in `kind`."""

    name: str
    shape: tuple[int, ...]
    kind: GGMLQuantizationType
    data: Callable[[], NDArray[Any]]

    @property
    def size(self) -> int:
        """Bytes in the file."""
        values, size = GGML_QUANT_SIZES[self.kind]
        return int(prod(self.shape) // values * size)


def write(
    target: Path,
    architecture: str,
    add_keys: Callable[[GGUFWriter], None],
    tensors: Sequence[Tensor],
) -> None:
    """Write a GGUF, one tensor after another; it appears whole or not at all.

    Raises StorageError when the disk is full.
    """
    require_space(target, sum(tensor.size for tensor in tensors))
    with whole_file(target) as temporary:
        writer = GGUFWriter(temporary, architecture)
        try:
            add_keys(writer)
            for tensor in tensors:
                writer.add_tensor_info(
                    tensor.name, tensor.shape, np.dtype(np.float32), tensor.size, tensor.kind
                )
            writer.write_header_to_file()
            writer.write_kv_data_to_file()
            writer.write_ti_data_to_file()
            for tensor in tensors:
                writer.write_tensor_data(np.ascontiguousarray(tensor.data()))
        finally:
            writer.close()


def patched_copy(
    base: Path,
    target: Path,
    patch: Mapping[str, Callable[[Matrix], Matrix]],
    keys: Mapping[str, str],
) -> None:
    """Write `target`: a copy of `base` where each tensor named in `patch` is replaced by
    `patch[name](dequantized)`, in F32 where it was that and in F16 elsewhere, and the text
    metadata `keys` are set.

    The file appears whole or not at all. Raises ModelError when `patch` names a missing tensor, or
    `base` names no architecture.
    """
    header = read(base)
    missing = set(patch) - {tensor.name for tensor in header.tensors}
    if missing:
        raise ModelError(f"The base has no tensor {min(missing)}", where=str(base))
    architecture = str(header.facts.get("general.architecture", ""))
    if not architecture:
        raise ModelError("This GGUF does not name its architecture", where=str(base))
    tensors = [_patched(tensor, patch.get(tensor.name)) for tensor in header.tensors]
    write(target, architecture, lambda writer: _copy_metadata(header, writer, keys), tensors)


def _patched(tensor: TensorInfo, change: Callable[[Matrix], Matrix] | None) -> Tensor:
    """A tensor of a file, changed or as it is."""
    if change is None:
        return Tensor(tensor.name, tensor.shape, tensor.kind, lambda: tensor.data)
    full = GGMLQuantizationType.F32
    kind = full if tensor.kind == full else GGMLQuantizationType.F16
    return Tensor(tensor.name, tensor.shape, kind, lambda: quantize(change(values(tensor)), kind))


def values(tensor: TensorInfo) -> Matrix:
    """The numbers of a tensor, dequantized."""
    data = tensor.data
    floats = {GGMLQuantizationType.F32: np.float32, GGMLQuantizationType.F16: np.float16}
    if tensor.kind in floats:
        data = data.view(floats[tensor.kind])
    return np.asarray(dequantize(data, tensor.kind), np.float32)


def _copy_metadata(header: Header, writer: GGUFWriter, keys: Mapping[str, str]) -> None:
    for name, key in header.keys.items():
        if name == "general.alignment":
            writer.add_custom_alignment(key.value)
        elif name != "general.architecture" and name not in keys and key.value != []:
            # the writer knows no empty lists
            writer.add_key_value(name, key.value, key.kind, sub_type=key.sub_kind)
    for name, text in keys.items():
        writer.add_key_value(name, text, GGUFValueType.STRING)
