import pytest

from llmtui.database.execute import Database
from llmtui.database.guard import check
from llmtui.workspace.errors import QueryError, RefusedError

TABLES = {("main", "sales"), ("main", "customers")}

HARMFUL = [
    "DELETE FROM sales",
    "DROP TABLE sales",
    "UPDATE sales SET amount = 0",
    "INSERT INTO sales VALUES (1)",
    "WITH d AS (DELETE FROM sales RETURNING *) SELECT * FROM d",
    "WITH c AS (COPY sales TO 'x.csv') SELECT * FROM c",
    "SELECT * FROM sales; DROP TABLE sales",
    "COPY sales TO 'x.csv'",
    "ATTACH 'x.db'",
    "SET threads = 1",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "SELECT * FROM \"read_text\"('/etc/passwd')",
    "SELECT * FROM query('DROP TABLE sales')",
    "SELECT getenv('HOME')",
    "SELECT current_setting('memory_limit')",
    "SELECT nextval('s')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM other.main.sales",
    'WITH "duc\u212adb_tables" AS (SELECT 1) SELECT * FROM duckdb_tables',
    "SELECT enum_range(NULL::other.main.mood)",
    "SELECT NULL::STRUCT(a other.mood[])",
    "SELECT * FROM sales WHERE id = ?",
    "SELECT * FROM sales WHERE id = $1",
    "SELECT 1 -- \u202e hidden",
    "SELECT 1 \x00",
    "EXPLAIN ANALYZE DELETE FROM sales",
    "CREATE TEMP TABLE t AS SELECT 1",
    "INSTALL httpfs",
    "SELECT sleep_ms(1000)",
    "SHOW TABLES",
    "",
    " ; ",
    "SELEC id FROM sales",
    "SELECT " + "(" * 500 + "1" + ")" * 500,
    "SELECT '" + "x" * 30_000 + "'",
]


@pytest.mark.parametrize("sql", HARMFUL, ids=lambda sql: sql[:40])
def test_a_harmful_or_broken_statement_is_refused_with_a_reason(sql: str) -> None:
    verdict = check(sql, TABLES)
    assert not verdict.ok
    assert verdict.reason
    assert "\n" not in verdict.reason


HARMLESS = [
    "SELECT * FROM sales",
    "select region, sum(amount) from sales group by region having sum(amount) > 5 order by 2 desc",
    "WITH s AS (SELECT * FROM sales) SELECT COUNT(*) FROM s",
    "SELECT name FROM customers WHERE id NOT IN (SELECT id FROM sales)",
    "SELECT * FROM sales s LEFT JOIN customers c ON s.id = c.id",
    "SELECT id FROM sales UNION ALL SELECT id FROM customers",
    "SELECT rank() OVER (PARTITION BY region ORDER BY amount) FROM sales",
    "SELECT CASE WHEN amount > 1 THEN 'a;b' ELSE 'drop table' END FROM sales -- a comment",
    "SELECT year(DATE '2024-01-01'), name ILIKE '%x%' FROM customers;",
    "FROM sales",
    "SELECT * FROM range(3)",
]


@pytest.mark.parametrize("sql", HARMLESS)
def test_a_harmless_query_passes(sql: str) -> None:
    verdict = check(sql, TABLES)
    assert verdict.ok, verdict.reason
    assert verdict.ordered == ("order by 2" in sql)


def test_what_is_refused_never_runs(shop_database: Database) -> None:
    with pytest.raises(RefusedError, match="Only a SELECT may run"):
        shop_database.run("DELETE FROM customers")
    assert shop_database.run("SELECT COUNT(*) FROM customers").rows == ((40,),)


def test_a_column_that_does_not_exist_is_one_sentence(shop_database: Database) -> None:
    with pytest.raises(QueryError, match="nme") as told:
        shop_database.bind("SELECT nme FROM customers")
    assert "\n" not in str(told.value)


def test_rows_beyond_the_limit_are_cut_and_told(shop_database: Database) -> None:
    result = shop_database.run("SELECT * FROM orders", max_rows=10)
    assert len(result.rows) == 10
    assert result.truncated
    assert not shop_database.run("SELECT * FROM orders", max_rows=200).truncated


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("PIVOT sales ON region USING sum(amount)", "must name its values"),
        ("SUMMARIZE sales", "SHOW, DESCRIBE and SUMMARIZE are not allowed"),
        ("SELECT name.upper() FROM customers", "called without a dot"),
        ("SELECT * FROM sale", 'There is no table "sale"'),
        ('SELECT * FROM "a\nb"', 'There is no table "a\\nb"'),
        (f"SELECT {'[' * 115}1{']' * 115}", "nested too deep"),
        (f"SELECT -{'~' * 9000}1", "~…"),
    ],
)
def test_a_refusal_says_what_to_write_instead(sql: str, reason: str) -> None:
    assert reason in check(sql, TABLES).reason


def test_a_comment_behind_the_last_semicolon_is_no_second_statement() -> None:
    assert check("SELECT 1; -- done", TABLES).ok
    assert not check("SELECT 1; -- done\n SELECT 2", TABLES).ok
