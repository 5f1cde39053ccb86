"""Queries in plain words, in both languages; what has no words is shown as it is written."""

import pytest

from llmtui.inference.reading import _words, reading

READ = {
    "SELECT name FROM staff WHERE pay > 50 AND (town = 'Oslo' OR town IS NULL) "
    "ORDER BY pay DESC LIMIT 5": (
        "shows name · from staff · where pay is above 50 and (town is 'Oslo' or town is empty) · "
        "sorted by pay, highest first · the first 5 only",
        "显示name · 来自staff · 条件：pay大于50且(town为'Oslo'或town为空) · "
        "按pay从高到低排序 · 只取前5行",
    ),
    "SELECT t.name, AVG(pay) FROM staff JOIN t ON t.id = staff.t GROUP BY t.name "
    "HAVING COUNT(*) >= 3": (
        "shows t.name, the average of pay · from staff with their t · for each t.name · "
        "only groups where the number of rows is at least 3",
        "显示t.name、pay的平均值 · 来自staff及对应的t · 按t.name分组 · 只保留行数不小于3的组",
    ),
    "SELECT a FROM x JOIN v ON x.v = v.id LEFT JOIN y ON y.x = x.id LEFT JOIN z ON z.x = x.id": (
        "shows a · from x with their v with their y, z, if any",
        "显示a · 来自x及对应的v及对应的y、z（可以没有）",
    ),
    "SELECT a FROM x RIGHT JOIN y ON x.id = y.x": (
        "shows a · from y with their x, if any",
        "显示a · 来自y及对应的x（可以没有）",
    ),
    "SELECT a FROM x FULL JOIN y ON x.id = y.x": (
        "shows a · from all x and all y, side by side where they belong together",
        "显示a · 来自全部x和全部y，对应的并在一起",
    ),
    "SELECT COUNT(DISTINCT town) FROM staff WHERE id NOT IN (SELECT boss FROM t)": (
        "shows the number of different town · from staff · "
        "where id is none of (shows boss · from t)",
        "显示不同town的个数 · 来自staff · 条件：id不属于（显示boss · 来自t）",
    ),
    "WITH big AS (SELECT a FROM x WHERE a NOT LIKE 'b%') SELECT a FROM big ANTI JOIN y USING (a) "
    "ORDER BY a DESC LIMIT 1 OFFSET 1": (
        "big being (shows a · from x · where not (a looks like 'b%')) · shows a · "
        "from big without y · sorted by a, highest first · the first one only · after skipping 1",
        "big指（显示a · 来自x · 条件：并非（a形如'b%'）） · 显示a · "
        "来自没有y的big · 按a从高到低排序 · 只取第一行 · 跳过1行",
    ),
    "SELECT a FROM x WHERE b IS NOT TRUE FETCH FIRST 3 ROWS ONLY": (
        "shows a · from x · where not (b IS TRUE) · the first 3 only",
        "显示a · 来自x · 条件：并非（b IS TRUE） · 只取前3行",
    ),
    "SELECT a FROM x JOIN y ON y.x = x.id AND y.state = 'open' WHERE b = 1": (
        "shows a · from x with their y · where y.state is 'open' · where b is 1",
        "显示a · 来自x及对应的y · 条件：y.state为'open' · 条件：b为1",
    ),
    "WITH big AS (SELECT a FROM x) SELECT a FROM big UNION SELECT b FROM y": (
        "big being (shows a · from x) · shows a · from big, and shows b · from y",
        "big指（显示a · 来自x） · 显示a · 来自big，加上显示b · 来自y",
    ),
    "SELECT * EXCLUDE (pay) FROM staff": (
        "shows * EXCLUDE (pay) · from staff",
        "显示* EXCLUDE (pay) · 来自staff",
    ),
    "SELECT o.* FROM c JOIN o ON o.c = c.id": (
        "shows o.* · from c with their o",
        "显示o.* · 来自c及对应的o",
    ),
    "SELECT a FROM x EXCEPT SELECT b FROM y": (
        "shows a · from x which are not among: shows b · from y",
        "显示a · 来自x，但不属于：显示b · 来自y",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "told"), READ.items())
def test_a_query_is_read_back_in_both_languages(sql: str, told: tuple[str, str]) -> None:
    assert (reading(sql, "en"), reading(sql, "zh")) == told


def test_two_queries_that_differ_are_told_apart() -> None:
    queries = [
        "SELECT a FROM t WHERE b > 1",
        "SELECT a FROM t WHERE b >= 1",
        "SELECT a FROM t WHERE NOT b > 1",
        "SELECT DISTINCT a FROM t WHERE b > 1",
        "SELECT MAX(a) FROM t WHERE b > 1",
        "SELECT a FROM t WHERE b > 1 ORDER BY a",
        "SELECT a FROM t WHERE b > 1 ORDER BY a DESC",
        "SELECT a FROM t WHERE b > 1 ORDER BY a LIMIT 1",
    ]
    for language in ("en", "zh"):
        assert len({reading(sql, language) for sql in queries}) == len(queries)


def test_what_cannot_be_parsed_is_not_read_and_long_queries_are_cut() -> None:
    assert reading("not SQL (", "en") == ""
    many = " OR ".join(f"a = {n}" for n in range(500))
    assert len(reading(f"SELECT a FROM t WHERE {many}", "en")) < 700


def test_both_languages_have_the_same_words() -> None:
    assert _words()["en"].keys() == _words()["zh"].keys()
