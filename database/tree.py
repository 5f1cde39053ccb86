"""What DuckDB's own syntax tree may hold: query nodes, known tables, harmless functions.

The tree is the JSON of `json_serialize_sql`. Names are resolved as DuckDB resolves them: a table of
a WITH is visible in the later ones beside it and in the query below it, nowhere else, so that no
WITH makes a file or a view of the catalogue look like its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

from llmtui.database.functions import ALLOWED, TABLE_FUNCTIONS
from llmtui.database.schema import folded

MOST_TABLES = 24
_QUERY_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_SOURCES = {"BASE_TABLE", "JOIN", "SUBQUERY", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY",
            "EMPTY_FROM", "PIVOT", "COLUMN_DATA"}  # fmt: skip
_CLASSES = {"COLUMN_REF", "CONSTANT", "FUNCTION", "COMPARISON", "CONJUNCTION", "OPERATOR",
            "BETWEEN", "CASE", "CAST", "SUBQUERY", "WINDOW", "STAR", "COLLATE", "LAMBDA",
            "LAMBDA_REF", "POSITIONAL_REFERENCE", "TYPE"}  # fmt: skip
SESSION = frozenset(("current_user", "session_user", "user", "current_catalog", "current_role",
                     "current_schema"))  # fmt: skip
"""Names that DuckDB answers itself when no column has them."""


class Refusal(Exception):
    """A statement may not run; the arguments are those of `Verdict`."""

    def __init__(self, reason: str, *, parsed: bool = True, harmless: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.parsed = parsed
        self.harmless = harmless


def check_tree(tree: dict[str, Any], tables: Set[tuple[str, str]], columns: Set[str]) -> None:
    """Raises Refusal. `columns` are those of the source that are named like one of `SESSION`."""
    nodes = list(_nodes(tree))
    in_from = {id(node["function"]) for node, _ in nodes if node.get("type") == "TABLE_FUNCTION"}
    schemas = {schema for schema, _ in tables}
    read = 0
    for node, own in nodes:
        kind = str(node.get("type", ""))
        if kind.endswith("_NODE") and kind not in _QUERY_NODES:
            raise Refusal("It would change data or write a file, and only reading is allowed.")
        if "class" in node:
            _check_expression(node, id(node) in in_from, schemas, columns)
        elif "alias" in node and "sample" in node:
            if kind == "SHOW_REF":
                raise Refusal("SHOW, DESCRIBE and SUMMARIZE are not allowed, only queries.")
            if kind not in _SOURCES:
                raise Refusal("Only tables of this database can be read.")
            if kind == "BASE_TABLE":
                read += 1
                _check_table(node, tables, own)
    if read > MOST_TABLES:
        raise Refusal(f"It reads more than {MOST_TABLES} tables.")


def _nodes(tree: dict[str, Any]) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    """Every object of the tree with the WITH tables that it sees, without recursion."""
    waiting: list[tuple[Any, frozenset[str]]] = [(tree, frozenset())]
    while waiting:
        item, seen = waiting.pop()
        if isinstance(item, list):
            waiting.extend((value, seen) for value in item)
        elif isinstance(item, dict):
            for entry in (item.get("cte_map") or {}).get("map", ()):
                waiting.append((entry["value"], seen))
                seen |= {folded(str(entry["key"]))}
            yield item, seen
            itself = {folded(str(item["cte_name"]))} if item.get("cte_name") else set()
            for key, value in item.items():
                if key != "cte_map":
                    waiting.append((value, seen | itself if key in ("right", "child") else seen))


def _check_expression(
    node: dict[str, Any], in_from: bool, schemas: Set[str], columns: Set[str]
) -> None:
    kind = node["class"]
    if kind == "PARAMETER":
        raise Refusal("A query with parameters cannot run.")
    if kind not in _CLASSES:
        raise Refusal(f"Expressions of the kind {str(kind).lower()} are not allowed.")
    if kind == "COLUMN_REF":
        names = node.get("column_names") or [""]
        name = folded(str(names[0]))
        if len(names) == 1 and name in SESSION - columns:
            raise Refusal(f'"{names[0]}" tells about this computer and is not allowed.')
    if kind == "TYPE":
        schema = folded(str(node.get("schema") or ""))
        if node.get("catalog") or (schema and schema not in schemas):
            raise Refusal("A type of another database cannot be used.")
    if kind in ("FUNCTION", "WINDOW"):
        name = folded(str(node.get("function_name", "")))
        allowed = TABLE_FUNCTIONS if in_from else ALLOWED
        place = (str(node.get("catalog") or ""), str(node.get("schema") or ""))
        if name not in allowed or place not in (("", ""), ("", "main"), ("system", "main")):
            if name in ALLOWED and any(place):
                raise Refusal(f'The function "{name}" is called without a dot: {name}(...).')
            where = " in FROM" if in_from else ""
            raise Refusal(f'The function "{name}" is not allowed{where}.')


def _check_table(node: dict[str, Any], tables: Set[tuple[str, str]], own: Set[str]) -> None:
    name, schema = folded(str(node["table_name"])), folded(str(node.get("schema_name") or ""))
    if node.get("catalog_name"):
        raise Refusal("A table of another database cannot be read.")
    if (schema or "main", name) in tables or (not schema and name in own):
        return
    shown = f"{schema}.{name}" if schema else name
    elsewhere = next((f"{s}.{t}" for s, t in sorted(tables) if t == name and not schema), "")
    hint = f' Write "{elsewhere}".' if elsewhere else ""
    raise Refusal(f'There is no table "{shown}" in this database.{hint}', harmless=True)
