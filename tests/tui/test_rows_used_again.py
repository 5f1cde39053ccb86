"""Rows are used again only while the source and the constructor are what they were."""

from pathlib import Path

import duckdb
import pytest

from llmtui.trainer.instructions import build
from llmtui.tui.pipeline import Job, instructions
from llmtui.workspace.events import Note
from llmtui.workspace.project import Project, start
from llmtui.workspace.records import load_rows
from llmtui.workspace.settings import Settings


def used_again(job: Job) -> bool:
    return any(
        "Using the rows" in event.text for event in instructions(job) if isinstance(event, Note)
    )


def test_other_values_or_another_constructor_make_other_rows(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path / "p")
    start(project, shop)
    job = Job(shop, project, Settings(rows=60, languages="en"))
    assert [used_again(job), used_again(job)] == [False, True]
    with duckdb.connect(str(shop)) as connection:
        connection.execute("UPDATE customers SET city = 'Lima' WHERE city = 'Rome'")
    assert [used_again(job), used_again(job)] == [False, True]
    assert not any("Rome" in row.sql for row in load_rows(project.instructions))
    monkeypatch.setattr(build, "_version", lambda: "another")
    assert [used_again(job), used_again(job)] == [False, True]
