"""Rows are made until more of them show little that is new."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.trainer.instructions import enough
from llmtui.trainer.instructions.construct import Options, construct
from llmtui.trainer.instructions.enough import NEW, RISE, Enough
from llmtui.workspace.events import Event, Note
from llmtui.workspace.records import Instruction

WIDE = "CREATE TABLE w AS SELECT range AS id, " + ", ".join(
    f"'v' || (range * {n}) % 23 AS name{n}, (range * {n + 7}) % 97 AS amount{n}" for n in range(4)
)
"""A table of nine columns."""


def row(number: int, sql: str) -> Instruction:
    return Instruction(id=str(number), question=f"question {number}", sql=sql, lang="en")


def test_repeated_structures_are_enough_and_new_ones_are_not(
    shop_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enough, "PORTION", 20)
    same = [row(n, f"SELECT name FROM customers WHERE id = {n}") for n in range(60)]
    level = Enough(shop_database.schema, ("en",))
    assert not level.due(same[:19])
    assert level.due(same[:20])
    assert not level.reached(same[:20])  # the first rows cover what none did before
    assert level.reached(same[:40])
    other = [row(n, f"SELECT name AS n{n} FROM customers") for n in range(60)]
    level = Enough(shop_database.schema, ("en",))
    assert not level.reached(other[:20])
    assert not level.reached(other[:40])


def test_a_wide_table_gets_more_rows_than_a_narrow_one(
    shop_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmtui.trainer.instructions.construct.PORTION", 200)
    monkeypatch.setattr(enough, "PORTION", 200)
    monkeypatch.setattr("llmtui.trainer.instructions.construct.MOST", 2000)
    with duckdb.connect(str(tmp_path / "wide.duckdb")) as connection:
        connection.execute(f"{WIDE} FROM range(400)")
    told: list[Event] = []
    with Database.open(tmp_path / "wide.duckdb", Access(time_limit=5)) as wide:
        many = construct(wide, Options(("en",)), told.append)
    few = construct(shop_database, Options(("en",)), lambda _event: None)
    assert len(few) < len(many) <= 2000
    notes = [event.text for event in told if isinstance(event, Note)]
    assert notes
    assert notes[-1].startswith("Coverage after each")


def test_rows_end_where_the_curve_levels_off(
    shop_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmtui.trainer.instructions.construct.PORTION", 200)
    monkeypatch.setattr(enough, "PORTION", 200)
    followed: list[Enough] = []

    class Followed(Enough):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)  # type: ignore[arg-type]
            followed.append(self)

    monkeypatch.setattr("llmtui.trainer.instructions.construct.Enough", Followed)
    construct(shop_database, Options(), lambda _event: None)
    rises = [after - before for before, after in pairwise(followed[0].covered)]
    assert len(rises) > 1
    assert rises[-1] < RISE
    assert followed[0].new[-1] < NEW
    before = zip(rises[:-1], followed[0].new[1:-1], strict=True)
    assert all(rise >= RISE or new >= NEW for rise, new in before)


def test_a_number_of_rows_is_that_number(shop_database: Database) -> None:
    told: list[Event] = []
    rows = construct(shop_database, Options(rows=150), told.append)
    assert len(rows) == 150
    assert not [event for event in told if isinstance(event, Note)]
