"""Read a GGUF and write a patched copy: metadata, tokenizer and untouched tensors byte for byte.

Built on the `gguf` package; memory is about one tensor, since the reader maps the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import dequantize, quantize
from numpy.typing import NDArray

from llmtui.workspace.errors import ModelError
from llmtui.workspace.files import require_space, whole_file

Matrix: TypeAlias = NDArray[np.float32]


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


def patched_copy(
    base: Path,
    target: Path,
    patch: Mapping[str, Callable[[Matrix], Matrix]],
    keys: Mapping[str, str],
) -> None:
    """Write `target`: a copy of `base` where each tensor named in `patch` is replaced by
    `patch[name](dequantized)` in F16 and the text metadata `keys` are set.

    The file appears whole or not at all. Raises ModelError when `patch` names a missing tensor.
    """
    reader = read(base)
    missing = set(patch) - {tensor.name for tensor in reader.tensors}
    if missing:
        raise ModelError(f"The base has no tensor {min(missing)}", where=str(base))
    size = sum(2 * int(t.n_elements) if t.name in patch else int(t.n_bytes) for t in reader.tensors)
    require_space(target, size)
    with whole_file(target) as temporary:
        architecture = str(reader.fields["general.architecture"].contents())
        writer = GGUFWriter(temporary, architecture, endianess=reader.endianess)
        _copy_metadata(reader, writer, keys)
        for tensor in reader.tensors:
            shape = [int(n) for n in reversed(tensor.shape.tolist())]
            if tensor.name in patch:
                half = np.dtype(np.float16)
                count = 2 * int(tensor.n_elements)
                writer.add_tensor_info(tensor.name, shape, half, count, GGMLQuantizationType.F16)
            else:
                data = tensor.data
                writer.add_tensor_info(
                    tensor.name, data.shape, data.dtype, data.nbytes, tensor.tensor_type
                )
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in reader.tensors:
            data = tensor.data
            if tensor.name in patch:
                full = dequantize(data, tensor.tensor_type)
                data = quantize(patch[tensor.name](full), GGMLQuantizationType.F16)
            writer.write_tensor_data(np.ascontiguousarray(data))
        writer.close()


def _copy_metadata(reader: GGUFReader, writer: GGUFWriter, keys: Mapping[str, str]) -> None:
    for name, field in reader.fields.items():
        written_by_writer = name == "general.architecture" or name.startswith("GGUF.")
        if written_by_writer or name in keys:
            continue
        sub_type = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=sub_type)
    for name, text in keys.items():
        writer.add_key_value(name, text, GGUFValueType.STRING)
