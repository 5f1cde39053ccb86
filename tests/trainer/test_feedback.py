"""Rows that people wrote or judged: their weight, and what becomes of them when tables change."""

from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.trainer.evaluate.run import held_out_cases
from llmtui.trainer.instructions.build import build
from llmtui.trainer.instructions.construct import Options
from llmtui.workspace.events import RowDropped
from llmtui.workspace.project import Project, start
from llmtui.workspace.records import Instruction, load_rows, save_rows

OWN = Instruction(
    "own",
    "which states?",
    "SELECT status FROM orders",
    origin="asked",
    status="accepted",
    split="test",
)


def built(shop: Path, project: Project) -> tuple[Instruction, list[RowDropped]]:
    """The row of one's own after the rows were built, and what was told to be dropped."""
    with Database.open(shop, Access(time_limit=5)) as database:
        events = list(build(database, project, Options(("en",), 40)))
    (row,) = (row for row in load_rows(project.instructions) if row.id == "own")
    told = [e for e in events if isinstance(e, RowDropped) and "no longer fits" in e.reason]
    return row, told


def test_a_row_whose_sql_no_longer_binds_is_dead_until_it_binds_again(
    shop: Path, tmp_path: Path
) -> None:
    project = Project(tmp_path / "p")
    start(project, shop)
    save_rows(project.instructions, [OWN])
    row, told = built(shop, project)
    assert row.usable
    assert told == []
    with duckdb.connect(str(shop)) as connection:
        connection.execute("ALTER TABLE orders RENAME status TO state")
    row, told = built(shop, project)
    assert not row.usable
    assert "status" in row.extra["dead"]
    assert [(event.count, event.example) for event in told] == [(1, "own: which states?")]
    assert held_out_cases([row], 10) == []
    with duckdb.connect(str(shop)) as connection:
        connection.execute("ALTER TABLE orders RENAME state TO status")
    row, told = built(shop, project)
    assert row.usable
    assert row.status == "accepted"
    assert told == []


def test_rows_that_people_wrote_or_accepted_weigh_more_and_rejected_ones_nothing(
    tmp_path: Path,
) -> None:
    pytest.importorskip("torch")
    from llmtui.trainer.finetune.config import RunConfig
    from llmtui.trainer.finetune.recipe import training_rows

    rows = [
        Instruction("made", "a", "SELECT 1"),
        Instruction("accepted", "b", "SELECT 1", status="accepted"),
        Instruction("asked", "c", "SELECT 1", origin="asked"),
        Instruction("rejected", "d", "SELECT 1", origin="asked", status="rejected"),
        Instruction("dead", "e", "SELECT 1", origin="asked", extra={"dead": "no such table"}),
    ]
    save_rows(tmp_path / "rows.jsonl", rows)
    found = [row.id for row in training_rows(RunConfig("b", str(tmp_path / "rows.jsonl")))]
    assert {id: found.count(id) for id in set(found)} == {"made": 1, "accepted": 3, "asked": 3}
