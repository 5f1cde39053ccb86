"""Questions that are worth asking, and ways of asking that go beyond one table."""

import random
import re
from pathlib import Path

import pytest

from llmtui.database.dialects import parse
from llmtui.database.execute import Database
from llmtui.trainer.instructions.lexicon import column_words, table_words
from llmtui.trainer.instructions.nested import parent_tied
from llmtui.trainer.instructions.pointless import pointless
from llmtui.trainer.instructions.related import parent_busiest
from llmtui.trainer.instructions.steps_lookup import lookup_parent, lookup_whose
from llmtui.trainer.instructions.world import World
from tests.trainer.test_instructions import made, rows_of


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT name FROM state WHERE name = 'Ohio'", True),
        ("SELECT MIN(area) FROM lake WHERE area = 20", True),
        ("SELECT COUNT(DISTINCT city) FROM t WHERE city = 'Rome' AND n > 2", True),
        ("SELECT city, COUNT(*) FROM t WHERE city = 'Rome' GROUP BY city", True),
        ("SELECT n FROM t WHERE city = 'Rome' ORDER BY city", True),
        ("SELECT n, n FROM t", True),
        ("SELECT s.name FROM c JOIN s ON c.s = s.name WHERE c.s = 'Ohio'", True),
        ("SELECT area FROM state WHERE name = 'Ohio'", False),
        ("SELECT name FROM state WHERE name = 'Ohio' OR area > 3", False),
        ("SELECT COUNT(*) FROM t WHERE city = 'Rome'", False),
        ("SELECT first, last FROM t WHERE last = 'Ray'", False),
        ("SELECT city FROM t WHERE n > 3 GROUP BY city ORDER BY COUNT(*)", False),
        ("SELECT a FROM t WHERE b = 1 INTERSECT SELECT a FROM t WHERE b = 2", False),
    ],
)
def test_what_asks_only_for_what_it_says_is_pointless(sql: str, expected: bool) -> None:
    assert pointless(parse(sql)) is expected


LAND = """
CREATE TABLE state (name VARCHAR PRIMARY KEY, area INTEGER, capital VARCHAR);
CREATE TABLE border_info (state VARCHAR REFERENCES state(name),
    border VARCHAR REFERENCES state(name));
CREATE TABLE peaks (state VARCHAR PRIMARY KEY REFERENCES state(name), highest VARCHAR,
    metres INTEGER);
CREATE TABLE city (city VARCHAR, state VARCHAR REFERENCES state(name), people INTEGER);
INSERT INTO state SELECT 'Land ' || chr(65 + i::INTEGER), 100 + i * 7, 'Town ' || i
    FROM range(20) t(i);
INSERT INTO border_info SELECT 'Land ' || chr(65 + i::INTEGER),
    'Land ' || chr(65 + (i + j)::INTEGER % 20) FROM range(20) t(i), range(1, 4) u(j);
INSERT INTO peaks SELECT 'Land ' || chr(65 + i::INTEGER), 'Mount ' || i, 500 + i * 31
    FROM range(20) t(i);
INSERT INTO city SELECT 'City ' || i, 'Land ' || chr(65 + (i * i)::INTEGER % 20), 900 + i * 13
    FROM range(70) t(i);
"""


def test_rows_tied_to_each_other_and_the_greatest_parents_are_asked_for(tmp_path: Path) -> None:
    with Database.open(made(tmp_path, LAND)) as database:
        rows = rows_of(database, 2500)
        world = World(database, random.Random(3))
        city = next(thing for thing in world.things if thing.sql == "city")
        whose = [lookup_whose(world) for _ in range(60)]
        busiest = [parent_busiest(world, city, {}) for _ in range(20)]
    asked = {
        draft.say(draft.template("en", world.rng, set()), "en", world.rng).lower()
        for draft in whose
        if draft
    }
    assert any("is the capital of wh" in question for question in asked)
    tests = {made.sql() for made in busiest if made}
    assert "state = (SELECT state FROM city GROUP BY state ORDER BY COUNT(*) DESC LIMIT 1)" in tests
    assert not any("FROM peaks" in test for test in tests)
    tied = [row for row in rows if "name IN (SELECT border FROM border_info WHERE" in row.sql]
    assert any("bordering Land" in row.question for row in tied)
    assert any("接壤" in row.question or "相邻" in row.question for row in tied)
    assert any("= (SELECT name FROM state ORDER BY area" in row.sql for row in rows)
    parts = [row for row in rows if row.sql.startswith("SELECT highest FROM peaks")]
    assert any(re.search(r"\bstates?\b", row.question, re.I) for row in parts)


def test_tables_of_two_keys_and_foreign_names_are_called_by_what_they_say(tmp_path: Path) -> None:
    river = """
CREATE TABLE river (name VARCHAR, traverse VARCHAR REFERENCES state(name), km INTEGER);
INSERT INTO river SELECT 'River ' || i // 2, 'Land ' || chr(65 + i::INTEGER % 20), 30 + i
    FROM range(60) t(i);"""
    with Database.open(made(tmp_path, LAND + river)) as database:
        things = {thing.sql: thing for thing in World(database, random.Random(3)).things}
    border, traverse = things["border_info"].words, things["river"].fields[1].words
    assert (border.en[0], border.zh[0]) == ("bordering state", "接壤的州")
    assert traverse.zh == things["state"].words.zh
    assert traverse.en == ("state",)  # its own name is a verb
    assert things["peaks"].fields[0].words.zh[0] == "州"


BROKER = """
CREATE TABLE sbCustomer (sbCustId VARCHAR PRIMARY KEY, sbCustName VARCHAR, sbCustCity VARCHAR);
CREATE TABLE sbTransaction (sbTxId VARCHAR PRIMARY KEY, sbTxCustId VARCHAR, sbTxShares INTEGER,
    sbTxAmount_usd DOUBLE, sbTxNote VARCHAR);
CREATE TABLE customer_info (id INTEGER, total_sales INTEGER, total_cost INTEGER, total_tax INTEGER);
"""


def test_marks_and_units_of_names_are_not_said(tmp_path: Path) -> None:
    with Database.open(made(tmp_path, BROKER)) as database:
        tables = {table.name: table for table in database.schema.tables}
    words = {
        f"{table.name}.{column.name}": column_words(table, column).en[0]
        for table in tables.values()
        for column in table.columns
    }
    assert table_words(tables["sbCustomer"]).en[0] == "customer"
    assert table_words(tables["customer_info"]).en[:2] == ("customer info", "customer")
    assert words["sbCustomer.sbCustCity"] == "city"
    assert words["sbTransaction.sbTxShares"] == "shares"
    assert words["sbTransaction.sbTxAmount_usd"] == "amount"
    assert words["customer_info.total_cost"] == "total cost"


def test_what_rows_belong_to_is_told_through_other_rows(tmp_path: Path) -> None:
    with Database.open(made(tmp_path, LAND)) as database:
        world = World(database, random.Random(5))
        city = next(thing for thing in world.things if thing.sql == "city")
        rows = [world.anchor(city) for _ in range(30)]
        told = [parent_tied(world, city, row) for row in rows if row]
        said = {one.sql(): one.say("zh", world.rng) for one in told if one}
        sql = next(test for test in said if test.startswith("state IN (SELECT border FROM"))
        found = database.run(f"SELECT COUNT(*) FROM city WHERE {sql}").rows
    assert re.search("接壤|相邻|毗邻|边界|交界|周边", said[sql])
    assert found[0][0] > 0


def test_rows_that_only_tie_others_are_seldom_asked_about_by_themselves(tmp_path: Path) -> None:
    with Database.open(made(tmp_path, LAND)) as database:
        world = World(database, random.Random(5))
        drawn = [world.thing().sql for _ in range(600)]
        parents = [draft for _ in range(200) if (draft := lookup_parent(world))]
    assert drawn.count("border_info") < 25
    assert drawn.count("city") > 60
    assert parents
    assert all("FROM border_info" not in draft.sql for draft in parents)
