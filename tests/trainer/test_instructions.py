import math
import random
import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Database
from llmtui.trainer.instructions.build import build
from llmtui.trainer.instructions.check import check_rows
from llmtui.trainer.instructions.construct import Options, construct, steps
from llmtui.trainer.instructions.draft import shapes
from llmtui.trainer.instructions.trials import empty
from llmtui.trainer.instructions.world import World
from llmtui.workspace.errors import SourceError
from llmtui.workspace.events import Event, RowDropped, RowsKept
from llmtui.workspace.project import Project, start
from llmtui.workspace.records import Instruction, load_rows, save_rows
from tests.trainer.schemas import CHINESE, FLAT, SCHOOL


def rows_of(database: Database, count: int = 400, **options: object) -> list[Instruction]:
    return construct(database, Options(rows=count, **options), lambda _event: None)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(shop_database: Database) -> None:
    assert rows_of(shop_database) == rows_of(shop_database)
    assert rows_of(shop_database) != rows_of(shop_database, seed=8)


def test_every_row_runs_and_gives_rows(shop_database: Database) -> None:
    for row in rows_of(shop_database):
        found = shop_database.run(row.sql).rows
        assert row.checks[:3] == ("parsed", "read-only", "ran")
        assert found or "CURRENT_DATE" in row.sql, row


def test_no_question_is_asked_twice_or_has_two_queries(shop_database: Database) -> None:
    questions = [row.question.casefold() for row in rows_of(shop_database, 800)]
    assert len(set(questions)) == len(questions)


def test_every_question_is_filled_and_in_its_language(shop_database: Database) -> None:
    for row in rows_of(shop_database, 800):
        assert "{" not in row.question, row
        has_han = any("\u4e00" <= character <= "\u9fff" for character in row.question)
        assert has_han == (row.lang == "zh"), row


def test_both_languages_get_about_half(shop_database: Database) -> None:
    rows = rows_of(shop_database, 800)
    assert 0.42 < sum(row.lang == "zh" for row in rows) / len(rows) < 0.58
    assert {row.lang for row in rows_of(shop_database, 100, languages=("en",))} == {"en"}


def test_a_query_is_in_one_split_and_some_shapes_are_held_out_whole(
    shop_database: Database,
) -> None:
    rows = rows_of(shop_database, 1500)
    by_split = {
        split: {row.sql for row in rows if row.split == split} for split in ("train", "dev", "test")
    }
    assert all(by_split.values())
    assert not by_split["train"] & (by_split["test"] | by_split["dev"])
    held = [row for row in rows if row.extra.get("held") == "shape"]
    assert held
    assert {row.split for row in held} == {"test"}


def made(tmp_path: Path, script: str) -> Path:
    path = tmp_path / "made.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(script)
    return path


def test_every_step_draws_queries_of_known_shapes(tmp_path: Path) -> None:
    with Database.open(made(tmp_path, SCHOOL)) as database:
        world = World(database, random.Random(1))
        for name, (step, _) in steps().items():
            drafts = [draft for draft in (step(world) for _ in range(250)) if draft is not None]
            assert drafts or name in ("union", "lookup_whose"), name
            assert {draft.shape for draft in drafts} <= set(shapes())


def why(events: list[Event]) -> list[str]:
    return [f"{event.reason}: {event.count}" for event in events if isinstance(event, RowDropped)]


@pytest.mark.parametrize("script", [SCHOOL, CHINESE, FLAT])
def test_three_quite_different_schemas_give_many_checked_rows(tmp_path: Path, script: str) -> None:
    with Database.open(made(tmp_path, script)) as database:
        told: list[Event] = []
        rows = construct(database, Options(rows=600), told.append)
        assert len(rows) == 600
        again: list[Event] = []
        assert construct(database, Options(rows=600), again.append) == rows, (why(told), why(again))
        assert len({row.sql for row in rows}) > 120
        assert {row.lang for row in rows} == {"en", "zh"}
        assert all("{" not in row.question for row in rows)


def test_shapes_have_phrasings_in_both_languages() -> None:
    for shape in shapes().values():
        for texts in (shape.en, shape.zh):
            assert sum(wordings(text) for text in texts) >= 3, shape.name


def wordings(template: str) -> int:
    """How many ways a phrasing leaves open before its slots are filled."""
    choices = re.findall(r"\(([^()]*\|[^()]*)\)", template)
    return math.prod(len(choice.split("|")) for choice in choices)


@pytest.mark.parametrize(
    "script",
    [
        'CREATE TABLE "员工" ("编号" INTEGER, "姓名" VARCHAR, "工资" DOUBLE);'
        "INSERT INTO \"员工\" VALUES (1, '王伟', 5000), (2, '李娜', 7000), (3, '张三', 6500)",
        'CREATE TABLE "Order" ("Select" INTEGER, "a b" VARCHAR, "x""y" DOUBLE);'
        "INSERT INTO \"Order\" VALUES (1, 'it''s', 1.5), (2, 'q\"q', 2.5), (3, NULL, 9)",
        "CREATE TABLE t (x INTEGER, tags VARCHAR[], doc JSON, b BLOB);"
        "INSERT INTO t VALUES (1, ['a'], '{}', 'x'), (2, [], NULL, NULL)",
        "CREATE TABLE n (name VARCHAR, x DOUBLE, d DATE, e DATE);"
        "INSERT INTO n VALUES ('a', 'nan', 'infinity', NULL), ('b', 1, '2020-01-01', NULL),"
        "('c', 'inf', '2021-01-01', NULL), ('d', 2, '-infinity', NULL)",
        "CREATE TABLE TblCustOrd (CustNo INTEGER, OrdDt DATE, AmtUSD DECIMAL(9,2));"
        "INSERT INTO TblCustOrd SELECT i, DATE '2024-01-01' + i::INTEGER, i FROM range(30) t(i)",
        "CREATE TABLE guests (name VARCHAR, email VARCHAR, city VARCHAR); INSERT INTO guests"
        " SELECT 'Guest ' || i % 9, 'g' || i || '@example.org', ['Rome', 'Oslo'][1 + i % 2]"
        " FROM range(30) t(i)",
    ],
)
def test_odd_schemas_give_rows_that_run(tmp_path: Path, script: str) -> None:
    with duckdb.connect(str(tmp_path / "odd.duckdb")) as connection:
        connection.execute(script)
    with Database.open(tmp_path / "odd.duckdb") as database:
        rows = rows_of(database, 60)
        assert len(rows) >= 10
        assert all(database.run(r.sql).rows for r in rows if "CURRENT_DATE" not in r.sql)


def test_a_database_without_rows_is_told(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "e.duckdb")) as connection:
        connection.execute("CREATE TABLE t (a INTEGER)")
    with (
        Database.open(tmp_path / "e.duckdb") as database,
        pytest.raises(SourceError, match="nothing to ask about"),
    ):
        rows_of(database)


def test_building_again_keeps_rows_of_ones_own_and_verdicts(
    shop: Path, shop_database: Database, tmp_path: Path
) -> None:
    project = Project(tmp_path / "p")
    start(project, shop)
    list(build(shop_database, project, Options(rows=50)))
    rows = load_rows(project.instructions)
    mine = Instruction("mine", "my question", "SELECT 1", origin="written")
    rejected = Instruction(**{**vars(rows[0]), "status": "rejected"})
    save_rows(project.instructions, [mine, rejected, *rows[1:]])
    list(build(shop_database, project, Options(rows=50)))
    again = {row.id: row for row in load_rows(project.instructions)}
    assert replace(again["mine"], schema="") == mine
    assert again[rejected.id].status == "rejected"
    list(build(shop_database, project, Options(rows=50, seed=99)))
    other = {row.id: row for row in load_rows(project.instructions)}
    assert other[rejected.id].status == "rejected"  # though it was not drawn again


def test_checks_tell_why_a_row_is_dropped(shop_database: Database) -> None:
    events: list[Event] = []
    rows = [
        Instruction("1", "all names", "SELECT name FROM customers"),
        Instruction("2", "All names ", "SELECT name FROM customers"),
        Instruction("3", "all names", "SELECT city FROM customers"),
        Instruction("4", "drop", "DROP TABLE customers"),
        Instruction("5", "broken", "SELECT nope FROM customers"),
        Instruction("6", "nobody", "SELECT name FROM customers WHERE id < 0"),
    ]
    assert [row.id for row in check_rows(shop_database, rows, events.append)] == ["1"]
    reasons = {event.reason for event in events if isinstance(event, RowDropped)}
    assert len(reasons) == 5
    assert RowsKept(1) in events


def test_rows_carry_the_hints_that_asking_would_give(shop_database: Database) -> None:
    rows = rows_of(shop_database, 600)
    assert all(row.hints == shop_database.linker.hints(row.question) for row in rows)
    assert any("customers.city = 'Paris'" in row.hints for row in rows)
    given = [Instruction("1", "customers in rome", "SELECT name FROM customers WHERE city='Rome'")]
    assert check_rows(shop_database, given, lambda _: None)[0].hints == ("customers.city = 'Rome'",)


def test_secrets_in_given_rows_are_masked_in_texts_and_keep_queries_out(
    shop_database: Database,
) -> None:
    question, origin = "Is ann@corp.example there?", "imported"
    rows = [
        Instruction("t", "Who?", lang="en", kind="text", answer="ann@corp.example.", origin=origin),
        Instruction("q", question, sql="SELECT 1 WHERE 'ann@corp.example' <> ''", origin=origin),
    ]
    events: list[Event] = []
    (kept,) = check_rows(shop_database, rows, events.append)
    assert kept.answer == "[e-mail address]."
    told = " ".join(map(str, events))
    assert "masked in 1 rows" in told
    assert "a likely e-mail address is in it" in told


NAMED_BY_TEXT = """
CREATE TABLE region (region_name VARCHAR PRIMARY KEY, area INTEGER);
CREATE TABLE town (town_name VARCHAR, people INTEGER, region_name VARCHAR
    REFERENCES region(region_name));
CREATE TABLE visit (no INTEGER PRIMARY KEY, guide INTEGER, region_name VARCHAR
    REFERENCES region(region_name));
INSERT INTO region SELECT 'Region ' || chr(65 + i::INTEGER), 100 * i + 7 FROM range(0, 12) t(i);
INSERT INTO town SELECT 'Town ' || i, 31 * i + 5, 'Region ' || chr(65 + (i % 12)::INTEGER)
    FROM range(0, 60) t(i);
INSERT INTO visit SELECT i, 500 + i % 9, 'Region ' || chr(65 + (i % 12)::INTEGER)
    FROM range(0, 60) t(i);
"""


def test_what_a_row_says_itself_is_not_joined_and_keys_are_not_added_up(tmp_path: Path) -> None:
    with Database.open(made(tmp_path, NAMED_BY_TEXT)) as database:
        rows = rows_of(database, 800)
    simple = [row.sql for row in rows if row.sql.count("SELECT") == 1]
    joined = [sql for sql in simple if "JOIN region" in sql]
    assert joined
    assert all("region.area" in sql for sql in joined)
    assert sum("GROUP BY region_name" in sql for sql in simple) > 10
    assert not [row.sql for row in rows if re.search(r"(SUM|AVG|MAX|MIN)\((visit\.)?no\)", row.sql)]


def test_no_is_an_answer_and_a_count_of_zero_is_none() -> None:
    assert empty([(0,)]) == "counts nothing"
    assert empty([(None,), (None,)]) == empty([]) == "gives no rows"
    assert empty([(False,)]) == empty([(0,), (1,)]) == ""
