"""What a database is made of: tables, columns, keys, sample values."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from llmtui.database.text import safe_text

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SMALL = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


MISREAD = frozenset((
    "alter", "cube", "current_catalog", "current_date", "current_time", "current_timestamp",
    "current_user", "drop", "force", "grant", "if", "insert", "install", "localtime",
    "localtimestamp", "lock", "partitioned_by", "regexp", "revoke", "rlike", "rollback", "rollup",
    "session_user", "uncache", "xor",
))  # fmt: skip
"""Words that DuckDB takes as a name, and sqlglot, the second parser, only in quotes."""


@lru_cache(maxsize=1)
def reserved_words() -> frozenset[str]:
    """Words that are taken as a name only in quotes: by DuckDB, as it lists them, or by sqlglot."""
    import duckdb

    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        ).fetchall()
    return MISREAD | {row[0].lower() for row in rows}


@lru_cache(maxsize=4096)
def quote(name: str) -> str:
    """A name as SQL writes it: in double quotes only when it needs them."""
    if _PLAIN.fullmatch(name) and name.lower() not in reserved_words():
        return name
    return '"' + name.replace('"', '""') + '"'


def folded(name: str) -> str:
    """A name as DuckDB compares it: A to Z become small letters, no others."""
    return name.translate(_SMALL)


@dataclass(frozen=True)
class Column:
    """A column and what is in it.

    type: DuckDB's name of the type; kind: number, text, date, time, bool or other
    values: the most frequent values as text, all of them when there are few (see `complete`)
    distinct, nulls: counted over the rows, or over a sample of a very large table (`counted`)
    unique: whether no two rows have the same value and none has none; looked for in the whole table
    """

    name: str
    type: str
    kind: str
    nullable: bool = True
    comment: str = ""
    values: tuple[str, ...] = ()
    complete: bool = False
    distinct: int = 0
    nulls: int = 0
    minimum: Any = None
    maximum: Any = None
    unique: bool = False
    secret: str = ""
    """Kind of secret or personal data that its values seem to be; those are not in `values`."""

    @property
    def sql_name(self) -> str:
        return quote(self.name)


@dataclass(frozen=True)
class ForeignKey:
    """`table.column` refers to `to_table.to_column`; inferred ones have a confidence below 1."""

    table: str
    column: str
    to_table: str
    to_column: str
    declared: bool = True
    confidence: float = 1.0


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    schema: str = "main"
    primary_key: tuple[str, ...] = ()
    comment: str = ""
    row_count: int = 0
    sampled: int = 0
    """Rows of the sample that columns were counted over; 0 when it was the whole table."""

    @property
    def counted(self) -> int:
        """The rows that `distinct` and `nulls` of the columns are counted over."""
        return self.sampled or self.row_count

    @property
    def sql_name(self) -> str:
        plain = quote(self.name)
        return plain if self.schema == "main" else f"{quote(self.schema)}.{plain}"

    def column(self, name: str) -> Column:
        """Raises KeyError when there is no such column (case does not count)."""
        for column in self.columns:
            if column.name.lower() == name.lower():
                return column
        raise KeyError(name)


@dataclass(frozen=True)
class Schema:
    tables: tuple[Table, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()

    def table(self, name: str) -> Table:
        """Raises KeyError when there is no such table (case does not count)."""
        for table in self.tables:
            if table.name.lower() == name.lower():
                return table
        raise KeyError(name)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over names, types and keys: values may change, the shape may not."""
        digest = hashlib.sha256()
        for table in sorted(self.tables, key=lambda t: (t.schema, t.name)):
            digest.update(f"T{table.schema}\0{table.name}\0{table.primary_key}\n".encode())
            for column in table.columns:
                digest.update(f"C{column.name}\0{column.type}\n".encode())
        for key in sorted((k.table, k.column, k.to_table, k.to_column) for k in self.foreign_keys):
            digest.update(f"F{key}\n".encode())
        return digest.hexdigest()[:16]

    def text(self, values: int = 3) -> str:
        """The schema for a prompt: a line a table, with keys, comments and some values.

        No comment or value begins a line of its own.
        """
        lines = []
        for table in self.tables:
            parts = [self._column_text(column, values) for column in table.columns]
            note = f" -- {safe_text(table.comment)}" if table.comment else ""
            lines.append(f"{table.sql_name}({', '.join(parts)}){note}")
        lines += [
            f"{quote(k.table)}.{quote(k.column)} = {quote(k.to_table)}.{quote(k.to_column)}"
            for k in self.foreign_keys
        ]
        return "\n".join(lines)

    @staticmethod
    def _column_text(column: Column, values: int) -> str:
        text = f"{column.sql_name} {column.type}"
        if column.kind == "text" and column.complete and column.values and values:
            shown = ", ".join(f"'{safe_text(value[:24])}'" for value in column.values[:values])
            text += f" [{shown}{', …' if len(column.values) > values else ''}]"
        return text
