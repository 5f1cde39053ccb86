"""Mend what a model wrote before it is checked, without asking the model: text, names, values.

Every change is told, since the answer is then to a slightly different statement than was written.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp

from llmtui.database.schema import Column, Schema, Table, quote

_FENCE = re.compile(r"```(?:sql)?\s*(.*?)(?:```|$)", re.DOTALL | re.IGNORECASE)
_START = re.compile(r"\b(SELECT|WITH)\b", re.IGNORECASE)
_OTHER = re.compile(
    r"(INSERT|UPDATE|DELETE|DROP|CREATE|ALTER|COPY|ATTACH|MERGE|TRUNCATE|SET|PRAGMA|CALL)\b", re.I
)
"""What begins like this is left whole for the guard to refuse, not cut down to a SELECT in it."""
_NEAR = 0.75
"""Least similarity (difflib's ratio, 0 to 1) of a name or value to be taken for another."""


@dataclass
class Mended:
    """The statement as it will be checked, and what was changed in it."""

    sql: str
    changes: list[str] = field(default_factory=list)


def statement_in(text: str) -> str:
    """The first SQL statement in a model's answer: fences, prose and what follows are cut."""
    fenced = _FENCE.search(text)
    body = fenced[1] if fenced else text
    start = _START.search(body)
    if start is None or _OTHER.match(body.strip()):
        return body.strip()
    body = body[start.start() :].strip()
    quoted = False
    for place, character in enumerate(body):
        if character == "'":
            quoted = not quoted
        elif character == ";" and not quoted:
            return body[:place].strip()
    return body


def mend(text: str, schema: Schema) -> Mended:
    """Names and text values that do not exist are replaced by the one that is clearly nearest."""
    sql = statement_in(text)
    mended = Mended(sql)
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError):
        return mended
    if not isinstance(tree, exp.Query):
        return mended
    own = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    own |= {sub.alias_or_name.lower() for sub in tree.find_all(exp.Subquery)}
    tables = _mend_tables(tree, schema, own, mended)
    if not own:
        made = {alias.alias.lower() for alias in tree.find_all(exp.Alias)}
        for column in list(tree.find_all(exp.Column)):
            _mend_column(column, tables, made, mended)
        for literal in list(tree.find_all(exp.Literal)):
            _mend_value(literal, tables, mended)
    if mended.changes:
        mended.sql = tree.sql(dialect="duckdb")
    return mended


def _mend_tables(
    tree: exp.Query, schema: Schema, own: set[str], mended: Mended
) -> dict[str, Table]:
    """Alias or name (lower case) → table, for every table that the statement reads."""
    names = {table.name.lower(): table for table in schema.tables}
    found: dict[str, Table] = {}
    for node in tree.find_all(exp.Table):
        name = node.name.lower()
        if name in own:
            continue
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=_NEAR)
            if not near:
                continue
            mended.changes.append(f'"{node.name}" was read as the table "{names[near[0]].name}"')
            for column in tree.find_all(exp.Column):
                if column.table.lower() == name:
                    column.set("table", _identifier(names[near[0]].name))
            node.set("this", _identifier(names[near[0]].name))
            name = near[0]
        found[(node.alias or name).lower()] = names[name]
    return found


def _identifier(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=quote(name) != name)


def _mend_column(
    column: exp.Column, tables: dict[str, Table], made: set[str], mended: Mended
) -> None:
    name, owner = column.name.lower(), column.table.lower()
    if isinstance(column.this, exp.Star) or not tables or name in made:
        return
    having = {alias: {c.name.lower() for c in table.columns} for alias, table in tables.items()}
    if owner in having and name not in having[owner]:
        others = [alias for alias, columns in having.items() if name in columns]
        if len(others) == 1:
            mended.changes.append(f'"{name}" was taken from "{tables[others[0]].name}"')
            column.set("table", _identifier(others[0]))
            return
    known = having.get(owner, set().union(*having.values())) if owner else set()
    known = known or set().union(*having.values())
    if name in known or (owner and owner not in having):
        return
    near = difflib.get_close_matches(name, known, n=2, cutoff=_NEAR)
    if near and (len(near) == 1 or _ratio(name, near[0]) > _ratio(name, near[1])):
        mended.changes.append(f'"{column.name}" was read as the column "{near[0]}"')
        column.set("this", _identifier(near[0]))


def _mend_value(literal: exp.Literal, tables: dict[str, Table], mended: Mended) -> None:
    """A text compared with a column whose values are all known must be one of them."""
    node = literal.parent
    if not literal.is_string or not isinstance(node, exp.EQ | exp.NEQ | exp.In):
        return
    side = node.this if not isinstance(node.this, exp.Literal) else node.expression
    if not isinstance(side, exp.Column):
        return
    column = _column_of(side, tables)
    if column is None or not column.complete or column.kind != "text":
        return
    text = str(literal.this)
    if text in column.values:
        return
    folded = {value.casefold().strip(): value for value in column.values}
    key = text.casefold().strip()
    near = [key] if key in folded else difflib.get_close_matches(key, folded, n=1, cutoff=0.8)
    if near:
        mended.changes.append(f"'{text}' was read as '{folded[near[0]]}'")
        literal.set("this", folded[near[0]])


def _column_of(node: exp.Column, tables: dict[str, Table]) -> Column | None:
    owner = node.table.lower()
    places = [tables[owner]] if owner in tables else list(tables.values())
    for table in places:
        for column in table.columns:
            if column.name.lower() == node.name.lower():
                return column
    return None


def _ratio(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()
