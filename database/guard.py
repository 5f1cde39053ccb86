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
import unicodedata
from collections.abc import Iterator, Set
from threading import local
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from llmtui.database.functions import ALLOWED, TABLE_FUNCTIONS
from llmtui.database.result import Verdict
from llmtui.database.text import first_line

MOST_CHARACTERS = 20_000
DEEPEST = 120
MOST_TABLES = 24
_QUERY_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_SOURCES = {"BASE_TABLE", "JOIN", "SUBQUERY", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY",
            "EMPTY_FROM", "PIVOT", "COLUMN_DATA"}  # fmt: skip
_CLASSES = {"COLUMN_REF", "CONSTANT", "FUNCTION", "COMPARISON", "CONJUNCTION", "OPERATOR",
            "BETWEEN", "CASE", "CAST", "SUBQUERY", "WINDOW", "STAR", "COLLATE", "LAMBDA",
            "LAMBDA_REF", "POSITIONAL_REFERENCE", "TYPE"}  # fmt: skip
_SESSION = {"current_user", "session_user", "user", "current_catalog", "current_role"}
_CHANGING = (
    exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.Copy,
    exp.Command, exp.Set, exp.Attach, exp.Detach, exp.Pragma, exp.Use, exp.Into, exp.TruncateTable,
)  # fmt: skip


class _Refusal(Exception):
    def __init__(self, reason: str, *, parsed: bool = True, harmless: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.parsed = parsed
        self.harmless = harmless


def check(sql: str, tables: Set[tuple[str, str]]) -> Verdict:
    """Judge one statement; nothing is run. `tables` holds (schema, name) in lower case."""
    try:
        _check_text(sql)
        tree = _duckdb_tree(sql)
        _check_tree(tree, tables)
        _check_second(sql)
    except _Refusal as refusal:
        return Verdict(False, refusal.reason, refusal.parsed, refusal.harmless)
    kinds = {modifier.get("type") for modifier in tree.get("modifiers", ())}
    return Verdict(True, parsed=True, read_only=True, ordered="ORDER_MODIFIER" in kinds)


def _check_text(sql: str) -> None:
    if not sql.strip().strip(";"):
        raise _Refusal("The statement is empty.", parsed=False)
    if len(sql) > MOST_CHARACTERS:
        raise _Refusal(f"The statement is longer than {MOST_CHARACTERS} characters.", parsed=False)
    depth = deepest = 0
    for character in sql:
        if character not in "\n\t\r" and unicodedata.category(character) in {"Cc", "Cf", "Cs"}:
            raise _Refusal(
                f"The statement holds an invisible character (U+{ord(character):04X}).",
                parsed=False,
            )
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    nots = sql.upper().count("NOT ")
    if deepest > DEEPEST or nots > 4 * DEEPEST or sql.upper().count("CASE") > DEEPEST:
        raise _Refusal(f"The statement is nested more than {DEEPEST} deep.", parsed=False)


_connections = local()


def _parser() -> duckdb.DuckDBPyConnection:
    """A private empty database, one a thread, whose parser is asked."""
    if not hasattr(_connections, "parser"):
        _connections.parser = duckdb.connect(config={"threads": 1, "enable_external_access": False})
    connection: duckdb.DuckDBPyConnection = _connections.parser
    return connection


def _duckdb_tree(sql: str) -> dict[str, Any]:
    """DuckDB's syntax tree of the only statement. Raises _Refusal when it is not one SELECT."""
    parser = _parser()
    try:
        statements = parser.extract_statements(sql)
    except (duckdb.Error, ValueError, RuntimeError) as error:
        raise _Refusal(f"DuckDB cannot read it: {first_line(error)}", parsed=False) from error
    if len(statements) != 1:
        raise _Refusal(f"It must be one statement, not {len(statements)}.")
    try:
        kind = statements[0].type.name
    except ValueError:  # a kind that the Python package has no name for
        kind = "this"
    if kind != "SELECT":
        raise _Refusal(f"Only a SELECT may run, not {kind.replace('_', ' ')}.")
    try:
        text = parser.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()[0][0]
        data: dict[str, Any] = json.loads(text)
    except (duckdb.Error, ValueError, RecursionError) as error:
        raise _Refusal("The statement is nested too deep to be checked.") from error
    if data["error"] or len(data["statements"]) != 1:
        raise _Refusal("This form of statement is not supported.")
    tree: dict[str, Any] = data["statements"][0]["node"]
    if data["statements"][0].get("named_param_map"):
        raise _Refusal("A query with parameters cannot run.")
    return tree


def _nodes(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object of a JSON tree, without recursion."""
    waiting: list[Any] = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _check_tree(tree: dict[str, Any], tables: Set[tuple[str, str]]) -> None:
    nodes = list(_nodes(tree))
    own = {
        str(entry["key"]).lower()
        for node in nodes
        for entry in (node.get("cte_map") or {}).get("map", ())
    } | {str(node["cte_name"]).lower() for node in nodes if node.get("cte_name")}
    in_from = {id(node["function"]) for node in nodes if node.get("type") == "TABLE_FUNCTION"}
    read = 0
    for node in nodes:
        kind = str(node.get("type", ""))
        if kind.endswith("_NODE") and kind not in _QUERY_NODES:
            raise _Refusal("It would change data or write a file, and only reading is allowed.")
        if "class" in node:
            _check_expression(node, id(node) in in_from)
        elif "alias" in node and "sample" in node:
            if kind not in _SOURCES:
                raise _Refusal("Only tables of this database can be read.")
            if kind == "BASE_TABLE":
                read += 1
                _check_table(node, tables, own)
    if read > MOST_TABLES:
        raise _Refusal(f"It reads more than {MOST_TABLES} tables.")


def _check_expression(node: dict[str, Any], in_from: bool) -> None:
    kind = node["class"]
    if kind == "PARAMETER":
        raise _Refusal("A query with parameters cannot run.")
    if kind not in _CLASSES:
        raise _Refusal(f"Expressions of the kind {str(kind).lower()} are not allowed.")
    if kind == "COLUMN_REF":
        names = node.get("column_names") or [""]
        if len(names) == 1 and str(names[0]).lower() in _SESSION:
            raise _Refusal(f'"{names[0]}" tells about this computer and is not allowed.')
    if kind in ("FUNCTION", "WINDOW"):
        name = str(node.get("function_name", "")).lower()
        allowed = TABLE_FUNCTIONS if in_from else ALLOWED
        place = (str(node.get("catalog") or ""), str(node.get("schema") or ""))
        if name not in allowed or place not in (("", ""), ("", "main"), ("system", "main")):
            where = " in FROM" if in_from else ""
            raise _Refusal(f'The function "{name}" is not allowed{where}.')


def _check_table(node: dict[str, Any], tables: Set[tuple[str, str]], own: Set[str]) -> None:
    name, schema = str(node["table_name"]).lower(), str(node.get("schema_name") or "").lower()
    if node.get("catalog_name"):
        raise _Refusal("A table of another database cannot be read.")
    known = (schema or "main", name) in tables or (
        not schema and (name in own or any(name == table for _, table in tables))
    )
    if not known:
        shown = f"{schema}.{name}" if schema else name
        raise _Refusal(f'There is no table "{shown}" in this database.', harmless=True)


def _check_second(sql: str) -> None:
    """sqlglot must see the same: one query, nothing that changes data."""
    try:
        found = [tree for tree in sqlglot.parse(sql, dialect="duckdb") if tree is not None]
    except (sqlglot.errors.SqlglotError, RecursionError, ValueError) as error:
        raise _Refusal(f"The second parser cannot read it: {first_line(error)}") from error
    if len(found) != 1 or not isinstance(found[0], exp.Query):
        raise _Refusal("The second parser does not see exactly one query.")
    changing = found[0].find(*_CHANGING)
    if changing is not None:
        raise _Refusal(f"It holds a {changing.key.upper()}, and only reading is allowed.")
