"""Signs that a statement which runs is not what was meant."""

from __future__ import annotations

import re

from sqlglot import exp

from llmtui.database.dialects import parse
from llmtui.database.schema import Schema
from llmtui.inference.scopes import views
from llmtui.inference.strays import is_stray
from llmtui.trainer.instructions.pointless import pointless


def in_vain(sql: str, schema: Schema, question: str = "") -> bool:
    """Whether a statement asks only for what it says, groups rows that are alone in theirs, has a
    query inside that shows what only the one around it has, or takes a number that names rows for
    one that measures them, though the question speaks of none."""
    tree = parse(sql)
    if tree is None:
        return False
    if pointless(tree) or _groups_singly(tree, schema) or _says_its_name(tree):
        return True
    keys = not _OF_KEYS.search(question) and _measures_keys(tree, schema)
    return keys or _has_strays(tree, schema)


def _says_its_name(tree: exp.Query) -> bool:
    """`name = 'name'`."""
    return any(
        isinstance(test.this, exp.Column)
        and test.expression.is_string
        and test.this.name.lower() == test.expression.name.lower()
        for test in tree.find_all(exp.EQ)
    )


_OF_KEYS = re.compile(r"\b(ids?|codes?|keys?|numbers?)\b|编号|代码|号", re.IGNORECASE)
_KEYS = ("id", "code", "key", "_no", "number", "编号", "代码")
_MEASURES = (exp.GT, exp.LT, exp.GTE, exp.LTE, exp.Between, exp.Sum, exp.Avg)


def _measures_keys(tree: exp.Query, schema: Schema) -> bool:
    """Whether rows are compared or averaged by a number that names them, or are first by it."""
    measured = [
        test.this
        for test in tree.find_all(*_MEASURES)
        if not isinstance(test.args.get("expression"), exp.Column)
    ]
    first = [select for select in tree.find_all(exp.Select) if select.args.get("limit")]
    orders = [select.args["order"].expressions for select in first if select.args.get("order")]
    measured += [keys[0].this for keys in orders if len(keys) == 1]
    names = {item.name.lower() for item in measured if isinstance(item, exp.Column)}
    return bool(names) and bool(names & _numbered(schema))


def _numbered(schema: Schema) -> set[str]:
    """Columns that hold numbers, are keys and called so, in lower case, wherever they stand."""
    keys = {(key.table, key.column) for key in schema.foreign_keys}
    keys |= {(t.name, t.primary_key[0]) for t in schema.tables if len(t.primary_key) == 1}
    numbering, others = set[str](), set[str]()
    for table in schema.tables:
        for column in table.columns:
            called = column.name.lower().endswith(_KEYS)
            keyed = column.kind == "number" and called and (table.name, column.name) in keys
            (numbering if keyed else others).add(column.name.lower())
    return numbering - others


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
