"""Ways round through tables that nobody spoke of become straight; others stay."""

from collections.abc import Iterator

import duckdb
import pytest

from llmtui.database.dialects import parse, written
from llmtui.database.execute import Database
from llmtui.inference.ask import Asker
from llmtui.inference.detours import detours, straighten
from llmtui.inference.faults import Critic
from llmtui.inference.needless import Joins
from tests.inference.test_ask import Scripted

ROUND = (
    "SELECT jobs.title, AVG(staff.pay) FROM past JOIN jobs ON past.job_id = jobs.id "
    "JOIN staff ON past.staff_id = staff.id GROUP BY jobs.title"
)
STRAIGHT = (
    "SELECT jobs.title, AVG(staff.pay) FROM jobs JOIN staff ON staff.job_id = jobs.id "
    "GROUP BY jobs.title"
)
INSIDE = "SELECT name FROM staff WHERE {}id IN (SELECT staff_id FROM past WHERE {})"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("firm") / "firm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("""
            CREATE TABLE jobs (id INTEGER PRIMARY KEY, title VARCHAR);
            CREATE TABLE staff (id INTEGER PRIMARY KEY, name VARCHAR, pay INTEGER,
                job_id INTEGER REFERENCES jobs(id));
            CREATE TABLE past (staff_id INTEGER REFERENCES staff(id),
                job_id INTEGER REFERENCES jobs(id), began DATE);
            CREATE TABLE clubs (id INTEGER PRIMARY KEY, title VARCHAR);
            CREATE TABLE members (staff_id INTEGER REFERENCES staff(id),
                club_id INTEGER REFERENCES clubs(id));
            CREATE TABLE pals (id INTEGER REFERENCES staff(id),
                pal INTEGER REFERENCES staff(id));
            INSERT INTO jobs VALUES (1, 'Cook'), (2, 'Clerk');
            INSERT INTO staff VALUES (1, 'Ann', 10, 1), (2, 'Bob', 20, 2);
            INSERT INTO past VALUES (1, 2, '2020-01-01');
            INSERT INTO clubs VALUES (1, 'Chess');
            INSERT INTO members VALUES (1, 1);
            INSERT INTO pals VALUES (1, 2);
        """)
    with Database.open(path) as database:
        yield database


@pytest.mark.parametrize(
    ("question", "sql", "straight"),
    [
        ("average pay of each job", ROUND, STRAIGHT),
        ("average pay of each past job", ROUND, ""),
        ("average pay of each job", ROUND.replace("AVG(staff.pay)", "MAX(past.began)"), ""),
        ("pay by club", "SELECT clubs.title, AVG(staff.pay) FROM members JOIN clubs ON "
         "members.club_id = clubs.id JOIN staff ON members.staff_id = staff.id GROUP BY 1", ""),
        ("who has job 2", INSIDE.format("", "job_id = 2"),
         "SELECT name FROM staff WHERE job_id = 2"),
        ("who has job 1 or 2 and pay over 5", INSIDE.format("pay > 5 AND ",
         "job_id = 1 OR job_id = 2"),
         "SELECT name FROM staff WHERE pay > 5 AND (job_id = 1 OR job_id = 2)"),
        ("who had job 2 in the past", INSIDE.format("", "job_id = 2"), ""),
        ("who began in 2020", INSIDE.format("", "year(began) = 2020"), ""),
        ("who knows number 1", "SELECT name FROM staff WHERE id IN "
         "(SELECT pal FROM pals WHERE id = 1)", ""),
        ("who has not job 2", INSIDE.format("NOT ", "job_id = 2"), ""),
    ],
)  # fmt: skip
def test_a_way_round_that_nobody_spoke_of_becomes_straight(
    firm: Database, question: str, sql: str, straight: str
) -> None:
    tree, joins = parse(sql), Joins(firm.schema)
    assert tree is not None
    assert detours(question, tree, joins) == bool(straight)
    assert straighten(question, tree, joins) is bool(straight)
    assert not straight or written(tree) == straight


def test_an_answer_that_went_round_is_straightened_and_told(firm: Database) -> None:
    answer = Asker(firm, Scripted(ROUND)).ask("average pay of each job")
    assert answer.sql == STRAIGHT
    assert "by their own key" in answer.message
    assert sorted(answer.rows) == [("Clerk", 20.0), ("Cook", 10.0)]


@pytest.mark.parametrize(
    ("question", "sql", "away"),
    [
        ("titles of all jobs", "SELECT title FROM clubs", True),
        ("titles of all clubs", "SELECT title FROM clubs", False),
        ("all titles", "SELECT title FROM clubs", False),
        ("when did each job begin", "SELECT job_id, began FROM past", False),
        ("titles of all jobs", "SELECT COUNT(*) FROM clubs", False),
    ],
)
def test_what_another_table_is_asked_for_is_not_read_elsewhere(
    firm: Database, question: str, sql: str, away: bool
) -> None:
    tree = parse(sql)
    assert tree is not None
    assert Joins(firm.schema).elsewhere(question, tree) is away
    assert (Critic(firm).reasons(question, sql)["unasked"] > 0) >= away
