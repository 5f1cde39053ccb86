"""CSV, TSV and JSON files as people have them: encodings, line ends, ragged lines, size."""

from pathlib import Path

import pytest

from llmtui.database.execute import Access, Database
from llmtui.workspace.errors import QueryError, SourceError


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
    ],
    ids=["windows", "mark", "quoted", "bars", "one column", "utf-16 without a mark"],
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
