"""Questions say which column they are about, of whom it is said, and in good grammar."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmtui.database.execute import Database
from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.conditions import own_condition
from llmtui.trainer.instructions.extremes import superlative
from llmtui.trainer.instructions.phrases import number_phrase
from llmtui.trainer.instructions.related import parent_column
from llmtui.trainer.instructions.templates import fill
from llmtui.trainer.instructions.things import Field
from llmtui.trainer.instructions.world import World
from tests.trainer.schemas import CHINESE
from tests.trainer.test_instructions import made, rows_of

SALES = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR, city VARCHAR, age INTEGER,
    born DATE, joined_on DATE, is_active INTEGER, has_parking BOOLEAN);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
    order_date DATE, required_date DATE, shipped_date DATE, payment_due_date DATE,
    total_amount DOUBLE, quantity INTEGER);
INSERT INTO customers SELECT i, 'Person ' || chr(65 + i::INTEGER), ['Rome', 'Oslo'][1 + i % 2],
    20 + i, DATE '1980-01-01' + (90 * i)::INTEGER, DATE '2010-01-01' + (60 * i)::INTEGER, i % 2,
    i % 3 = 0 FROM range(20) t(i);
INSERT INTO orders SELECT i, i % 20, DATE '2020-01-01' + (9 * i)::INTEGER,
    DATE '2020-02-01' + (9 * i)::INTEGER, DATE '2020-01-20' + (9 * i)::INTEGER,
    DATE '2020-03-01' + (9 * i)::INTEGER, i * 10.5, i FROM range(60) t(i);
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Database.open(made(tmp_path_factory.mktemp("sales"), SALES)) as database:
        yield World(database, random.Random(3))


def drawn(world: World, table: str, column: str, times: int = 150) -> list[Condition]:
    thing = next(t for t in world.things if t.table.name == table)
    fields = [f for f in thing.fields if f.column.name == column]
    rows = [world.anchor(thing) or {} for _ in range(times)]
    return [c for row in rows if (c := own_condition(world, thing, row, fields))]


def said(conditions: list[Condition], part: str) -> set[str]:
    rng = random.Random(5)
    return {c.say(part, rng) for c in conditions for _ in range(4) if c.options(part)}


def field(world: World, name: str) -> Field:
    return next(f for thing in world.things for f in thing.fields if f.column.name == name)


def test_one_of_several_dates_is_named(world: World) -> None:
    post = said(drawn(world, "orders", "required_date"), "post")
    assert post
    assert all("required" in text for text in post)
    assert "newest" not in superlative(field(world, "order_date"), high=True).en
    assert any("shipped" in text for text in said(drawn(world, "orders", "shipped_date"), "post"))
    due = said(drawn(world, "orders", "payment_due_date"), "post")
    assert not any(re.search(r"\bpaid\b", text) for text in due)


def test_a_parent_s_column_is_not_said_of_the_row(world: World) -> None:
    orders = next(t for t in world.things if t.table.name == "orders")
    rows = [world.anchor(orders) or {} for _ in range(400)]
    texts = said([c for row in rows if (c := parent_column(world, orders, row))], "post")
    alone = [text for text in texts if not re.search("customer|client|buyer", text)]
    assert len(alone) < len(texts)
    assert all(re.search("rome|oslo", text.lower()) for text in alone)


def test_what_is_done_and_what_does_itself_are_told_apart(world: World) -> None:
    joined = said(drawn(world, "customers", "joined_on"), "post")
    assert any("joined" in text for text in joined)
    assert not any("were joined" in text for text in joined)
    assert any("were shipped" in t for t in said(drawn(world, "orders", "shipped_date"), "post"))


def test_quantities_are_no_stock(world: World) -> None:
    texts = said(drawn(world, "orders", "quantity"), "post")
    assert not any("stock" in text for text in texts)


def test_flags_are_asked_for_by_what_they_say(world: World) -> None:
    active = drawn(world, "customers", "is_active")
    assert {c.sql() for c in active} == {"is_active = 1", "is_active = 0"}
    assert any("are active" in text for text in said(active, "verb"))
    assert not any("是否是否" in text or "is" in text for text in said(active, "zh"))
    parking = said(drawn(world, "customers", "has_parking"), "post")
    assert any(text in parking for text in ("with parking", "that have parking"))
    assert "有停车场" in said(drawn(world, "customers", "has_parking"), "zh")


def test_chinese_predicates_say_something(world: World) -> None:
    places = said(drawn(world, "customers", "city"), "pred")
    assert places
    assert all(re.sub(r"[A-Za-z“”（）罗马奥斯陆]", "", text) for text in places)


def test_sums_of_totals_are_not_total_totals(tmp_path: Path) -> None:
    with Database.open(made(tmp_path, SALES)) as database:
        questions = [row.question.lower() for row in rows_of(database, 600)]
    assert not any(re.search("total total|总总|average average", text) for text in questions)


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [(300_000_000, "300 million", "3亿"), (20_000, "20k", "2万"), (15_000, "15k", "1.5万"),
     (5000, "5k", "5千")],
)  # fmt: skip
def test_numbers_are_said_as_people_say_them(value: int, english: str, chinese: str) -> None:
    phrase = number_phrase(value, money=False)
    assert english in phrase.en
    assert chinese in phrase.zh


@pytest.mark.parametrize(
    ("word", "article"), [("unit price", "a"), ("user", "a"), ("hour", "an"), ("age", "an")]
)
def test_articles_go_by_sound(word: str, article: str) -> None:
    assert fill(f"with {{a}} {word}", "en", {}, random.Random(1)) == f"with {article} {word}"


def test_columns_in_chinese_have_english_names_and_what_they_mean(tmp_path: Path) -> None:
    with Database.open(made(tmp_path, CHINESE)) as database:
        world = World(database, random.Random(3))
        rows = rows_of(database, 200)
    words = {f.column.name: f.words for thing in world.things for f in thing.fields}
    assert words["下单日期"].en[:2] == ("date", "order date")
    assert words["姓名"].en[0] == "name"
    assert superlative(field(world, "年龄"), high=True).en[0] == "oldest"
    english = [row.question for row in rows if row.lang == "en"]
    plain = [text for text in english if not re.search("[\u4e00-\u9fff]", text)]
    assert len(plain) > 0.5 * len(english)


FILMS = """
CREATE TABLE actors (id INTEGER PRIMARY KEY, name VARCHAR, email VARCHAR, birth_city VARCHAR,
    visit_date DATE);
CREATE TABLE films (id INTEGER PRIMARY KEY, title VARCHAR, release_year INTEGER, added_on DATE,
    actor_id INTEGER REFERENCES actors(id));
INSERT INTO actors SELECT i, 'Person ' || chr(65 + i::INTEGER), 'p' || i || '@example.org',
    ['Rome', 'Oslo', 'Bern'][1 + i % 3], DATE '2020-01-01' + (30 * i)::INTEGER
    FROM range(20) t(i);
INSERT INTO films SELECT i, 'Film ' || chr(65 + i::INTEGER), 1990 + i,
    DATE '2010-01-01' + (90 * i)::INTEGER, i % 7 FROM range(20) t(i);
"""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with Database.open(made(tmp_path_factory.mktemp("films"), FILMS)) as database:
        yield World(database, random.Random(3))


def test_a_year_beside_a_date_is_named_and_so_is_the_date(films: World) -> None:
    for column, named in (("added_on", "added"), ("release_year", "release|year|released")):
        texts = said(drawn(films, "films", column), "post")
        assert texts
        assert all(re.search(named, text) for text in texts), column


def test_an_address_of_mail_is_no_place_and_a_city_of_birth_no_home(films: World) -> None:
    assert not field(films, "email").place
    texts = said(drawn(films, "actors", "birth_city"), "post")
    assert any("Rome" in text for text in texts)
    assert not any(re.search("liv|resid", text) for text in texts)


def test_who_visits_is_not_visited(films: World) -> None:
    texts = said(drawn(films, "actors", "visit_date"), "post")
    assert any("visited" in text for text in texts)
    assert not any("were visited" in text for text in texts)
