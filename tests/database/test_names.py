"""Tables and columns with the names of keywords: written so that both parsers read them."""

import duckdb
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from llmtui.database.schema import quote


def keywords() -> list[str]:
    """Everything that either parser knows as a word of the language."""
    listed = duckdb.sql("SELECT keyword_name FROM duckdb_keywords()").fetchall()
    own = [word for word in DuckDB.tokenizer_class.KEYWORDS if word.isidentifier()]
    return sorted({word.lower() for word in (*own, *(row[0] for row in listed))})


@pytest.mark.parametrize("part", range(4))
def test_every_keyword_can_be_a_table_and_a_column(part: int) -> None:
    connection = duckdb.connect()
    for word in keywords()[part::4]:
        name = quote(word)
        connection.execute(f"CREATE OR REPLACE TABLE {name} ({name} INTEGER)")
        sql = (
            f"SELECT {name}, COUNT(DISTINCT {name}.{name}) FROM {name} "
            f"WHERE {name} > 1 AND {name} IN (SELECT {name} FROM {name}) AND NOT {name} IS NULL "
            f"GROUP BY {name} HAVING MAX({name}) > 1 ORDER BY {name} DESC LIMIT 1"
        )
        connection.execute(sql)
        tree = sqlglot.parse_one(sql, dialect="duckdb")
        assert {table.name.lower() for table in tree.find_all(exp.Table)} == {word}
        assert {column.name.lower() for column in tree.find_all(exp.Column)} == {word}
