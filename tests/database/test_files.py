"""CSV, TSV and JSON files as people have them: encodings, line ends, ragged lines, size."""

import os
import threading
import time
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Access, Database
from llmtui.workspace.errors import QueryError, SourceError, UsageError
from llmtui.workspace.events import Event, Note


def csv(folder: Path, content: str | bytes, name: str = "f.csv") -> Path:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize(
    ("content", "line", "found"),
    [
        ("a,b,c\n1,2,3\n4,5\n6,7,8\n", 3, 2),
        ("a,b\n1,2\n3,4,5\n", 3, 3),
        ("a;b;c\r\n1;2;3\r\n4;5\r\n", 3, 2),
        ("id,name\n" + "1,x\n" * 5000 + "2\n", 5002, 1),
    ],
)
def test_a_ragged_file_is_told_with_its_line(
    tmp_path: Path, content: str, line: int, found: int
) -> None:
    with pytest.raises(SourceError, match=f"line {line} has {found} fields"):
        Database.open(csv(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("a,b\r\n1,2\r\n3,4\r\n", ((1, 2), (3, 4))),
        ("\ufeffa,b\n1,2\n", ((1, 2),)),
        ('a,b\n1,"x, y"\n2,"two\nlines"\n', ((1, "x, y"), (2, "two\nlines"))),
        ("a|b\n1|2\n", ((1, 2),)),
        ("只有一列\n1\n2\n", ((1,), (2,))),
        ("a,b\n1,2".encode("utf-16-le"), ((1, 2),)),
        ("a,b\n1,2".encode("utf-32"), ((1, 2),)),
        ("a,b\n1,2\r\n3,4\n", ((1, 2), (3, 4))),
        ("a,b\r1,2\r", ((1, 2),)),
    ],
    ids=[
        "windows",
        "mark",
        "quoted",
        "bars",
        "one column",
        "utf-16 without a mark",
        "utf-32",
        "mixed ends",
        "old ends",
    ],
)
def test_a_csv_file_is_read_as_it_was_meant(
    tmp_path: Path, content: str | bytes, rows: tuple[tuple[object, ...], ...]
) -> None:
    with Database.open(csv(tmp_path, content)) as database:
        assert database.run("SELECT * FROM f").rows == rows


def test_files_of_one_name_become_two_tables(tmp_path: Path) -> None:
    folder = tmp_path / "both"
    folder.mkdir()
    csv(folder, "a\n1\n", "x.csv")
    csv(folder, '{"a": 2}\n', "x.jsonl")
    with Database.open(folder) as database:
        assert {table.name for table in database.schema.tables} == {"x", "x_jsonl"}


def test_a_large_source_is_sampled_until_the_person_chooses(tmp_path: Path, home: Path) -> None:
    file = csv(tmp_path, "n\n" + "".join(f"{i}\n" for i in range(300_000)))
    small = Access(import_mb=1)
    counted = "SELECT COUNT(*) FROM f"
    with Database.open(file, small) as database:
        assert database.run(counted).rows == ((200_000,),)
        assert "--large import" in database.notes[0]
    with Database.open(file, Access(import_mb=1, large="in-place")) as database:
        assert database.run(counted).rows == ((300_000,),)
        for sql in ("SELECT * FROM read_csv('/etc/passwd')", f"COPY (SELECT 1) TO '{file}'"):
            with pytest.raises(QueryError):
                database.run(sql, guarded=False)
        assert file.stat().st_size > 1_000_000
    with Database.open(file, Access(import_mb=1, large="import")) as database:
        assert database.run(counted).rows == ((300_000,),)
        assert not database.notes
    (snapshot,) = (home / "cache" / "snapshots").glob("*.duckdb")
    assert snapshot.stat().st_mode & 0o777 == 0o400


@pytest.mark.parametrize(
    ("encoding", "text"), [("gb18030", "城市,人口\n北京,2189\n"), ("utf-16", "城市,人口\n北京,1\n")]
)
def test_chinese_csv_files_are_read_in_their_encoding(
    tmp_path: Path, encoding: str, text: str
) -> None:
    file = tmp_path / "c.csv"
    file.write_bytes(text.encode(encoding))
    with Database.open(file) as database:
        assert database.run('SELECT "城市" FROM c').rows == (("北京",),)


@pytest.mark.parametrize("name", ["s[1].csv", "s?.csv", "*.csv", "s{1,2}.csv", "y=1/f.csv"])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_name_is_never_a_pattern_of_other_files_nor_a_column(
    tmp_path: Path, name: str, kind: str
) -> None:
    file = tmp_path / name.replace("csv", kind)
    file.parent.mkdir(exist_ok=True)
    for path, value in ((tmp_path / f"s1.{kind}", 2), (file, 1)):
        with duckdb.connect() as connection:
            content = connection.sql(f"SELECT {value} AS a")
            if kind == "parquet":
                content.write_parquet(str(path))
            else:
                path.write_text(f"a\n{value}\n" if kind == "csv" else f'{{"a": {value}}}\n')
    with Database.open(file) as database:
        (table,) = database.schema.tables
        result = database.run(f"FROM {table.sql_name}")
        assert (result.columns, result.rows) == (("a",), ((1,),))
    if set("*?[") & set(name):
        with pytest.raises(SourceError, match="in place"):
            Database.open(file, Access(import_mb=0, large="in-place"))


def test_a_table_can_be_asked_for_whatever_its_file_is_called(tmp_path: Path) -> None:
    file = csv(tmp_path, "a\n1\n", "x\x1b]0;y\n\u202e.csv")
    with Database.open(file) as database:
        assert database.run('FROM "x_]0;y__"').rows == ((1,),)


def test_what_is_no_file_is_told_so(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.csv")
    for path in (tmp_path / "f.csv", Path("/dev/zero")):
        with pytest.raises(SourceError, match="neither a file nor a folder"):
            Database.open(path)
    with pytest.raises(UsageError, match="too long"):
        Database.open(tmp_path / ("x" * 5000))


def test_databases_in_a_folder_of_data_files_are_told_and_hidden_files_are_not_read(
    tmp_path: Path,
) -> None:
    csv(tmp_path, "a\n1\n", "t.csv")
    csv(tmp_path, b"\0\5\x16\7", "._t.csv")
    csv(tmp_path, b"SQLite format 3\0", "other.sqlite")
    csv(tmp_path, "", "empty.csv")
    told: list[Event] = []
    with Database.open(tmp_path, tell=told.append) as database:
        assert database.tables == {("main", "t")}
        assert "other.sqlite" in database.notes[0]
    assert Note("empty.csv is empty and was left out") in told


def test_a_line_that_is_too_long_is_told_as_that(tmp_path: Path) -> None:
    file = csv(tmp_path, "a,b\n1," + "x" * 3_000_000 + "\n")
    with pytest.raises(SourceError, match=r"Line: 1: Maximum line size .* exceeded"):
        Database.open(file)


def test_a_column_name_with_a_second_byte_order_mark_can_be_asked_for(tmp_path: Path) -> None:
    told: list[Event] = []
    file = csv(tmp_path, "\ufeff\ufeffid,na\u200bme,name\n1,x,y\n")
    with Database.open(file, tell=told.append) as database:
        assert database.run("SELECT id, name FROM f").rows == ((1, "y"),)
        assert [column.name for column in database.schema.tables[0].columns] == ["id", "name"]
        assert "na\\u200bme" in database.notes[0]
    assert Note('The column "\\ufeffid" of f is called "id"') in told


def test_several_programs_may_import_the_same_file_at_once(tmp_path: Path) -> None:
    lines = "".join(f"{i},{i * 0.5},x{i}\n" for i in range(200_000))
    file = csv(tmp_path, f"a,b,c\n{lines}")
    found: list[object] = []

    def opened() -> None:
        try:
            with Database.open(file) as database:
                found.append(database.run("SELECT count(*) FROM f").rows)
        except SourceError as error:
            found.append(error)

    threads = [threading.Thread(target=opened) for _ in range(3)]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    assert found == [((200_000,),)] * 3
