"""Rounds of training: what is missed decides what comes next, and what does not help goes.

Training, quantization and the model are stood in for; the rows, the files and the choice are real.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from llmtui.trainer.finetune.config import RunConfig, load_config
from llmtui.trainer.instructions.steer import features, fit_to_learn, miss_rates, steered
from llmtui.tui import exporting, pipeline, rounds
from llmtui.tui.trained import best_round, gained_and_lost, helped
from llmtui.workspace.events import Event, Note
from llmtui.workspace.files import write_text
from llmtui.workspace.project import Project, start
from llmtui.workspace.records import Instruction, load_rows, save_rows
from llmtui.workspace.settings import Settings


def row(id: str, shape: str, sql: str, split: str = "train", **extra: str) -> Instruction:
    return Instruction(id, f"question {id}", sql, shape=shape, split=split, extra=dict(extra))


def test_rows_like_those_that_were_missed_are_drawn_more_often() -> None:
    asked = [(row(str(i), "join", "SELECT a FROM t"), False) for i in range(8)]
    asked += [(row(str(i), "count", "SELECT COUNT(*) FROM u"), True) for i in range(8)]
    new = [row(f"j{i}", "join", "SELECT a FROM t") for i in range(200)]
    new += [row(f"c{i}", "count", "SELECT COUNT(*) FROM u") for i in range(200)]
    drawn = steered(new, miss_rates(asked), 100, seed=1)
    assert sum(r.shape == "join" for r in drawn) > 90
    assert drawn == steered(new, miss_rates(asked), 100, seed=1)
    assert features(new[0]) == {"shape join", "table t", "column a"}


def test_nothing_that_was_held_out_comes_back_as_a_row_to_train_on() -> None:
    old = [
        row("1", "list", "SELECT a FROM t", "dev"),
        row("2", "join", "SELECT b FROM u", "test", held="shape"),
        row("3", "list", "SELECT c FROM t"),
    ]
    new = [
        row("4", "list", "SELECT a FROM t"),
        row("5", "join", "SELECT x FROM u"),
        row("3", "list", "SELECT d FROM t"),
        row("6", "list", "SELECT x FROM u"),
    ]
    assert [r.id for r in fit_to_learn(new, old)] == ["6"]


@pytest.fixture
def job(shop: Path, tmp_path: Path) -> pipeline.Job:
    """A source whose rows are built and whose first round is done."""
    project = Project(tmp_path / "p")
    start(project, shop)
    job = pipeline.Job(shop, project, Settings(languages="en", rows=500), rounds=3)
    list(pipeline.instructions(job))
    return job


def played(
    job: pipeline.Job, monkeypatch: pytest.MonkeyPatch, right: dict[str, int]
) -> tuple[Path, list[str], list[str]]:
    """Go on from a run; `right` says how many dev rows each folder's model gets right."""
    run = job.project.root / "runs" / "r"
    model = job.project.models / "m.gguf"
    trained: list[str] = []
    for folder in (run, model.parent):
        folder.mkdir(parents=True, exist_ok=True)
    RunConfig("base.gguf", str(job.project.instructions)).save(run)
    model.write_text("gguf")
    job.project.update(model="models/m.gguf")

    def train(folder: Path, _stopped: object, _lock: int) -> Iterator[Event]:
        trained.append(folder.name)
        (folder / "adapter").mkdir()
        yield Note("trained")

    def quantize(_folder: Path, target: Path, _level: str) -> Iterator[Event]:
        target.write_text("gguf")
        yield Note("quantized")

    def asked(job: pipeline.Job, folder: Path, _model: Path) -> Iterator[Event]:
        dev = rounds.dev_rows(job)
        answers = {r.id: i < right[folder.name] for i, r in enumerate(dev)}
        write_text(folder / "dev.json", rounds.json.dumps(answers))
        yield Note("asked")
        return answers

    monkeypatch.setattr(pipeline, "finetune_in_child", train)
    monkeypatch.setattr(exporting, "quantize", quantize)
    monkeypatch.setattr(rounds, "asked", asked)
    monkeypatch.setattr(rounds, "MADE", 200)
    events = list(rounds.go_on(job, run, model, lambda: False, -1))
    return run, trained, [e.text for e in events if isinstance(e, Note) and "Round" in e.text]


def test_a_round_that_does_not_help_is_dropped_and_the_best_one_is_gone_on_from(
    job: pipeline.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, trained, told = played(job, monkeypatch, {"r": 2, "round-2": 3, "round-3": 7})
    assert trained == ["round-2", "round-3"]
    assert ["dropped" in text for text in told] == [True, False]
    facts = job.project.facts()
    assert (facts["model"], facts["run"]) == ("models/p-r-round-3.gguf", "r/round-3")
    assert best_round(run) == run / "round-3"
    assert not (job.project.models / "p-r-round-2.gguf").exists()
    third = load_config(run / "round-3")
    assert third.start == str(run / "adapter" / "adapter.safetensors")  # not the dropped round's
    assert [outcome for *_, outcome in rounds.curve(run)] == ["kept", "dropped", "kept"]
    old = load_rows(job.project.instructions)
    held = {r.sql for r in old if r.split != "train"}
    learnt = [r for r in load_rows(run / "round-2" / "rows.jsonl") if r.split == "train"]
    assert learnt
    assert not held & {r.sql for r in learnt}


def test_rounds_that_are_done_are_not_done_again(
    job: pipeline.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, _, _ = played(job, monkeypatch, {"r": 2, "round-2": 7, "round-3": 8})
    assert job.project.facts()["model"] == "models/p-r-round-2.gguf"
    assert best_round(run) == run / "round-2"
    _, trained, _ = played(job, monkeypatch, {"r": 2, "round-2": 7, "round-3": 8})
    assert trained == []
    assert job.project.facts()["model"] == "models/p-r-round-2.gguf"


def test_a_round_is_made_in_the_words_of_the_glossary_and_with_all_rows_of_people(
    job: pipeline.Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.project.glossary.write_text('[tables]\norders = "bagatelle"\n')
    own = [Instruction(f"own{i}", f"mine {i}", f"SELECT {i}", origin="written") for i in range(30)]
    bad = [replace(one, id=f"bad{i}", status="rejected") for i, one in enumerate(own)]
    rows = load_rows(job.project.instructions)
    accepted = next(r for r in rows if r.split == "train")
    rest = [replace(r, status="accepted") if r.id == accepted.id else r for r in rows]
    save_rows(job.project.instructions, [*own, *bad, *rest])
    monkeypatch.setattr(rounds, "REPLAYED", 20)
    run, *_ = played(job, monkeypatch, {"r": 2, "round-2": 2, "round-3": 2})
    made = load_rows(run / "round-2" / "rows.jsonl")
    assert {row.id for row in own} | {accepted.id} <= {row.id for row in made}
    assert not any(row.status == "rejected" for row in made)
    known = {row.id for row in rows}
    assert any("bagatelle" in row.question.casefold() for row in made if row.id not in known)


@pytest.mark.parametrize(
    ("gained", "lost", "wanted"),
    [(1, 0, False), (3, 0, False), (4, 0, True), (9, 3, True), (8, 5, False), (0, 6, False)],
)
def test_one_answer_more_does_not_speak_for_a_round(gained: int, lost: int, wanted: bool) -> None:
    before = {str(i): i < lost or i >= 40 for i in range(100)}
    now = {str(i): lost <= i < lost + gained or i >= 40 for i in range(100)}
    assert gained_and_lost(before, now) == (gained, lost)
    assert helped(before, now) == wanted
