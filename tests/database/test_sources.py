import datetime as dt
import hashlib
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from llmtui.database import sqlite
from llmtui.database.execute import Database
from llmtui.database.text import json_value, safe_text, show_value
from llmtui.workspace.errors import QueryError, SourceError


def sqlite_file(path: Path) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript("""
        CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born DATE, active BOOLEAN);
        CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, price DECIMAL(6,2), pages INT,
            rate REAL, cover BLOB, written DATETIME, odd INT,
            author_id INTEGER REFERENCES author(id));
        INSERT INTO author VALUES (1, '鲁迅', '1881-09-25', 1), (2, 'O''Neil', NULL, 0);
        INSERT INTO book VALUES (1, 'A', 9.5, 100, 3, x'00ff', '2020-01-02 03:04:05', 'x', 1),
            (2, 'B', 10.25, NULL, 4.5, NULL, NULL, 7, 2);
        CREATE VIEW titles AS SELECT title FROM book;
        CREATE TABLE "order" ("group" INT, "a b" TEXT);
    """)
    connection.commit()
    connection.close()
    return path


def test_sqlite_keeps_types_keys_views_and_odd_names(tmp_path: Path) -> None:
    with Database.open(sqlite_file(tmp_path / "b.db")) as database:
        book = database.schema.table("book")
        kinds = {column.name: column.type for column in book.columns}
        assert kinds == {
            "id": "BIGINT", "title": "VARCHAR", "price": "DECIMAL(6,2)", "pages": "BIGINT",
            "rate": "DOUBLE", "cover": "BLOB", "written": "TIMESTAMP", "odd": "VARCHAR",
            "author_id": "BIGINT",
        }  # fmt: skip
        assert database.schema.table("author").column("born").type == "DATE"
        assert database.schema.table("author").column("active").type == "BOOLEAN"
        key = database.schema.foreign_keys[0]
        assert (key.table, key.column, key.to_table, key.to_column) == ("book", "author_id",
                                                                        "author", "id")  # fmt: skip
        assert key.declared
        assert {table.name for table in database.schema.tables} == {
            "author", "book", "titles", "order",
        }  # fmt: skip
        rows = database.run("SELECT title, price, written FROM book ORDER BY id").rows
        assert rows[0] == ("A", Decimal("9.50"), dt.datetime(2020, 1, 2, 3, 4, 5))
        assert database.run('SELECT "a b" FROM "order"').rows == ()
        assert database.run("SELECT name FROM author WHERE id = 1").rows == (("鲁迅",),)


def test_a_view_of_sqlite_that_fails_or_never_ends_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LONGEST_VIEW", 0.5)
    file = tmp_path / "v.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(
            "CREATE TABLE t (a INT); INSERT INTO t VALUES (1); CREATE TABLE u (a INT);"
            "CREATE VIEW broken AS SELECT a FROM u; DROP TABLE u;"
            "CREATE VIEW endless AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
            " SELECT x FROM n;"
        )
    with duckdb.connect() as target:
        target.execute("CREATE SCHEMA _llmtui")
        notes = sqlite.import_sqlite(file, target)
        assert target.execute("SHOW TABLES").fetchall() == [("t",)]
    assert [note.split(":")[0] for note in notes] == [
        'The view "broken" was left out', 'The view "endless" was left out',
    ]  # fmt: skip


def test_a_source_that_changes_is_imported_anew_and_the_old_snapshot_goes(
    tmp_path: Path, home: Path
) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a\n1\n")
    with Database.open(file) as database:
        assert database.run("SELECT a FROM t").rows == ((1,),)
    file.write_text("a\n1\n22\n")
    with Database.open(file) as database:
        assert database.run("SELECT COUNT(*) FROM t").rows == ((2,),)
    assert len(list((home / "cache" / "snapshots").glob("*.duckdb"))) == 1


def test_a_folder_of_files_is_one_database_with_inferred_keys(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "shops.csv").write_text("shop_id,name\n1,North\n2,South\n")
    (folder / "sales.tsv").write_text("id\tshop_id\tamount\n1\t1\t5.5\n2\t2\t6\n3\t1\t7\n")
    (folder / "notes.jsonl").write_text('{"id": 1, "text": "hi"}\n')
    duckdb.sql("SELECT 1 AS x").write_parquet(str(folder / "p.parquet"))
    (folder / "readme.txt").write_text("not data")
    with Database.open(folder) as database:
        assert {t.name for t in database.schema.tables} == {"shops", "sales", "notes", "p"}
        (key,) = database.schema.foreign_keys
        assert (key.table, key.to_table, key.declared, key.confidence) == (
            "sales",
            "shops",
            False,
            1,
        )


def encrypted(file: Path) -> Path:
    with duckdb.connect(config={"force_mbedtls_unsafe": True}) as connection:
        connection.execute(f"ATTACH '{file}' AS e (ENCRYPTION_KEY 'k'); CREATE TABLE e.t (a INT)")
    return file


def bad_sources(folder: Path) -> dict[str, tuple[Path, str]]:
    def made(name: str, content: bytes) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    (folder / "nothing").mkdir()
    duckdb.connect(str(folder / "bare.duckdb")).close()
    duckdb.connect(str(folder / "whole.duckdb")).execute(
        "CREATE TABLE t AS SELECT range FROM range(100000)"
    ).close()
    cut = (folder / "whole.duckdb").read_bytes()[:9000]
    return {
        "missing": (folder / "no.db", "There is no such file"),
        "zero bytes": (made("zero.duckdb", b""), "This file is empty"),
        "no database": (made("text.db", b"just some text"), "not a database file"),
        "unknown kind": (made("x.docx", b"PK.."), "This kind of file is not known"),
        "empty folder": (folder / "nothing", "holds no data file"),
        "broken encoding": (made("b.csv", b"a,b\n1,caf\xe9 \xff\xfe\xfa\n"), "encoding .* line 2"),
        "not parquet": (made("p.parquet", b"nope nope nope"), "This PARQUET file cannot be read"),
        "not json": (made("j.json", b"{{{{"), "This JSON file cannot be read"),
        "cut duckdb": (made("cut.duckdb", cut), "cannot be opened"),
        "encrypted": (encrypted(folder / "e.duckdb"), "is encrypted"),
        "no tables": (folder / "bare.duckdb", "has no tables"),
        "cut sqlite": (made("c.sqlite", b"SQLite format 3\0" + b"\1" * 99), "cannot be read"),
    }


@pytest.mark.parametrize(
    "name",
    ["missing", "zero bytes", "no database", "unknown kind", "empty folder", "broken encoding",
     "not parquet", "not json", "cut duckdb", "cut sqlite",
     "encrypted", "no tables"],
)  # fmt: skip
def test_a_bad_source_is_told_in_one_sentence(tmp_path: Path, home: Path, name: str) -> None:
    path, problem = bad_sources(tmp_path)[name]
    with pytest.raises(SourceError, match=problem) as told:
        Database.open(path)
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)
    assert not list(home.rglob("*.partial"))


def test_a_database_that_another_process_writes_is_told_with_its_process(shop: Path) -> None:
    code = f"import duckdb; c = duckdb.connect({str(shop)!r}); print('open', flush=True); input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(SourceError, match=f"process {other.pid}"):
            Database.open(shop)
        other.kill()


def test_a_source_can_be_open_twice_in_one_process(shop: Path) -> None:
    with Database.open(shop) as one, Database.open(shop) as two:
        assert one.run("SELECT COUNT(*) FROM orders").rows == ((200,),)
        assert two.run("SELECT COUNT(*) FROM orders").rows == ((200,),)


def test_a_table_without_rows_is_described(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text("a,b\n")
    with Database.open(file) as database:
        assert database.schema.tables[0].row_count == 0


def test_the_schema_tells_values_ranges_and_comments(shop_database: Database) -> None:
    city = shop_database.schema.table("customers").column("city")
    assert set(city.values) == {"Paris", "Rome", "Oslo"}
    assert city.complete
    assert (city.nulls, city.comment, city.kind) == (1, "City / 城市", "text")
    total = shop_database.schema.table("orders").column("total")
    assert (float(total.minimum), float(total.maximum)) == (3.25, 650.0)
    assert "customers(id INTEGER" in shop_database.schema.text()


def test_the_fingerprint_follows_the_shape_and_not_the_rows(shop: Path) -> None:
    def fingerprint() -> str:
        with Database.open(shop) as database:
            return database.schema.fingerprint

    before = fingerprint()
    with duckdb.connect(str(shop)) as connection:
        connection.execute("DELETE FROM orders WHERE id > 100")
    assert fingerprint() == before
    with duckdb.connect(str(shop)) as connection:
        connection.execute("ALTER TABLE orders ADD COLUMN note VARCHAR")
    assert fingerprint() != before


def test_nothing_in_a_value_reaches_the_terminal_as_a_command() -> None:
    assert safe_text("a\x1b]52;c;x\x07\u202eb\x9b") == "a\\e]52;c;x\\x07\\u202eb\\x9b"
    assert safe_text("姓名 é 😀") == "姓名 é 😀"
    assert show_value(None) == ""
    assert show_value(b"\x00\xff") == "0x00ff"
    assert json_value(float("nan")) == "nan"
    assert json_value([Decimal("1.50"), dt.date(2024, 1, 2), {"k": b"\x01"}]) == [
        1.5, "2024-01-02", {"k": "01"},
    ]  # fmt: skip


def test_a_snapshot_records_what_it_was_made_from(tmp_path: Path, home: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_bytes(b"n\n1\n")
    Database.open(file).close()
    (snapshot,) = (home / "cache" / "snapshots").glob("*.duckdb")
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        row = connection.execute("SELECT file, bytes, sha256 FROM _llmtui.source").fetchone()
    assert row == ("f.csv", 4, hashlib.sha256(b"n\n1\n").hexdigest())


ODD = ["select", "a b", 'say "hi"', "客户 表", "😀", "x'y", "[/]", "a.b", "drop table", "Ünïcode"]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_can_be_described_and_asked(tmp_path: Path, name: str) -> None:
    file = tmp_path / "odd.duckdb"
    quoted = '"' + name.replace('"', '""') + '"'
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE TABLE {quoted} ({quoted} INTEGER)")
        connection.execute(f"INSERT INTO {quoted} VALUES (5)")
    with Database.open(file) as database:
        table = database.schema.table(name)
        sql = f"SELECT {table.columns[0].sql_name} FROM {table.sql_name}"
        assert database.run(sql).rows == ((5,),)


def test_every_schema_and_view_is_read(tmp_path: Path) -> None:
    file = tmp_path / "s.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA hr; CREATE TABLE hr.staff (id INTEGER)")
        connection.execute("CREATE TABLE t (x INTEGER); CREATE VIEW v AS SELECT x FROM t")
    with Database.open(file) as database:
        assert database.tables == {("hr", "staff"), ("main", "t"), ("main", "v")}
        assert database.run("SELECT * FROM hr.staff").rows == ()


def test_a_locked_sqlite_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "busy.sqlite"
    hold = (
        f"import sqlite3; c = sqlite3.connect({str(file)!r}, isolation_level=None); "
        "c.execute('CREATE TABLE t (a INT)'); c.execute('BEGIN EXCLUSIVE'); "
        "print('held', flush=True); input()"
    )  # in another process: a lock is lost when the file is closed anywhere in its own
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline()
        with pytest.raises(SourceError, match="locked by another program"):
            Database.open(file)
        holder.kill()


def test_an_unknown_column_is_told_with_the_nearest_names(shop_database: Database) -> None:
    with pytest.raises(QueryError) as told:
        shop_database.run("SELECT citty FROM customers")
    assert 'nearest: "city"' in str(told.value)
    with pytest.raises(QueryError) as told:
        shop_database.run("SELECT c.nme FROM customers c")
    assert 'nearest: "name"' in str(told.value)


def test_what_is_only_in_the_log_of_changes_is_read_through_a_link_too(tmp_path: Path) -> None:
    (tmp_path / "link").mkdir()
    file, link = tmp_path / "d.duckdb", tmp_path / "link" / "to.duckdb"
    link.symlink_to(file)
    code = (
        "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); "
        "c.execute('CREATE TABLE t AS SELECT 1 AS a'); c.execute('CHECKPOINT'); "
        "c.execute('INSERT INTO t VALUES (2)'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, file], check=True)
    for path in (file, link):
        with Database.open(path) as database:
            assert database.run("SELECT count(*) FROM t").rows == ((2,),)
