"""What is done unasked, asked and not done, turned round, or shown in place of what is asked."""

import pytest

from llmtui.database.dialects import parse
from llmtui.database.execute import Database
from llmtui.database.schema import Column, Schema, Table
from llmtui.inference.answer import Answer
from llmtui.inference.direction import turned_round
from llmtui.inference.displayed import Kinds
from llmtui.inference.doubts import in_vain
from llmtui.inference.faults import Critic, Faults, doubted
from llmtui.inference.operations import not_done
from llmtui.inference.unasked import unasked

STAFF = Schema(
    (
        Table(
            "staff",
            (
                Column("id", "BIGINT", "number"),
                Column("name", "VARCHAR", "text"),
                Column("role", "VARCHAR", "text"),
                Column("salary", "DOUBLE", "number"),
                Column("hired", "DATE", "date"),
            ),
        ),
    )
)


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        (
            "What is the average salary for each role?",
            "SELECT role, AVG(salary) FROM staff GROUP BY role",
            "SELECT role, AVG(salary) OVER (ORDER BY salary) FROM staff",
        ),
        (
            "Who is paid above the average?",
            "SELECT name FROM staff WHERE salary > (SELECT AVG(salary) FROM staff)",
            "SELECT name FROM staff WHERE salary > (SELECT AVG(salary) FROM staff) LIMIT 1",
        ),
        (
            "Show the roles of the staff",
            "SELECT role FROM staff",
            "SELECT role FROM staff WHERE NOT role IN (SELECT role FROM staff WHERE id = 1)",
        ),
        ("员工的工资是多少", "SELECT salary FROM staff", "SELECT AVG(salary) FROM staff"),
        ("列出员工的工资", "SELECT salary FROM staff", "SELECT COUNT(*) FROM staff"),
        (
            "Roles of staff hired by Ann",
            "SELECT role FROM staff",
            "SELECT role FROM staff EXCEPT SELECT role FROM staff WHERE id = 1",
        ),
        (
            "Roles hired in 2020",
            "SELECT role FROM staff",
            "SELECT role FROM staff INTERSECT SELECT role FROM staff WHERE id = 1",
        ),
        (
            "Roles hired in 2020",
            "SELECT role FROM staff",
            "SELECT role FROM staff UNION SELECT role FROM staff WHERE id = 1",
        ),
        (
            "Show each role",
            "SELECT role FROM staff GROUP BY role",
            "SELECT role FROM staff GROUP BY role HAVING COUNT(*) > 1",
        ),
        ("Show the salary of Ann", "SELECT salary FROM staff", "SELECT SUM(salary) FROM staff"),
        ("Show the salary of Ann", "SELECT salary FROM staff", "SELECT MAX(salary) FROM staff"),
        (
            "Show the staff called Ann",
            "SELECT * FROM staff WHERE name = 'Ann'",
            "SELECT * FROM staff WHERE salary > 10",
        ),
        (
            "Show the salary of Ann",
            "SELECT salary FROM staff WHERE name = 'Ann'",
            "SELECT salary FROM staff WHERE name = 'Ann' GROUP BY salary",
        ),
    ],
)
def test_what_a_statement_does_unasked_is_counted(question: str, right: str, wrong: str) -> None:
    good, bad = parse(right), parse(wrong)
    assert good is not None
    assert bad is not None
    assert unasked(question, good) == 0
    assert unasked(question, bad) > 0


@pytest.mark.parametrize(
    ("question", "right", "wrong"),
    [
        (
            "Roles whose average salary is above the average of all staff",
            "SELECT role FROM staff GROUP BY role HAVING AVG(salary) > (SELECT AVG(salary) FROM s)",
            "SELECT role FROM staff WHERE salary > (SELECT AVG(salary) FROM staff)",
        ),
        (
            "The role with the most staff",
            "SELECT role FROM staff GROUP BY role ORDER BY COUNT(*) DESC LIMIT 1",
            "SELECT role FROM staff GROUP BY role ORDER BY COUNT(*) DESC",
        ),
        (
            "The role that is held most often",
            "SELECT role FROM staff GROUP BY role ORDER BY COUNT(*) DESC LIMIT 1",
            "SELECT role FROM staff ORDER BY salary DESC LIMIT 1",
        ),
        (
            "各部门有多少员工",
            "SELECT role, COUNT(*) FROM staff GROUP BY role",
            "SELECT COUNT(*) FROM staff",
        ),
        ("How many staff are there?", "SELECT COUNT(*) FROM staff", "SELECT name FROM staff"),
        ("The total salary", "SELECT SUM(salary) FROM staff", "SELECT salary FROM staff"),
        (
            "Staff whose name contains an",
            "SELECT name FROM staff WHERE name ILIKE '%an%'",
            "SELECT name FROM staff WHERE name = 'an'",
        ),
        (
            "Staff paid more than 10",
            "SELECT name FROM staff WHERE salary > 10",
            "SELECT name FROM staff WHERE salary = 10",
        ),
        (
            "2020年以后入职的员工",
            "SELECT name FROM staff WHERE hired > '2020-12-31'",
            "SELECT name FROM staff WHERE hired = '2020-12-31'",
        ),
        (
            "Staff hired in the last 30 days",
            "SELECT name FROM staff WHERE hired >= current_date - INTERVAL 30 DAY",
            "SELECT name FROM staff WHERE hired > '2020-01-30'",
        ),
        (
            "每月入职多少人",
            "SELECT date_trunc('month', hired), COUNT(*) FROM staff GROUP BY 1",
            "SELECT hired, COUNT(*) FROM staff GROUP BY 1",
        ),
        (
            "Hires per year",
            "SELECT year(hired), COUNT(*) FROM staff GROUP BY 1",
            "SELECT hired, COUNT(*) FROM staff GROUP BY 1",
        ),
        (
            "Cooks or waiters",
            "SELECT name FROM staff WHERE role IN ('cook', 'waiter')",
            "SELECT name FROM staff WHERE role = 'cook'",
        ),
        (
            "Staff in the same role as Ann",
            "SELECT name FROM staff WHERE role = (SELECT role FROM staff WHERE name = 'Ann')",
            "SELECT name FROM staff WHERE name = 'Ann'",
        ),
        (
            "Staff paid more than the one whose id is 7",
            "SELECT name FROM staff WHERE salary > (SELECT salary FROM staff WHERE id = 7)",
            "SELECT name FROM staff WHERE salary > 7",
        ),
        (
            "Names with the letter z",
            "SELECT name FROM staff WHERE name ILIKE '%z%'",
            "SELECT name FROM staff WHERE name = 'z'",
        ),
        (
            "What percentage of the staff are cooks?",
            "SELECT 100.0 * COUNT(*) FILTER (role = 'cook') / COUNT(*) FROM staff",
            "SELECT COUNT(*) FROM staff WHERE role = 'cook'",
        ),
    ],
)
def test_what_is_asked_and_not_done_is_counted(question: str, right: str, wrong: str) -> None:
    good, bad = parse(right), parse(wrong)
    assert good is not None
    assert bad is not None
    assert not_done(question, good) == 0
    assert not_done(question, bad) > 0


@pytest.mark.parametrize(
    ("question", "sql", "wrong"),
    [
        ("the lowest salary", "SELECT MAX(salary) FROM staff", True),
        ("the lowest salary", "SELECT MIN(salary) FROM staff", False),
        ("工资最高的员工", "SELECT name FROM staff ORDER BY salary LIMIT 1", True),
        ("工资最高的员工", "SELECT name FROM staff ORDER BY salary DESC LIMIT 1", False),
        ("sort from the lowest salary", "SELECT 1 FROM s ORDER BY salary DESC LIMIT 9", False),
        ("those who worked longest", "SELECT name FROM staff ORDER BY hired LIMIT 1", False),
        ("paid less than 10", "SELECT name FROM staff WHERE salary > 10", True),
        ("paid less than 10", "SELECT name FROM staff WHERE 10 > salary", False),
        ("pay that does not exceed 10", "SELECT name FROM staff WHERE salary <= 10", False),
        ("that aren’t more than 10", "SELECT name FROM staff WHERE salary <= 10", False),
        ("paid no less than 10", "SELECT name FROM staff WHERE salary >= 10", False),
        ("at most 10 with the highest", "SELECT 1 FROM s ORDER BY salary DESC LIMIT 10", False),
        ("more than 1 and less than 9", "SELECT 1 FROM s WHERE salary < 9", False),
    ],
)
def test_the_other_direction_is_told(question: str, sql: str, wrong: bool) -> None:
    tree = parse(sql)
    assert tree is not None
    assert turned_round(question, tree) is wrong


@pytest.mark.parametrize(
    ("question", "sql", "wrong"),
    [
        ("Who earns most?", "SELECT name FROM staff ORDER BY role DESC LIMIT 1", 1),
        ("Who earns most?", "SELECT name FROM staff ORDER BY salary DESC LIMIT 1", 0),
        ("The first role by the alphabet", "SELECT role FROM staff ORDER BY role LIMIT 1", 0),
        ("Show names and roles", "SELECT id, name, role FROM staff", 1),
        ("Show ids and names", "SELECT id, name FROM staff", 0),
        ("What are the names of the cooks?", "SELECT id FROM staff", 2),
        ("When was Ann hired?", "SELECT role FROM staff WHERE name = 'Ann'", 1),
        ("When was Ann hired?", "SELECT hired FROM staff WHERE name = 'Ann'", 0),
        ("有多少员工", "SELECT name FROM staff", 1),
        ("有多少员工", "SELECT COUNT(*) FROM staff", 0),
        ("安有多高", "SELECT role FROM staff WHERE name = '安'", 1),
        ("How old is Ann?", "SELECT name FROM staff WHERE name = 'Ann'", 1),
        ("How long has Ann worked?", "SELECT hired FROM staff WHERE name = 'Ann'", 0),
        ("How tall is Ann?", "SELECT height FROM staff WHERE name = 'Ann'", 0),
        ("How high is the pay?", "SELECT salary FROM staff", 0),
        ("What is the highest salary of the cooks?", "SELECT MAX(salary) FROM staff", 0),
        ("最高的工资是多少", "SELECT MAX(salary) FROM staff", 0),
    ],
)
def test_columns_of_another_kind_are_counted(question: str, sql: str, wrong: int) -> None:
    tree = parse(sql)
    assert tree is not None
    assert Kinds(STAFF).others_shown(question, tree) == wrong


@pytest.mark.parametrize(
    ("sql", "doubted"),
    [
        ("SELECT name, name FROM customers", True),
        ("SELECT name FROM customers EXCEPT SELECT name FROM customers", True),
        ("SELECT city, AVG(id) FROM customers GROUP BY city", False),
        ("SELECT city, COUNT(DISTINCT city) FROM customers GROUP BY city", True),
        ("SELECT city, COUNT(city) FROM customers GROUP BY city", False),
        ("SELECT AVG(TRY_CAST(name AS DOUBLE)) FROM customers", True),
        ("SELECT MIN(customers) FROM customers", True),
        (
            "SELECT id FROM orders WHERE placed BETWEEN '2024-03-01' AND '2024-04-01' "
            "AND year(placed) = 2024",
            True,
        ),
        ("SELECT id FROM orders WHERE placed > '2020-12-31' AND month(placed) = 3", False),
        ("SELECT id FROM orders WHERE placed > '2024-03-01' AND year(placed) = 2024", False),
        ("SELECT city, COUNT(*) AS orders FROM customers GROUP BY city ORDER BY orders", False),
        ("SELECT id FROM orders WHERE year(placed) = 2024", False),
        ("SELECT name FROM customers WHERE city = 'Rome' AND city = 'Oslo'", True),
        ("SELECT name FROM customers WHERE city = 'Rome' OR city = 'Oslo'", False),
        ("SELECT city, MIN(name) FROM customers GROUP BY city", False),
    ],
)
def test_what_cannot_be_meant_is_in_vain(shop_database: Database, sql: str, doubted: bool) -> None:
    assert in_vain(sql, shop_database.schema, "average id by city") is doubted


def test_faults_are_compared_by_the_gravest_first(shop_database: Database) -> None:
    critic = Critic(shop_database)
    good = Answer(sql="SELECT COUNT(*) FROM customers", status="ok", rows=((3,),), confidence=0.9)
    bad = Answer(sql="SELECT name FROM customers", status="ok", rows=(("Ann",),), confidence=0.9)
    question = "How many customers are there?"
    none, some = critic.faults(question, good), critic.faults(question, bad)
    assert not none
    assert some
    assert none < some < Faults(failed=True)
    assert doubted(good, none).confidence == 0.9
    assert (doubted(bad, some).confidence or 1.0) < 0.6
    assert critic.reasons(question, "no SQL at all") == {}
