"""The head start as a person meets it: asking untuned, and tuning on from it."""

import json
from pathlib import Path

import pytest

from tests.quantize.tiny import tiny_folder
from tests.trainer.tiny import lora_of

pytest.importorskip("torch")

from llmtui.quantize.convert import convert
from llmtui.trainer.headstart import adapter
from llmtui.tui import pipeline
from llmtui.tui.cli import run
from llmtui.tui.headstart import model_of
from llmtui.workspace import settings as settings_of
from llmtui.workspace.errors import LlmtuiError, ModelError
from llmtui.workspace.events import Event
from llmtui.workspace.project import project_for, start


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny base model, chosen in the settings."""
    file = tmp_path / "tiny.gguf"
    convert(tiny_folder(tmp_path / "tiny", "llama"), file)
    monkeypatch.setenv("LLMTUI_BASE", str(file))
    return file


@pytest.fixture
def trained(tmp_path: Path, base: Path) -> Path:
    """An adapter folder for it, as training leaves one."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    lora_of(tmp_path / "tiny", folder / "adapter.safetensors", rank=16)
    facts = {"base": str(base), "prompt": "chatml/prompt/1", "rank": 16, "alpha": 32, "schema": ""}
    (folder / "adapter.json").write_text(json.dumps(facts))
    (folder / "parity.json").write_text(json.dumps({"strings": [["a b", []]], "answers": []}))
    return folder


@pytest.fixture
def head(trained: Path) -> adapter.HeadStart:
    """It is packed and shipped; its parity is empty."""
    (trained / "parity.json").write_text(json.dumps({"strings": [], "answers": []}))
    return adapter.read(adapter.write(trained, adapter.FOLDER / "tiny.safetensors", {"seed": 7}))


def test_the_file_says_what_it_is_for_and_is_half_the_size(
    trained: Path, base: Path, head: adapter.HeadStart
) -> None:
    assert adapter.find(base) == head
    assert (head.prompt, head.rank, head.alpha) == ("chatml/prompt/1", 16, 32)
    assert json.loads(head.made) == {"base": "tiny.gguf", "seed": 7}
    whole = (trained / "adapter.safetensors").stat().st_size
    assert head.file.stat().st_size < 0.6 * whole


def test_another_base_has_no_head_start(tmp_path: Path, head: adapter.HeadStart) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes((tmp_path / "tiny.gguf").read_bytes() + b"\0")
    assert adapter.find(other) is None


def test_an_adapter_too_large_to_ship_is_refused(
    tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "MOST_MB", 0.01)
    with pytest.raises(LlmtuiError, match="more than the"):
        adapter.write(trained, tmp_path / "large.safetensors", {})
    assert not (tmp_path / "large.safetensors").exists()


def test_a_damaged_adapter_is_one_sentence(base: Path) -> None:
    adapter.FOLDER.mkdir()
    (adapter.FOLDER / "bad.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match="damaged"):
        adapter.find(base)


def test_asking_an_untuned_source_uses_it_and_says_so(
    shop: Path, head: adapter.HeadStart, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["ask", str(shop), "how many customers", "--json"])
    out, err = capsys.readouterr()
    assert json.loads(out)["model"] == "tiny-headstart.gguf"
    assert "Not tuned on this source yet" in err
    assert "Preparing the head start" in err
    run(["ask", str(shop), "how many customers", "--json"])
    assert "Preparing" not in capsys.readouterr().err


def test_without_it_asking_an_untuned_source_says_to_tune(
    shop: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ask", str(shop), "how many customers"]) == 3
    assert "llmtui tune" in capsys.readouterr().err


def test_a_model_that_does_not_hold_is_not_used(trained: Path, base: Path) -> None:
    adapter.write(trained, adapter.FOLDER / "tiny.safetensors", {})
    told: list[Event] = []
    with pytest.raises(ModelError, match="into other tokens"):
        model_of(settings_of.load(None), told.append)


def test_every_tune_goes_on_from_it(shop: Path, head: adapter.HeadStart) -> None:
    project = project_for(shop)
    start(project, shop)
    job = pipeline.Job(shop, project, settings_of.load(None))
    assert f'start = "{head.file}"' in (pipeline.choose_run(job) / "run.toml").read_text()


def test_the_command_constructs_trains_and_packs_and_asking_uses_what_it_made(
    shop: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = adapter.FOLDER / "built.safetensors"
    command = ["headstart", "build", "--out", str(out), "--schemas", "2", "--minutes", "0.05"]
    assert run(command) == 0
    told = capsys.readouterr().err
    assert "of 2 constructed databases" in told
    assert "saved head start" in told
    head = adapter.find(base)
    assert head is not None
    assert head.prompt.startswith("chatml/prompt/")
    assert json.loads(head.made)["recipe"]["schemas"] == 2
    answers = json.loads(head.parity)["answers"]
    assert answers
    assert all(len(answer["prompt"]) > 100 for answer in answers)
    out.unlink()
    assert run(command) == 0
    assert "finetune" not in capsys.readouterr().err
    assert out.is_file()
