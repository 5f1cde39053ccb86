"""The setting `contrast` decides what a tune builds, and its change builds anew."""

from pathlib import Path

from llmtui.tui.pipeline import Job, instructions
from llmtui.workspace.events import Note
from llmtui.workspace.project import Project, start
from llmtui.workspace.records import load_rows
from llmtui.workspace.settings import Settings


def test_a_tune_builds_contrast_rows_when_it_is_asked_to(shop: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    start(project, shop)
    kinds = []
    for contrast in ("off", "on", "on"):
        job = Job(shop, project, Settings(rows=60, contrast=contrast))
        events = list(instructions(job))
        kinds.append({row.kind for row in load_rows(project.instructions)})
    assert kinds == [{"sql"}, {"sql", "text"}, {"sql", "text"}]
    assert any(isinstance(event, Note) and "Using the rows" in event.text for event in events)
