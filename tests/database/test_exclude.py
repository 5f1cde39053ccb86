"""What a person excludes is in no schema, sample, key or answer, in whatever form it is asked."""

import sqlite3
from pathlib import Path

import duckdb
import pytest

from llmtui.database.connection import SOURCE
from llmtui.database.execute import Access, Database
from llmtui.workspace.errors import LlmtuiError


def hidden(shop: Path, *patterns: str) -> Database:
    return Database.open(shop, Access(exclude=patterns))


WHOLE_ROWS = [
    "SELECT * FROM customers", "SELECT customers FROM customers", "SELECT c FROM customers c",
    "SELECT COLUMNS(*) FROM customers", "SELECT to_json(customers) FROM customers",
    "SELECT * FROM customers NATURAL JOIN orders", "FROM customers", "TABLE customers",
    "SELECT row(customers.*) FROM customers", "SELECT struct_pack(x := customers) FROM customers",
    "SELECT * FROM main.customers", "SELECT * FROM city_list", "SELECT * FROM who",
    "SELECT * FROM by_macro", "SELECT * FROM all_of()", "SELECT * FROM source.main.customers",
    "SELECT * FROM source.customers", "SELECT name FROM customers",
    f"SELECT * FROM {SOURCE}.main.customers", f"SELECT * FROM {SOURCE}.customers",
    "SELECT customers.name FROM customers",
    "SELECT * FROM customers c JOIN customers d ON c.id = d.id",
    "PIVOT customers ON id IN (1) USING first(name)",
    "SELECT min(c) FROM customers c", "SELECT COLUMNS('name') FROM customers",
    "SUMMARIZE customers",
    "SELECT unnest(customers) FROM customers", "SELECT list(customers) FROM customers",
    "SELECT customers::VARCHAR FROM customers", "SELECT hash(c), c = c FROM customers c",
]  # fmt: skip


@pytest.mark.parametrize("sql", WHOLE_ROWS)
def test_an_excluded_column_cannot_be_reached(shop: Path, sql: str) -> None:
    with duckdb.connect(str(shop)) as connection:
        connection.execute("CREATE VIEW city_list AS SELECT * FROM customers")
        connection.execute("CREATE VIEW who AS SELECT city FROM city_list")
        connection.execute("CREATE MACRO all_of() AS TABLE SELECT * FROM customers")
        connection.execute("CREATE VIEW by_macro AS SELECT * FROM all_of()")
    with hidden(shop, "customers.name") as database:
        try:
            found = str(database.run(sql))
        except LlmtuiError as error:
            found = str(error)
        assert "Customer " not in found
        assert [note for note in database.notes if "city_list" in note]


def test_what_is_excluded_is_in_no_schema_sample_or_key(shop: Path) -> None:
    with hidden(shop, "*.name", "orders") as database:
        assert [table.name for table in database.schema.tables] == ["customers"]
        assert [c.name for c in database.schema.tables[0].columns] == ["id", "city", "joined"]
        assert database.schema.foreign_keys == ()
        assert "Customer 1" not in str(database.schema)
        with pytest.raises(LlmtuiError, match="orders"):
            database.run("SELECT * FROM orders")
        assert database.run("SELECT COUNT(*) FROM customers").rows == ((40,),)


def test_an_exclusion_that_fits_nothing_is_told(shop: Path) -> None:
    with pytest.raises(LlmtuiError, match=r'no table or column "custmers\.name"'):
        hidden(shop, "custmers.name")


def test_a_view_of_sqlite_is_excluded_with_the_column_it_reads(tmp_path: Path) -> None:
    import sqlite3

    file = tmp_path / "v.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(
            "CREATE TABLE t (id INT, secret TEXT); INSERT INTO t VALUES (1, 'canary');"
            "CREATE VIEW v AS SELECT secret AS s FROM t;"
        )
    with hidden(file, "t.secret") as database:
        assert database.tables == {("main", "t")}
        assert "canary" not in str(database.schema)


def test_a_column_made_from_an_excluded_one_and_the_values_of_its_type_go_with_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "made.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE TYPE mood AS ENUM ('calm', 'canary')")
        connection.execute(
            "CREATE TABLE t (id INT, m mood, word TEXT, loud TEXT AS (upper(word)), "
            "louder TEXT AS (loud || '!'), twice INT AS (id * 2))"
        )
        connection.execute("INSERT INTO t VALUES (1, 'calm', 'canary')")
    with hidden(file, "t.m", "t.word") as database:
        assert database.run("FROM t").columns == ("id", "twice")
        assert [note for note in database.notes if '"t.louder"' in note]
        for place in ("", "main.", "memory.", f"{SOURCE}.", f"{SOURCE}.main."):
            with pytest.raises(LlmtuiError) as told:
                database.run(f"SELECT enum_range(NULL::{place}mood)")
            assert "canary" not in str(told.value)


def test_a_column_that_sqlite_makes_from_an_excluded_one_goes_with_it(tmp_path: Path) -> None:
    file = tmp_path / "made.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (id INT, word TEXT, loud TEXT AS (upper(word)) STORED)")
        connection.execute("INSERT INTO t VALUES (1, 'canary')")
    with hidden(file, "t.word") as database:
        assert database.run("FROM t").columns == ("id",)
    with hidden(file, "t.id") as database:
        assert database.run("SELECT word FROM t").rows == (("canary",),)


def test_a_schema_may_have_any_name(tmp_path: Path) -> None:
    file = tmp_path / "named.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA source; CREATE TABLE source.t AS SELECT 7 AS id")
        connection.execute("CREATE TABLE t AS SELECT 'canary' AS word")
    with hidden(file, "main.t") as database:
        assert database.run("FROM source.t").rows == ((7,),)
        with pytest.raises(LlmtuiError, match="no table"):
            database.run("FROM t")


@pytest.mark.parametrize("name", ["customers", "main.customers", 'main."customers"'])
def test_a_view_of_what_duckdb_keeps_about_an_excluded_table_goes_with_it(
    shop: Path, name: str
) -> None:
    with duckdb.connect(str(shop)) as connection:
        connection.execute(f"CREATE VIEW kept AS SELECT * FROM pragma_storage_info('{name}')")
    with hidden(shop, "customers.name") as database:
        assert ("main", "kept") not in database.tables


def test_only_a_star_stands_for_other_names(tmp_path: Path) -> None:
    file = tmp_path / "odd.duckdb"
    with duckdb.connect(str(file)) as connection:
        for table in ("t1", "t[1]", "t?", "tx"):
            connection.execute(f'CREATE TABLE "{table}" (a INT)')
    for pattern, gone in (("t[1]", "t[1]"), ("t?", "t?")):
        with hidden(file, pattern) as database:
            assert {"t1", "t[1]", "t?", "tx"} - {name for _, name in database.tables} == {gone}


def test_that_all_is_excluded_is_told_as_that(shop: Path) -> None:
    with pytest.raises(LlmtuiError, match="All of this database is excluded"):
        hidden(shop, "*")


def test_of_a_view_one_column_can_be_excluded(shop: Path) -> None:
    with duckdb.connect(str(shop)) as connection:
        connection.execute("CREATE VIEW seen AS SELECT id, name FROM customers")
        connection.execute("CREATE SCHEMA hr")
        connection.execute("CREATE VIEW hr.orders AS SELECT * FROM main.orders")
    with hidden(shop, "seen.name", "main.orders") as database:
        assert database.run("SELECT * FROM seen LIMIT 1").columns == ("id",)
        assert ("hr", "orders") not in database.tables


def test_of_a_file_that_is_read_in_place_one_column_can_be_excluded(tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text("id,word\n1,canary\n")
    access = Access(import_mb=0, large="in-place", exclude=("f.word",))
    with Database.open(file, access) as database:
        result = database.run("FROM f")
        assert (result.columns, result.rows) == (("id",), ((1,),))
