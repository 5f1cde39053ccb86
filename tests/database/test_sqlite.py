"""SQLite files as programs leave them: with a log of changes, cut short, with odd tables."""

import sqlite3
from pathlib import Path

import pytest

from llmtui.database.execute import Database
from llmtui.workspace.errors import SourceError
from llmtui.workspace.events import Event, Note


def made(file: Path, *statements: str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    return connection


def test_what_is_only_in_the_log_of_changes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "w.sqlite"
    writer = made(
        file, "PRAGMA journal_mode = WAL", "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)"
    )
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "to.sqlite").symlink_to(file)
    for rows in (((1,),), ((1,), (2,))):
        for path in (file, tmp_path / "link" / "to.sqlite"):
            with Database.open(path) as database:
                assert database.run("FROM t").rows == rows
        writer.execute("INSERT INTO t VALUES (2)")
    writer.close()


def test_nothing_is_written_beside_the_file(tmp_path: Path) -> None:
    file = tmp_path / "w.sqlite"
    made(file, "PRAGMA journal_mode = WAL", "CREATE TABLE t (a)").close()
    before = file.read_bytes()
    with Database.open(file) as database:
        assert database.run("FROM t").rows == ()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["w.sqlite"]
    assert file.read_bytes() == before


def test_a_file_that_is_cut_short_is_told_and_not_read_as_nothing(tmp_path: Path) -> None:
    file = tmp_path / "c.sqlite"
    made(file, "CREATE TABLE t (a, b)", "INSERT INTO t VALUES (1, 'x')").close()
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(SourceError, match="cut short"):
        Database.open(file)


def test_tables_behind_an_index_are_left_out_and_empty_names_are_read(tmp_path: Path) -> None:
    file = tmp_path / "o.sqlite"
    made(
        file,
        "CREATE VIRTUAL TABLE notes USING fts5(title, body)",
        "INSERT INTO notes VALUES ('a', 'b')",
        'CREATE TABLE t (a INT, "" TEXT)',
        "INSERT INTO t VALUES (1, 'x')",
        "CREATE TABLE [] (a)",
    ).close()
    with Database.open(file) as database:
        assert {name for _, name in database.tables} == {"notes", "t"}
        assert database.run("FROM notes").rows == (("a", "b"),)
        result = database.run("FROM t")
        assert (result.columns, result.rows) == (("a", "column1"), ((1, "x"),))


def test_any_name_of_a_table_and_any_letters_of_a_key_are_read(tmp_path: Path) -> None:
    file = tmp_path / "k.sqlite"
    made(
        file,
        "CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE TABLE batch (id INTEGER PRIMARY KEY, Author INT REFERENCES AUTHOR(ID))",
        "INSERT INTO author VALUES (1, 'Ann')",
        "INSERT INTO batch VALUES (7, 1)",
    ).close()
    with Database.open(file) as database:
        assert database.run("FROM batch").rows == ((7, 1),)
        keys = database.schema.foreign_keys
    found = [(k.table, k.column, k.to_table, k.to_column) for k in keys]
    assert found == [("batch", "Author", "author", "id")]


def test_times_in_a_column_of_dates_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "d.sqlite"
    made(
        file,
        "CREATE TABLE t (day DATE, moment DATE)",
        "INSERT INTO t VALUES ('2020-01-02', '2020-01-02 10:30:00'), ('2020-01-03', '2020-01-03')",
    ).close()
    with Database.open(file) as database:
        rows = database.run("SELECT typeof(day), typeof(moment), hour(moment) FROM t").rows
    assert rows == (("DATE", "TIMESTAMP", 10), ("DATE", "TIMESTAMP", 0))


def test_a_table_of_a_module_that_is_not_here_is_left_out_and_told(tmp_path: Path) -> None:
    file = tmp_path / "m.sqlite"
    made(
        file,
        "CREATE TABLE t (a INT)",
        "INSERT INTO t VALUES (1)",
        "PRAGMA writable_schema = ON",
        "INSERT INTO sqlite_master VALUES ('table', 'shapes', 'shapes', 0, "
        "'CREATE VIRTUAL TABLE shapes USING nowhere()')",
    ).close()
    told: list[Event] = []
    with Database.open(file, tell=told.append) as database:
        assert [name for _, name in database.tables] == ["t"]
    assert any(isinstance(e, Note) and "nowhere" in e.text for e in told)
