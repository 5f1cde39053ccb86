"""Perturbed copies of databases of every kind."""

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb

from llmtui.database.copies import perturbed_copies
from llmtui.database.execute import Access, Database
from tests.trainer.test_perturbed_copies import FIRM


def test_narrow_types_stay_within_what_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "narrow.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE n AS SELECT 0.99::DECIMAL(2,2) AS share, 127::TINYINT AS small, "
            "0::UTINYINT AS none, 9.5::FLOAT AS f, 'a'::ENUM('a', 'b') AS e, [1] AS l, "
            "{'a': 1} AS s, DATE '9999-12-31' AS last, TIMESTAMPTZ '2024-01-01' AS at, "
            "99::DECIMAL(2,0) AS two, 'x'::BLOB AS b, INTERVAL 1 DAY AS i, NULL::INTEGER AS empty "
            "FROM range(12)"
        )
    with Database.open(path) as database:
        copies = perturbed_copies(database, ["SELECT * FROM n WHERE share > 5 AND small > 900"])
    for copy in copies:
        with duckdb.connect(str(copy), read_only=True) as connection:
            assert connection.execute("SELECT COUNT(*) >= 10 FROM n").fetchall() == [(True,)]


def test_columns_of_any_type_are_copied(tmp_path: Path) -> None:
    path = tmp_path / "odd.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT CASE i WHEN 0 THEN 2147483647 ELSE i END::INTEGER AS id, "
            "uuid() AS u, ('abcdefgh'[i + 1])::ENUM('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h') AS e, "
            "DATE 'infinity' AS d, TIMESTAMP '-infinity' AS at, DATE '20224-01-01' AS late, "
            "TIMESTAMP_NS '2024-01-02 03:04:05.123456789' AS ns FROM range(8) AS r(i); "
            "ALTER TABLE t ADD PRIMARY KEY (id)"
        )
    with Database.open(path) as database:
        copies = perturbed_copies(database, ["SELECT u FROM t WHERE id > 3"])
    for copy in copies:
        with duckdb.connect(str(copy), read_only=True) as connection:
            rows = connection.execute(
                "SELECT DISTINCT ns::VARCHAR, late::VARCHAR FROM t"
            ).fetchall()
        assert rows == [("2024-01-02 03:04:05.123456789", "20224-01-01")]


def test_copies_for_other_questions_leave_those_in_use(shop_database: Database) -> None:
    queries = [f"SELECT 1 FROM orders WHERE total > {n}" for n in range(9)]
    made = [perturbed_copies(shop_database, [query], 1) for query in queries]
    assert [copy.is_file() for (copy,) in made] == [False] * 4 + [True] * 5


def test_a_copy_has_views_and_nothing_that_is_excluded(tmp_path: Path) -> None:
    path = tmp_path / "firm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(FIRM)
        connection.execute("CREATE VIEW rich AS SELECT name FROM e WHERE age > 50")
    with Database.open(path, Access(exclude=("e.pay",))) as database:
        (copy,) = perturbed_copies(database, ["SELECT name FROM rich"], count=1)
    with duckdb.connect(str(copy), read_only=True) as connection:
        columns = [row[0] for row in connection.execute("DESCRIBE e").fetchall()]
        rich = connection.execute("SELECT COUNT(*) FROM rich").fetchall()
        old = connection.execute("SELECT COUNT(*) FROM e WHERE age > 50").fetchall()
    assert "age" in columns
    assert "pay" not in columns
    assert rich == old


def test_rows_that_only_tie_others_are_there_once_as_before(tmp_path: Path) -> None:
    file = tmp_path / "ties.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("""
            CREATE TABLE land (name VARCHAR PRIMARY KEY, area INTEGER);
            CREATE TABLE border (land VARCHAR REFERENCES land(name),
                other VARCHAR REFERENCES land(name));
            CREATE TABLE visit (land VARCHAR REFERENCES land(name));
            CREATE TABLE trade (land VARCHAR REFERENCES land(name),
                other VARCHAR REFERENCES land(name), since INTEGER);
            INSERT INTO land SELECT 'L' || i, i * 7 FROM range(20) t(i);
            INSERT INTO border SELECT 'L' || i, 'L' || (i + j) % 20 FROM range(20) t(i),
                range(1, 4) u(j);
            INSERT INTO trade SELECT *, 1900 + row_number() OVER () % 9 FROM border;
            INSERT INTO visit SELECT 'L' || i % 7 FROM range(40) t(i);
        """)
    with Database.open(file) as database:
        for path in perturbed_copies(database, ["SELECT * FROM border"]):
            with Database.open(path) as copy:
                pairs = copy.run("SELECT * FROM border").rows
                assert len(set(pairs)) == len(pairs) > 20
                pairs = copy.run("SELECT land, other FROM trade").rows
                assert len(set(pairs)) == len(pairs) > 20
                assert len(copy.run("SELECT * FROM visit").rows) > 20


def test_columns_that_refer_together_stay_together(tmp_path: Path) -> None:
    file = tmp_path / "house.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            "CREATE TABLE block (floor INTEGER, code INTEGER);"
            "INSERT INTO block VALUES (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 2), (4, 3);"
            "CREATE TABLE room (nr INTEGER PRIMARY KEY,"
            " floor INTEGER REFERENCES block(floor), code INTEGER REFERENCES block(code));"
            "INSERT INTO room (floor, code) SELECT a.floor, a.code FROM block a, block b;"
        )
        connection.commit()
    tied = "SELECT nr FROM room JOIN block ON room.floor = block.floor AND room.code = block.code"
    with Database.open(file) as database:
        for path in perturbed_copies(database, [tied]):
            with Database.open(path) as copy:
                rooms = copy.run("SELECT nr FROM room").rows
                assert rooms
                assert sorted(copy.run(tied).rows) == sorted(rooms)
