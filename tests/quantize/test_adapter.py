"""Adapter files on a running base, on tiny random models of every architecture."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmtui.inference.compared import ComparedEngine
from llmtui.quantize.adapter import load_adapter
from llmtui.quantize.export import export_adapter
from llmtui.quantize.trusted import remember
from llmtui.tui.cli import run
from llmtui.workspace.errors import ModelError
from tests.quantize.tiny import (
    CACHE_NOISE,
    assert_same_logits,
    loaded,
    logits_of,
    lora_folder,
    tokens_for,
)

pytest.importorskip("torch")
pytest.importorskip("transformers")


def adapter_file(place: Path, name: str, gguf: Path, size: float) -> tuple[Path, Any]:
    """An adapter file on the GGUF, and the logits of the merged model in PyTorch."""
    model = loaded(gguf.parent, gguf.name)
    folder, merged = lora_folder(place / name, gguf, model, size)
    file = place / f"{name}.lora.gguf"
    assert list(export_adapter(folder, file, "r"))
    return file, logits_of(merged, tokens_for(merged))


def test_an_adapter_file_answers_as_the_merged_model(made: Any, tmp_path: Path) -> None:
    _, _, gguf = made
    file, wanted = adapter_file(tmp_path, "a", gguf, 0.1)
    tokens = tokens_for(loaded(gguf.parent, gguf.name))
    assert_same_logits(file, wanted, tokens)
    with ComparedEngine(file) as engine:
        assert engine.prompt.identity == "chatml/weights/1"
        assert engine.metadata("llmtui.schema") == "s"


def test_adapters_are_swapped_and_weighted_on_a_running_base(made: Any, tmp_path: Path) -> None:
    _, _, gguf = made
    base = loaded(gguf.parent, gguf.name)
    tokens = tokens_for(base)
    bare = logits_of(base, tokens)
    one, wanted_one = adapter_file(tmp_path, "one", gguf, 0.1)
    two, wanted_two = adapter_file(tmp_path, "two", gguf, 0.2)
    with ComparedEngine(gguf) as engine:
        for chosen, wanted in (
            ([], bare), ([(one, 1.0)], wanted_one), ([(two, 1.0)], wanted_two),
            ([(one, 0.0), (two, 1.0)], wanted_two), ([], bare),
        ):  # fmt: skip
            engine.use_adapters(chosen)
            got = engine.next_logits(tokens)
            assert np.allclose(got, wanted[-1], atol=2 * CACHE_NOISE)


def test_the_sum_of_adapters_is_one_file_and_merges_into_one_model(
    made: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, gguf = made
    tokens = tokens_for(loaded(gguf.parent, gguf.name))
    one, _ = adapter_file(tmp_path, "one", gguf, 0.1)
    two, _ = adapter_file(tmp_path, "two", gguf, 0.1)
    both, model = tmp_path / "both.lora.gguf", tmp_path / "both.gguf"
    assert run(["adapters", "combine", str(both), f"{one}=0.5", f"{two}=2"]) == 0
    assert run(["adapters", "merge", str(both), str(model), "--level", "f16"]) == 0
    capsys.readouterr()
    with ComparedEngine(gguf) as engine:
        engine.use_adapters([(one, 0.5), (two, 2.0)])
        wanted = engine.next_logits(tokens)
    for file in (both, model):
        with ComparedEngine(file) as engine:
            assert np.allclose(engine.next_logits(tokens), wanted, atol=2 * CACHE_NOISE)


def test_an_adapter_for_another_base_is_refused(made: Any, tmp_path: Path) -> None:
    _, _, gguf = made
    base = tmp_path / "base.gguf"
    base.write_bytes(gguf.read_bytes())
    folder, _ = lora_folder(tmp_path / "a", base, loaded(gguf.parent, gguf.name), 0.1)
    file = tmp_path / "a.lora.gguf"
    list(export_adapter(folder, file, "r"))
    with ComparedEngine(gguf) as engine, pytest.raises(ModelError, match="This adapter is for"):
        engine.use_adapters([(file, 1.0)])
    base.write_bytes(gguf.read_bytes() + b"x")
    with pytest.raises(ModelError, match="not the one that this adapter was trained on"):
        ComparedEngine(file)
    base.unlink()
    with pytest.raises(ModelError, match="base model of this adapter is not at"):
        load_adapter(file)


def test_an_adapter_file_that_changed_is_refused(made: Any, tmp_path: Path) -> None:
    _, _, gguf = made
    file, _ = adapter_file(tmp_path, "a", gguf, 0.1)
    remember(file)
    content = bytearray(file.read_bytes())
    content[-5] ^= 64
    file.write_bytes(content)
    with pytest.raises(ModelError, match="no longer what was made here"):
        ComparedEngine(file)


def test_an_adapter_file_of_others_is_told(made: Any, tmp_path: Path) -> None:
    _, _, gguf = made
    file, _ = adapter_file(tmp_path, "a", gguf, 0.1)
    for key, reason in (("llmtui.base_path", "not made by llmtui"),
                        ("adapter.lora.alpha", "lacks 'adapter.lora.alpha'")):  # fmt: skip
        other = tmp_path / "other.lora.gguf"
        other.write_bytes(file.read_bytes().replace(key.encode(), key[:-1].encode() + b"_"))
        with pytest.raises(ModelError, match=reason):
            load_adapter(other)


def test_no_file_is_written_over_by_combining_or_merging(
    made: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, gguf = made
    one, _ = adapter_file(tmp_path, "one", gguf, 0.1)
    own = [tmp_path / name for name in ("own.lora.gguf", "own.gguf", "own.txt", "new.merged")]
    for file in own:
        file.write_text("mine")
    assert run(["adapters", "combine", str(own[0]), f"{one}=1"]) == 2
    for target, reason in ((own[1], "exists already"), (own[2], "must end in .gguf"),
                           (tmp_path / "new.lora.gguf", "the ending of adapters")):  # fmt: skip
        assert run(["adapters", "merge", str(one), str(target)]) == 2
        assert reason in capsys.readouterr().err
    assert run(["adapters", "merge", str(one), str(tmp_path / "new.gguf"), "--level", "f16"]) == 0
    assert {file.read_text() for file in own} == {"mine"}
    assert {file.name for file in tmp_path.iterdir() if file.is_dir()} == {"one", "home"}


def test_choices_are_those_of_one_token_after_another(made: Any) -> None:
    _, _, gguf = made
    with ComparedEngine(gguf) as engine:
        prompt, answer = [5, 6, 7], [30, 31, 32, 33]
        singly = [int(engine.next_logits(prompt + answer[:length]).argmax()) for length in range(5)]
        assert 1 not in singly  # the end
        assert engine.choices(prompt, answer) == singly
        assert engine.choices(prompt, []) == singly[:1]
