import struct
from pathlib import Path

import numpy as np
import pytest

from llmtui.quantize import bases, hub
from llmtui.quantize.adapter import Adapter, Delta
from llmtui.quantize.architectures import to_gguf_rows
from llmtui.quantize.gguf import patched_copy, values
from llmtui.quantize.header import read
from llmtui.quantize.levels import LEVELS, level_named, mix, predict, quantize_file
from llmtui.quantize.merge import merge
from llmtui.workspace import paths
from llmtui.workspace.errors import ModelError, UsageError
from llmtui.workspace.files import make_dir
from tests.conftest import needs_starter, starter


def test_q_and_k_rows_go_the_opposite_way_of_what_transformers_does() -> None:
    from transformers.modeling_gguf_pytorch_utils import LlamaTensorProcessor

    rng = np.random.default_rng(1)
    for heads, size in ((9, 64), (3, 64), (4, 8)):
        matrix = rng.normal(size=(heads * size, 5)).astype(np.float32)
        there = to_gguf_rows(matrix, heads)
        assert not np.array_equal(there, matrix)
        reverse = LlamaTensorProcessor()._reverse_permute_weights
        assert np.array_equal(reverse(there, heads, heads), matrix)


@needs_starter
def test_a_patched_copy_keeps_metadata_and_what_was_not_patched(tmp_path: Path) -> None:
    base = starter()
    assert base is not None
    target = tmp_path / "copy.gguf"
    name = "blk.0.attn_q.weight"
    patched_copy(base, target, {name: lambda matrix: matrix + 1}, {"llmtui.run": "r"})
    old, new = read(base), read(target)
    assert new.facts == old.facts | {"llmtui.run": "r"}
    assert {name: new.keys[name] for name in old.keys} == old.keys
    for one, two in zip(old.tensors, new.tensors, strict=True):
        assert one.name == two.name
        if one.name == name:
            assert np.allclose(values(two), values(one) + 1, atol=2e-3)
        else:
            assert np.array_equal(one.data, two.data)


@needs_starter
def test_quantizing_tells_the_mix_that_was_really_written(tmp_path: Path) -> None:
    base = starter()
    assert base is not None
    quantize_file(base, tmp_path / "q8.gguf", LEVELS["q8_0"])
    written = mix(tmp_path / "q8.gguf")
    assert max(written, key=lambda name: written[name]) == "Q8_0"
    assert set(written) <= {"Q8_0", "F32"}


@needs_starter
@pytest.mark.parametrize("name", [name for name in LEVELS if name != "iq4_nl"])  # takes a minute
def test_what_is_predicted_for_a_level_is_what_is_written(name: str, tmp_path: Path) -> None:
    base = starter()
    assert base is not None
    expected = predict(base, LEVELS[name])
    quantize_file(base, tmp_path / "q.gguf", LEVELS[name])
    assert (tmp_path / "q.gguf").stat().st_size == expected.size
    assert mix(tmp_path / "q.gguf") == expected.mix


@needs_starter
def test_what_is_predicted_with_an_importance_matrix_is_what_is_written_with_it(
    tmp_path: Path,
) -> None:
    base = starter()
    assert base is not None
    importance = {
        tensor.name: np.ones(tensor.shape[1], np.float32)
        for tensor in read(base).tensors
        if tensor.name.startswith("blk.") and len(tensor.shape) == 2
    }
    level = LEVELS["q4_0"]
    expected = predict(base, level, importance)
    assert expected != predict(base, level)
    quantize_file(base, tmp_path / "q.gguf", level, importance)
    assert (tmp_path / "q.gguf").stat().st_size == expected.size
    assert mix(tmp_path / "q.gguf") == expected.mix


@pytest.mark.parametrize("lacks", ["", "general.architecture"])
def test_a_copy_of_a_file_with_an_empty_list_or_without_an_architecture(
    lacks: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.gguf"
    name = b"general.architecture" if not lacks else b"general.architecturx"
    keys = struct.pack("<Q", 20) + name + struct.pack("<IQ", 8, 5) + b"llama"
    keys += struct.pack("<Q", 5) + b"empty" + struct.pack("<IIQ", 9, 8, 0)
    file.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + keys + bytes(32))
    if lacks:
        with pytest.raises(ModelError, match="does not name its architecture"):
            patched_copy(file, tmp_path / "b.gguf", {}, {})
    else:
        patched_copy(file, tmp_path / "b.gguf", {}, {"x": "y"})
        assert read(tmp_path / "b.gguf").facts == {"general.architecture": "llama", "x": "y"}


def test_an_unknown_level_is_told_with_those_that_are_known() -> None:
    with pytest.raises(UsageError, match="q8_0"):
        level_named("q3_x")


@needs_starter
def test_an_adapter_of_another_shape_is_refused(tmp_path: Path) -> None:
    base = starter()
    assert base is not None
    delta = Delta(np.ones((2, 10), np.float32), np.ones((7, 2), np.float32), 2.0)
    adapter = Adapter(base, "llama", {}, {"blk.0.ffn_up.weight": delta})
    with pytest.raises(ModelError, match="does not fit this base"):
        merge(adapter, tmp_path / "m.gguf", {})
    assert not list(tmp_path.iterdir())


def test_a_missing_base_is_told_with_how_to_get_one() -> None:
    make_dir(paths.models_dir())
    for name in ("nothing-like-it", "x" * 300):
        with pytest.raises(ModelError, match="no base model"):
            bases.find_base(name)
    with pytest.raises(ModelError, match="no such model file"):
        bases.find_base("/nowhere/x.gguf")


@needs_starter
def test_a_file_can_be_added_and_then_named(tmp_path: Path) -> None:
    base = starter()
    assert base is not None
    added = bases.add_file(base, "My Model")
    assert added.name == "my-model.gguf"
    assert bases.find_base("my-model") == added
    assert "my-model" in {item.name for item in bases.list_bases()}
    (tmp_path / "bad.gguf").write_bytes(b"GGUF\x03\x00")
    with pytest.raises(ModelError, match="damaged"):
        bases.add_file(tmp_path / "bad.gguf")


def test_a_starter_in_parts_is_put_together_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    import hashlib

    for number in (1, 2):
        folder = tmp_path / f"starter_part{number}" / "data"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
        (folder / f"m.part{number}").write_bytes(f"part {number}".encode())
    monkeypatch.syspath_prepend(str(tmp_path))
    digest = hashlib.sha256(b"part 1part 2").hexdigest()
    parts = ("starter_part1", "starter_part2")
    good = bases.Starter("toy", "starter_part1", "data/*.part*", "", "", "", digest, parts)
    monkeypatch.setattr(bases, "STARTERS", (good,))
    assert bases.find_base("toy").read_bytes() == b"part 1part 2"
    bad = bases.Starter("bad", "starter_part1", "data/*.part*", "", "", "", "0" * 64, parts)
    monkeypatch.setattr(bases, "STARTERS", (bad,))
    with pytest.raises(ModelError, match="damaged"):
        bases.find_base("bad")
    assert [file.name for file in (home / "data" / "models").iterdir()] == ["toy.gguf"]


class Sibling:
    def __init__(self, name: str) -> None:
        self.rfilename = name


def test_the_file_of_a_hub_repository_is_chosen_or_asked_for() -> None:
    q8, q4, card = Sibling("m-Q8_0.gguf"), Sibling("m-Q4_K_M.gguf"), Sibling("README.md")
    assert hub.choose([card, q4], "", "a/b") is q4
    assert hub.choose([q4, q8, card], "", "a/b") is q8
    assert hub.choose([q4, q8], "m-Q4_K_M.gguf", "a/b") is q4
    with pytest.raises(UsageError, match="no GGUF file"):
        hub.choose([card], "", "a/b")
    with pytest.raises(UsageError, match="Name one file"):
        hub.choose([Sibling("x.gguf"), Sibling("y.gguf")], "", "a/b")
    assert hub.is_repository("owner/name-1.2")
    assert not hub.is_repository("just-a-name")


@needs_starter
def test_a_download_is_checked_before_it_is_a_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    import hashlib
    from types import SimpleNamespace

    import huggingface_hub

    base = starter()
    assert base is not None
    digest = hashlib.sha256(base.read_bytes()).hexdigest()

    def hub_with(sha256: str) -> None:
        lfs = SimpleNamespace(sha256=sha256)
        file = SimpleNamespace(rfilename="m-Q8_0.gguf", size=10, lfs=lfs)
        info = SimpleNamespace(siblings=[file])
        api = SimpleNamespace(model_info=lambda *_, **__: info)
        monkeypatch.setattr(huggingface_hub, "HfApi", lambda: api)

    def fetch(_repository: str, name: str, local_dir: Path) -> str:
        local_dir.mkdir(parents=True, exist_ok=True)
        (local_dir / name).write_bytes(base.read_bytes())
        return str(local_dir / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fetch)
    hub_with("0" * 64)
    with pytest.raises(ModelError, match="damaged"):
        hub.add_from_hub("owner/name")
    assert not list((home / "data" / "models").rglob("*.gguf"))  # or it would be gone on from
    hub_with(digest)
    assert hub.add_from_hub("owner/name").name == "m-q8_0.gguf"
    with pytest.raises(UsageError, match=r"m-q8_0.* already"):
        hub.add_from_hub("owner/name")


def test_a_hub_that_cannot_be_reached_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def unreachable() -> object:
        raise OSError("no route to host")

    monkeypatch.setattr(huggingface_hub, "HfApi", unreachable)
    with pytest.raises(ModelError, match="no route to host"):
        hub.add_from_hub("owner/name")
