"""Answers that are right on the database by luck are found out on its perturbed copies."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from llmtui.database.copies import perturbed_copies
from llmtui.database.execute import Access, Database
from llmtui.database.ties import run_gold
from llmtui.trainer.evaluate.judge import Case, Outcome, confirmed, judge
from llmtui.trainer.evaluate.run import evaluate
from llmtui.workspace.events import RowDropped, Scored

FIRM = """
CREATE TABLE d (id INTEGER PRIMARY KEY, name VARCHAR, city VARCHAR);
INSERT INTO d VALUES (1, 'Sales', 'Rome'), (2, 'Legal', 'Oslo'), (3, 'Lab', 'Bern');
CREATE TABLE e (id INTEGER PRIMARY KEY, name VARCHAR, d_id INTEGER REFERENCES d(id), pay INTEGER,
    base INTEGER, bonus INTEGER, age INTEGER, status VARCHAR, rank VARCHAR, since DATE,
    until DATE, remote BOOLEAN);
INSERT INTO e VALUES
 (1, 'Ann', 1, 10, 10, NULL, 20, 'on', 'A', '2020-01-05', '2020-01-05', true),
 (2, 'Bob', 1, 25, 25, 5, 31, 'on', 'A', '2021-03-01', '2021-03-01', true),
 (3, 'Cid', 2, 32, 32, 5, 42, 'on', 'A', '2021-07-09', '2021-07-09', true),
 (4, 'Dee', 2, 47, 47, NULL, 53, 'on', 'A', '2022-02-02', '2022-02-02', true),
 (5, 'Eva', 3, 58, 58, 7, 64, 'on', 'A', '2022-11-30', '2022-11-30', true),
 (6, 'Fay', 3, 61, 61, 9, 70, 'on', 'A', '2023-05-17', '2023-05-17', true);
"""

LUCKY = [
    # operators and boundaries: no row stands at the boundary
    ("SELECT name FROM e WHERE pay > 30", "SELECT name FROM e WHERE pay >= 30"),
    ("SELECT name FROM e WHERE pay < 50", "SELECT name FROM e WHERE pay <= 50"),
    ("SELECT name FROM e WHERE pay > 30", "SELECT name FROM e WHERE pay > 29"),
    ("SELECT COUNT(*) FROM e WHERE age BETWEEN 30 AND 60",
     "SELECT COUNT(*) FROM e WHERE age > 30 AND age < 60"),
    ("SELECT name FROM e WHERE since > DATE '2021-12-31'",
     "SELECT name FROM e WHERE since >= DATE '2021-12-31'"),
    # a column with the same values
    ("SELECT pay FROM e", "SELECT base FROM e"),
    ("SELECT name FROM e WHERE pay > 30", "SELECT name FROM e WHERE base > 30"),
    ("SELECT SUM(pay) FROM e", "SELECT SUM(base) FROM e"),
    ("SELECT MAX(since) FROM e", "SELECT MAX(until) FROM e"),
    ("SELECT name FROM e ORDER BY pay DESC LIMIT 1",
     "SELECT name FROM e ORDER BY age DESC LIMIT 1"),
    ("SELECT name FROM e WHERE pay = (SELECT MAX(pay) FROM e)",
     "SELECT name FROM e WHERE age = (SELECT MAX(age) FROM e)"),
    # another condition that selects the same rows
    ("SELECT name FROM e WHERE pay > 30", "SELECT name FROM e WHERE age > 40"),
    ("SELECT COUNT(*) FROM e WHERE d_id = 1", "SELECT COUNT(*) FROM e WHERE pay < 30"),
    ("SELECT name FROM d WHERE city = 'Rome'", "SELECT name FROM d WHERE name = 'Sales'"),
    # a condition that is always true in the data
    ("SELECT name FROM e WHERE status = 'on'", "SELECT name FROM e"),
    ("SELECT COUNT(*) FROM e WHERE remote", "SELECT COUNT(*) FROM e"),
    ("SELECT name FROM e WHERE pay > 5", "SELECT name FROM e"),
    ("SELECT name FROM e WHERE pay > 30 AND rank = 'A'", "SELECT name FROM e WHERE pay > 30"),
    ("SELECT name FROM e WHERE bonus IS NOT NULL AND pay > 20 AND status = 'on'",
     "SELECT name FROM e WHERE bonus IS NOT NULL AND pay > 20"),
    ("SELECT name FROM e WHERE rank = 'A'", "SELECT name FROM e WHERE status = 'on'"),
    # DISTINCT
    ("SELECT DISTINCT pay FROM e", "SELECT pay FROM e"),
    ("SELECT COUNT(DISTINCT pay) FROM e", "SELECT COUNT(pay) FROM e"),
    ("SELECT COUNT(DISTINCT d_id) FROM e", "SELECT COUNT(*) FROM d"),
    ("SELECT DISTINCT since FROM e", "SELECT since FROM e"),
    # joins
    ("SELECT d.name, e.name FROM d LEFT JOIN e ON e.d_id = d.id",
     "SELECT d.name, e.name FROM d JOIN e ON e.d_id = d.id"),
    ("SELECT name FROM d", "SELECT name FROM d WHERE id IN (SELECT d_id FROM e)"),
    ("SELECT d.name, COUNT(e.id) FROM d LEFT JOIN e ON e.d_id = d.id GROUP BY d.id, d.name",
     "SELECT d.name, COUNT(*) FROM d LEFT JOIN e ON e.d_id = d.id GROUP BY d.id, d.name"),
    ("SELECT COUNT(*) FROM d", "SELECT COUNT(DISTINCT d_id) FROM e"),
    # aggregates on few rows
    ("SELECT MAX(pay) FROM e WHERE name = 'Bob'", "SELECT MIN(pay) FROM e WHERE id = 2"),
    ("SELECT rank, MAX(status) FROM e GROUP BY rank",
     "SELECT rank, MIN(status) FROM e GROUP BY rank"),
    ("SELECT d_id, COUNT(*) FROM e GROUP BY d_id", "SELECT d_id, 2 FROM e GROUP BY d_id"),
    ("SELECT COUNT(bonus) FROM e", "SELECT COUNT(*) FROM e WHERE bonus < 10"),
    ("SELECT d_id FROM e GROUP BY d_id HAVING COUNT(*) > 1",
     "SELECT d_id FROM e GROUP BY d_id HAVING COUNT(*) >= 1"),
    ("SELECT AVG(age) FROM e", "SELECT 280 / 6.0"),
    # order and limit
    ("SELECT name FROM e ORDER BY pay LIMIT 2", "SELECT name FROM e LIMIT 2"),
    ("SELECT name FROM e ORDER BY age", "SELECT name FROM e ORDER BY id"),
    ("SELECT name FROM e ORDER BY since DESC LIMIT 1",
     "SELECT name FROM e ORDER BY id DESC LIMIT 1"),
    ("SELECT name FROM e ORDER BY pay DESC", "SELECT name FROM e ORDER BY since DESC"),
    # a constant that happens to be the answer
    ("SELECT COUNT(*) FROM e", "SELECT 6"),
    ("SELECT name FROM d WHERE city = 'Oslo'", "SELECT 'Legal'"),
]  # fmt: skip

EQUAL = [
    ("SELECT name FROM e WHERE pay > 30", "SELECT e.name FROM e WHERE NOT pay <= 30"),
    ("SELECT name FROM e WHERE age BETWEEN 30 AND 60",
     "SELECT name FROM e WHERE age >= 30 AND age <= 60"),
    ("SELECT COUNT(*) FROM e", "SELECT COUNT(id) FROM e"),
    ("SELECT COUNT(*) FROM e", "SELECT COUNT(*) FROM e JOIN d ON e.d_id = d.id"),
    ("SELECT AVG(pay) FROM e", "SELECT SUM(pay) / COUNT(*) FROM e"),
    ("SELECT name FROM d WHERE id NOT IN (SELECT d_id FROM e)",
     "SELECT name FROM d WHERE NOT EXISTS (SELECT 1 FROM e WHERE e.d_id = d.id)"),
    ("SELECT name FROM d WHERE id NOT IN (SELECT d_id FROM e)",
     "SELECT d.name FROM d LEFT JOIN e ON e.d_id = d.id WHERE e.id IS NULL"),
    ("SELECT name FROM e ORDER BY pay DESC LIMIT 1",
     "SELECT name FROM e WHERE pay = (SELECT MAX(pay) FROM e)"),
    ("SELECT name FROM e WHERE pay = (SELECT MIN(pay) FROM e)",
     "SELECT name FROM e ORDER BY pay LIMIT 1"),
    ("SELECT name FROM e WHERE d_id = 1 OR d_id = 2", "SELECT name FROM e WHERE d_id IN (1, 2)"),
    ("SELECT DISTINCT d_id FROM e", "SELECT d_id FROM e GROUP BY d_id"),
    ("SELECT d.name, COUNT(*) FROM e JOIN d ON e.d_id = d.id GROUP BY d.id, d.name",
     "SELECT d.name, COUNT(*) FROM d JOIN e ON d.id = e.d_id GROUP BY d.name, d.id"),
    ("SELECT name FROM e WHERE YEAR(since) = 2021",
     "SELECT name FROM e WHERE since BETWEEN DATE '2021-01-01' AND DATE '2021-12-31'"),
    ("SELECT name FROM e WHERE since >= DATE '2022-01-01'",
     "SELECT name FROM e WHERE CAST(since AS VARCHAR) >= '2022-01-01'"),
    ("SELECT name FROM e WHERE bonus IS NULL", "SELECT name FROM e WHERE NOT bonus IS NOT NULL"),
    ("SELECT name FROM e ORDER BY pay", "SELECT name FROM e ORDER BY e.pay ASC NULLS LAST, id"),
    ("SELECT name FROM e ORDER BY status, pay", "SELECT name FROM e ORDER BY status, pay, age"),
    ("SELECT name FROM e LIMIT 6", "SELECT name FROM e ORDER BY id DESC LIMIT 6"),
    ("SELECT DISTINCT d_id FROM e ORDER BY d_id", "SELECT d_id FROM e GROUP BY 1 ORDER BY 1"),
    ("SELECT name FROM e WHERE pay > (SELECT AVG(pay) FROM e)",
     "WITH a AS (SELECT AVG(pay) AS m FROM e) SELECT name FROM e, a WHERE pay > a.m"),
    ("SELECT since FROM e", "SELECT CAST(since AS VARCHAR) FROM e"),
    ("SELECT MAX(pay) - MIN(pay) FROM e", "SELECT CAST(MAX(pay) - MIN(pay) AS DOUBLE) FROM e"),
    ("SELECT name FROM e WHERE pay > 30 INTERSECT SELECT name FROM e WHERE age < 60",
     "SELECT name FROM e WHERE pay > 30 AND age < 60"),
    ("SELECT COUNT(*) FROM e WHERE remote",
     "SELECT SUM(CASE WHEN remote THEN 1 ELSE 0 END) FROM e"),
]  # fmt: skip


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("firm") / "firm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(FIRM)
    with Database.open(path, Access(time_limit=5)) as database:
        yield database


@pytest.fixture(scope="module")
def copies(firm: Database, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMTUI_HOME", str(tmp_path_factory.mktemp("home")))
        return perturbed_copies(firm, [gold for gold, _ in LUCKY + EQUAL])


def scored(firm: Database, pairs: list[tuple[str, str]]) -> list[Outcome]:
    """Each second query judged as an answer to a question whose gold query is the first."""
    cases = [Case(gold, gold, gold, "en", "en") for gold, _ in pairs]
    return [
        judge(firm, case, run_gold(firm, case.sql, 100), other, 0.0)
        for case, (_, other) in zip(cases, pairs, strict=True)
    ]


def test_forty_wrong_queries_that_are_right_here_by_luck_are_found_out(
    firm: Database, copies: list[Path]
) -> None:
    before = scored(firm, LUCKY)
    assert [o.sql for o in before if not o.tolerant] == []  # the database alone tells none apart
    after = confirmed(before, copies, firm.access)
    assert [o.sql for o in after if o.strict or o.tolerant] == []
    assert all(o.lucky and "perturbed copy" in o.why for o in after)


def test_a_case_whose_gold_query_gives_rows_nowhere_proves_nothing(
    firm: Database, copies: list[Path]
) -> None:
    recent = "SELECT name FROM e WHERE since >= CURRENT_DATE - INTERVAL 30 DAY"
    rare = "SELECT name FROM e WHERE pay > 61 OR pay < 10"
    cases = [Case(sql, sql, sql, "en", "en") for sql in (recent, rare)]
    model = SimpleNamespace(generate=lambda question: question)
    events = list(evaluate(firm, model, cases, "m", copies))
    assert [event.example for event in events if isinstance(event, RowDropped)] == [recent]
    assert [(e.hits, e.of) for e in events if isinstance(e, Scored)] == [(1, 1), (1, 1)]


def test_other_ways_to_the_same_answer_stay_right(firm: Database, copies: list[Path]) -> None:
    after = confirmed(scored(firm, EQUAL), copies, firm.access)
    assert [(o.sql, o.why) for o in after if not o.strict] == []


def test_a_column_too_many_stays_tolerated(firm: Database, copies: list[Path]) -> None:
    pairs = [("SELECT name FROM e WHERE pay > 30", "SELECT id, name FROM e WHERE pay > 30")]
    (after,) = confirmed(scored(firm, pairs), copies, firm.access)
    assert (after.strict, after.tolerant, after.lucky) == (False, True, False)


def test_a_copy_keeps_keys_references_and_names_and_changes_the_rest(
    firm: Database, copies: list[Path]
) -> None:
    for path in copies:
        with Database.open(path) as copy:

            def one(sql: str, copy: Database = copy) -> object:
                return copy.run(sql).rows[0][0]

            assert one("SELECT COUNT(*) - COUNT(DISTINCT id) FROM e") == 0
            assert one("SELECT COUNT(*) - COUNT(DISTINCT name) FROM e") == 0
            assert one("SELECT COUNT(*) FROM e WHERE d_id NOT IN (SELECT id FROM d)") == 0
            assert one("SELECT COUNT(*) FROM e WHERE name IS NULL OR pay IS NULL") == 0
            assert copy.run("SELECT * FROM e ORDER BY id").rows != firm.run(
                "SELECT * FROM e ORDER BY id").rows  # fmt: skip


def test_the_same_seed_gives_the_same_copies(
    firm: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(home: str) -> list[object]:
        monkeypatch.setenv("LLMTUI_HOME", str(tmp_path / home))
        found: list[object] = []
        for path in perturbed_copies(firm, ["SELECT name FROM e WHERE pay > 30"], count=2):
            with Database.open(path) as copy:
                found.append(copy.run("SELECT * FROM e").rows)
        return found

    first = rows("a")
    assert first == rows("b")
    assert first[0] != first[1]


def test_a_table_that_ties_both_ways_does_so_in_the_copies(tmp_path: Path) -> None:
    towns = ("Ayr", "Bex", "Cos", "Dax", "Ems", "Fes")
    ties = [(towns[n], towns[n - step]) for n in range(6) for step in (1, 2)]
    rows = ", ".join(f"('{a}', '{b}'), ('{b}', '{a}')" for a, b in ties)
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE town (name VARCHAR PRIMARY KEY, people INTEGER);"
            "CREATE TABLE near (town VARCHAR REFERENCES town, other VARCHAR REFERENCES town);"
            "CREATE TABLE fond (town VARCHAR REFERENCES town, other VARCHAR REFERENCES town)"
        )
        people = ", ".join(f"('{town}', {n * 100})" for n, town in enumerate(towns))
        connection.execute(f"INSERT INTO town VALUES {people}; INSERT INTO near VALUES {rows}")
        connection.execute(
            "INSERT INTO fond SELECT * FROM near WHERE town <> 'Ayr' OR other <> 'Fes'"
        )
    pairs = [
        (f"SELECT {one} FROM {table} WHERE {other} = 'Bex'",
         f"SELECT {other} FROM {table} WHERE {one} = 'Bex'")
        for table, one, other in (("near", "town", "other"), ("fond", "town", "other"))
    ]  # fmt: skip
    with Database.open(tmp_path / "t.duckdb", Access(time_limit=5)) as database:
        copies = perturbed_copies(database, [gold for gold, _ in pairs])
        both, some = confirmed(scored(database, pairs), copies, database.access)
    assert (both.strict, both.lucky) == (True, False)
    assert (some.strict, some.lucky) == (False, True)
