"""Questions say what their SQL asks: of parts, places, the first row, ways between tables."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.trainer.instructions.construct import Options, construct
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.phrases import value_phrase
from llmtui.trainer.instructions.templates import fill
from llmtui.trainer.instructions.world import World
from llmtui.workspace.records import Instruction

LAND = """
CREATE TABLE state (name VARCHAR PRIMARY KEY, area INTEGER, population INTEGER, country VARCHAR);
INSERT INTO state SELECT 'State ' || chr(65 + range::INTEGER), 100 + range * 37 % 91,
    1000 + range * 71 % 877, 'usa' FROM range(20);
CREATE TABLE city (name VARCHAR PRIMARY KEY, population INTEGER, state VARCHAR REFERENCES state,
    country VARCHAR);
INSERT INTO city SELECT 'Town ' || range, 10 + range * 13 % 311, 'State ' ||
    chr(65 + (range % 20)::INTEGER), 'usa' FROM range(60);
CREATE TABLE relief (state VARCHAR PRIMARY KEY REFERENCES state, highest_point VARCHAR,
    elevation INTEGER);
INSERT INTO relief SELECT 'State ' || chr(65 + range::INTEGER), 'Mount ' || range % 7,
    500 + range * 41 % 701 FROM range(20);
"""
STAFF = """
CREATE TABLE place (id INTEGER PRIMARY KEY, city VARCHAR);
INSERT INTO place VALUES (1, 'Rome'), (2, 'Oslo'), (3, 'Bern');
CREATE TABLE employee (id INTEGER PRIMARY KEY, name VARCHAR, team_id INTEGER, pay INTEGER);
CREATE TABLE team (id INTEGER PRIMARY KEY, name VARCHAR, leader_id INTEGER REFERENCES employee,
    place_id INTEGER REFERENCES place);
INSERT INTO employee SELECT range, 'Worker ' || range, 1 + range % 5, 100 + range FROM range(30);
INSERT INTO team SELECT 1 + range, 'Team ' || chr(65 + range::INTEGER), range * 3, 1 + range % 3
    FROM range(5);
"""


def opened(sql: str, path: Path) -> Database:
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
    return Database.open(path, Access(time_limit=5))


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with opened(LAND, tmp_path_factory.mktemp("land") / "land.duckdb") as database:
        yield database


@pytest.fixture(scope="module")
def rows(land: Database) -> list[Instruction]:
    return construct(land, Options(rows=1500), lambda _event: None)


def test_a_part_is_asked_about_for_what_only_it_has(rows: list[Instruction]) -> None:
    of_part = [row for row in rows if re.search(r"FROM relief\b(?! JOIN)", row.sql)]
    assert of_part
    for row in of_part:
        if row.sql.startswith("SELECT") and "UNION" not in row.sql and "(" not in row.sql:
            assert re.search(r"highest_point|elevation|\*", row.sql), row
    counted = [row for row in rows if row.sql == "SELECT COUNT(*) FROM relief"]
    assert not counted


def test_a_column_of_one_value_makes_no_groups(rows: list[Instruction]) -> None:
    assert not [row for row in rows if re.search(r"GROUP BY [\w.]*country", row.sql)]


def test_where_all_rows_are_may_be_said_and_chooses_none(rows: list[Instruction]) -> None:
    said = [row for row in rows if re.search(r"\b(usa|US)\b|美国", row.question, re.IGNORECASE)]
    assert len(said) > 5
    assert {row.lang for row in said} == {"en", "zh"}
    assert all("'usa'" not in row.sql for row in said)


def test_rows_are_not_called_what_they_belong_to(rows: list[Instruction]) -> None:
    for row in rows:
        if re.search(r"FROM city WHERE state = '[^']+'$", row.sql):
            assert not re.search(r"(named|called) state|叫State|名为State", row.question), row


def test_in_chinese_conditions_stand_before_the_superlative(rows: list[Instruction]) -> None:
    firsts = [
        row
        for row in rows
        if row.lang == "zh"
        and re.search(r"FROM city WHERE state = .* ORDER BY population", row.sql)
    ]
    assert firsts
    for row in firsts:
        found = re.search(
            r"(最大|最小|人口最多|人口最少)的.{0,4}State", row.question, re.IGNORECASE
        )
        assert found is None, row


@pytest.mark.parametrize(
    ("value", "noun", "wanted", "unwanted"),
    [
        ("mississippi", "river", "密西西比河", "密西西比州河"),
        ("mississippi", "state", "密西西比州", ""),
    ],
)
def test_a_name_in_chinese_has_one_ending(
    value: str, noun: str, wanted: str, unwanted: str
) -> None:
    said = value_phrase(value, Words((noun,), ("",))).zh
    assert wanted in said
    assert unwanted not in said or not unwanted


def test_a_noun_is_not_said_twice() -> None:
    class Said:
        def __init__(self, text: str) -> None:
            self.text = text

        def has(self, _lang: str) -> bool:
            return True

        def say(self, _lang: str, _rng: random.Random) -> str:
            return self.text

    slots = {"v": Said("纽约州"), "p": Said("州")}
    assert fill("属于{v}{p}", "zh", slots, random.Random(1)) == "属于纽约州"
    assert fill("{p}{v}", "zh", slots, random.Random(1)) == "州纽约州"


def test_a_team_that_one_leads_is_not_the_team_that_one_is_in(tmp_path: Path) -> None:
    with opened(STAFF, tmp_path / "staff.duckdb") as database:
        keys = {(key.table, key.column) for key in database.schema.foreign_keys}
        assert ("employee", "team_id") in keys
        world = World(database, random.Random(1))
        by_name = {thing.table.name: thing for thing in world.things}
        ends = {link.right[-1].parent.table.name for link in world.linked(by_name["employee"])}
        assert "place" not in ends
        made = construct(database, Options(("en",), 500), lambda _event: None)
    assert not [row for row in made if "IN (SELECT leader_id FROM team WHERE name" in row.sql]
