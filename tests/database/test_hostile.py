"""Hostile and harmless statements by the thousand; prints how many were refused and allowed."""

import hashlib
import json
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from benchmarks.statements import COLUMNS, PARTS, SETUP, TABLES, classes, mutated
from llmtui.database.execute import Access, Database
from llmtui.database.guard import check
from llmtui.inference.answer import run_sql
from llmtui.workspace.errors import LlmtuiError
from tests.test_command_line import llmtui

SAFETY = Path(__file__).parents[3] / "shared" / "data" / "safety"
needs_collection = pytest.mark.skipif(not SAFETY.is_dir(), reason="the collection is not here")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that no statement may read or write."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.csv").write_text("a\ncanary\n")
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return made(tmp_path / "s.duckdb", SETUP)


def made(file: Path, script: str) -> Path:
    with duckdb.connect(str(file)) as connection:
        connection.execute(script)
    return file


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def collection(name: str, head: str) -> list[tuple[re.Match[str], str]]:
    """Lines of a file of the collection with the comment lines above them."""
    lines = (SAFETY / name).read_text("utf-8").split("\n")
    found = ((re.match(head, line), lines[place + 1]) for place, line in enumerate(lines[:-1]))
    return [(match, body) for match, body in found if match]


def decoded(encoding: str, body: str) -> str:
    if encoding == "json":
        return str(json.loads(body))
    if encoding == "parts":
        return "".join(text * times for text, times in json.loads(body))
    return body


def answers(
    source: Path, statements: list[tuple[str, str]], folder: Path, *options: str
) -> list[dict[str, object]]:
    """What `llmtui sql --file` writes."""
    asked = folder / "in.jsonl"
    lines = [json.dumps({"id": name, "sql": sql}) + "\n" for name, sql in statements]
    asked.write_text("".join(lines), encoding="ascii")
    done = llmtui("sql", source, "--file", asked, "--out", folder / "out.jsonl", *options)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in (folder / "out.jsonl").read_text("utf-8").splitlines()]


@needs_collection
def test_the_collection_of_hostile_statements_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = made(
        tmp_path / "h.duckdb",
        "CREATE TABLE sales(id INT, region VARCHAR, amount DECIMAL(10, 2));"
        "INSERT INTO sales VALUES (1, 'n', 2);"
        "CREATE TABLE customers(id INT, name VARCHAR, email VARCHAR, ssn VARCHAR);"
        "INSERT INTO customers VALUES (1, 'a', 'e', 'canary')",
    )
    monkeypatch.setenv("LLMTUI_TIME_LIMIT", "2")
    items = collection("hostile.sql", r"-- \[(\w+)\] class: (.*); expect: (\w+); encoding: (\w+)")
    statements = [(head[1], decoded(head[4], body)) for head, body in items]
    before = digest(source)
    got = answers(source, statements, tmp_path, "--exclude", "customers.ssn")
    assert digest(source) == before
    counts = Counter(
        (head[3], answer["status"]) for (head, _), answer in zip(items, got, strict=True)
    )
    print("hostile:", dict(counts))
    for (head, _), answer in zip(items, got, strict=True):
        assert "canary" not in json.dumps(answer["rows"]), head[1]
        assert float(str(answer["seconds"])) < 2 + 1, head[1]
        if head[3] != "survive" and "marked private" not in head[2]:
            assert (answer["status"] in ("refused", "failed"), answer["rows"]) == (True, []), head[
                1
            ]
            assert 0 < len(str(answer["message"])) < 500, head[1]
            assert "\n" not in str(answer["message"]), head[1]


@needs_collection
def test_the_collection_of_harmless_queries_is_allowed_and_runs(tmp_path: Path) -> None:
    script = ";".join(body for _, body in collection("benign.sql", r"-- \[\w+\] setup"))
    items = collection("benign.sql", r"-- \[(\w+)\] expect: allow")
    source = made(tmp_path / "b.duckdb", script)
    got = answers(source, [(head[1], body) for head, body in items], tmp_path)
    print("harmless:", Counter(answer["status"] for answer in got))
    assert [(a["id"], a["message"]) for a in got if a["status"] != "ok"] == []


def test_every_query_that_people_wrote_for_the_development_databases_is_allowed() -> None:
    refused = []
    for questions in sorted(SAFETY.parent.glob("*/*/questions.jsonl")):
        rows = [json.loads(line) for line in questions.read_text("utf-8").splitlines()]
        tables = tables_beside(questions)
        for sql in {row["sql"] for row in rows}:
            verdict = check(sql, tables)
            if not verdict.ok:
                refused.append((questions.parent.name, sql, verdict.reason))
    assert refused == []


def tables_beside(questions: Path) -> set[tuple[str, str]]:
    import sqlite3

    file = questions.with_name("db.sqlite")
    if file.is_file():
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as lite:
            return {
                ("main", str(r[0]).lower()) for r in lite.execute("SELECT name FROM sqlite_master")
            }
    with duckdb.connect(str(questions.with_name("db.duckdb")), read_only=True) as connection:
        rows = connection.execute(
            "SELECT lower(schema_name), lower(table_name) FROM duckdb_tables()"
        )
        return {(row[0], row[1]) for row in rows.fetchall()}


def test_every_generated_class_of_hostile_statements_is_refused(outside: Path) -> None:
    for name, statements in classes(outside).items():
        verdicts = [(sql, check(sql, TABLES, COLUMNS)) for sql in statements]
        print(f"{name}: {len(statements)}")
        assert [sql for sql, verdict in verdicts if verdict.ok] == []
        for sql, verdict in verdicts:
            assert 0 < len(verdict.reason) < 500, sql[:80]
            assert "\n" not in verdict.reason


def test_with_the_guard_off_no_generated_statement_reads_or_writes_outside(
    source: Path, outside: Path
) -> None:
    before, got = digest(source), []
    with Database.open(source, Access(time_limit=2)) as database:
        for name, statements in classes(outside).items():
            for sql in statements[:: 1 if name == "kinds of statements" else 4]:
                if len(sql) > 2000:
                    continue
                with suppress(LlmtuiError):
                    got.append((sql, database.run(sql, guarded=False, max_rows=50).rows))
        assert database.run("SELECT count(*) FROM sales").rows == ((60,),)
    assert [sql for sql, rows in got if "canary" in str(rows)] == []
    assert [file.name for file in outside.iterdir()] == ["secret.csv"]
    assert (outside / "secret.csv").read_text() == "a\ncanary\n"
    assert digest(source) == before


def test_mutated_statements_that_pass_change_nothing_even_without_the_second_wall(
    outside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oracle is an open DuckDB: may write, read files, and see every setting."""
    monkeypatch.chdir(outside)
    passed = 0
    with duckdb.connect(str(tmp_path / "open.duckdb")) as connection:
        connection.execute(f"{SETUP}; SET max_execution_time = 1000")
        state = contents(connection)
        for sql in mutated(4000, outside, seed=11):
            if not check(sql, TABLES, COLUMNS).ok:
                continue
            passed += 1
            try:
                rows = connection.cursor().execute(sql).fetchmany(50)
            except duckdb.Error:
                continue
            assert "canary" not in str(rows), sql
            assert "enable_external_access" not in str(rows), sql
        assert contents(connection) == state
    print("passed:", passed)
    assert passed > 400
    assert [file.name for file in outside.iterdir()] == ["secret.csv"]


def contents(connection: duckdb.DuckDBPyConnection) -> list[object]:
    tables = [connection.execute(f"FROM {s}.{t}").fetchall() for s, t in sorted(TABLES)]
    listed = connection.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY 1").fetchall()
    settings = connection.execute(
        "SELECT name, value FROM duckdb_settings() WHERE name NOT LIKE '%query%'"
    ).fetchall()
    return [*tables, listed, settings]


@pytest.mark.parametrize("rest", PARTS["everyday"], ids=lambda rest: rest[:30])
def test_what_people_write_every_day_is_allowed_and_runs(source: Path, rest: str) -> None:
    with Database.open(source) as database:
        answer = run_sql(database, f"SELECT {rest}")
    assert answer.status == "ok", answer.message


def test_every_valid_seed_and_pivot_runs(source: Path) -> None:
    more = ["PIVOT sales ON region IN ('north') USING sum(amount)",
            "UNPIVOT (SELECT id, amount FROM sales) ON id, amount INTO NAME n VALUE v",
            "FROM sales", "TABLE sales", "VALUES (1, 'a'), (2, 'b')", "SELECT 1;"]  # fmt: skip
    with Database.open(source) as database:
        for sql in [*PARTS["valid"], *more]:
            assert run_sql(database, sql).status == "ok", sql
