import json
import re
from pathlib import Path

import duckdb
import pytest

from llmtui.database.demo import questions_file, write_demo

THREE = (
    "查询员工表中所有员工的姓名和薪资",
    "查询部门表中所有部门的名称和所在城市",
    "查询工资大于5000的员工姓名和所在部门名称",
)


def rows_of(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
        return {name: connection.execute(f"FROM {name}").fetchall() for name in names}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "company.duckdb"
    write_demo(path)
    return path


def questions() -> list[dict[str, str]]:
    return [json.loads(line) for line in questions_file().read_text("utf-8").splitlines()]


def test_the_same_seed_makes_the_same_rows_and_another_seed_others(
    demo: Path, tmp_path: Path
) -> None:
    write_demo(tmp_path / "same.duckdb")
    write_demo(tmp_path / "other.duckdb", seed=8)
    assert rows_of(demo) == rows_of(tmp_path / "same.duckdb")
    assert rows_of(demo) != rows_of(tmp_path / "other.duckdb")


def test_there_are_eight_tables_and_some_thousands_of_rows(demo: Path) -> None:
    rows = rows_of(demo)
    assert len(rows) == 8
    assert 3000 < sum(len(table) for table in rows.values()) < 20000


def test_there_are_sixty_questions_in_each_language_and_none_twice() -> None:
    found = questions()
    for lang in ("en", "zh"):
        assert sum(item["lang"] == lang for item in found) >= 60
    assert len({item["question"] for item in found}) == len(found)
    assert set(THREE) <= {item["question"] for item in found}


@pytest.mark.parametrize("item", questions(), ids=lambda item: item["id"])
def test_a_gold_query_gives_rows_and_its_top_is_no_tie(demo: Path, item: dict[str, str]) -> None:
    sql = item["sql"]
    with duckdb.connect(str(demo), read_only=True) as connection:
        assert connection.execute(sql).fetchall()
        top = re.search(r" ORDER BY (?P<key>.*?)(?P<down> DESC)? LIMIT (?P<n>\d+)$", sql)
        if top:
            keyed = re.sub(r"^SELECT .*? FROM", f"SELECT {top['key']} FROM", sql[: top.start()])
            ordered = f"{keyed} ORDER BY 1{top['down'] or ''}"
            keys = [row[0] for row in connection.execute(ordered).fetchall()]
            first = keys[: int(top["n"]) + 1]
            assert len(set(first)) == len(first)
