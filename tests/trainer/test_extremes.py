"""What is said of the most and the least, and what keeps two columns or keys apart."""

import random
from pathlib import Path

import pytest

from llmtui.database.execute import Database
from llmtui.trainer.instructions.called import said_elsewhere
from llmtui.trainer.instructions.extremes import extreme, superlative
from llmtui.trainer.instructions.things import Field
from llmtui.trainer.instructions.world import World
from tests.trainer.test_instructions import made

LEAGUE = """
CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT, population INTEGER, founded_year INTEGER,
    distance DOUBLE, budget DOUBLE, born DATE, cost DOUBLE, price DOUBLE);
CREATE TABLE game (id INTEGER PRIMARY KEY, name TEXT, home_team_id INTEGER REFERENCES team(id),
    away_team_id INTEGER REFERENCES team(id), stadium TEXT);
INSERT INTO team SELECT i, 'Team ' || chr(65 + i::INTEGER), 1000 * i, 1900 + i, i * 1.5, i * 100.0,
    DATE '2000-01-01' + i::INTEGER, i * 2.5, i * 3.5 FROM range(0, 20) t(i);
INSERT INTO game SELECT i, 'Game ' || chr(65 + i::INTEGER), i % 20, (i * 7 + 1) % 20, 'Park'
    FROM range(0, 20) t(i);
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    with Database.open(made(tmp_path_factory.mktemp("league"), LEAGUE)) as database:
        return World(database, random.Random(3))


def column(world: World, name: str) -> Field:
    return next(f for thing in world.things for f in thing.fields if f.column.name == name)


@pytest.mark.parametrize(
    ("name", "high", "low"),
    [
        ("population", "most", "最少"),
        ("distance", "longest", "最近"),
        ("budget", "most", "最低"),
        ("founded_year", "latest", "最早"),
    ],
)
def test_each_number_has_extremes_of_its_own(world: World, name: str, high: str, low: str) -> None:
    item = column(world, name)
    assert high in extreme(item, high=True).en
    assert low in extreme(item, high=False).zh


def test_years_and_births_are_new_or_old_not_large(world: World) -> None:
    assert "newest" in superlative(column(world, "founded_year"), high=True).en
    assert superlative(column(world, "born"), high=True).en == ("youngest",)
    assert superlative(column(world, "born"), high=False).en == ("oldest",)


def test_two_keys_to_one_table_are_called_by_their_own_names(world: World) -> None:
    roles = {relation.key.column.name: relation.role.en[0] for relation in world.relations}
    assert roles == {"home_team_id": "home team", "away_team_id": "away team"}


def test_a_column_is_not_called_what_another_one_is_called(world: World) -> None:
    assert "price" not in column(world, "cost").words.en
    assert "cost" not in column(world, "price").words.en


def test_what_another_table_is_called_too_is_not_asked_for_barely(world: World) -> None:
    assert said_elsewhere(column(world, "home_team_id"), world.things) is False
    names = [f for thing in world.things for f in thing.fields if f.column.name == "name"]
    assert all(said_elsewhere(item, world.things) for item in names)


def test_a_key_that_says_no_more_than_the_parents_name_is_called_by_that(
    tmp_path: Path,
) -> None:
    script = """
    CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE team_stats (id INTEGER PRIMARY KEY, team_id INTEGER REFERENCES team(id),
        opponent_team_id INTEGER REFERENCES team(id), points INTEGER);
    INSERT INTO team SELECT i, 'Team ' || chr(65 + i::INTEGER) FROM range(0, 20) t(i);
    INSERT INTO team_stats SELECT i, i % 20, (i * 7 + 1) % 20, i FROM range(0, 20) t(i);
    """
    with Database.open(made(tmp_path, script)) as database:
        relations = World(database, random.Random(3)).relations
    roles = {relation.key.column.name: relation.role.en for relation in relations}
    assert roles["team_id"][0] == "team"
    assert not [name for name in roles["opponent_team_id"] if name.endswith("id")]
