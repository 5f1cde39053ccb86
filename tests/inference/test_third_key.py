"""Rows that have a key of their own are not tied by the key of a third table."""

from pathlib import Path

import duckdb

from llmtui.database.execute import Access, Database
from llmtui.inference.repair import mend


def test_rows_are_not_tied_by_the_key_of_a_third_table_when_they_have_their_own(
    tmp_path: Path,
) -> None:
    file = tmp_path / "ward.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE Doctor (Id INTEGER PRIMARY KEY);"
            "CREATE TABLE Patient (Ssn INTEGER PRIMARY KEY, Pcp INTEGER REFERENCES Doctor(Id));"
            "CREATE TABLE Visit (Patient INTEGER REFERENCES Patient(Ssn),"
            " Doctor INTEGER REFERENCES Doctor(Id));"
            "INSERT INTO Doctor VALUES (1), (2); INSERT INTO Patient VALUES (5, 1), (6, 2);"
            "INSERT INTO Visit VALUES (5, 2)"
        )
    with Database.open(file, Access(time_limit=5)) as database:
        mended = mend("SELECT Ssn FROM Patient WHERE Pcp IN (SELECT Doctor FROM Visit)", database)
        assert mended.sql == "SELECT Ssn FROM Patient WHERE Ssn IN (SELECT Patient FROM Visit)"
        assert mended.changes
        doctors = "SELECT Id FROM Doctor WHERE Id IN (SELECT Pcp FROM Patient)"
        assert mend(doctors, database).changes == []
