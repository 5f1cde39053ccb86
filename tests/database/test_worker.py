"""The process that holds a database: limits, the second wall, interruption."""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from llmtui.database import harden
from llmtui.database.execute import Access, Database
from llmtui.workspace.errors import (
    Interrupted,
    LlmtuiError,
    QueryError,
    SourceError,
    TimeLimitError,
)

SLOW = "SELECT COUNT(*) FROM range(100000) a, range(100000) b, range(100) c WHERE a.range + b.range > c.range"  # noqa: E501
STUBBORN = "SELECT sum(length(repeat('x' || range::VARCHAR, 20000000))) FROM range(100)"
"""One long scalar call after the other: DuckDB hears of an interruption late."""


def breakouts(outside: Path) -> list[str]:
    """Statements that read, write or load what is not the source; `outside` holds secret.csv."""
    secret = outside / "secret.csv"
    return [
        f"SELECT * FROM read_csv('{secret}')",
        f"SELECT * FROM '{secret}'",
        f"SELECT content FROM read_text('{secret}')",
        f"SELECT * FROM glob('{outside}/*')",
        f"SELECT * FROM sniff_csv('{secret}')",
        f"SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')",
        f"COPY customers TO '{outside / 'out.csv'}'",
        f"COPY customers TO '{outside / 'out.parquet'}' (FORMAT parquet)",
        f"COPY (SELECT 1) TO '{secret}'",
        f"WITH c AS (COPY customers TO '{outside / 'out.csv'}') SELECT * FROM c",
        f"EXPORT DATABASE '{outside / 'out'}'",
        f"IMPORT DATABASE '{outside}'",
        f"ATTACH '{outside / 'other.duckdb'}' AS other",
        f"SET temp_directory = '{outside / 'tmp'}'",
        f"SET log_query_path = '{outside / 'log'}'",
        f"SET home_directory = '{outside}'",
        "SET enable_external_access = true",
        "SET allow_unsigned_extensions = true",
        "INSTALL httpfs",
        "LOAD httpfs",
        "LOAD '/tmp/x.duckdb_extension'",
        "SELECT * FROM 'https://example.com/x.csv'",
        "DELETE FROM customers",
        "WITH d AS (DELETE FROM customers RETURNING *) SELECT * FROM d",
        "UPDATE customers SET name = 'x'",
        "DROP TABLE orders",
        "CREATE TABLE other AS SELECT 1",
        "CHECKPOINT",
        "VACUUM",
    ]


@pytest.mark.parametrize("confined", [True, False], ids=["confined", "DuckDB alone"])
def test_with_the_guard_off_nothing_outside_is_read_or_written(
    shop: Path, tmp_path: Path, confined: bool
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("a\ncanary\n")
    before = shop.read_bytes()
    got = []
    with Database.open(shop, Access(confined=confined)) as database:
        for sql in breakouts(outside):
            try:
                rows = database.run(sql, guarded=False).rows
            except LlmtuiError:
                continue
            got.append((sql, rows))
    assert "canary" not in str(got)
    assert [path.name for path in outside.iterdir()] == ["secret.csv"]
    assert (outside / "secret.csv").read_text() == "a\ncanary\n"
    assert shop.read_bytes() == before


@pytest.mark.skipif(harden.landlock_version() == 0, reason="this system has no Landlock")
def test_the_system_closes_the_process_even_where_duckdb_would_not(tmp_path: Path) -> None:
    code = f"""
import os, socket
from pathlib import Path
from llmtui.database import harden
inside = Path({str(tmp_path)!r}) / "inside.txt"
outside = Path({str(tmp_path)!r}) / "outside.txt"
inside.write_text("in"); outside.write_text("out")
assert harden.confine([inside])
print(inside.read_text())
for act in (outside.read_text, lambda: inside.write_text("x"), lambda: outside.unlink(),
            lambda: Path("/etc/passwd").read_text(),
            lambda: socket.create_connection(("127.0.0.1", 9))):
    try:
        act(); print("done")
    except PermissionError:
        print("refused")
"""
    import subprocess
    import sys

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout.split() == ["in", *["refused"] * 5], ran.stderr


def test_a_slow_query_ends_at_its_limit_and_the_next_one_runs(shop: Path) -> None:
    with Database.open(shop, Access(time_limit=0.3)) as database:
        for sql in (SLOW, STUBBORN):
            began = time.monotonic()
            with pytest.raises((TimeLimitError, QueryError)):
                database.run(sql)
            assert time.monotonic() - began < 0.3 + 1
        assert database.run("SELECT 1").rows == ((1,),)


@pytest.mark.parametrize("sql", [SLOW, STUBBORN], ids=["willing", "stubborn"])
def test_an_interrupted_query_ends_within_a_tenth_of_a_second(shop: Path, sql: str) -> None:
    asked = 0.0
    with Database.open(shop, Access(memory_mb=4096)) as database:

        def interrupt() -> None:
            nonlocal asked
            asked = time.monotonic()
            database.interrupt()

        threading.Timer(0.3, interrupt).start()
        with pytest.raises(Interrupted):
            database.run(sql)
        assert time.monotonic() - asked < 0.1 + 0.15  # and a little for a loaded machine
        assert database.run("SELECT 1").rows == ((1,),)


def test_a_query_that_wants_too_much_memory_is_told_and_the_next_one_runs(shop: Path) -> None:
    with Database.open(shop, Access(memory_mb=256)) as database:
        with pytest.raises((QueryError, TimeLimitError)) as told:
            database.run("SELECT length(repeat('x', 4000000000))")
        assert "\n" not in str(told.value)
        assert database.run("SELECT COUNT(*) FROM customers").rows == ((40,),)


def test_a_process_that_is_killed_is_replaced(shop: Path) -> None:
    with Database.open(shop) as database:
        os.kill(database._process._child.pid, 9)
        with pytest.raises(QueryError, match="ended"):
            database.run("SELECT 1")
        assert database.run("SELECT 1").rows == ((1,),)


def test_a_file_that_comes_back_is_opened_again(shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.duckdb"
    file.write_bytes(shop.read_bytes())
    with Database.open(file) as database:
        database.run("SELECT 1")
        file.rename(tmp_path / "away.duckdb")
        os.kill(database._process._child.pid, 9)
        with suppress(QueryError):  # the loss of the process is told once
            database.run("SELECT 1")
        for _ in range(2):
            with pytest.raises(LlmtuiError):
                database.run("SELECT 1")
        (tmp_path / "away.duckdb").rename(file)
        with suppress(LlmtuiError):
            database.run("SELECT 2")
        assert database.run("SELECT 3").rows == ((3,),)


def test_what_a_query_leaves_behind_is_gone_for_the_next(shop: Path) -> None:
    with Database.open(shop) as database:
        database.run("CREATE TEMP TABLE customers AS SELECT 1 AS fake", guarded=False)
        assert database.run("SELECT COUNT(*) FROM customers").rows == ((40,),)


def test_wide_results_and_long_cells_are_cut_and_told(shop_database: Database) -> None:
    long = shop_database.run("SELECT repeat('a', 50000) AS x")
    assert len(long.rows[0][0]) == 10_000
    assert "1 long cells" in long.cut
    many = ", ".join(f"{i} AS c{i}" for i in range(1200))
    wide = shop_database.run(f"SELECT {many}", max_rows=5)
    assert len(wide.columns) == len(wide.rows[0]) == 1000
    assert "1000 of 1200" in wide.cut


def test_a_file_that_ends_duckdb_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from llmtui.database import process

    monkeypatch.setattr(process, "COMMAND", ("-c", "import os; os.kill(os.getpid(), 11)"))
    file = tmp_path / "x.duckdb"
    duckdb.connect(str(file)).close()
    with pytest.raises(SourceError, match="ended DuckDB"):
        Database.open(file)


def test_several_threads_may_ask_while_the_process_is_started_anew(shop: Path) -> None:
    with Database.open(shop, Access(time_limit=0.3)) as database:
        with pytest.raises((TimeLimitError, QueryError)):
            database.run(STUBBORN)  # ends the process
        answers: list[object] = []
        ask = lambda: answers.append(database.run("SELECT 1").rows)  # noqa: E731
        threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert answers == [((1,),)] * 4


def test_a_closed_database_keeps_nobody_waiting(shop: Path) -> None:
    told: list[Exception] = []

    def ask() -> None:
        try:
            database.run(STUBBORN)
        except (Interrupted, QueryError) as error:
            told.append(error)

    database = Database.open(shop, Access(time_limit=60))
    threads = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    database.close()
    for thread in threads:
        thread.join(20)
    assert [str(error) for error in told] == ["The database was closed."] * 2
    with pytest.raises(Interrupted):
        database.run("SELECT 1")
