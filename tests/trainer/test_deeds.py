"""Tables that are named by a verb: their rows are told by what was done, and by whom."""

import re

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.trainer.instructions.construct import Options, construct
from llmtui.trainer.instructions.deeds import deed_of_name, state_of_name
from llmtui.workspace.records import Instruction

CLINIC = """
CREATE TABLE physician (id INTEGER PRIMARY KEY, name VARCHAR, position VARCHAR);
INSERT INTO physician SELECT i, ['Ann Lee', 'Bo Chen', 'Cy Diaz', 'Di Fox', 'Ed Gray'][i],
    ['surgeon', 'intern'][i % 2 + 1] FROM range(1, 6) r(i);
CREATE TABLE procedure (code INTEGER PRIMARY KEY, name VARCHAR, cost INTEGER);
INSERT INTO procedure SELECT i, ['Cast', 'Graft', 'Stent', 'Scan', 'Suture', 'Bypass'][i], i * 90
    FROM range(1, 7) r(i);
CREATE TABLE trained_in (physician INTEGER REFERENCES physician(id),
    treatment INTEGER REFERENCES procedure(code), certified DATE);
INSERT INTO trained_in SELECT i % 4 + 1, i % 5 + 1, DATE '2020-01-01' + i::INTEGER
    FROM range(17) r(i);
CREATE TABLE performs (physician INTEGER REFERENCES physician(id),
    procedure INTEGER REFERENCES procedure(code), minutes INTEGER);
INSERT INTO performs SELECT i % 3 + 1, i % 6 + 1, 10 + i FROM range(20) r(i);
CREATE TABLE on_call (physician INTEGER REFERENCES physician(id), shift_start DATE);
INSERT INTO on_call SELECT i % 3 + 2, DATE '2021-01-01' + i::INTEGER FROM range(9) r(i);
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Instruction]:
    file = tmp_path_factory.mktemp("deeds") / "clinic.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(CLINIC)
    with Database.open(file, Access()) as database:
        return construct(database, Options(rows=2500), lambda _event: None)


def asked(rows: list[Instruction], pattern: str) -> list[Instruction]:
    return [row for row in rows if row.lang == "en" and re.search(pattern, row.question)]


def test_people_are_told_by_what_they_are_trained_in(rows: list[Instruction]) -> None:
    found = asked(rows, r"(physicians|doctors) ((who|that) (are|were) |)trained in \w")
    assert found
    assert all("trained_in" in row.sql for row in found)


def test_things_are_told_by_who_does_them(rows: list[Instruction]) -> None:
    found = asked(rows, r"procedures? .*(performed by|(Ann|Bo|Cy) \w+ (never )?performed)")
    assert found
    assert all("performs" in row.sql for row in found)
    assert not asked(rows, r"procedures? (that|who) (have )?performed \w")


def test_pairs_and_counts_are_asked_with_the_verb(rows: list[Instruction]) -> None:
    pairs = [row for row in rows if row.shape == "tied_pairs"]
    assert any(re.search("trained in|performed", row.question) for row in pairs)
    assert all(row.sql.count("JOIN") >= 2 for row in pairs)
    counted = [row for row in asked(rows, "trained in|perform") if row.shape == "group_count"]
    assert any("COUNT(*)" in row.sql and "GROUP BY" in row.sql for row in counted)


def test_a_state_is_said_of_who_is_in_it(rows: list[Instruction]) -> None:
    found = asked(rows, r"(are|were|never|not|physicians|doctors) on call\b")
    assert found
    assert all("on_call" in row.sql for row in found)


@pytest.mark.parametrize(
    ("name", "did", "do"),
    [
        ("Undergoes", "underwent", "undergo"),
        ("Trained_In", "trained in", "be trained in"),
        ("WorksFor", "worked for", "work for"),
        ("affiliated_with", "affiliated with", "be affiliated with"),
        ("used_by", "used by", "be used by"),
        ("participates_in", "participated in", "participate in"),
    ],
)
def test_the_verb_of_a_name(name: str, did: str, do: str) -> None:
    deed = deed_of_name(name)
    assert deed is not None
    assert (deed.did[0], deed.do) == (did, do)


@pytest.mark.parametrize("name", ["orders", "works", "visits", "order_items", "has_allergy", "bed"])
def test_nouns_are_no_verbs(name: str) -> None:
    assert deed_of_name(name) is None
    assert not state_of_name(name)
