"""What is taken elsewhere: the exported folder and the bundle."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from llmtui.inference.engine import Engine
from llmtui.quantize.export import export
from llmtui.quantize.header import read
from llmtui.tui.cli import run
from llmtui.workspace.project import Project, project_for, start
from tests.conftest import write_lines
from tests.quantize.tiny import loaded, lora_folder, tiny_folder

pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random tuned model."""
    from llmtui.quantize.convert import convert

    place = tmp_path_factory.mktemp("tuned")
    base = place / "tiny.gguf"
    convert(tiny_folder(place / "tiny", "llama"), base)
    adapter, _ = lora_folder(place / "adapter", base, loaded(place, base.name), 0.1)
    list(export(adapter, place / "m.gguf", "f16", "run1"))
    return place / "m.gguf"


@pytest.fixture
def tuned(model: Path, shop: Path) -> Project:
    """A project whose model in use is a tiny random one."""
    project = project_for(shop)
    start(project, shop)
    project.models.mkdir()
    shutil.copyfile(model, project.models / "m.gguf")
    project.update(model="models/m.gguf", run="run1")
    write_lines(
        project.instructions,
        {"id": "1", "question": "q", "sql": "SELECT 1"},
        {"id": "2", "question": "问", "sql": "SELECT 2", "lang": "zh", "split": "test"},
    )
    scores = {"value": 0.5, "hits": 1, "of": 2, "low": 0.1, "high": 0.9}
    report = {"facts": {"questions": "held-out rows", "tuned": "m.gguf"},
              "scores": {"tuned": {"all": {"strict": scores}}}}  # fmt: skip
    (project.root / "evaluations" / "e1").mkdir(parents=True)
    (project.root / "evaluations" / "e1" / "report.json").write_text(json.dumps(report))
    return project


def test_the_exported_folder_holds_the_prompt_that_was_tuned_with(
    tuned: Project, shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    folder = tmp_path / "out"
    assert run(["export", str(shop), str(folder)]) == 0
    template = read(folder / "m.gguf").facts["tokenizer.chat_template"]
    question = 'how many "orders" are there?'
    text = ImmutableSandboxedEnvironment().from_string(template).render(
        messages=[{"role": "user", "content": question}], add_generation_prompt=True
    )  # fmt: skip
    with Engine(folder / "m.gguf") as engine:
        wanted = engine.prompt.tokens(engine.tokenize, question)
        assert engine.tokenize(text, control=True) == wanted
    modelfile = (folder / "Modelfile").read_text()
    assert "FROM ./m.gguf" in modelfile
    assert 'PARAMETER stop "<|im_end|>"' in modelfile
    assert text.replace(question, "{{ .Prompt }}") + "{{ .Response }}" in modelfile


def test_the_model_card_tells_rows_scores_and_sums(
    tuned: Project, shop: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    assert run(["export", str(shop), str(folder)]) == 0
    card = (folder / "README.md").read_text("utf-8")
    assert "| test | zh | constructed | 1 |" in card
    assert "50.0% (1/2; 95 % interval 10.0% to 90.0%)" in card
    assert "This was measured with llmtui" in card
    assert "base: tiny.gguf" in card
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=folder, check=False,
                          capture_output=True)  # fmt: skip
    assert done.returncode == 0
    assert run(["export", str(shop), str(folder)]) == 2


def test_a_bundle_is_unpacked_with_its_source_and_answers_are_asked_of_it(
    tuned: Project, shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, there = tmp_path / "b.zip", tmp_path / "there"
    assert run(["bundle", str(shop), str(file), "--with-source"]) == 0
    assert run(["unbundle", str(file), str(there)]) == 0
    project = Project(there / "project")
    assert project.source == there / "source" / shop.name
    assert project.model is not None
    assert project.model.read_bytes() == (tuned.models / "m.gguf").read_bytes()
    assert project_for(there / "source" / shop.name, there / "project") == project
    assert run(["unbundle", str(file), str(there)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_a_bundle_opens_itself_without_llmtui(tuned: Project, shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    assert run(["bundle", str(shop), str(file)]) == 0
    command = [sys.executable, "-I", str(file), str(tmp_path / "there")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "there" / "project" / "models" / "m.gguf").is_file()
    assert Project(tmp_path / "there" / "project").source is None


@pytest.mark.parametrize("way", ["changed", "extra", "outside", "cut", "no manifest"])
def test_a_bundle_that_was_tampered_with_writes_nothing(
    way: str, tuned: Project, shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, bad = tmp_path / "b.zip", tmp_path / "bad.zip"
    assert run(["bundle", str(shop), str(file)]) == 0
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if way == "changed":
        parts["project/instructions.jsonl"] = parts["project/instructions.jsonl"][:-1] + b" "
    elif way == "extra":
        parts["project/more.txt"] = b"x"
    elif way == "no manifest":
        del parts["manifest.json"]
    elif way == "outside":
        manifest = json.loads(parts["manifest.json"])
        manifest["files"]["../x"] = manifest["files"].pop("project/instructions.jsonl")
        parts["../x"] = parts.pop("project/instructions.jsonl")
        parts["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(bad, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    if way == "cut":
        bad.write_bytes(bad.read_bytes()[:-30])
    capsys.readouterr()
    assert run(["unbundle", str(bad), str(tmp_path / "there")]) == 2
    assert "was not opened" in capsys.readouterr().err
    assert not (tmp_path / "there").exists()
    assert not (tmp_path / "x").exists()
