"""Likely secrets and personal data stay out of samples and training rows: planted canaries."""

from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.database.secrets import find, mask
from llmtui.trainer.instructions.build import build
from llmtui.trainer.instructions.construct import Options
from llmtui.workspace.events import Note
from llmtui.workspace.project import Project, start
from llmtui.workspace.records import load_rows

SECRETS = {
    "e-mail address": ["a@b.co", "Ann.Lee+x@mail.example.org", "write to 李@例子.中国 now"],
    "telephone number": ["+49 30 1234567", "(555) 123-4567", "13812345678", "138 1234 5678",
                         "+8613812345678", "020 7946 0958", "1-800-555-0199", "010-62345678"],
    "payment card": ["4111 1111 1111 1111", "5500005555555559", "3782 822463 10005"],
    "IBAN": ["DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19"],
    "private key": ["-----BEGIN RSA PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY----- x"],
    "access key": ["AKIA" + "IOSFODNN7EXAMPLE", "ghp_" + "a1" * 18, "sk-" + "Ab1" * 10,
                   "xoxb-" + "1234567890-abc", "eyJhbGciOiJIUzI1" + ".eyJzdWIiOiIx.abc-_1"],
    "password": ["postgres://bob:hunter2@host/db"],
    "identity number": ["11010519491231002X"],
    "social security number": ["123-45-6789"],
}  # fmt: skip
PLAIN = ["Paris", "2024-01-02", "2023-01-01 10:00:00", "12/31/2024", "01-02-2024", "A-100-200",
         "4006381333931", "192.168.10.12", "1234567890", "3.14159265358979", "978-3-16-148410-0",
         "SKU-00012345", "1,234,567", "room 12-34", "10:30-11:45", "北京", "AB12 CDEF", "a@",
         "@home", "123e4567-e89b-12d3-a456-426614174000",
         "ORD-2023-000123", "12-34-56", "sk-short", "0800",
         "desk-chair-and-table-wooden-brown", "task-management-software-edition"]  # fmt: skip


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, ts in SECRETS.items() for t in ts])
def test_a_secret_is_found_by_its_form_and_masked(kind: str, text: str) -> None:
    assert find(f"see {text}") == kind
    assert mask(text) != text
    assert not find(mask(text))


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert find(text) == ""
    assert mask(text) == text


@pytest.fixture
def canaries(tmp_path: Path) -> Path:
    """A hundred planted secrets: a column of them, some among plain values, one in a comment."""
    file = tmp_path / "c.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR, email VARCHAR,"
            " note VARCHAR, memo VARCHAR, city VARCHAR);"
            "INSERT INTO people SELECT i, 'Person ' || i, 'canary' || i || '@example.org',"
            " CASE WHEN i < 14 THEN 'canary +49 30 12345' || i ELSE 'nothing ' || i % 10 END,"
            " CASE WHEN i % 2 = 0 THEN 'canary +49 30 12345' || i ELSE 'memo ' || i % 60 END,"
            " ['Rome', 'Oslo', 'Paris'][1 + i % 3] FROM range(10, 110) t(i);"
            "COMMENT ON COLUMN people.note IS 'ask canary@example.org'"
        )
    return file


def test_no_planted_canary_is_in_a_sample_a_prompt_or_a_row(canaries: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    start(project, canaries)
    with Database.open(canaries) as database:
        people = database.schema.table("people")
        assert "canary" not in database.schema.text()
        assert people.column("email").secret == "e-mail address"
        assert people.column("email").values == ()
        assert people.column("note").secret == "telephone number"
        assert "nothing 1" in people.column("note").values
        events = list(build(database, project, Options(rows=300)))
    rows = load_rows(project.instructions)
    assert len(rows) > 50
    assert [row for row in rows if "canary" in f"{row.question}{row.sql}"] == []
    told = [event.text for event in events if isinstance(event, Note)]
    assert any("people.email: what looks like e-mail address" in line for line in told)


def test_masking_can_be_turned_off(canaries: Path) -> None:
    with Database.open(canaries, Access(secrets="keep")) as database:
        assert "canary10@example.org" in database.schema.table("people").column("email").values
        assert database.schema.table("people").column("email").secret == ""
