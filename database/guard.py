"""The first wall: only one harmless query passes, by allow-lists, and a refusal says why.

A statement passes when all of this holds:
1. its text is bounded, and has no control, invisible or direction-changing characters;
2. DuckDB's own parser sees exactly one SELECT (`extract_statements`);
3. DuckDB's own syntax tree (`json_serialize_sql`) holds query nodes only, tables of the catalogue
   or of the query's own WITH, and functions of the allow-list, wherever they stand;
4. sqlglot, a second parser, sees exactly one query without a data-changing node too.
The original text is what runs; nothing is ever rendered anew.
"""

from __future__ import annotations

import json
from collections.abc import Set
from threading import local
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from llmtui.database.result import Verdict
from llmtui.database.text import first_line, one_line, unseen
from llmtui.database.tree import Refusal, check_tree

MOST_CHARACTERS = 20_000
DEEPEST = 120
_CHANGING = (
    exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.Copy,
    exp.Command, exp.Set, exp.Attach, exp.Detach, exp.Pragma, exp.Use, exp.Into, exp.TruncateTable,
)  # fmt: skip


def check(sql: str, tables: Set[tuple[str, str]], columns: Set[str] = frozenset()) -> Verdict:
    """Judge one statement; nothing is run.

    tables: (schema, name) in lower case of what may be read
    columns: those of the names in `tree.SESSION` that are columns of the source
    """
    try:
        _check_text(sql)
        tree = _duckdb_tree(sql)
        check_tree(tree, tables, columns)
        _check_second(sql)
    except Refusal as refusal:
        return Verdict(False, one_line(refusal.reason), refusal.parsed, refusal.harmless)
    kinds = {modifier.get("type") for modifier in tree.get("modifiers", ())}
    return Verdict(True, parsed=True, read_only=True, ordered="ORDER_MODIFIER" in kinds)


def _check_text(sql: str) -> None:
    if not sql.strip().strip(";"):
        raise Refusal("The statement is empty.", parsed=False)
    if len(sql) > MOST_CHARACTERS:
        raise Refusal(f"The statement is longer than {MOST_CHARACTERS} characters.", parsed=False)
    hidden = unseen(sql)
    if hidden:
        raise Refusal(
            f"The statement holds an invisible character (U+{ord(hidden):04X}).", parsed=False
        )
    depth = deepest = 0
    for character in sql:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    nots = sql.upper().count("NOT ")
    if deepest > DEEPEST or nots > 4 * DEEPEST or sql.upper().count("CASE") > DEEPEST:
        raise Refusal(f"The statement is nested more than {DEEPEST} deep.", parsed=False)


_connections = local()


def _parser() -> duckdb.DuckDBPyConnection:
    """A private empty database, one a thread, whose parser is asked."""
    if not hasattr(_connections, "parser"):
        _connections.parser = duckdb.connect(config={"threads": 1, "enable_external_access": False})
    connection: duckdb.DuckDBPyConnection = _connections.parser
    return connection


def _duckdb_tree(sql: str) -> dict[str, Any]:
    """DuckDB's syntax tree of the only statement. Raises Refusal when it is not one SELECT."""
    parser = _parser()
    try:
        statements = parser.extract_statements(sql)
    except (duckdb.Error, ValueError, RuntimeError) as error:
        raise Refusal(f"DuckDB cannot read it: {first_line(error)}", parsed=False) from error
    if len(statements) != 1:
        raise Refusal(f"It must be one statement, not {len(statements)}.")
    try:
        kind = statements[0].type.name
    except ValueError:  # a kind that the Python package has no name for
        kind = "this"
    if kind == "MULTI":
        raise Refusal("A PIVOT must name its values: ON column IN (value, ...).")
    if kind != "SELECT":
        raise Refusal(f"Only a SELECT may run, not {kind.replace('_', ' ')}.")
    try:
        text = parser.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()[0][0]
        data: dict[str, Any] = json.loads(text)
    except (duckdb.Error, ValueError, RecursionError) as error:
        raise Refusal("The statement is nested too deep to be checked.") from error
    if data["error"] or len(data["statements"]) != 1:
        raise Refusal("This form of statement is not supported.")
    tree: dict[str, Any] = data["statements"][0]["node"]
    if data["statements"][0].get("named_param_map"):
        raise Refusal("A query with parameters cannot run.")
    return tree


def _check_second(sql: str) -> None:
    """sqlglot must see the same: one query, nothing that changes data."""
    try:
        trees = sqlglot.parse(sql, dialect="duckdb")  # a comment behind the last ; is one too
        found = [tree for tree in trees if not isinstance(tree, exp.Semicolon | None)]
    except RecursionError as error:
        raise Refusal("The statement is nested too deep to be checked.") from error
    except (sqlglot.errors.SqlglotError, ValueError) as error:
        raise Refusal(f"The second parser cannot read it: {first_line(error)}") from error
    if len(found) != 1 or not isinstance(found[0], exp.Query | exp.Pivot | exp.Values):
        raise Refusal("The second parser does not see exactly one query.")
    changing = found[0].find(*_CHANGING)
    if changing is not None:
        raise Refusal(f"It holds a {changing.key.upper()}, and only reading is allowed.")
