"""Keys that nobody declared: found by names and values, and not found where there are none."""

from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Database


def keys_of(folder: Path, script: str) -> set[str]:
    file = folder / "keys.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(script)
    with Database.open(file) as database:
        return {
            f"{key.table}.{key.column} > {key.to_table}.{key.to_column}"
            for key in database.schema.foreign_keys
        }


DOCTORS = """
CREATE TABLE doctor (staff_no INTEGER PRIMARY KEY, name VARCHAR);
INSERT INTO doctor SELECT i, 'Doctor ' || i FROM range(1, 21) t(i);
"""
TOWNS = """
CREATE TABLE region (region_name VARCHAR, area DOUBLE);
INSERT INTO region SELECT 'Region ' || chr((65 + i)::INTEGER), i * 10.5 FROM range(0, 20) t(i);
"""


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        pytest.param(
            DOCTORS + "CREATE TABLE visit AS SELECT i AS visit_id, 1 + i % 20 AS doctor, "
            "1 + i % 7 AS referring_doctor, 1 + i % 3 AS beds FROM range(90) t(i)",
            {"visit.doctor > doctor.staff_no", "visit.referring_doctor > doctor.staff_no"},
            id="named after the table, with and without a role",
        ),
        pytest.param(
            DOCTORS + "CREATE TABLE visit AS SELECT i AS visit_id, 1 + i % 20 AS doctor_id "
            "FROM range(90) t(i)",
            {"visit.doctor_id > doctor.staff_no"},
            id="called id where the key is not",
        ),
        pytest.param(
            DOCTORS + "CREATE TABLE visit AS SELECT i AS visit_id, 1 + i % 40 AS doctor "
            "FROM range(90) t(i)",
            set(),
            id="half of the values are not there",
        ),
        pytest.param(
            TOWNS + "CREATE TABLE town AS SELECT 'Town ' || i AS town_name, "
            "'Region ' || chr((65 + i % 20)::INTEGER) AS region_name FROM range(60) t(i)",
            {"town.region_name > region.region_name"},
            id="by name, without any declared key",
        ),
        pytest.param(
            TOWNS + "CREATE TABLE next_to AS SELECT "
            "'Region ' || chr((65 + i % 20)::INTEGER) AS region_name, "
            "'Region ' || chr((65 + (i + 1) % 20)::INTEGER) AS neighbour FROM range(60) t(i)",
            {
                "next_to.region_name > region.region_name",
                "next_to.neighbour > region.region_name",
            },
            id="by values alone",
        ),
        pytest.param(
            TOWNS + "CREATE TABLE note AS SELECT 'Region ' || chr((65 + i)::INTEGER) || "
            "CASE WHEN i = 7 THEN '?' ELSE '' END AS heading, i AS n FROM "
            "(SELECT i % 20 AS i FROM range(60) t(i))",
            set(),
            id="one value is none of the names",
        ),
        pytest.param(
            DOCTORS + "CREATE TABLE visit AS SELECT i AS visit_id, 1 + i % 20 AS doctor_id, "
            "'Doctor ' || (1 + i % 20) AS doctor_name FROM range(90) t(i)",
            {"visit.doctor_id > doctor.staff_no"},
            id="a name beside the key is a copy, not a second way",
        ),
    ],
)
def test_keys_that_are_not_declared(tmp_path: Path, script: str, wanted: set[str]) -> None:
    assert keys_of(tmp_path, script) == wanted


def test_the_outline_needs_no_look_at_the_rows(tmp_path: Path) -> None:
    file = tmp_path / "many.duckdb"
    with duckdb.connect(str(file)) as connection:
        for number in range(30):
            connection.execute(
                f"CREATE TABLE t{number} (id INTEGER PRIMARY KEY, name VARCHAR);"
                f"INSERT INTO t{number} VALUES (1, 'a'), (2, 'b')"
            )
    with Database.open(file) as database:
        outline = database.outline()
        assert {table.name for table in outline.tables} == {f"t{n}" for n in range(30)}
        assert [column.name for column in outline.tables[0].columns] == ["id", "name"]
        assert outline.tables[0].primary_key == ("id",)
        assert outline.tables[0].row_count == 2
        assert outline.tables[0].column("name").values == ()
        assert database.schema.tables[0].column("name").values == ("a", "b")
        assert database.outline() is database.schema
