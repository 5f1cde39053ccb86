"""Keys that no source declares: names and values give them away."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import duckdb

from llmtui.database.schema import Column, ForeignKey, Table, quote

_KEY_WORDS = ("id", "no", "num", "number", "code", "key", "编号", "代码", "号")
_SHORT = 4
"""Letters of a key's name in one word, such as `uid` or `mid`."""
CONTAINED = 0.95
"""Least share of a column's values that must be found in the key it seems to refer to."""
_NAMED = 0.7
"""The same where the column is named after the table or its key: rows may have been deleted."""
_NOTHING = ("", "0", "-1")
"""What stands for no reference where a column cannot be NULL."""
_ROLES = {"manager", "supervisor", "boss", "head", "leader", "chief", "rep", "representative",
          "agent", "assignee", "author", "approver", "经理", "主管", "上级", "负责人"}  # fmt: skip
_DEEDS = {("reports", "to"), ("report", "to"), ("assigned", "to"), ("created", "by"),
          ("approved", "by"), ("managed", "by"), ("updated", "by")}  # fmt: skip
_PEOPLE = {"employee", "staff", "person", "people", "personnel", "worker", "user", "员工", "职员",
           "人员", "用户"}  # fmt: skip
_SIMPLE_TYPES = {"number", "text"}
_MOST_TABLES = 100
"""Tables above which names alone tell a key: comparing values would take long."""
_MOST_NAMES = 20_000
_FEWEST = 8
"""Different values of a column that refers by its values alone."""
_FEWEST_CODES, _USED = 5, 0.8
"""The same of numbers, and the share of the other table's rows that they refer to."""
_BY_VALUE = 0.9
"""Confidence of a key that no name speaks for."""


def likely_primary(columns: Iterable[Column]) -> tuple[str, ...]:
    """The key of a table that declares none: a first column that is unique and named like one."""
    first = next(iter(columns), None)
    if first is None or not first.unique or first.nulls or first.kind not in _SIMPLE_TYPES:
        return ()
    last = (words(first.name) or [""])[-1]
    short = first.kind == "number" and last.endswith("id") and len(last) <= _SHORT
    return (first.name,) if last in _KEY_WORDS or short else ()


def words(name: str) -> list[str]:
    """Lower-case words of an identifier: snake_case, CamelCase, blanks."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [word for word in re.split(r"[^\w\u4e00-\u9fff]+|_+", split.lower()) if word]


def singular(word: str) -> str:
    """A plain English singular, good enough to compare names with."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def inferred_foreign(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[Table], declared: list[ForeignKey]
) -> list[ForeignKey]:
    """Columns named after another table or its key whose values are found there.

    In a schema that is not huge also columns of text of which every value is a name in another
    table, whatever they are called.
    """
    tables = list(tables)
    parents = _by_name(tables)
    taken = {(key.table.lower(), key.column.lower()) for key in declared}
    found: list[ForeignKey] = []
    unnamed: list[tuple[Table, Column]] = []
    for child in tables:
        for column in child.columns:
            if (child.name.lower(), column.name.lower()) in taken:
                continue
            if column.kind not in _SIMPLE_TYPES or not column.distinct:
                continue
            for place, key in [*_places(column.name, parents), *_people(child, column, tables)]:
                parent = tables[place]
                if not _may_refer(child, column, parent, key):
                    continue
                share = _contained(connection, child, column, parent, key)
                if share >= (CONTAINED if parent is child else _NAMED):
                    found.append(
                        ForeignKey(child.name, column.name, parent.name, key.name, False, share)
                    )
                    break
            else:
                unnamed.append((child, column))
    found = _without_names(found, [*declared, *found])
    if len(tables) <= _MOST_TABLES:
        found += _by_value(connection, tables, unnamed, [*declared, *found])
        found += _by_code(connection, tables, unnamed, [*declared, *found])
    return found


def _without_names(found: list[ForeignKey], every: list[ForeignKey]) -> list[ForeignKey]:
    """Leave out a name that stands beside the key of the same row ("station_id, station_name")."""

    def role(key: ForeignKey) -> tuple[str, ...]:
        return (key.table, key.to_table, *words(key.column)[:-1])

    roles = Counter(map(role, every))
    return [key for key in found if roles[role(key)] == 1 or words(key.column)[-1:] != ["name"]]


_Parents = dict[tuple[str, ...], list[tuple[int, Column]]]


def _by_name(tables: list[Table]) -> _Parents:
    """Words that a column may be named with → tables and their keys that it may refer to."""
    found: _Parents = {}
    for place, table in enumerate(tables):
        owner = [singular(word) for word in words(table.name)]
        for key in _keys(table):
            theirs = [singular(word) for word in words(key.name)]
            names = [owner + theirs, [*owner[-1:], *theirs[-1:]], owner]
            if (key.name,) == table.primary_key:
                names.append([*owner, "id"])
            generic = len(theirs) == 1 and theirs[0] in _KEY_WORDS
            if not generic and (table.primary_key or set(theirs) & set(owner)):
                names.append(theirs)
            for name in {tuple(name) for name in names if name}:
                found.setdefault(name, []).append((place, key))
    return found


def _keys(table: Table) -> list[Column]:
    """What a row may be referred to by: its key, or else text that names each row once."""
    if len(table.primary_key) == 1:
        key = table.column(table.primary_key[0])
        names = [c for c in table.columns if c.unique and not c.nulls and c.kind == "text"]
        return [key, *[c for c in names[:1] if c is not key]]
    if table.primary_key:
        return []
    return [c for c in table.columns if c.unique and not c.nulls and c.kind == "text"][:2]


def _places(name: str, parents: _Parents) -> list[tuple[int, Column]]:
    """By the whole name first, then by its end: the rest is a role ("home team id")."""
    mine = tuple(singular(word) for word in words(name))
    ends = [mine, mine[-2:]] + ([mine[-1:]] if len(mine) > 1 else [])
    return [place for end in dict.fromkeys(ends) for place in parents.get(end, ())]


def _people(child: Table, column: Column, tables: list[Table]) -> list[tuple[int, Column]]:
    """Who a column such as "manager_id" or "reports_to" speaks of, when one table is of people; and
    the table itself, for its "parent_product_id"."""
    mine = [word for word in words(column.name) if word not in _KEY_WORDS]
    found = []
    for place, table in enumerate(tables):
        if len(table.primary_key) != 1 or table.primary_key == (column.name,):
            continue
        owner = {singular(word) for word in words(table.name)}
        role = bool(mine) and (mine[-1] in _ROLES or tuple(mine) in _DEEDS)
        parent = table is child and mine[:1] == ["parent"] and set(mine[1:]) <= owner
        if parent or (role and owner & _PEOPLE):
            found.append((place, table.column(table.primary_key[0])))
    return found if len(found) == 1 else []


def _may_refer(child: Table, column: Column, parent: Table, key: Column) -> bool:
    if parent.name == child.name:
        return key.kind == column.kind and key.name != column.name
    if key.kind != column.kind and key.name.lower() != column.name.lower():
        return False
    return child.primary_key != (column.name,) or child.row_count < parent.row_count


def _by_value(
    connection: duckdb.DuckDBPyConnection,
    tables: list[Table],
    columns: list[tuple[Table, Column]],
    known: list[ForeignKey],
) -> list[ForeignKey]:
    """Text columns that hold nothing but another table's names, several and different ones."""
    named: dict[str, list[tuple[Table, Column]]] = {}
    for table in tables:
        for key in _keys(table):
            if key.kind == "text" and key.distinct <= _MOST_NAMES:
                for value in _distinct(connection, table, key):
                    named.setdefault(value, []).append((table, key))
    referred = Counter(key.to_table for key in known)
    found = []
    for child, column in columns:
        if column.kind != "text" or column.distinct < _FEWEST or column.unique:
            continue
        fitting = [
            (parent, key)
            for parent, key in named.get(next(iter(column.values), ""), ())
            if _may_refer(child, column, parent, key)
            and all((parent, key) in named.get(value, ()) for value in column.values)
            and _contained(connection, child, column, parent, key) == 1.0
        ]
        if fitting:
            parent, key = max(fitting, key=lambda place: referred[place[0].name])
            found.append(
                ForeignKey(child.name, column.name, parent.name, key.name, False, _BY_VALUE)
            )
    return found


def _by_code(
    connection: duckdb.DuckDBPyConnection,
    tables: list[Table],
    columns: list[tuple[Table, Column]],
    known: list[ForeignKey],
) -> list[ForeignKey]:
    """The other half of a table that links two: its one number that is no key yet, when just one
    table has all its values, and few others."""
    found = []
    for child, column in columns:
        mine = {key.column: key.to_table for key in known if key.table == child.name}
        rest = [c for c in child.columns if c.name not in mine and c.kind not in ("date", "bool")]
        if child.primary_key or len(mine) != 1 or rest != [column] or column.kind != "number":
            continue
        fitting = [
            (parent, key)
            for parent in tables
            for key in _keys(parent)[:1]
            if parent.name not in mine.values()
            and _may_refer(child, column, parent, key)
            and column.distinct >= max(_FEWEST_CODES, _USED * parent.row_count)
            and _contained(connection, child, column, parent, key) == 1.0
        ]
        if len(fitting) == 1:
            parent, key = fitting[0]
            found.append(
                ForeignKey(child.name, column.name, parent.name, key.name, False, _BY_VALUE)
            )
    return found


def _distinct(connection: duckdb.DuckDBPyConnection, table: Table, key: Column) -> list[str]:
    if key.complete:
        return list(key.values)
    query = f"SELECT CAST({quote(key.name)} AS VARCHAR) FROM {table.sql_name}"
    return [str(row[0]) for row in connection.execute(query).fetchall()]


def _contained(
    connection: duckdb.DuckDBPyConnection, child: Table, column: Column, parent: Table, key: Column
) -> float:
    """Share of the column's distinct values that the key has (at most 10,000 are looked at, those
    that stand for nothing left out)."""
    nothing = ", ".join(f"'{value}'" for value in _NOTHING)
    theirs = quote(key.name)
    if key.kind != column.kind:
        kind = "VARCHAR" if column.kind == "text" else column.type
        theirs = f"TRY_CAST({theirs} AS {kind})"
    query = (
        f"SELECT avg(CASE WHEN v IN (SELECT {theirs} FROM {parent.sql_name}) "
        f"THEN 1.0 ELSE 0.0 END) FROM (SELECT DISTINCT {quote(column.name)} AS v "
        f"FROM {child.sql_name} WHERE CAST({quote(column.name)} AS VARCHAR) NOT IN ({nothing}) "
        "LIMIT 10000)"
    )
    try:
        row = connection.execute(query).fetchone()
    except duckdb.Error:
        return 0.0
    return float(row[0]) if row and row[0] is not None else 0.0
