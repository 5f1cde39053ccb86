"""A tiny real model, damaged in two hundred ways, is refused in little time and memory."""

import os
import random
import struct
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from llmtui.quantize.gguf import patched_copy
from llmtui.quantize.header import read
from llmtui.quantize.trusted import remember, require_sound
from llmtui.workspace.errors import ModelError
from tests.quantize.tiny import tiny_folder

pytest.importorskip("torch")
pytest.importorskip("transformers")

WAYS = ("cut", "counts", "header", "noise", "zip", "weights")
HEADER = 900
"""Bytes of the header that are overwritten: names, kinds and lengths stand everywhere in them."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from llmtui.quantize.convert import convert

    place = tmp_path_factory.mktemp("whole")
    convert(tiny_folder(place / "tiny", "llama"), place / "m.gguf")
    return place / "m.gguf"


def lengths(whole: bytes) -> list[int]:
    """Where the numbers of tensors, keys and the vocabulary's tokens stand."""
    tokens = whole.index(b"tokenizer.ggml.tokens") + len(b"tokenizer.ggml.tokens") + 8
    return [8, 16, tokens]


def damaged(whole: bytes, way: str, rng: random.Random) -> bytes:
    broken = bytearray(whole)
    match way:
        case "cut":
            return whole[: rng.randrange(len(whole) - 64)]
        case "counts":
            struct.pack_into("<Q", broken, rng.choice(lengths(whole)), 1 << rng.randrange(20, 63))
        case "header":
            for _ in range(rng.randint(20, 200)):
                broken[rng.randrange(4, HEADER)] = rng.randrange(256)
        case "noise":
            broken[4:] = rng.randbytes(len(broken) - 4)
        case "zip":
            packed = BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr("m.gguf", whole[: rng.randrange(100, len(whole))])
            return packed.getvalue()
        case "weights":
            broken[rng.randrange(len(broken) // 2, len(broken))] ^= 1 << rng.randrange(8)
    return bytes(broken)


@pytest.fixture
def measured() -> Iterator[None]:
    """The test holds less than 60 MB at once."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6


def test_two_hundred_damaged_models_are_refused(
    whole: Path, tmp_path: Path, measured: None
) -> None:
    content, rng = whole.read_bytes(), random.Random(11)
    refused: Counter[str] = Counter()
    began = sum(os.times()[:4])
    for number in range(200):
        way = WAYS[number % len(WAYS)]
        file = tmp_path / f"{number}.gguf"
        if way == "weights":
            file.write_bytes(content)
            remember(file)
        file.write_bytes(damaged(content, way, rng))
        with pytest.raises(ModelError):
            require_sound(file)
        refused[way] += 1
        file.unlink()
    assert refused.total() == 200
    assert sum(os.times()[:4]) - began < 60  # seconds of processor time, with the trials
    require_sound(whole)


def test_a_model_that_computes_no_numbers_is_refused(whole: Path, tmp_path: Path) -> None:
    file = tmp_path / "nan.gguf"
    patched_copy(whole, file, {"output_norm.weight": lambda one: one * np.float32(np.nan)}, {})
    with pytest.raises(ModelError, match="no numbers"):
        require_sound(file)


@pytest.mark.parametrize("kind", [0, 4, 8])  # bytes, numbers of four bytes, texts
def test_a_list_as_long_as_a_large_file_takes_no_memory(
    kind: int, tmp_path: Path, measured: None
) -> None:
    file = tmp_path / "m.gguf"
    size = 100_000_000
    with file.open("wb") as content:
        content.write(b"GGUF" + struct.pack("<IQQ", 3, 0, 1))
        content.write(struct.pack("<Q", 1) + b"a" + struct.pack("<IIQ", 9, kind, size // 8 - 20))
    os.truncate(file, size)
    with pytest.raises(ModelError, match="claims 12499980 items"):
        read(file)
