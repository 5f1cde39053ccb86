"""SQL and words that are there already: read from texts, checked, and kept."""

import json
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Database
from llmtui.trainer.instructions.build import build
from llmtui.trainer.instructions.construct import Options
from llmtui.trainer.instructions.glossary import read_glossary, template
from llmtui.trainer.instructions.mining.documents import meanings_in, meanings_in_csv
from llmtui.trainer.instructions.mining.entries import entries_in
from llmtui.trainer.instructions.mining.finds import Fault, Meaning, Statement, lines_of
from llmtui.trainer.instructions.mining.markdown import finds_in_markdown
from llmtui.trainer.instructions.mining.notebook import finds_in_notebook, finds_in_python
from llmtui.trainer.instructions.mining.sources import MOST_BYTES, finds_in
from llmtui.trainer.instructions.mining.stage import mine
from llmtui.trainer.instructions.mining.statements import statements_in
from llmtui.trainer.instructions.mining.wording import phrases_in, questions_in
from llmtui.workspace.errors import RecordError, UsageError
from llmtui.workspace.events import Note
from llmtui.workspace.project import Project, start
from llmtui.workspace.records import Instruction, load_rows, save_rows

PLACE = lines_of("f")


def statements(text: str) -> list[tuple[str, tuple[str, ...]]]:
    found = statements_in(text, PLACE)
    return [(item.sql, item.words) for item in found if isinstance(item, Statement)]


@pytest.mark.parametrize(
    ("text", "sql", "words"),
    [
        ("-- How many customers?\nSELECT 1;", "SELECT 1", ("How many customers?",)),
        ("SELECT 1; -- all customers\nSELECT", "SELECT 1", ("all customers",)),
        ("SELECT 1 -- all customers\n;", "SELECT 1", ("all customers",)),
        ("/* total of\n * all orders. */\nSELECT 1", "SELECT 1", ("total of all orders",)),
        ("-- customers by city\n-- 每个城市的客户\nSELECT 1", "SELECT 1",
         ("customers by city", "每个城市的客户")),
        ("-- name: orders_per_day\nSELECT 1", "SELECT 1", ("orders per day",)),
        ("-- Weekly sales report\n\nSELECT 1", "SELECT 1", ()),
        ("-- TODO: make it faster\nSELECT 1", "SELECT 1", ()),
        ("-- created by Ann Lee\nSELECT 1", "SELECT 1", ()),
        ("-- SELECT 2 FROM t\nSELECT 1", "SELECT 1", ()),
        ("-- last five orders\nSELECT 'a;--b'  -- why\n  , \"x y\"", "SELECT 'a;--b' , \"x y\"",
         ("last five orders",)),
        (".mode box\n\\timing\n-- the names\nSELECT `a`\nFROM t", "SELECT `a` FROM t",
         ("the names",)),
        ("CREATE VIEW cheap_orders AS SELECT 1", "SELECT 1", ("cheap orders",)),
        ("CREATE VIEW v AS -- the cheap ones\nSELECT 1", "SELECT 1", ("the cheap ones",)),
    ],
)  # fmt: skip
def test_a_statement_and_its_words(text: str, sql: str, words: tuple[str, ...]) -> None:
    assert statements(text)[0] == (sql, words)


def test_what_is_no_query_or_is_cut_off_takes_nothing_else_with_it() -> None:
    text = "-- drop it all\nDROP TABLE t;\n-- one row\nSELECT 1;\n\nSELECT 'open\n\nSELECT 2"
    found = list(statements_in(text, PLACE))
    assert [f.sql for f in found if isinstance(f, Statement)] == ["SELECT 1", "SELECT 2"]
    assert [f.text for f in found if isinstance(f, Fault)] == [
        "f, line 6: What stands here cannot be read as SQL"
    ]


def test_queries_that_an_empty_line_parts_are_two() -> None:
    assert [sql for sql, _ in statements("SELECT 1\n\nSELECT 2\n\nUNION ALL\n\nSELECT 3")] == [
        "SELECT 1", "SELECT 2 UNION ALL", "SELECT 3",
    ]  # fmt: skip
    assert len(statements("SELECT 2\n\nUNION ALL\n\nSELECT 3")) == 1


@pytest.mark.parametrize("hostile", ["(" * 9000, "NOT " * 4000 + "1", "'\n\n" * 2001, "/*" * 9000])
def test_hostile_sql_is_only_text(hostile: str) -> None:
    assert len(list(statements_in(f"SELECT {hostile}", PLACE))) <= 3


def test_histories_are_read_as_their_clients_write_them(tmp_path: Path) -> None:
    lite, psql = tmp_path / ".sqlite_history", tmp_path / ".psql_history"
    lite.write_text("_HiStOrY_V2_\n--\\040the\\040newest\\012SELECT\\0401;\n", "utf-8")
    psql.write_text("\\d orders\n-- the oldest\x01SELECT 2;\n", "utf-8")
    found = [item for file in (lite, psql) for item in finds_in(file)]
    assert [(f.sql, f.words) for f in found if isinstance(f, Statement)] == [
        ("SELECT 1", ("the newest",)),
        ("SELECT 2", ("the oldest",)),
    ]


def test_markdown_gives_the_sentence_or_the_heading_before() -> None:
    text = (
        "# Revenue per month\nWe often need it:\n```sql\nSELECT 1\n```\n```sql\nSELECT 2\n```\n"
        "- How many **orders**? Like so.\n  ```{sql}\n  SELECT 3\n  ```\n```python\na: b\n```\n"
    )
    found = [f for f in finds_in_markdown(text, PLACE) if isinstance(f, Statement)]
    assert [(f.sql, f.words, f.place) for f in found] == [
        ("SELECT 1", ("Revenue per month",), "f, line 4"),
        ("SELECT 2", (), "f, line 7"),
        ("SELECT 3", ("How many orders?",), "f, line 11"),
    ]


def test_notebooks_give_magics_and_whole_queries_in_texts() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Work\n", "Average order total"]},
        {"cell_type": "code", "source": ["%%sql\n", "SELECT 1"]},
        {"cell_type": "code", "source": "# all the cities\n%sql SELECT 2"},
        {"cell_type": "code", "source": "%time\n# sent orders\nx = q('''\nSELECT 3''')\n"
         "y = f'SELECT {a}'\nz = 'SELECT 4 ' + w\n"},
        {"cell_type": "code", "source": 5}, 7,
    ]  # fmt: skip
    found = list(finds_in_notebook(json.dumps({"cells": cells}), "n"))
    assert [(f.sql, f.words, f.place) for f in found if isinstance(f, Statement)] == [
        ("SELECT 1", ("Average order total",), "n, cell 2"),
        ("SELECT 2", ("all the cities",), "n, cell 3"),
        ("SELECT 3", ("sent orders",), "n, cell 4"),
    ]
    with pytest.raises(RecordError, match="notebook is broken"):
        list(finds_in_notebook("[" * 99_999, "n"))
    assert isinstance(next(finds_in_python("x = '''", PLACE)), Fault)


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("price paid, in cents", ("price paid",)),
        ("The order state / 订单状态（见下）", ("order state", "订单状态")),
        ("VIP customer", ("VIP customer",)),
        ("the day on which the customer came to us", ()),
        ("Primary key", ()),
        ("主键", ()),
        ("2024-01-01", ()),
        ("VARCHAR", ()),
        ("a " * 50_000, ()),
    ],
)
def test_a_meaning_is_kept_when_people_would_say_it(text: str, phrases: tuple[str, ...]) -> None:
    assert phrases_in(text) == phrases


def test_a_question_mark_comes_first_and_what_cannot_be_seen_goes() -> None:
    assert questions_in("Good to know. How many\u202e orders? More.") == ("How many orders?",)
    assert questions_in("See https://example.org/a b") == ()


def entries(database: Database, *lines: str) -> dict[str, tuple[str, ...]]:
    return {e.name: e.words for e in entries_in(meanings_in(lines, PLACE), database.schema)}


def test_documents_name_columns_in_many_ways(shop_database: Database) -> None:
    assert entries(
        shop_database,
        "- `total` (DECIMAL): price paid, in euros", "**status**: order state", "placed：下单时间",
        "orders.customer_id - buyer", "customers: shoppers", "nothing: such a column",
        "## customers", "| column | type | meaning |", "|---|---|---|",
        "| joined | DATE | sign-up |", "name: paris", "city: Rome",
    ) == {
        "orders.total": ("price paid",), "orders.status": ("order state",),
        "orders.placed": ("下单时间",), "orders.customer_id": ("buyer",), "customers": ("shopper",),
        "customers.joined": ("sign-up",), "customers.name": ("paris",),
    }  # fmt: skip


def test_notes_about_something_else_are_no_meanings(shop_database: Database) -> None:
    assert entries(shop_database, "Name: John", "City: nice and warm", "status: done") == {}


def test_a_data_dictionary_names_tables_and_columns(shop_database: Database) -> None:
    text = "表名;字段名;说明\norders;total;支付金额\norders;;采购单\n"
    found = [f for f in meanings_in_csv(text, "d.csv") if isinstance(f, Meaning)]
    assert {e.name: e.words for e in entries_in(found, shop_database.schema)} == {
        "orders.total": ("支付金额",),
        "orders": ("采购单",),
    }
    assert "no titles" in str(next(meanings_in_csv("question,sql\na,b", "d.csv")))


@pytest.fixture
def project(shop: Path) -> Project:
    made = Project(shop.parent / "p")
    start(made, shop)
    return made


def test_a_glossary_of_a_person_keeps_every_word_and_comment(
    project: Project, shop_database: Database, tmp_path: Path
) -> None:
    mine_own = '[columns]\ntotal = "sum"  # mine\n\n[values]\n# codes\nsent = "gone"\n'
    project.glossary.write_text(mine_own, "utf-8")
    words = tmp_path / "words.md"
    words.write_text("`orders.total`: price\n`status`: order state\n`customers`: shopper\n")
    list(mine(shop_database, project, [words], dry_run=True))
    assert project.glossary.read_text("utf-8") == mine_own
    list(mine(shop_database, project, [words]))
    found = read_glossary(project.glossary)
    assert found["columns"] == {"total": "sum", "orders.status": "order state"}
    assert found["tables"] == {"customers": "shopper"}
    assert found["values"] == {"sent": "gone"}
    assert "# mine" in project.glossary.read_text("utf-8")
    assert "# codes" in project.glossary.read_text("utf-8")


def test_an_entry_that_nobody_edited_gets_the_words_in_front(
    project: Project, shop_database: Database, tmp_path: Path
) -> None:
    project.glossary.write_text(template(shop_database.schema), "utf-8")
    (tmp_path / "words.txt").write_text("orders.status: order state\n")
    list(mine(shop_database, project, [tmp_path / "words.txt"]))
    assert read_glossary(project.glossary)["columns"]["orders.status"].startswith("order state | ")


def test_mined_rows_pass_the_checks_and_stay_when_rows_are_built(
    project: Project, shop_database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "a.sql"
    file.write_text(
        "-- orders by month\nSELECT DATE_FORMAT(`placed`, '%Y-%m'), COUNT(*) FROM `orders` "
        "GROUP BY 1;\n"
        "-- customers on the moon\nSELECT * FROM customers WHERE city = 'Moon';\n"
        "-- how many orders\nSELECT COUNT(id) FROM orders;\n"
        "-- all secrets\nSELECT * FROM nowhere;\n"
    )  # fmt: skip
    own = Instruction("own", "How many orders", "SELECT COUNT(*) FROM orders", origin="written")
    save_rows(project.instructions, [own])
    list(mine(shop_database, project, [file]))
    mined = [row for row in load_rows(project.instructions) if row.origin == "mined"]
    assert [row.question for row in mined] == ["orders by month"]
    assert mined[0].extra == {"place": f"{file}, line 2", "dialect": "mysql"}
    assert "`" not in mined[0].sql
    list(build(shop_database, project, Options(rows=60)))
    rows = load_rows(project.instructions)
    kept = [row.id for row in rows if row.origin != "constructed"]
    assert kept == [mined[0].id, "own"]
    events = list(mine(shop_database, project, [file]))
    assert any(isinstance(e, Note) and e.text.startswith("2 questions have a row") for e in events)


def test_views_are_mined_with_their_comment_or_name(shop: Path, project: Project) -> None:
    with duckdb.connect(str(shop)) as connection:
        connection.execute("CREATE VIEW paid_orders AS SELECT id FROM orders WHERE status = 'paid'")
        connection.execute("CREATE VIEW v1 AS SELECT count(*) FROM orders WHERE total > 500")
        connection.execute("COMMENT ON VIEW v1 IS 'Number of large orders / 大订单的数量'")
        connection.execute("CREATE VIEW v2 AS SELECT city FROM customers")
    with Database.open(shop) as database:
        events = list(mine(database, project, []))
    assert sorted((row.question, row.sql) for row in load_rows(project.instructions)) == [
        ("Number of large orders", "SELECT COUNT(*) FROM orders WHERE total > 500"),
        ("paid orders", "SELECT id FROM orders WHERE status = 'paid'"),
        ("大订单的数量", "SELECT COUNT(*) FROM orders WHERE total > 500"),
    ]
    assert any(isinstance(e, Note) and "view v2" in e.text for e in events)


def test_files_that_cannot_be_read_are_named(
    project: Project, shop_database: Database, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "loop.sql").symlink_to("loop.sql")
    (folder / "up").symlink_to("..")
    (folder / "binary.sql").write_bytes(bytes(range(256)))
    (folder / "large.sql").write_bytes(b" " * (MOST_BYTES + 1))
    (folder / "broken.ipynb").write_text("{")
    (folder / "cn.sql").write_bytes(
        "-- 客户一共有多少\nSELECT COUNT(*) FROM customers".encode("gb18030")
    )
    notes = [e.text for e in mine(shop_database, project, [folder]) if isinstance(e, Note)]
    for name in ("binary.sql: This file is no text", "large.sql: This file is larger",
                 "broken.ipynb: This notebook is broken"):  # fmt: skip
        assert any(name in note for note in notes)
    assert [row.question for row in load_rows(project.instructions)] == ["客户一共有多少"]
    with pytest.raises(UsageError, match="no such file"):
        list(mine(shop_database, project, [folder / "loop.sql"]))
    with pytest.raises(RecordError, match="larger than 4 MB"):
        list(mine(shop_database, project, [folder / "large.sql"]))
