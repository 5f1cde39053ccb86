"""A query is in one split only, wherever its rows come from."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

from llmtui.database.dialects import plain
from llmtui.database.execute import Database
from llmtui.trainer.instructions.build import build
from llmtui.trainer.instructions.construct import Options
from llmtui.trainer.instructions.mining.stage import mine
from llmtui.trainer.instructions.splits import in_one_split
from llmtui.tui.rowlist import imported, judged
from llmtui.tui.session import Session
from llmtui.tui.verdicts import keep_answer, put_row
from llmtui.workspace.project import Project, start
from llmtui.workspace.records import Instruction, load_rows


@pytest.fixture
def project(shop: Path, shop_database: Database) -> Project:
    project = Session(shop).project
    start(project, shop)
    list(build(shop_database, project, Options(rows=300)))
    return project


def other_form(sql: str) -> str:
    """The same query as another person writes it."""
    return sql.replace("SELECT", "select").replace("FROM", "\n  from") + " "


def held_out(project: Project, held: str) -> Instruction:
    rows = load_rows(project.instructions)
    return next(r for r in rows if r.split == "test" and r.extra.get("held") == held)


def splits(project: Project) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in load_rows(project.instructions):
        if row.usable:
            found[plain(row.sql)].add(row.split)
    return found


@pytest.mark.parametrize("way", ["asked", "imported", "mined"])
def test_a_query_that_a_person_asks_for_is_learnt_and_held_out_no_longer(
    way: str, project: Project, shop: Path, shop_database: Database, tmp_path: Path
) -> None:
    held = held_out(project, "row")
    sql = other_form(held.sql)
    if way == "asked":
        session = Session(shop)
        keep_answer(session, "quite another wording", sql, "accepted")
        session.close()
    elif way == "imported":
        file = tmp_path / "own.jsonl"
        file.write_text(json.dumps({"question": "quite another wording", "sql": sql}) + "\n")
        assert imported(shop_database, project, file) == (1, 0)
    else:
        file = tmp_path / "own.sql"
        file.write_text(f"-- Quite another wording of this question\n{sql.strip()};\n")
        list(mine(shop_database, project, [file]))
    found = splits(project)
    assert found[plain(held.sql)] == {"train"}
    assert all(len(of) == 1 for of in found.values())
    list(build(shop_database, project, Options(rows=300)))
    assert splits(project)[plain(held.sql)] == {"train"}


def test_a_row_that_says_itself_that_it_is_held_out_holds_its_query_out(project: Project) -> None:
    learnt = next(r for r in load_rows(project.instructions) if r.split == "train")
    put_row(project, Instruction("own", "mine", learnt.sql, origin="imported", split="test"))
    assert splits(project)[plain(learnt.sql)] == {"test"}


def test_a_rejected_row_decides_nothing_until_it_is_accepted(project: Project) -> None:
    held = held_out(project, "row")
    put_row(project, Instruction("own", "mine", held.sql, origin="asked", status="rejected"))
    assert splits(project)[plain(held.sql)] == {"test"}
    judged(project, "own", "accepted")
    assert splits(project)[plain(held.sql)] == {"train"}


def test_a_shape_on_tables_that_training_sees_is_not_held_out_as_a_whole() -> None:
    def row(id: str, sql: str, **more: object) -> Instruction:
        extra = {"held": "shape"}
        return Instruction(id, id, sql, shape="top", split="test", extra=extra, **more)  # type: ignore[arg-type]

    rows = [
        row("a", "SELECT a FROM t ORDER BY a LIMIT 1"),
        row("b", "SELECT b FROM t ORDER BY b LIMIT 1"),
        row("c", "SELECT c FROM u ORDER BY c LIMIT 1"),
        Instruction("own", "mine", "select a from t order by a limit 1", origin="asked"),
    ]
    found = {row.id: (row.split, row.extra.get("held")) for row in in_one_split(rows)}
    assert found == {
        "a": ("train", None), "b": ("test", "row"), "c": ("test", "shape"), "own": ("train", None),
    }  # fmt: skip


def test_what_is_rejected_stays_held_out_as_it_was() -> None:
    row = Instruction(id="a", question="q", sql="SELECT 1", split="test", status="rejected",
                      extra={"held": "shape"})  # fmt: skip
    assert in_one_split([row]) == [row]


def test_texts_in_other_letters_are_other_queries() -> None:
    assert plain("select A from T where c = 'a'") == plain("SELECT a FROM \"t\" WHERE c = 'a'")
    assert plain("SELECT a FROM t WHERE c = 'a'") != plain("SELECT a FROM t WHERE c = 'A'")
