"""Near misses are changed in one place, run, and are proven wrong; pairs are made of them."""

import json
import random
from collections.abc import Generator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from llmtui.database.copies import perturbed_copies
from llmtui.database.execute import Database
from llmtui.database.ties import run_gold
from llmtui.trainer.evaluate.judge import MOST_ROWS, Case, confirmed, judge
from llmtui.trainer.instructions.construct import Options, construct
from llmtui.trainer.instructions.contrast import near_misses, write_pairs
from llmtui.trainer.instructions.edits import changed, further_changes, plain_changes
from llmtui.trainer.instructions.swaps import Swaps
from llmtui.workspace.errors import UsageError
from llmtui.workspace.records import Instruction
from tests.conftest import SHOP

CHANGES = [
    ("operator", "SELECT name FROM customers WHERE id > 5",
     "SELECT name FROM customers WHERE id >= 5"),
    ("operator", "SELECT name FROM customers WHERE city = 'Rome'",
     "SELECT name FROM customers WHERE city <> 'Rome'"),
    ("direction", "SELECT name FROM customers WHERE id > 5",
     "SELECT name FROM customers WHERE id < 5"),
    ("aggregate", "SELECT MAX(total) FROM orders", "SELECT MIN(total) FROM orders"),
    ("condition left out", "SELECT name FROM customers WHERE city = 'Rome' AND id > 5",
     "SELECT name FROM customers WHERE id > 5"),
    ("condition left out", "SELECT name FROM customers WHERE city = 'Rome'",
     "SELECT name FROM customers"),
    ("condition left out", "SELECT COUNT(*) FILTER (WHERE total > 9) FROM orders",
     "SELECT COUNT(*) FROM orders"),
    ("AND or OR", "SELECT name FROM customers WHERE city = 'Rome' AND id > 5",
     "SELECT name FROM customers WHERE city = 'Rome' OR id > 5"),
    ("AND or OR", "SELECT name FROM customers WHERE city = 'Rome' OR id > 5",
     "SELECT name FROM customers WHERE city = 'Rome' AND id > 5"),
    ("negation", "SELECT name FROM customers WHERE NOT city IN ('Rome', 'Oslo')",
     "SELECT name FROM customers WHERE city IN ('Rome', 'Oslo')"),
    ("negation", "SELECT name FROM customers WHERE city IS NULL",
     "SELECT name FROM customers WHERE NOT city IS NULL"),
    ("DISTINCT left out", "SELECT DISTINCT city FROM customers", "SELECT city FROM customers"),
    ("DISTINCT in a count", "SELECT COUNT(DISTINCT city) FROM customers",
     "SELECT COUNT(city) FROM customers"),
    ("order", "SELECT name FROM customers ORDER BY id DESC LIMIT 3",
     "SELECT name FROM customers ORDER BY id LIMIT 3"),
    ("limit", "SELECT name FROM customers ORDER BY id LIMIT 1",
     "SELECT name FROM customers ORDER BY id LIMIT 3"),
    ("join", "SELECT customers.name FROM customers LEFT JOIN orders ON customer_id = customers.id",
     "SELECT customers.name FROM customers JOIN orders ON customer_id = customers.id"),
    ("join condition",
     "SELECT customers.name FROM orders JOIN customers ON orders.customer_id = customers.id",
     "SELECT customers.name FROM orders JOIN customers ON TRUE"),
    ("join column",
     "SELECT customers.name FROM orders JOIN customers ON orders.customer_id = customers.id",
     "SELECT customers.name FROM orders JOIN customers ON orders.id = customers.id"),
    ("grouping", "SELECT status, COUNT(*) FROM orders GROUP BY status, placed",
     "SELECT status, COUNT(*) FROM orders GROUP BY status"),
    ("HAVING left out", "SELECT city FROM customers GROUP BY city HAVING COUNT(*) > 13",
     "SELECT city FROM customers GROUP BY city"),
    ("column", "SELECT name FROM customers WHERE id < 4",
     "SELECT city FROM customers WHERE id < 4"),
    ("value", "SELECT name FROM customers WHERE city = 'Rome'",
     "SELECT name FROM customers WHERE city = 'Paris'"),
    ("value", "SELECT name FROM customers WHERE id < 4", "SELECT name FROM customers WHERE id < 5"),
    ("value", "SELECT name FROM customers WHERE joined < '2021-03-05'",
     "SELECT name FROM customers WHERE joined < '2022-03-05'"),
]  # fmt: skip

ALIKE = [
    "SELECT DISTINCT id FROM customers",
    "SELECT COUNT(*) FROM customers WHERE id IS NOT NULL",
    "SELECT COUNT(DISTINCT id) FROM customers",
    "SELECT COUNT(*) FROM orders ORDER BY 1",
]
"""Queries with a change that says the same whatever the rows are."""


def every_change(database: Database, sql: str) -> list[tuple[str, str]]:
    swaps = Swaps(database.schema, random.Random(3))
    return list(changed(sql, plain_changes, further_changes, swaps))


@pytest.mark.parametrize(("day", "near"), [("9999-12-31", "9998-"), ("0001-01-01", "0002-")])
def test_days_at_the_ends_of_the_calendar_are_changed_where_they_can_be(
    shop_database: Database, day: str, near: str
) -> None:
    found = every_change(shop_database, f"SELECT id FROM orders WHERE placed = '{day}'")
    assert any(near in sql for _, sql in found)


def finished(stage: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(stage)
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize(("kind", "sql", "wanted"), CHANGES)
def test_every_kind_of_change_is_made_in_one_place(
    shop_database: Database, kind: str, sql: str, wanted: str
) -> None:
    assert (kind, wanted) in every_change(shop_database, sql)


def test_what_is_kept_is_wrong_for_every_kind_of_change(shop_database: Database) -> None:
    queries = list(dict.fromkeys(sql for _, sql, _ in CHANGES))
    found = finished(near_misses(shop_database, queries, 6, 7))
    assert all(found.values())
    for sql, misses in found.items():
        assert sql not in [outcome.sql for _, outcome in misses]
        for _, outcome in misses:
            assert outcome.ran
            assert not outcome.strict
            assert not outcome.tolerant
    kept = {kind for misses in found.values() for kind, _ in misses}
    assert kept >= {kind for kind, _, _ in CHANGES} - {"join", "grouping"}
    whys = {o.why for misses in found.values() for _, o in misses}
    assert any(why.startswith("right by luck") for why in whys)


def judged_wrong(database: Database, pairs: list[dict[str, Any]]) -> list[bool]:
    """Each rejected query put to the judge anew: wrong here, or on a copy."""
    outcomes = []
    for pair in pairs:
        gold = run_gold(database, pair["chosen"], MOST_ROWS)
        case = Case("", "", pair["chosen"], "", "")
        outcomes.append(judge(database, case, gold, pair["rejected"], 0.0))
    assert all(outcome.ran for outcome in outcomes)
    copies = perturbed_copies(database, [pair["chosen"] for pair in pairs])
    return [not outcome.tolerant for outcome in confirmed(outcomes, copies, database.access)]


def pairs_of(
    database: Database, rows: list[Instruction], out: Path, **options: Any
) -> list[dict[str, Any]]:
    wanted = {"each": 2, "shape": "text", "seed": 7, **options}
    counts = finished(write_pairs(database, rows, out, **wanted))
    pairs = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert counts.total() == len(pairs)
    return pairs


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Instruction]:
    place = tmp_path_factory.mktemp("rows")
    with duckdb.connect(str(place / "shop.duckdb")) as connection:
        connection.execute(SHOP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LLMTUI_HOME", str(place / "home"))
        with Database.open(place / "shop.duckdb") as database:
            return construct(database, Options(rows=60, contrast=True), lambda _event: None)


def test_a_query_that_the_judge_calls_right_is_never_written(
    shop_database: Database, rows: list[Instruction], tmp_path: Path
) -> None:
    pairs = pairs_of(shop_database, rows, tmp_path / "pairs.jsonl", each=1)
    queries = [pair for pair in pairs if pair["chosen"].startswith("SELECT")]
    assert len({pair["change"] for pair in queries}) > 10
    assert all(judged_wrong(shop_database, queries))


def test_a_change_that_says_the_same_is_not_kept(shop_database: Database) -> None:
    same = {"DISTINCT left out", "DISTINCT in a count", "condition left out", "order"}
    found = finished(near_misses(shop_database, ALIKE, 6, 7))
    for sql, misses in found.items():
        assert same & {kind for kind, _ in every_change(shop_database, sql)}
        assert not same & {kind for kind, _ in misses}


def test_a_change_leaves_the_rest_as_it_is_written(shop_database: Database) -> None:
    sql = "SELECT name FROM customers WHERE year(joined) = 2021 AND id NOT IN (1, 2)"
    found = dict.fromkeys(other for _, other in every_change(shop_database, sql))
    assert "SELECT name FROM customers WHERE year(joined) = 2022 AND id NOT IN (1, 2)" in found
    assert "SELECT city FROM customers WHERE year(joined) = 2021 AND id NOT IN (1, 2)" in found


def test_what_cannot_be_read_or_proves_nothing_has_no_near_misses(shop_database: Database) -> None:
    strange = ["SELECT FROM FROM", "SELECT nope FROM customers",
               "SELECT id FROM orders WHERE placed > CURRENT_DATE - INTERVAL 9 DAY"]  # fmt: skip
    assert finished(near_misses(shop_database, strange, 3, 7)) == {sql: [] for sql in strange}


def test_names_that_need_quotes_keep_them(shop_database: Database) -> None:
    found = dict(changed('SELECT "a b" FROM "Order" WHERE "Select" > 3', plain_changes))
    assert found["condition left out"] == 'SELECT "a b" FROM "Order"'
    assert found["operator"] == 'SELECT "a b" FROM "Order" WHERE "Select" >= 3'


def test_pairs_are_of_training_rows_and_the_same_each_time(
    shop_database: Database, rows: list[Instruction], tmp_path: Path
) -> None:
    few = rows[:25]
    pairs = pairs_of(shop_database, few, tmp_path / "one.jsonl")
    assert pairs == pairs_of(shop_database, few, tmp_path / "two.jsonl")
    by_id = {row.id: row for row in rows}
    assert {by_id[pair["id"]].split for pair in pairs} == {"train"}
    for pair in pairs:
        row = by_id[pair["id"]]
        assert pair["prompt"] == "\n# ".join((row.question, *row.hints))
        assert pair["chosen"] == row.target != pair["rejected"]


def test_twins_and_questions_without_an_answer_make_pairs_too(
    shop_database: Database, rows: list[Instruction], tmp_path: Path
) -> None:
    pairs = pairs_of(shop_database, rows, tmp_path / "pairs.jsonl", each=0)
    assert {pair["change"].partition(":")[0] for pair in pairs} >= {"twin", "unanswerable"}
    twins = [pair for pair in pairs if pair["change"].startswith("twin")]
    assert {(t["chosen"], t["rejected"]) for t in twins} == {
        (t["rejected"], t["chosen"]) for t in twins
    }
    refused = [pair for pair in pairs if pair["change"] == "unanswerable"]
    assert all(pair["chosen"].startswith("-- ") for pair in refused)
    assert all(shop_database.run(pair["rejected"]).rows for pair in refused)


def test_pairs_come_as_messages_too(
    shop_database: Database, rows: list[Instruction], tmp_path: Path
) -> None:
    pair = pairs_of(shop_database, rows[:5], tmp_path / "m.jsonl", shape="messages")[0]
    assert pair["prompt"][0]["role"] == "user"
    assert pair["rejected"][0].keys() == {"role", "content"}
    assert pair["chosen"][0]["role"] == pair["rejected"][0]["role"] == "assistant"
    with pytest.raises(UsageError, match='no shape "xml"'):
        pairs_of(shop_database, rows, tmp_path / "x.jsonl", shape="xml")
    assert not (tmp_path / "x.jsonl").exists()
