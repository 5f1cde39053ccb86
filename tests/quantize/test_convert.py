"""What is refused before anything is written."""

import json
from pathlib import Path

import pytest

from llmtui.quantize.bases import find_base
from llmtui.quantize.convert import convert
from llmtui.quantize.sample_strings import sample_strings
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
    assert run(["models", "add", str(tmp_path)]) == 3
    assert "no config.json" in capsys.readouterr().err
