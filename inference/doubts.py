"""Signs that a statement which runs is not what was meant."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from llmtui.database.dialects import parse
from llmtui.database.schema import Schema
from llmtui.inference.scopes import views
from llmtui.inference.strays import is_stray
from llmtui.trainer.instructions.pointless import pointless


def in_vain(sql: str, schema: Schema) -> bool:
    """Whether a statement asks only for what it says, groups rows that are alone in theirs, or has
    a query inside that shows what only the one around it has."""
    return pointless(sql) or _groups_singly(sql, schema) or _has_strays(sql, schema)


def _has_strays(sql: str, schema: Schema) -> bool:
    tree = parse(sql)
    found = views(tree, schema) if tree is not None else ()
    return any(is_stray(column, view) for view in found for column in view.columns)


def _groups_singly(sql: str, schema: Schema) -> bool:
    query = sqlglot.parse_one(sql, dialect="duckdb")
    if not isinstance(query, exp.Select) or query.args.get("joins"):
        return False
    source = query.args.get("from_")
    name = source.this.name.lower() if source and isinstance(source.this, exp.Table) else ""
    columns = [
        column
        for table in schema.tables
        if table.name.lower() == name
        for column in table.columns
        if column.unique or table.primary_key == (column.name,)
    ]
    unique = {column.name.lower() for column in columns}
    groups = query.args.get("group", exp.Group()).expressions
    return any(isinstance(g, exp.Column) and g.name.lower() in unique for g in groups)
