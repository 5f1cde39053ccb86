"""What tables, columns and their numbers are called, and what is asked of them."""

import random
import re
from pathlib import Path

import pytest

from llmtui.database.execute import Database
from llmtui.trainer.instructions.translate import translated
from llmtui.trainer.instructions.world import World
from llmtui.workspace.records import Instruction
from tests.trainer.test_instructions import made, rows_of

MEASURED = """
CREATE TABLE team (id INTEGER PRIMARY KEY, name TEXT, founded_year INTEGER);
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE member (person_id INTEGER PRIMARY KEY REFERENCES person(id),
    team_id INTEGER REFERENCES team(id));
CREATE TABLE project (id INTEGER PRIMARY KEY, title TEXT, team_id INTEGER REFERENCES team(id),
    tot_credits NUMERIC(8, 2), date_assigned_from DATE);
INSERT INTO team SELECT i, 'Team ' || chr(65 + i::INTEGER), 1990 + i * 3 FROM range(0, 9) t(i);
INSERT INTO person SELECT i, 'Person ' || chr(65 + i::INTEGER) FROM range(0, 24) t(i);
INSERT INTO member SELECT i, i % 9 FROM range(0, 24) t(i);
INSERT INTO project SELECT i, 'Project ' || i, i % 9, (i * 7) % 40 + 1,
    DATE '2020-01-01' + (i * 11)::INTEGER FROM range(0, 50) t(i);
"""


def test_years_are_not_added_up_and_whole_numbers_are_compared_with_whole_ones(
    tmp_path: Path,
) -> None:
    with Database.open(made(tmp_path, MEASURED)) as database:
        rows = rows_of(database, 1000)
    queries = [row.sql for row in rows]
    assert not [sql for sql in queries if re.search(r"(SUM|AVG)\((team\.)?founded_year\)", sql)]
    assert any(re.search(r"(MAX|MIN)\((team\.)?founded_year\)", sql) for sql in queries)
    bounds = [found for sql in queries for found in re.findall(r"tot_credits [<>]=? ([\d.]+)", sql)]
    assert bounds
    assert not [bound for bound in bounds if "." in bound]
    assert not [row.question for row in rows if "$" in row.question]  # "total" alone is no money


def test_a_table_that_ties_two_others_is_not_called_by_the_name_of_one(tmp_path: Path) -> None:
    with Database.open(made(tmp_path, MEASURED)) as database:
        things = World(database, random.Random(1)).things
    names = {thing.table.name: thing.words.en for thing in things}
    assert "person" in names["person"]
    assert "person" not in names["member"]


@pytest.mark.parametrize(
    ("name", "chinese"),
    [
        ("date from", "开始日期"),
        ("date supplied from", "供应开始日期"),
        ("total value purchased", "购买总值"),
        ("date of purchase", "采购日期"),
        ("number of employees", "员工数"),
        ("number of pages", "页数"),
    ],
)
def test_names_are_said_in_chinese_order(name: str, chinese: str) -> None:
    assert translated(name)[0] == chinese


SHOPPING = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, phone TEXT, city TEXT);
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT, price INTEGER);
CREATE TABLE customer_orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
    status TEXT);
CREATE TABLE order_products (order_id INTEGER REFERENCES customer_orders(id),
    product_id INTEGER REFERENCES products(id), PRIMARY KEY (order_id, product_id));
INSERT INTO customers SELECT i, 'Name ' || chr(65 + i::INTEGER), '5550' || i, 'City ' || (i % 4)
    FROM range(0, 20) t(i);
INSERT INTO products SELECT i, 'Thing ' || chr(65 + i::INTEGER), 10 + i * 7
    FROM range(0, 20) t(i);
INSERT INTO customer_orders SELECT i, if(i < 20, i, 10 + i % 6), ['new', 'sent', 'paid'][1 + i % 3]
    FROM range(0, 80) t(i);
INSERT INTO order_products SELECT DISTINCT i % 80, (i * 3 + i // 80) % 20 FROM range(0, 200) t(i);
"""


def test_a_table_is_called_by_its_last_word_unless_another_is(tmp_path: Path) -> None:
    with Database.open(made(tmp_path, SHOPPING)) as database:
        things = World(database, random.Random(1)).things
    names = {thing.table.name: thing.words.en for thing in things}
    assert "order" in names["customer_orders"]
    assert "product" not in names["order_products"]


@pytest.fixture(scope="module")
def shopping_rows(tmp_path_factory: pytest.TempPathFactory) -> list[Instruction]:
    with Database.open(made(tmp_path_factory.mktemp("shop"), SHOPPING)) as database:
        return rows_of(database, 6000)


@pytest.mark.parametrize(
    ("shape", "words", "sql"),
    [
        (
            "group_top_columns",
            "the most|最多",
            r"customers\.phone.*GROUP BY customers.*LIMIT 1",
        ),
        ("having_columns", "more than|超过|多于", r"customers\.phone.*HAVING COUNT\(\*\) > \d"),
        ("having_count", "multiple|多个", r"HAVING COUNT\(\*\) >(= 2| 1)$"),
        ("group_sorted", "ordered by|排", r"GROUP BY (\S+) ORDER BY \1"),
        ("", r"product (id )?\d|with id \d|[产商]品(编号)?\d", r"WHERE product_id = \d+\)"),
        ("", "or (over|above|more|higher)|或", r"\(price < \d+ OR price > \d+\)"),
    ],
)
def test_what_people_ask_about_ties_is_drawn(
    shopping_rows: list[Instruction], shape: str, words: str, sql: str
) -> None:
    drawn = [row for row in shopping_rows if shape in ("", row.shape) and re.search(sql, row.sql)]
    assert any(re.search(words, row.question) for row in drawn)


LIVING = """
CREATE TABLE student (id INTEGER PRIMARY KEY, name TEXT, age INTEGER, advisor INTEGER);
CREATE TABLE dorm (id INTEGER PRIMARY KEY, name TEXT, gender TEXT, capacity INTEGER);
CREATE TABLE lives_in (student_id INTEGER REFERENCES student(id),
    dorm_id INTEGER REFERENCES dorm(id), PRIMARY KEY (student_id, dorm_id));
INSERT INTO student SELECT i, 'Name ' || chr(65 + i::INTEGER), 17 + i % 9, 100 + i % 5
    FROM range(0, 26) t(i);
INSERT INTO dorm SELECT i, 'Hall ' || chr(65 + i::INTEGER), ['F', 'M', 'X'][1 + i % 3], 90 + i * 13
    FROM range(0, 8) t(i);
INSERT INTO lives_in SELECT i, (i * i) % 8 FROM range(0, 26) t(i);
"""


def test_ties_are_asked_by_what_the_others_are_like_and_rows_are_held_to_a_named_one(
    tmp_path: Path,
) -> None:
    with Database.open(made(tmp_path, LIVING)) as database:
        queries = {row.sql for row in rows_of(database, 2500)}
    tie = r"IN \(SELECT lives_in.student_id FROM lives_in JOIN dorm ON \S+ = \S+ WHERE dorm.gender"
    assert any(re.search(tie, sql) for sql in queries)
    than_one = r"age [<>] \(SELECT age FROM student WHERE name = "
    assert any(re.search(than_one, sql) for sql in queries)
    measured = r"\w+\(student.age\).* FROM lives_in JOIN .* GROUP BY dorm.name"
    assert any(re.search(measured, sql) for sql in queries)
    assert not [sql for sql in queries if re.search(r"(AVG|SUM|MAX)\(advisor\)", sql)]


def test_a_number_called_after_a_person_is_no_measure_but_a_count_of_people_is(
    tmp_path: Path,
) -> None:
    script = """
    CREATE TABLE hall (id INTEGER PRIMARY KEY, name TEXT, advisor INTEGER, num_of_staff INTEGER,
        revenue_per_user DOUBLE, semi_major_axis DOUBLE);
    INSERT INTO hall SELECT i, 'Hall ' || i, 100 + i % 3, i * 2, i * 1.5, i / 3.0
        FROM range(0, 20) t(i);
    """
    with Database.open(made(tmp_path, script)) as database:
        thing = World(database, random.Random(1)).things[0]
    measured = {item.column.name for item in thing.numbers}
    assert measured == {"num_of_staff", "revenue_per_user", "semi_major_axis"}


def test_speed_is_no_participle() -> None:
    assert translated("average speed")[0].endswith("速度")
