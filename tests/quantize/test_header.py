"""Headers of GGUF files."""

import random
import zipfile
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter

from llmtui.quantize.gguf import Tensor, write
from llmtui.quantize.header import read
from llmtui.workspace.errors import ModelError


def small(path: Path) -> Path:
    """A GGUF with every kind of value and three tensors."""

    def add_keys(writer: GGUFWriter) -> None:
        writer.add_name("small 小")
        writer.add_uint8("a.u8", 200)
        writer.add_int64("a.i64", -5)
        writer.add_float32("a.f32", 0.5)
        writer.add_bool("a.bool", True)
        writer.add_token_list(["a", "b", "客", "<0x00>"] * 20)
        writer.add_token_scores([0.0, -1.0, -2.0, -3.0] * 20)

    full = GGMLQuantizationType.F32
    tensors = [
        Tensor(name, shape, full, lambda shape=shape: np.ones(shape, np.float32))  # type: ignore[misc]
        for name, shape in (("x", (8, 32)), ("y", (3,)), ("z.weight", (2, 4)))
    ]
    write(path, "llama", add_keys, tensors)
    return path


def test_a_header_holds_what_the_gguf_package_reads(tmp_path: Path) -> None:
    file = small(tmp_path / "m.gguf")
    mine, theirs = read(file), GGUFReader(file)
    for name, field in theirs.fields.items():
        if not name.startswith("GGUF."):
            value = mine.keys[name].value
            got = [v.decode() if isinstance(v, bytes) else v for v in value] \
                if isinstance(value, list) else value  # fmt: skip
            assert got == field.contents(), name
    for one, two in zip(mine.tensors, theirs.tensors, strict=True):
        assert one.name == two.name
        assert one.start == two.data_offset
        assert one.data.tobytes() == two.data.tobytes()


def test_a_zip_and_an_empty_file_are_no_gguf(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.gguf", "w") as archive:
        archive.writestr("noise", random.Random(1).randbytes(1000))
    (tmp_path / "e.gguf").touch()
    for name in ("z.gguf", "e.gguf"):
        with pytest.raises(ModelError, match="not a GGUF"):
            read(tmp_path / name)
