"""Signs that a statement which runs is not what was meant."""

from __future__ import annotations

from sqlglot import exp

from llmtui.database.dialects import parse
from llmtui.database.schema import Schema
from llmtui.inference.scopes import views
from llmtui.inference.strays import is_stray
from llmtui.trainer.instructions.pointless import pointless


def in_vain(sql: str, schema: Schema) -> bool:
    """Whether a statement asks only for what it says, groups rows that are alone in theirs, or has
    a query inside that shows what only the one around it has."""
    tree = parse(sql)
    if tree is None:
        return False
    return pointless(tree) or _groups_singly(tree, schema) or _has_strays(tree, schema)


def _has_strays(tree: exp.Query, schema: Schema) -> bool:
    return any(is_stray(column, v) for v in views(tree, schema) for column in v.columns)


def _groups_singly(query: exp.Query, schema: Schema) -> bool:
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
