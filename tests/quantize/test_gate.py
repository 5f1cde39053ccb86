"""`llmtui quantize` on a tiny run: what holds is used, what does not changes nothing."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from llmtui.quantize.header import read
from llmtui.tui import exporting
from llmtui.tui.cli import run
from llmtui.tui.lock import only_one
from llmtui.workspace.events import Event, Note
from llmtui.workspace.project import Project, project_for, start
from llmtui.workspace.records import Instruction
from tests.quantize.tiny import loaded, lora_folder, tiny_folder

pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.fixture
def trained(shop: Path, tmp_path: Path) -> Project:
    """A project with a run that was trained to its end."""
    from safetensors.torch import save_file as save
    from transformers import AutoTokenizer

    from llmtui.quantize.convert import convert
    from llmtui.trainer.finetune import parity
    from llmtui.trainer.finetune.config import RunConfig
    from llmtui.trainer.prompt import prompt_from_identity

    folder, base = tiny_folder(tmp_path / "tiny", "llama"), tmp_path / "tiny.gguf"
    convert(folder, base)
    project = project_for(shop)
    start(project, shop)
    place = project.new_run()
    RunConfig(str(base), "").save(place)
    _, merged = lora_folder(place / "adapter", base, loaded(tmp_path, base.name), 0.1)
    rows = [Instruction(str(n), f"question {n}", f"SELECT {n}") for n in range(6)]
    prompt = prompt_from_identity("chatml/weights/1")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    expected = parity.record(merged, tokenizer, prompt, rows, most_tokens=12)
    (place / "adapter" / "parity.json").write_text(json.dumps(expected))
    logits = parity.logits_after(merged, expected["contexts"])
    save({"logits": logits}, str(place / "adapter" / "parity.safetensors"))
    return project


def test_levels_are_made_verified_and_the_first_is_used(
    trained: Project, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["quantize", str(shop), "--levels", "f16,adapter"]) == 0
    told = capsys.readouterr().err
    assert told.count("Verified: ") == 2
    names = sorted(file.name for file in trained.models.iterdir())
    assert len(names) == 2
    assert trained.model is not None
    assert trained.model.name.endswith("-f16.gguf")
    assert run(["quantize", str(shop), "--adapter"]) == 0
    assert trained.model.name.endswith(".lora.gguf")
    assert run(["adapters", "list"]) == 0
    assert "tiny.gguf" in capsys.readouterr().out


def test_a_file_that_does_not_hold_is_not_kept_and_the_model_in_use_stays(
    trained: Project, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["quantize", str(shop), "--level", "f16"]) == 0
    before = trained.model
    recorded = trained.runs.glob("*/adapter/parity.safetensors").__next__()
    logits = load_file(str(recorded))["logits"]
    save_file({"logits": np.ascontiguousarray(logits[:, ::-1])}, str(recorded))
    assert run(["quantize", str(shop), "--level", "f16"]) == 3
    told = capsys.readouterr().err
    assert "of their spread off those of training" in told
    assert "The model in use stays as it was" in told
    assert trained.model == before
    assert [file.name for file in trained.models.iterdir()] == [before.name if before else ""]


def with_round(project: Project, right: dict[str, int]) -> Path:
    """Give the run a second round, a copy of it; `right` of ten dev rows of each. The run."""
    (first,) = project.runs.iterdir()
    shutil.copytree(first, first / "round-2")
    for name, count in right.items():
        answers = {str(number): number < count for number in range(10)}
        (first / name / "dev.json").write_text(json.dumps(answers))
    return first


@pytest.mark.parametrize(
    ("right", "asked", "taken"),
    [
        ({"": 3, "round-2": 7}, "", "-round-2"),
        ({"": 7, "round-2": 3}, "", ""),
        ({"": 3, "round-2": 7}, "/round-1", ""),
        ({"": 7, "round-2": 3}, "/round-2", "-round-2"),
    ],
)
def test_the_best_round_of_a_run_is_taken_or_the_one_that_is_named(
    right: dict[str, int], asked: str, taken: str, trained: Project, shop: Path
) -> None:
    first = with_round(trained, right)
    named = ["--run", f"{first.name}{asked}"] if asked else []
    assert run(["quantize", str(shop), "--level", "f16", *named]) == 0
    assert trained.model is not None
    assert trained.model.stem.endswith(f"{first.name}{taken}-f16")
    assert read(trained.model).facts["llmtui.run"] == f"{first.name}{taken}"
    assert trained.facts()["run"] == f"{first.name}/{taken.lstrip('-') or 'round-1'}"


def test_a_run_or_round_that_is_not_there_is_told(
    trained: Project, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = with_round(trained, {})
    for name in ("other", f"{first.name}/round-3"):
        assert run(["quantize", str(shop), "--run", name]) == 3
        assert f'no trained run "{name}"' in capsys.readouterr().err


def test_the_adapter_file_is_scored_beside_every_level(
    trained: Project, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[str] = []

    def score(_job: object, _run: Path, files: dict[str, Path], _base: Path) -> Iterator[Event]:
        scored.extend(files)
        yield Note("scored")

    monkeypatch.setattr(exporting, "score_levels", score)
    assert run(["quantize", str(shop), "--level", "f16", "--score"]) == 0
    assert scored == ["f16", "adapter"]
    assert trained.model is not None
    assert trained.model.name.endswith("-f16.gguf")


def test_nothing_is_quantized_while_a_tune_runs(
    trained: Project, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with only_one(trained):
        assert run(["quantize", str(shop), "--level", "f16"]) == 2
        assert run(["quantize", str(shop), "--level", "f16", "--dry-run"]) == 0
    assert "already running on this project" in capsys.readouterr().err
    assert not trained.models.exists()


def test_a_damaged_adapter_file_does_not_hide_the_others(
    trained: Project, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["quantize", str(shop), "--adapter"]) == 0
    (trained.models / "a.lora.gguf").write_bytes(b"GGUF\x03")
    assert run(["adapters", "list"]) == 0
    out, told = capsys.readouterr()
    assert "tiny.gguf" in out
    assert "a.lora.gguf: This GGUF file is damaged" in told


def test_a_dry_run_tells_sizes_and_writes_nothing(
    trained: Project, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["quantize", str(shop), "--levels", "q8_0,bf16", "--dry-run"]) == 0
    told = capsys.readouterr().err
    assert "q8_0: " in told
    assert "BF16" in told
    assert not trained.models.exists()
