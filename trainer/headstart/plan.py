"""Domains as data: what tables there are, which kinds of columns they have, what words name them.

A table is one line of columns: `name:kind(arguments)`, `parent>` or `role>parent` for a key to
another table, a `?` behind what may be missing. A column without a kind has the usual one of its
name, given in `vocabulary/columns.toml`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PACKAGE = "llmtui.trainer.headstart"
_COLUMN = re.compile(
    r"(?P<name>\w+)(?:(?P<key>>)(?P<parent>\w*))?(?::(?P<kind>\w+))?"
    r"(?:\((?P<args>[^)]*)\))?(?P<missing>\?)?"
)


@dataclass(frozen=True)
class ColumnPlan:
    """A column by kind; `parent` is the table that a key refers to, "" for other columns."""

    name: str
    kind: str
    args: tuple[str, ...] = ()
    parent: str = ""
    missing: bool = False


@dataclass(frozen=True)
class TablePlan:
    name: str
    columns: tuple[ColumnPlan, ...]

    @property
    def keys(self) -> tuple[ColumnPlan, ...]:
        return tuple(column for column in self.columns if column.parent)


@dataclass(frozen=True)
class Domain:
    """Tables in an order in which every parent comes before its children."""

    name: str
    tables: tuple[TablePlan, ...]


@dataclass(frozen=True)
class Term:
    """Names of one thing: English identifiers with blanks, Chinese words; the usual one first."""

    en: tuple[str, ...]
    zh: tuple[str, ...]


@cache
def domains() -> tuple[Domain, ...]:
    """Every domain of the data files, in the order of file names and of lines."""
    found = []
    folder = files(f"{_PACKAGE}.domains")
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            for name, tables in tomllib.loads(file.read_text("utf-8")).items():
                found.append(Domain(name, tuple(_table(*item) for item in tables.items())))
    return tuple(found)


def _table(name: str, line: str) -> TablePlan:
    return TablePlan(name, tuple(_column(found) for found in _COLUMN.finditer(line)))


def _column(found: re.Match[str]) -> ColumnPlan:
    name, missing = found["name"], bool(found["missing"])
    if found["key"]:
        return ColumnPlan(name, "key", parent=found["parent"] or name, missing=missing)
    kind, args = found["kind"], found["args"]
    if kind is None:
        usual = re.fullmatch(r"(\w+)(?:\((.*)\))?", _columns()[name][1])
        assert usual is not None, name
        kind, args = usual[1], usual[2] if args is None else args
    return ColumnPlan(name, kind, _split(args or ""), missing=missing)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()


@cache
def vocabulary(name: str) -> dict[str, dict[str, str]]:
    """A data file of the package `vocabulary`, parsed."""
    text = files(f"{_PACKAGE}.vocabulary").joinpath(f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def _columns() -> dict[str, tuple[str, str, str]]:
    """Column → (Chinese words, usual kind, further English names)."""
    return {name: _three(text) for name, text in vocabulary("columns")["columns"].items()}


def _three(text: str) -> tuple[str, str, str]:
    parts = [part.strip() for part in text.split("|")] + ["", ""]
    return parts[0], parts[1], parts[2]


@cache
def column_term(name: str) -> Term:
    """Raises KeyError for a column that has no words."""
    chinese, _, english = _columns()[name]
    return _term(name, english, chinese)


@cache
def table_term(name: str) -> Term:
    """Raises KeyError for a table that has no words."""
    chinese, english, _ = _three(vocabulary("tables")["tables"][name])
    return _term(name, english, chinese)


def _term(name: str, english: str, chinese: str) -> Term:
    others = english.split()
    return Term(tuple(word.replace("_", " ") for word in (name, *others)), tuple(chinese.split()))
