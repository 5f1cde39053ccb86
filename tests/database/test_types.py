"""Every type from the source to the answer's JSON and to the screen."""

import datetime as dt
import json
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Database
from llmtui.database.text import json_value, show_value
from llmtui.workspace.errors import QueryError
from tests.database.types import TYPES, write_types


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_types(tmp_path_factory.mktemp("types") / "types.duckdb")


@pytest.mark.parametrize("name", TYPES)
def test_a_type_survives_from_source_to_json_and_screen(
    typed: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    _, as_json, shown = TYPES[name]
    with Database.open(typed) as database:
        (value,) = database.run(f'SELECT "{name}" FROM t').rows[0]
        assert name in {column.name for column in database.schema.tables[0].columns}
    assert json.loads(json.dumps(json_value(value))) == as_json
    assert show_value(value) == shown


def test_rows_keep_their_order_when_a_column_is_given_as_text(typed: Path) -> None:
    sql = "SELECT i AS a, INTERVAL 1 MONTH * i AS a FROM range(5) t(i) ORDER BY i DESC;"
    with Database.open(typed) as database:
        result = database.run(sql, max_rows=3)
    assert result.columns == ("a", "a")
    assert [row[0] for row in result.rows] == [4, 3, 2]
    assert result.rows[0][1] == "4 months"
    assert result.truncated


def test_only_dates_without_end_are_given_as_text(tmp_path: Path) -> None:
    file = tmp_path / "ends.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT unnest([DATE '9999-12-31', DATE '2024-01-02', NULL, "
            "DATE 'infinity']) AS d"
        )
    with Database.open(file) as database:
        rows = database.run("SELECT d FROM t").rows
    assert rows == ((dt.date(9999, 12, 31),), (dt.date(2024, 1, 2),), (None,), ("infinity",))


@pytest.mark.parametrize(
    "cell",
    ["[repeat('x', 100000)]", "[[[repeat('x', 1000000)]]]", "MAP {'a': repeat('x', 20000)}",
     "{'a': list_value(range(5000))}", "repeat('x', 20000)::BLOB", "repeat('[', 20000)"],
)  # fmt: skip
def test_a_long_cell_is_cut_and_told_however_it_is_nested(typed: Path, cell: str) -> None:
    with Database.open(typed) as database:
        result = database.run(f"SELECT 1, {cell}, [2]")
    assert len(result.rows[0][1]) == 10_000
    assert result.rows[0][::2] == (1, [2])
    assert "1 long cells are cut" in result.cut


def test_a_value_that_is_nested_deep_comes_as_text(typed: Path) -> None:
    with Database.open(typed) as database:
        result = database.run("SELECT (repeat('[', 300) || repeat(']', 300))::JSON::VARIANT")
        assert result.rows == (("[" * 300 + "]" * 300,),)
        with pytest.raises(QueryError):
            database.run("SELECT (repeat('[', 5000) || repeat(']', 5000))::JSON::VARIANT")
        assert database.run("SELECT 1; -- one").rows == ((1,),)


def test_the_unit_of_an_interval_survives_a_comment_behind_the_statement(typed: Path) -> None:
    with Database.open(typed) as database:
        assert database.run("SELECT INTERVAL 1 MONTH AS m; -- a month;").rows == (("1 month",),)


def test_every_type_survives_beside_every_other(typed: Path) -> None:
    with Database.open(typed) as database:
        result = database.run("FROM t")
    for name, value in zip(result.columns, result.rows[0], strict=True):
        assert show_value(value) == TYPES[name][2], name
