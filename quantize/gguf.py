"""Read a GGUF, write one tensor after another, and write patched copies: metadata, tokenizer and
untouched tensors byte for byte.

Built on the `gguf` package; memory is about one tensor, since the reader maps the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from gguf import (
    GGML_QUANT_SIZES,
    GGMLQuantizationType,
    GGUFEndian,
    GGUFReader,
    GGUFValueType,
    GGUFWriter,
)
from gguf.quants import dequantize, quantize
from numpy.typing import NDArray

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


def read(path: Path) -> GGUFReader:
    """Map a GGUF. Raises ModelError when it is missing, not a GGUF, or cut short."""
    if not path.is_file():
        raise ModelError("There is no such model file", where=str(path))
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelError("This is not a GGUF model file", where=str(path))
    try:
        reader = GGUFReader(path)
        for tensor in reader.tensors:
            if tensor.data_offset + tensor.n_bytes > path.stat().st_size:
                raise ValueError(f"tensor {tensor.name} is cut short")
    except (ValueError, IndexError, KeyError, OverflowError, MemoryError, struct.error) as error:
        raise ModelError(
            f"This GGUF file is damaged or incomplete ({error})",
            where=str(path),
            hint="Fetch or make it again.",
        ) from error
    return reader


def metadata(reader: GGUFReader) -> dict[str, Any]:
    """Scalar metadata by key (long lists such as the vocabulary are left out)."""
    return {
        name: field.contents()
        for name, field in reader.fields.items()
        if not name.startswith("GGUF.") and field.types[0] != GGUFValueType.ARRAY
    }


def write(
    target: Path,
    architecture: str,
    add_keys: Callable[[GGUFWriter], None],
    tensors: Sequence[Tensor],
    endianess: GGUFEndian = GGUFEndian.LITTLE,
) -> None:
    """Write a GGUF, one tensor after another; it appears whole or not at all.

    Raises StorageError when the disk is full.
    """
    require_space(target, sum(tensor.size for tensor in tensors))
    with whole_file(target) as temporary:
        writer = GGUFWriter(temporary, architecture, endianess=endianess)
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

    The file appears whole or not at all. Raises ModelError when `patch` names a missing tensor.
    """
    reader = read(base)
    missing = set(patch) - {tensor.name for tensor in reader.tensors}
    if missing:
        raise ModelError(f"The base has no tensor {min(missing)}", where=str(base))
    architecture = str(reader.fields["general.architecture"].contents())
    tensors = [_patched(tensor, patch.get(tensor.name)) for tensor in reader.tensors]
    write(target, architecture, lambda writer: _copy_metadata(reader, writer, keys), tensors,
          reader.endianess)  # fmt: skip


def _patched(tensor: Any, change: Callable[[Matrix], Matrix] | None) -> Tensor:
    """A tensor of a reader, changed or as it is."""
    shape = tuple(int(n) for n in reversed(tensor.shape.tolist()))
    if change is None:
        return Tensor(tensor.name, shape, tensor.tensor_type, lambda: tensor.data)
    full = GGMLQuantizationType.F32
    kind = full if tensor.tensor_type == full else GGMLQuantizationType.F16
    return Tensor(
        tensor.name,
        shape,
        kind,
        lambda: quantize(change(dequantize(tensor.data, tensor.tensor_type)), kind),
    )


def _copy_metadata(reader: GGUFReader, writer: GGUFWriter, keys: Mapping[str, str]) -> None:
    for name, field in reader.fields.items():
        written_by_writer = name == "general.architecture" or name.startswith("GGUF.")
        if written_by_writer or name in keys:
            continue
        sub_type = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=sub_type)
    for name, text in keys.items():
        writer.add_key_value(name, text, GGUFValueType.STRING)
