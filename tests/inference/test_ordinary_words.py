"""Right statements beside ordinary questions: none of them is doubted, turned or shortened."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from llmtui.database.dialects import parse
from llmtui.database.execute import Database
from llmtui.inference.answer import Answer
from llmtui.inference.coverage import left_out
from llmtui.inference.direction import turned_round
from llmtui.inference.displayed import Kinds
from llmtui.inference.faults import Critic
from llmtui.inference.repair import along_keys
from llmtui.inference.simpler import CHANGES, simpler
from llmtui.inference.unasked import unasked

RIGHT = [
    ("年龄最大的员工是谁？", "SELECT name FROM staff ORDER BY birth_date LIMIT 1"),
    ("Who is the most senior employee?", "SELECT name FROM staff ORDER BY hire_date LIMIT 1"),
    ("What is the most affordable product?", "SELECT name FROM products ORDER BY price LIMIT 1"),
    ("Which products do not cost more than 100?", "SELECT name FROM products WHERE price <= 100"),
    ("价格没有超过100的商品有哪些？", "SELECT name FROM products WHERE price <= 100"),
    ("Staff with a salary not greater than 2000", "SELECT name FROM staff WHERE salary <= 2000"),
    (
        "Orders whose amount does not exceed 50 euros",
        "SELECT order_date FROM orders WHERE amount <= 50",
    ),
    (
        "What is the difference between the highest and the lowest salary?",
        "SELECT MAX(salary) - MIN(salary) FROM staff",
    ),
    (
        "Show flights between Paris and Oslo",
        "SELECT flight FROM flights WHERE origin = 'Paris' AND destination = 'Oslo'",
    ),
    (
        "How many employees earn more than 2000 per month?",
        "SELECT COUNT(*) FROM staff WHERE salary > 2000",
    ),
    ("每月工资超过2000的员工有多少人？", "SELECT COUNT(*) FROM staff WHERE salary > 2000"),
    ("Which films are longer than 2 hours?", "SELECT title FROM films WHERE length > 120"),
    ("A discount of more than 10%", "SELECT name FROM products WHERE discount > 0.1"),
    ("折扣超过百分之10的商品", "SELECT name FROM products WHERE discount > 0.1"),
    ("工资低于1万5千的员工", "SELECT name FROM staff WHERE salary < 15000"),
    ("Which products are in stock?", "SELECT name FROM products WHERE stock > 0"),
    ("Which tasks are overdue?", "SELECT title FROM tasks WHERE due_date < CURRENT_DATE"),
    ("What are the names of the genres?", "SELECT DISTINCT genre FROM tracks"),
    ("Which products do not contain 'Lamp' in their name?",
     "SELECT name FROM products WHERE name NOT LIKE '%Lamp%'"),
    ("Which orders cost more than 600, and when were they placed?",
     "SELECT id, order_date FROM orders WHERE amount > 600"),
]  # fmt: skip


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = tmp_path_factory.mktemp("firm") / "firm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("""
            CREATE TABLE staff (id INTEGER PRIMARY KEY, name VARCHAR, gender VARCHAR,
                salary INTEGER, birth_date DATE, hire_date DATE,
                manager_id INTEGER REFERENCES staff(id));
            CREATE TABLE products (id INTEGER PRIMARY KEY, name VARCHAR, price INTEGER,
                discount DOUBLE, stock INTEGER);
            CREATE TABLE orders (id INTEGER PRIMARY KEY, product_id INTEGER REFERENCES products(id),
                amount INTEGER, order_date DATE);
            CREATE TABLE tasks (title VARCHAR, status VARCHAR, due_date DATE);
            CREATE TABLE tracks (genre VARCHAR);
            INSERT INTO staff VALUES (1, 'Ann', 'Female', 10, '1970-01-01', '2000-01-01', NULL);
            INSERT INTO staff VALUES (2, 'Bob', 'Male', 20, '1980-01-01', '2010-01-01', 1);
            INSERT INTO products VALUES (1, 'Lamp', 5, 0.2, 3), (2, 'Desk', 50, 0, 0);
            INSERT INTO orders VALUES (1, 1, 700, '2024-05-06');
            INSERT INTO tasks VALUES ('a', 'Completed', '2024-01-01'), ('b', 'New', '2024-01-02');
            INSERT INTO tracks VALUES ('Rock'), ('Jazz');
        """)
    with Database.open(path) as database:
        yield database


@pytest.mark.parametrize(("question", "sql"), RIGHT)
def test_a_right_statement_is_not_doubted(firm: Database, question: str, sql: str) -> None:
    tree = parse(sql)
    assert tree is not None
    assert left_out(question, [], sql) == 0
    assert unasked(question, tree) == 0
    assert not turned_round(question, tree)
    assert Kinds(firm.schema).others_shown(question, tree) == 0


@pytest.mark.parametrize(
    ("question", "sql", "missing"),
    [
        ("How many orders were placed in 2023 per month?",
         "SELECT COUNT(*) FROM orders WHERE YEAR(order_date) = 2023", 2),
        ("每年销量前3的商品", "SELECT name FROM products ORDER BY stock DESC LIMIT 3", 1),
        ("Which products have no orders larger than 100?",
         "SELECT name FROM products JOIN orders ON TRUE WHERE amount > 100", 1),
        ("A discount of more than 35%", "SELECT name FROM products WHERE discount > 0.35", 0),
        ("折扣超过百分之二十", "SELECT name FROM products WHERE discount > 0.2", 0),
    ],
)  # fmt: skip
def test_what_is_asked_and_not_done_is_still_told(question: str, sql: str, missing: int) -> None:
    assert (left_out(question, [], sql) > 0) is (missing > 0)


@pytest.mark.parametrize(
    ("question", "sql", "wrong"),
    [
        ("What is the salary of the oldest cook?", "SELECT MAX(salary) FROM staff", 1),
        ("What is the amount of the largest order?", "SELECT MAX(amount) FROM orders", 0),
        ("What is the salary of the best paid cook?", "SELECT MAX(salary) FROM staff", 0),
        ("List the names of the staff", "SELECT s.id, s.name FROM staff AS s", 1),
    ],
)
def test_columns_are_held_to_what_the_tables_have(
    firm: Database, question: str, sql: str, wrong: int
) -> None:
    tree = parse(sql)
    assert tree is not None
    assert Kinds(firm.schema).others_shown(question, tree) == wrong


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("价格不到100的商品", "SELECT name FROM products WHERE price > 100"),
        ("the longest running time", "SELECT title FROM films ORDER BY running_time LIMIT 1"),
        ("Which purchase is the latest?", "SELECT id FROM orders ORDER BY order_date LIMIT 1"),
        ("价格超过100的商品", "SELECT name FROM products WHERE price < 100"),
    ],
)
def test_what_is_turned_round_is_still_told(question: str, sql: str) -> None:
    tree = parse(sql)
    assert tree is not None
    assert turned_round(question, tree)


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("How many tasks are done?", "SELECT COUNT(*) FROM tasks WHERE status = 'Completed'"),
        ("How many men are there?", "SELECT COUNT(*) FROM staff WHERE gender = 'Male'"),
        ("有多少男员工", "SELECT COUNT(*) FROM staff WHERE gender = 'Male'"),
        ("Which products have ever been sold?",
         "SELECT DISTINCT products.name FROM products JOIN orders ON orders.product_id = "
         "products.id"),
    ],
)  # fmt: skip
def test_what_a_word_may_stand_for_stays(firm: Database, question: str, sql: str) -> None:
    assert [simpler(change, sql, question, firm) for change, _ in CHANGES] == [""] * len(CHANGES)


def test_who_has_no_manager_is_not_answered_with_those_below_them(firm: Database) -> None:
    sql = (
        "SELECT m.name FROM staff AS e JOIN staff AS m ON m.id = e.manager_id WHERE e.name = 'Ann'"
    )
    mended = along_keys(sql, firm, "Who is the manager of Ann?")
    assert mended is None or "m.manager_id = e.id" not in mended.sql


def test_an_empty_answer_gives_way_to_none_with_more_faults(firm: Database) -> None:
    critic, question = Critic(firm), "Which staff have no manager?"

    def faults(sql: str) -> object:
        rows = firm.run(sql).rows
        return critic.faults(question, Answer(sql=sql, status="ok", rows=rows))

    empty = faults("SELECT name FROM staff WHERE manager_id IS NULL AND salary IS NULL")
    other = faults("SELECT name FROM staff WHERE manager_id = 1 ORDER BY salary LIMIT 1")
    assert not other < empty  # type: ignore[operator]


def test_the_fixture_answers(firm: Database) -> None:
    for _, sql in RIGHT:
        if "flights" not in sql and "films" not in sql:
            firm.run(sql)
