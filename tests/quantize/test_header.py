"""Headers of GGUF files, whole and damaged."""

import random
import struct
import time
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


def damaged(whole: bytes, rng: random.Random) -> bytes:
    """The file with something wrong in its header, or cut."""
    way = rng.randrange(4)
    if way == 0:
        return whole[: rng.randrange(len(whole) - 40)]
    broken = bytearray(whole)
    if way == 1:  # an inflated count: of tensors, of keys, or of a list
        places = [
            8,
            16,
            *(at - 8 for at in range(32, 900) if whole[at - 8 : at] == b"\x50" + bytes(7)),
        ]
        struct.pack_into("<Q", broken, rng.choice(places), rng.getrandbits(63) | 1 << 40)
    elif way == 2:
        for _ in range(rng.randint(20, 200)):
            broken[rng.randrange(4, 900)] = rng.randrange(256)
    else:
        broken[4:] = rng.randbytes(len(broken) - 4)
    return bytes(broken)


def test_two_hundred_damaged_files_are_refused_or_whole_and_none_hangs(tmp_path: Path) -> None:
    whole = small(tmp_path / "m.gguf").read_bytes()
    rng, file = random.Random(11), tmp_path / "d.gguf"
    began = time.monotonic()
    reasons = []
    for _ in range(200):
        file.write_bytes(damaged(whole, rng))
        try:
            read(file)
        except ModelError as error:
            reasons.append(str(error))
    assert len(reasons) >= 195
    assert all("damaged or incomplete (" in reason for reason in reasons)
    assert time.monotonic() - began < 20


def test_a_zip_and_an_empty_file_are_no_gguf(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.gguf", "w") as archive:
        archive.writestr("noise", random.Random(1).randbytes(1000))
    (tmp_path / "e.gguf").touch()
    for name in ("z.gguf", "e.gguf"):
        with pytest.raises(ModelError, match="not a GGUF"):
            read(tmp_path / name)
