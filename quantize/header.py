"""The header of a GGUF, read with every count and length held against the size of the file.

Specification: github.com/ggml-org/ggml/blob/master/docs/gguf.md. The reader of the `gguf` package
makes an array of every token of the vocabulary, which takes seconds; this one takes a tenth of one.
Constants are the package's.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFValueType
from numpy.typing import NDArray

from llmtui.workspace.errors import ModelError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MOST_KEYS = MOST_TENSORS = 100_000
MOST_NAME = 65_535
MOST_ITEMS = 4_000_000
"""Of all lists together; the largest vocabularies, with scores and merges, have under a third."""
MOST_BYTES = 64_000_000
"""Of a header."""
_SCALARS = {
    GGUFValueType.UINT8: "<u1", GGUFValueType.INT8: "<i1", GGUFValueType.BOOL: "?",
    GGUFValueType.UINT16: "<u2", GGUFValueType.INT16: "<i2", GGUFValueType.UINT32: "<u4",
    GGUFValueType.INT32: "<i4", GGUFValueType.FLOAT32: "<f4", GGUFValueType.UINT64: "<u8",
    GGUFValueType.INT64: "<i8", GGUFValueType.FLOAT64: "<f8",
}  # fmt: skip


@dataclass(frozen=True)
class Key:
    """A metadata value: text, number, bool, or a list of numbers or of texts (as bytes)."""

    kind: GGUFValueType
    value: Any
    sub_kind: GGUFValueType | None = None
    """What a list is of; None when it is no list."""


@dataclass(frozen=True)
class TensorInfo:
    """A tensor in a file: `shape` in numpy's order, `start` in the file and `size` in bytes."""

    path: Path
    name: str
    shape: tuple[int, ...]
    kind: GGMLQuantizationType
    start: int
    size: int

    @property
    def data(self) -> NDArray[np.uint8]:
        """Its bytes, mapped: the last dimension is that of a row in bytes."""
        values, size = GGML_QUANT_SIZES[self.kind]
        shape = (*self.shape[:-1], self.shape[-1] // values * size)
        return np.memmap(self.path, np.uint8, "r", self.start, shape)


@dataclass(frozen=True)
class Header:
    """Metadata by name, and the tensors in the order of the file."""

    path: Path
    keys: dict[str, Key]
    tensors: tuple[TensorInfo, ...]

    @cached_property
    def facts(self) -> dict[str, Any]:
        """Metadata without lists such as the vocabulary."""
        return {name: key.value for name, key in self.keys.items() if key.sub_kind is None}


def read(path: Path) -> Header:
    """The header of a GGUF. Raises ModelError when it is missing, no GGUF, cut short or damaged."""
    if not path.is_file():
        raise ModelError("There is no such model file", where=str(path))
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            raise ModelError("This is not a GGUF model file", where=str(path))
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            try:
                return _Cursor(content).header(path)
            except (ValueError, UnicodeDecodeError, struct.error, OverflowError) as error:
                raise ModelError(
                    f"This GGUF file is damaged or incomplete ({error})",
                    where=str(path),
                    hint="Fetch or make it again.",
                ) from error


class _Cursor:
    """A place in the file that only moves forward and never past its end."""

    def __init__(self, content: mmap.mmap) -> None:
        self.content = content
        self.end = min(len(content), MOST_BYTES)
        self.at = len(MAGIC)
        self.items = MOST_ITEMS

    def header(self, path: Path) -> Header:
        version = self.number("<I")
        if version not in VERSIONS:
            raise ValueError(f"version {version} is unknown")
        tensor_count, key_count = self.number("<Q"), self.number("<Q")
        if tensor_count > MOST_TENSORS or key_count > MOST_KEYS:
            raise ValueError(f"it claims {tensor_count} tensors and {key_count} keys")
        keys: dict[str, Key] = {}
        for _ in range(key_count):
            name = self.text(MOST_NAME).decode()
            if name in keys:
                raise ValueError(f"the key {name!r} stands twice")
            keys[name] = self.key(name)
        infos = [self.tensor() for _ in range(tensor_count)]
        alignment = keys["general.alignment"].value if "general.alignment" in keys else 32
        if not isinstance(alignment, int) or alignment < 8 or alignment & (alignment - 1):
            raise ValueError(f"the alignment is {alignment}")
        return Header(path, keys, tuple(self.placed(path, infos, alignment)))

    def take(self, size: int) -> bytes:
        if size > self.end - self.at:
            raise ValueError("it is cut short, or a length in it is wrong or too large")
        self.at += size
        return self.content[self.at - size : self.at]

    def number(self, code: str) -> Any:
        return struct.unpack(code, self.take(struct.calcsize(code)))[0]

    def text(self, most: int | None = None) -> bytes:
        size = self.number("<Q")
        if most is not None and size > most:
            raise ValueError(f"a name has {size} bytes")
        return self.take(size)

    def key(self, name: str) -> Key:
        kind = GGUFValueType(self.number("<I"))
        if kind == GGUFValueType.STRING:
            return Key(kind, self.text().decode())
        if kind != GGUFValueType.ARRAY:
            return Key(kind, self.numbers(kind, 1)[0])
        sub_kind, count = GGUFValueType(self.number("<I")), self.number("<Q")
        if count > min(self.items, self.end - self.at):
            raise ValueError(f"the list {name!r} claims {count} items")
        self.items -= count
        if sub_kind == GGUFValueType.STRING:
            return Key(kind, [self.text() for _ in range(count)], sub_kind)
        if sub_kind == GGUFValueType.ARRAY:
            raise ValueError(f"the list {name!r} holds lists")
        return Key(kind, self.numbers(sub_kind, count), sub_kind)

    def numbers(self, kind: GGUFValueType, count: int) -> list[Any]:
        layout = np.dtype(_SCALARS[kind])
        return np.frombuffer(self.take(count * layout.itemsize), layout).tolist()  # type: ignore[no-any-return]

    def tensor(self) -> tuple[str, tuple[int, ...], GGMLQuantizationType, int]:
        name, dimensions = self.text(MOST_NAME).decode(), self.number("<I")
        if not 1 <= dimensions <= 4:
            raise ValueError(f"the tensor {name!r} has {dimensions} dimensions")
        shape = tuple(reversed([self.number("<Q") for _ in range(dimensions)]))
        return name, shape, GGMLQuantizationType(self.number("<I")), self.number("<Q")

    def placed(
        self, path: Path, infos: list[tuple[str, tuple[int, ...], GGMLQuantizationType, int]],
        alignment: int,
    ) -> Iterator[TensorInfo]:  # fmt: skip
        """Tensors with their place in the file, each inside it and none over another."""
        start = -(-self.at // alignment) * alignment
        free = 0
        names = {name for name, *_ in infos}
        if len(names) != len(infos):
            raise ValueError("two tensors have one name")
        for name, shape, kind, offset in sorted(infos, key=lambda info: info[3]):
            values, block = GGML_QUANT_SIZES[kind]
            size = prod(shape) // values * block
            if 0 in shape or shape[-1] % values or offset % alignment or offset < free:
                raise ValueError(f"the tensor {name!r} has an impossible shape or place")
            if start + offset + size > len(self.content):
                raise ValueError(f"the tensor {name!r} is cut short")
            free = offset + size
            yield TensorInfo(path, name, shape, kind, start + offset, size)
