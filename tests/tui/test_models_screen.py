"""Models: chosen, deleted, quantized anew."""

import json
import sys
from pathlib import Path

import pytest

from llmtui.tui import modellist
from llmtui.tui.app import LlmtuiApp
from llmtui.tui.widgets.lists import Rows
from llmtui.workspace.events import Failed, to_line
from llmtui.workspace.project import Project, project_for, start
from tests.tui.waiting import click, until


@pytest.fixture
def project(shop: Path) -> Project:
    made = project_for(shop)
    start(made, shop)
    return made


async def test_a_tuned_model_is_chosen_and_deleted(shop: Path, project: Project) -> None:
    project.models.mkdir()
    for name in ("one", "two"):
        (project.models / f"{name}.gguf").write_bytes(b"GGUF")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(120, 40)) as pilot:
        app.go("models")
        await until(lambda: app.screen.query(Rows) and app.screen.query_one(Rows).row_count >= 2)
        await pilot.press("g", "enter")
        await until(lambda: project.model is not None)
        assert project.model is not None
        assert project.model.stem == "two"
        await pilot.press("d")
        await until(lambda: app.screen.query("#yes"))
        await click(pilot, "#yes")
        await until(lambda: not (project.models / "two.gguf").exists())
        assert (project.models / "one.gguf").exists()


def test_a_score_is_of_the_file_that_was_asked_and_each_file_of_its_own_run(
    project: Project,
) -> None:
    project.models.mkdir()
    runs = [project.runs / name for name in ("20260101-000000", "20260101-000000-2")]
    scored = ("p-20260101-000000-q4_0.gguf", "p-20260101-000000-2-round-2.gguf")
    strict = {"all": {"strict": {"hits": 3, "of": 4}}}
    for run, file in zip(runs, scored, strict=True):
        (run / "round-2" / "adapter").mkdir(parents=True)
        (run / "adapter").mkdir()
        report = {"facts": {"tuned": file}, "scores": {"tuned": strict}}
        (run / "report.json").write_text(json.dumps(report), encoding="utf-8")
    for file in (*scored, "p-20260101-000000.gguf", "p-20260101-000000-2.gguf"):
        (project.models / file).write_bytes(b"GGUF")
    found = {one.name: one for one in modellist.models_here(project) if one.kind == "tuned"}
    assert {name: one.score for name, one in found.items() if one.score is not None} == {
        "p-20260101-000000-q4_0": 0.75, "p-20260101-000000-2-round-2": 0.75,
    }  # fmt: skip
    named = {name: modellist.quantize_command(one, "f16")[-4] for name, one in found.items()}
    assert named == {
        "p-20260101-000000": "20260101-000000/round-1",
        "p-20260101-000000-q4_0": "20260101-000000/round-1",
        "p-20260101-000000-2": "20260101-000000-2/round-1",
        "p-20260101-000000-2-round-2": "20260101-000000-2/round-2",
    }


@pytest.mark.parametrize(
    ("failed", "told"), [("", "q4_0 file is made"), ("It does not hold.", "does not hold")]
)
async def test_a_tuned_model_is_quantized_to_a_level_chosen_by_its_size(
    shop: Path, project: Project, monkeypatch: pytest.MonkeyPatch, failed: str, told: str
) -> None:
    run = project.runs / "20260101-000000"
    (run / "adapter").mkdir(parents=True)
    project.models.mkdir()
    (project.models / f"shop-{run.name}.gguf").write_bytes(b"GGUF")
    sizes = [("q8_0", 145_000_000, "Q8_0 100%"), ("q4_0", 92_000_000, "Q4_0 79%, Q8_0 21%")]
    monkeypatch.setattr("llmtui.tui.widgets.levels.predicted", lambda _run: iter(sizes))
    asked: list[str] = []

    def command(model: modellist.Model, level: str) -> list[str]:
        asked.extend(modellist.quantize_command(model, level))
        line = to_line(Failed("quantize", failed)) if failed else ""
        return [sys.executable, "-c", f"print({line!r}); raise SystemExit({int(bool(failed))})"]

    monkeypatch.setattr("llmtui.tui.screens.models.quantize_command", command)
    app = LlmtuiApp(shop)
    async with app.run_test(size=(120, 40)) as pilot:
        app.go("models")
        await until(lambda: app.screen.query(Rows) and app.screen.query_one(Rows).row_count >= 1)
        await pilot.press("q")
        await until(lambda: app.screen.query("#levels"))
        levels = app.screen.query_one("#levels", Rows)
        await until(lambda: levels.row_count == 2)
        assert "92 MB Q4_0 79%" in list(levels.lines())[1]
        await pilot.press("j", "enter")
        await until(lambda: app._notifications)
        assert told in next(iter(app._notifications)).message
    assert asked[-7:] == ["--project", str(project.root), "--run", run.name, "--level", "q4_0",
                          "--json"]  # fmt: skip
