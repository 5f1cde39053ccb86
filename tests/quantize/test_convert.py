"""What is refused before anything is written."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from llmtui.quantize import trusted
from llmtui.quantize.bases import find_base
from llmtui.quantize.convert import convert
from llmtui.quantize.sample_strings import sample_strings
from llmtui.quantize.trusted import require_sound
from llmtui.tui.cli import run
from llmtui.workspace.errors import ModelError
from tests.quantize.tiny import tiny_folder

pytest.importorskip("torch")
pytest.importorskip("transformers")


def changed(folder: Path, file: str, **values: object) -> None:
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"architectures": ["MambaForCausalLM"]}, "Supported: llama, qwen2, qwen3, gemma3"),
        ({"auto_map": {"AutoModel": "x.py"}}, "code of its own"),
        ({"quantization_config": {"bits": 4}}, "quantized"),
        ({"rope_parameters": {"rope_type": "llama3", "rope_theta": 1e4}}, "llama3"),
        ({"rope_scaling": {"type": "yarn"}, "rope_parameters": None}, "yarn"),
        ({"hidden_act": "relu"}, "relu"),
        ({"mlp_bias": True}, "biases"),
        ({"num_hidden_layers": 3}, "missing"),
    ],
)
def test_a_model_that_would_run_otherwise_is_refused_before_writing(
    tmp_path: Path, values: dict[str, object], reason: str
) -> None:
    folder = tiny_folder(tmp_path / "m", "llama")
    changed(folder, "config.json", **values)
    with pytest.raises(ModelError, match=reason):
        convert(folder, tmp_path / "m.gguf")
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == []


def test_a_tokenizer_that_llama_cpp_splits_otherwise_is_refused(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "m", "llama")
    data = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    data["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {"Regex": "[aeiou]+|[^aeiou]+"}
    (folder / "tokenizer.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ModelError, match="split text otherwise"):
        convert(folder, tmp_path / "m.gguf")
    assert not (tmp_path / "m.gguf").exists()


def test_a_cut_safetensors_file_is_refused(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "m", "llama")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(ModelError, match="damaged or incomplete"):
        convert(folder, tmp_path / "m.gguf")


def split_in_two(folder: Path) -> Path:
    """Put the weights into a large and a small file with an index; the path of the small one."""
    weights = load_file(str(folder / "model.safetensors"))
    (folder / "model.safetensors").unlink()
    names = sorted(weights, key=lambda name: weights[name].size)
    parts = {"model-00001-of-00002.safetensors": names[2:],
             "model-00002-of-00002.safetensors": names[:2]}  # fmt: skip
    for file, held in parts.items():
        save_file({name: weights[name] for name in held}, str(folder / file))
    places = {name: file for file, held in parts.items() for name in held}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    return folder / "model-00002-of-00002.safetensors"


def test_weights_in_two_files_are_those_of_one(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "m", "llama")
    convert(folder, tmp_path / "one.gguf")
    small = split_in_two(folder)
    save_file({"stray": np.ones(2, np.float32)}, str(folder / "consolidated.safetensors"))
    convert(folder, tmp_path / "two.gguf")
    assert (tmp_path / "one.gguf").read_bytes() == (tmp_path / "two.gguf").read_bytes()
    small.unlink()
    with pytest.raises(ModelError, match=f"lacks {small.name}, which its index names"):
        convert(folder, tmp_path / "three.gguf")
    assert not (tmp_path / "three.gguf").exists()


def test_a_config_without_what_a_model_needs_is_told(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "m", "llama")
    for name in ("hidden_size", "vocab_size", "num_attention_heads"):
        whole = (folder / "config.json").read_text()
        changed(folder, "config.json", **{name: None})
        with pytest.raises(ModelError, match=f"gives no {name}"):
            convert(folder, tmp_path / "m.gguf")
        (folder / "config.json").write_text(whole)


def test_a_sliding_window_in_another_order_is_refused(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path / "m", "gemma3")
    changed(folder, "config.json", layer_types=None, sliding_window_pattern=3)
    with pytest.raises(ModelError, match="sliding window in an unknown order"):
        convert(folder, tmp_path / "m.gguf")


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        convert(tmp_path, tmp_path / "m.gguf")


def test_the_strings_that_are_compared_are_a_thousand_and_always_the_same() -> None:
    texts = sample_strings()
    assert len(texts) == 1000
    assert texts == sample_strings()
    assert {"😀", "SELECT", "查询", "\n\n"} <= set(texts)


def test_a_folder_is_added_as_a_base_by_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tiny_folder(tmp_path / "My Model", "qwen2")
    assert run(["models", "add", str(folder)]) == 0
    added = Path(capsys.readouterr().out.strip())
    assert added.name == "my-model.gguf"
    assert find_base("my-model") == added
    added.touch()
    require_sound(added)
    assert run(["models", "add", str(tmp_path)]) == 3
    assert "no config.json" in capsys.readouterr().err


def test_a_base_is_never_replaced_by_another_of_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tiny_folder(tmp_path / "one", "qwen2")
    assert run(["models", "add", str(folder), "--name", "mine"]) == 0
    added = Path(capsys.readouterr().out.strip())
    before = added.read_bytes()
    for what, name in ((folder, "mine"), (added, "Mine"), (folder, "smollm2-135m")):
        assert run(["models", "add", str(what), "--name", name]) == 2
        assert "already" in capsys.readouterr().err
    assert added.read_bytes() == before
    added.unlink()
    assert run(["models", "add", str(folder), "--name", "mine"]) == 0
    require_sound(added)


def test_a_conversion_that_does_not_load_is_no_base(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: Path) -> None:
        raise ModelError(f"It does not run: {file.stat().st_size} bytes")

    monkeypatch.setattr(trusted, "try_out", refuse)
    assert run(["models", "add", str(tiny_folder(tmp_path / "one", "qwen2"))]) == 3
    assert list((home / "data" / "models").iterdir()) == []
