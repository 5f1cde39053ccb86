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
            DOCTORS + "CREATE TABLE visit AS SELECT i AS visit_id, i % 21 AS doctor, "
            "CASE i % 5 WHEN 0 THEN 99 ELSE 1 + i % 20 END AS night_doctor FROM range(90) t(i)",
            {"visit.doctor > doctor.staff_no", "visit.night_doctor > doctor.staff_no"},
            id="0 stands for nobody, and one doctor has left",
        ),
        pytest.param(
            DOCTORS + "CREATE TABLE visit AS SELECT i AS visit_id, CAST(1 + i % 20 AS VARCHAR) "
            "AS staff_no, CAST(1 + i % 20 AS VARCHAR) AS doctor FROM range(90) t(i)",
            {"visit.staff_no > doctor.staff_no"},
            id="of another type, when it is called the same",
        ),
        pytest.param(
            "CREATE TABLE employees (id INTEGER PRIMARY KEY, name VARCHAR, reports_to INTEGER, "
            "age INTEGER); CREATE TABLE shops (no INTEGER PRIMARY KEY, manager_id INTEGER, "
            "budget INTEGER, parent_shop_no INTEGER); INSERT INTO employees SELECT i, 'E' || i, "
            "nullif(i // 2, 0), i FROM range(1, 41) t(i); INSERT INTO shops SELECT i, 1 + i % 9, "
            "1 + i % 7, nullif(i // 3, 0) FROM range(1, 41) t(i)",
            {
                "employees.reports_to > employees.id",
                "shops.manager_id > employees.id",
                "shops.parent_shop_no > shops.no",
            },
            id="people by what they do, and rows of the same table",
        ),
        pytest.param(
            DOCTORS + "CREATE TABLE course (code INTEGER PRIMARY KEY, title VARCHAR); "
            "INSERT INTO course SELECT i, 'C' || i FROM range(101, 109) t(i); "
            "CREATE TABLE trained_in AS SELECT 1 + i % 20 AS doctor, 101 + i % 8 AS subject, "
            "DATE '2020-01-01' AS since FROM range(60) t(i); "
            "CREATE TABLE rated AS SELECT 1 + i % 20 AS doctor, 1 + i % 5 AS stars "
            "FROM range(60) t(i)",
            {
                "trained_in.doctor > doctor.staff_no",
                "trained_in.subject > course.code",
                "rated.doctor > doctor.staff_no",
            },
            id="the other half of a table that links two",
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
