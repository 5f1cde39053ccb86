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
    query inside that shows what only the one around it has, says a thing twice, adds up texts,
    takes a number that names rows for one that measures them, though the question speaks of none,
    or counts rows for people."""
    tree = parse(sql)
    if tree is None:
        return False
    if pointless(tree) or _groups_singly(tree, schema) or _says_its_name(tree):
        return True
    if _says_it_twice(tree) or _adds_up_what_groups(tree) or _misuses(tree, schema):
        return True
    if bounded_dates(tree) or _is_two_things(tree):
        return True
    if _measures_keys(tree, schema, question) or _has_strays(tree, schema):
        return True
    return _counts_rows_for_people(tree, schema, question)


def _says_its_name(tree: exp.Query) -> bool:
    """`name = 'name'`."""
    return any(
        isinstance(test.this, exp.Column)
        and test.expression.is_string
        and test.this.name.lower() == test.expression.name.lower()
        for test in tree.find_all(exp.EQ)
    )


def _says_it_twice(tree: exp.Query) -> bool:
    """`SELECT name, name`, and a union of two that are the same."""
    shown = [[item.sql() for item in select.expressions] for select in tree.find_all(exp.Select)]
    sets = tree.find_all(exp.Union, exp.Intersect, exp.Except)
    return any(len(set(items)) < len(items) for items in shown) or any(
        both.left == both.right for both in sets
    )


def _adds_up_what_groups(tree: exp.Query) -> bool:
    """`AVG(price) ... GROUP BY price`: of one value in each group."""
    for select in tree.find_all(exp.Select):
        groups = select.args.get("group", exp.Group()).expressions
        for made in select.find_all(exp.Avg, exp.Sum, exp.Max, exp.Min, exp.Count):
            each = made.this.expressions[0] if isinstance(made.this, exp.Distinct) else made.this
            counts = isinstance(made, exp.Count) and each is made.this
            if not counts and each in groups and made.find_ancestor(exp.Select) is select:
                return True
    return False


def bounded_dates(tree: exp.Query) -> list[exp.EQ]:
    """`year(placed) = 2024`, and a month beside it, of a column that is between two dates as well:
    small models say a date twice."""
    found: list[exp.EQ] = []
    for select in tree.find_all(exp.Select):
        where = select.args.get("where") or exp.Where()
        between = {test.this for test in where.find_all(exp.Between)}
        above = {test.this for test in where.find_all(exp.GT, exp.GTE)}
        below = {test.this for test in where.find_all(exp.LT, exp.LTE)}
        parts = [
            test
            for test in where.find_all(exp.EQ)
            if isinstance(test.this, exp.Year | exp.Month | exp.Day)
            and test.find_ancestor(exp.Select) is select
            and test.this.find(exp.Column) in between | (above & below)
        ]
        found += parts if any(isinstance(test.this, exp.Year) for test in parts) else []
    return found


def _is_two_things(tree: exp.Query) -> bool:
    """`role = 'cook' AND role = 'waiter'`."""
    for both in tree.find_all(exp.And):
        values: dict[exp.Expr, exp.Expr] = {}
        tests = [test for test in both.flatten() if isinstance(test, exp.EQ)]
        for test in tests:
            value = test.expression
            if isinstance(value, exp.Literal) and values.setdefault(test.this, value) != value:
                return True
    return False


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\D{0,3}\d[\d.,]*\D{0,3}", text) is not None


def _misuses(tree: exp.Query, schema: Schema) -> bool:
    """Whether texts are added up, or a whole table stands where a column should."""
    columns = [column for table in schema.tables for column in table.columns]
    numeric = {c.name.lower() for c in columns if any(map(_is_number, c.values))}
    for cast in tree.find_all(exp.TryCast):
        plain = isinstance(cast.parent, exp.Avg | exp.Sum) and isinstance(cast.this, exp.Column)
        if plain and cast.this.name.lower() not in numeric:
            return True
    tables = {table.name.lower() for table in schema.tables}
    known = {column.name.lower() for column in columns}
    known |= {item.alias.lower() for item in tree.find_all(exp.Alias)}
    return any(
        not column.table and column.name.lower() in tables - known
        for column in tree.find_all(exp.Column)
    )


_KEYS = {
    "id": r"\bids?\b|编号|代号",
    "code": r"\bcodes?\b|代码|编码",
    "key": r"\bkeys?\b",
    "_no": r"\bno\.|\bnumbers?\b(?! of)",
    "number": r"\bnumbers?\b(?! of)",
    "编号": "编号",
    "代码": "代码",
}
"""How the names of keys end, and what a question says that speaks of such a key."""
_MOST = (
    r"highest|largest|biggest|greatest|lowest|smallest|maximum|minimum|last|first|sorted by"
    r"|ordered by|order of|最大|最小|最高|最低|最后|最前|按"
)
_PEOPLE = r"\bhow many (?:people|residents|citizens|inhabitants)\b|多少(?:人|居民|公民|国民)"
_MEASURES = (exp.GT, exp.LT, exp.GTE, exp.LTE, exp.Between, exp.Sum, exp.Avg)


def _measures_keys(tree: exp.Query, schema: Schema, question: str) -> bool:
    """Whether rows are compared or averaged by a number that names them, or are first by it,
    though the question does not speak of it."""
    measured = [
        test.this
        for test in tree.find_all(*_MEASURES)
        if not isinstance(test.args.get("expression"), exp.Column)
    ]
    first = [select for select in tree.find_all(exp.Select) if select.args.get("limit")]
    orders = [select.args["order"].expressions for select in first if select.args.get("order")]
    ordered = [keys[0].this for keys in orders if len(keys) == 1]
    keys = _numbered(schema)
    return any(
        isinstance(item, exp.Column)
        and item.name.lower() in keys
        and not _spoken_of(item.name.lower(), question, before=before)
        for items, before in ((measured, ""), (ordered, _MOST))
        for item in items
    )


def _counts_rows_for_people(tree: exp.Query, schema: Schema, question: str) -> bool:
    """Whether rows are counted where the question counts people, and a column tells how many:
    "how many people live in Rome" is its population."""
    if not re.search(_PEOPLE, question, re.IGNORECASE) or not tree.find(exp.Count):
        return False
    names = {table.name.lower() for table in tree.find_all(exp.Table)}
    read = [table for table in schema.tables if table.name.lower() in names]
    told = [
        any(
            "population" in column.name.lower() or "人口" in column.name for column in table.columns
        )
        for table in read
    ]
    return bool(told) and all(told)


def _spoken_of(key: str, question: str, *, before: str) -> bool:
    """Whether a question speaks of a key; of the first by it, with `before` it or after it."""
    said = [words for ending, words in _KEYS.items() if key.endswith(ending)]
    ways = [rf"({before})\W*(\w+\W+){{0,2}}({w})|({w})\W{{0,2}}({before})" for w in said]
    return any(re.search(way, question, re.IGNORECASE) for way in (ways if before else said))


def _numbered(schema: Schema) -> set[str]:
    """Columns that hold numbers, are keys and called so, in lower case, wherever they stand."""
    keys = {(key.table, key.column) for key in schema.foreign_keys}
    keys |= {(t.name, t.primary_key[0]) for t in schema.tables if len(t.primary_key) == 1}
    numbering, others = set[str](), set[str]()
    for table in schema.tables:
        for column in table.columns:
            called = column.name.lower().endswith(tuple(_KEYS))
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
