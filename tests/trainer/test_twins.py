"""Twins differ in one small thing; what a database does not hold is refused."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Database
from llmtui.trainer.evaluate.misses import miss_kinds
from llmtui.trainer.instructions.absent import Known, Missing, listed_missing
from llmtui.trainer.instructions.ambiguous import of_parents, shared_columns, shared_tables
from llmtui.trainer.instructions.chance import Recorded, Replayed, Unlike
from llmtui.trainer.instructions.check import check_rows
from llmtui.trainer.instructions.construct import Options, construct
from llmtui.trainer.instructions.contrast import answers_differ
from llmtui.trainer.instructions.templates import data
from llmtui.trainer.instructions.twins import close
from llmtui.trainer.instructions.world import World
from llmtui.trainer.refusal import refusal_in
from llmtui.workspace.records import Instruction, load_rows, save_rows

STORE = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR, city VARCHAR);
CREATE TABLE products (id INTEGER PRIMARY KEY, name VARCHAR, list_price DECIMAL(8, 2),
    cost_price DECIMAL(8, 2));
CREATE TABLE order_items (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
    product_id INTEGER REFERENCES products(id), quantity INTEGER);
CREATE TABLE menu_items (id INTEGER PRIMARY KEY, title VARCHAR, calories INTEGER);
COMMENT ON TABLE customers IS 'Customers / 客户';
COMMENT ON TABLE products IS 'Products / 产品';
INSERT INTO customers SELECT i, 'Customer ' || i, ['Paris', 'Rome', 'Volcano'][1 + i % 3]
    FROM range(1, 41) t(i);
INSERT INTO products SELECT i, 'Product ' || chr(64 + i::INTEGER), i * 3.5, i * 2.25 + 1
    FROM range(1, 21) t(i);
INSERT INTO order_items SELECT i, 1 + i % 37, 1 + i % 19, 1 + i % 7 FROM range(1, 201) t(i);
INSERT INTO menu_items SELECT i, 'Dish ' || i, 100 + i * 13 FROM range(1, 21) t(i);
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    with duckdb.connect(str(tmp_path / "store.duckdb")) as connection:
        connection.execute(STORE)
    with Database.open(tmp_path / "store.duckdb") as database:
        yield database


def built(database: Database, count: int, *, contrast: bool = True) -> list[Instruction]:
    return construct(database, Options(rows=count, contrast=contrast), lambda _event: None)


def draws(rng: random.Random) -> list[object]:
    found: list[object] = []
    for _ in range(60):
        mixed = list(range(6))
        rng.shuffle(mixed)
        found += [rng.random(), rng.choice("abcdefg"), rng.choices("abc", (1, 2, 3)), mixed]
        found += [rng.sample("abcdefgh", 3), rng.uniform(2, 9), rng.randint(3, 11)]
    return found


def test_recorded_chance_is_the_same_chance_and_can_be_had_again() -> None:
    recorded = Recorded(5)
    given = draws(recorded)
    assert given == draws(random.Random(5))
    assert given == draws(Replayed(recorded.drawn))
    again = draws(Replayed(recorded.drawn, place=8, seed=2))
    assert sum(a != b for a, b in zip(given, again, strict=True)) <= 1
    with pytest.raises(Unlike):
        Replayed(recorded.drawn).random()


def test_contrast_adds_rows_and_leaves_the_others_as_they_were(shop_database: Database) -> None:
    plain, rows = built(shop_database, 100, contrast=False), built(shop_database, 100)
    assert rows == built(shop_database, 100)
    kept = [row for row in rows if row.kind == "sql" and "change" not in row.extra]
    unpaired = [
        replace(r, extra={key: value for key, value in r.extra.items() if key != "pair"})
        for r in kept
    ]
    assert unpaired == plain
    assert not any(row.extra.get("pair") for row in plain)
    assert len({row.question.casefold() for row in rows}) == len(rows)


def test_twins_differ_in_one_thing_and_have_other_answers(shop_database: Database) -> None:
    rows = built(shop_database, 200)
    by_id = {row.id: row for row in rows}
    twins = [row for row in rows if "change" in row.extra]
    assert len(twins) == 20
    assert len({twin.extra["change"] for twin in twins}) >= 3
    assert {twin.lang for twin in twins} == {"en", "zh"}
    for twin in twins:
        row = by_id[twin.extra["pair"]]
        assert (row.extra["pair"], row.split, twin.split) == (row.id, "train", "train")
        assert (twin.lang, twin.shape, twin.origin) == (row.lang, row.shape, "constructed")
        assert miss_kinds(row.sql, twin.sql, "") == (twin.extra["change"],)
        assert close(row.question, twin.question, row.lang)
        assert answers_differ(shop_database, row.sql, twin.sql)


@pytest.mark.parametrize(
    ("one", "other", "lang", "wanted"),
    [
        ("Which orders are open?", "Which orders are paid?", "en", True),
        ("Which orders are open?", "Which orders are open?", "en", False),
        ("a b c d e f g h", "1 2 3 4 5 6 7 8", "en", False),
        ("价格最高的产品", "价格最低的产品", "zh", True),
    ],
)
def test_questions_are_close_when_a_few_words_differ(
    one: str, other: str, lang: str, wanted: bool
) -> None:
    assert close(one, other, lang) == wanted


def test_refusals_are_told_from_sql_and_have_what_a_model_would_make_up(store: Database) -> None:
    rows = [row for row in built(store, 240) if row.kind == "text"]
    assert len(rows) == 12
    assert Counter(row.shape for row in rows) == {"ambiguous": 6, "unanswerable": 6}
    for row in rows:
        assert refusal_in(row.answer)
        assert row.answer.endswith(("?", "？") if row.shape == "ambiguous" else (".", "。"))
        assert any("\u4e00" <= c <= "\u9fff" for c in row.question) == (row.lang == "zh")
        assert "{" not in row.question + row.answer
        assert store.run(row.extra["instead"]).rows
        assert row.hints == store.linker.hints(row.question)
    assert {row.lang for row in rows} == {"en", "zh"}
    checked = check_rows(store, rows, lambda _event: None)
    assert [row.hints for row in checked] == [row.hints for row in rows]


def test_a_table_that_is_not_there_is_told_in_chinese_too(store: Database) -> None:
    rows = construct(store, Options(("zh",), 800, contrast=True), lambda _event: None)
    told = {row.answer for row in rows if row.shape == "unanswerable"}
    assert any(answer.endswith("的信息。") for answer in told), told


def test_rows_with_refusals_are_saved_and_read_again(store: Database, tmp_path: Path) -> None:
    rows = built(store, 60)
    save_rows(tmp_path / "rows.jsonl", rows)
    assert load_rows(tmp_path / "rows.jsonl") == rows


def test_a_word_for_two_things_is_asked_back_about(store: Database) -> None:
    world = World(store, random.Random(1))
    by_name = {thing.table.name: thing for thing in world.things}
    (price,) = shared_columns(by_name["products"])
    assert price.words.en == ("price",)
    assert price.options["en"] == "list price or cost price"
    assert "还是" in price.options["zh"]
    assert shared_tables(world.things) == []  # products are called items too
    (item,) = shared_tables([by_name["order_items"], by_name["menu_items"]])
    assert item.options["en"] == "order item or menu item"
    (name,) = of_parents(world, by_name["order_items"])
    assert name.options["en"] == "customer name or product name"


def test_a_word_that_one_column_is_called_by_is_not_ambiguous(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "plain.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE goods (title VARCHAR, price DOUBLE, list_price DOUBLE, cost_price DOUBLE,"
            " first_name VARCHAR, last_name VARCHAR);"
            "INSERT INTO goods SELECT 'G' || i, i, i * 2, i * 3, 'F' || i, 'L' || i"
            " FROM range(20) t(i)"
        )
    with Database.open(tmp_path / "plain.duckdb") as database:
        world = World(database, random.Random(1))
        assert shared_columns(world.things[0]) == []


def test_what_is_there_is_not_said_to_be_missing(store: Database) -> None:
    known = Known.of(World(store, random.Random(1)))

    def lacks(english: str, chinese: str = "没有", near: tuple[str, ...] = ()) -> bool:
        return known.lacks(Missing(english, (chinese,), near))

    assert lacks("blood type")
    assert not lacks("price")
    assert not lacks("towns")  # another word for a city
    assert not lacks("volcano")  # the value of a city
    assert not lacks("blood type", "客户")
    assert not lacks("menu card", near=("dish", "calory"))


def test_the_lists_of_what_may_be_missing_are_in_both_languages() -> None:
    groups = [(g, k) for g in ("person", "thing") for k in ("number", "text", "date")]
    for group, kind in [*groups, ("tables", "")]:
        assert len(listed_missing(group, kind)) >= 3
        assert all(missing.zh[0] for missing in listed_missing(group, kind))
    assert all({"en", "zh"} <= answer.keys() for answer in data("refusals")["answers"].values())
