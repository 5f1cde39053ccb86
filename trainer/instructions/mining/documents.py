"""What documents say of names: lines "name: meaning", tables, and data dictionaries."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from llmtui.trainer.instructions.mining.finds import Fault, Find, Meaning, Place

_BULLET = re.compile(r"^\s*(?:>\s*)*(?:[-*+•]\s+|\d{1,3}[.)、]\s+)?")
_BETWEEN = re.compile(r"\s*[:：]\s*|\s+(?:-|–|—|=|=>|->|→)\s+")
_TYPE = re.compile(r"\s*[(（\[][^()（）\]]*[)）\]]\s*$")
_RULE = re.compile(r"[\s|:+=-]*")
_HEADING = re.compile(r"^\s*#{1,6}\s+(.+?)\s*#*\s*$")
_LONGEST_NAME = 100
_MARKS = " \t*_`\"'[]「」“”"
_NAMES = frozenset((
    "attribute", "column", "column name", "column_name", "columnname", "field", "field name",
    "field_name", "fieldname", "name", "variable", "字段", "字段名", "字段名称", "列",
    "列名", "名称",
))  # fmt: skip
_TABLES = frozenset((
    "entity", "table", "table name", "table_name", "tablename", "表", "表名", "数据表",
))  # fmt: skip
_MEANINGS = (
    "business name", "business_name", "display name", "display_name", "label", "中文名", "中文名称",
    "meaning", "description", "definition", "comment", "desc", "remark", "含义", "说明", "描述",
    "注释", "释义", "备注",
)  # fmt: skip
"""Titles of the column that says what is meant, the shortest-spoken first."""


@dataclass(frozen=True)
class _Heads:
    """Which cells of a row are the name, its table and its meaning; a cell's number, or None."""

    name: int | None
    table: int | None
    meaning: int

    @classmethod
    def of(cls, cells: Sequence[str]) -> _Heads | None:
        """None when the row is no row of titles."""
        titles = [cell.strip(_MARKS).lower() for cell in cells]
        table = next((n for n, title in enumerate(titles) if title in _TABLES), None)
        meaning = next((titles.index(title) for title in _MEANINGS if title in titles), None)
        name = next((n for n, t in enumerate(titles) if t in _NAMES and n != meaning), None)
        known = meaning is not None and (name is not None or table is not None)
        return cls(name, table, meaning or 0) if known else None

    def meaning_of(self, cells: Sequence[str], section: str, where: str) -> Meaning | None:
        def cell(number: int | None) -> str:
            return cells[number].strip(_MARKS) if number is not None and number < len(cells) else ""

        table, name = cell(self.table), cell(self.name)
        if not (name or table) or not cell(self.meaning):
            return None
        whole = f"{table}.{name}" if table and name else name or table
        return Meaning(whole, cell(self.meaning), where, section)


def meanings_in(lines: Iterable[str], place: Place) -> Iterator[Meaning]:
    """Everything that has the form of a name and its meaning; most of it names nothing."""
    section, heads, in_table = "", None, False
    for number, line in enumerate(lines, 1):
        if title := _HEADING.match(line):
            section, in_table = title[1].strip(_MARKS), False
            continue
        if line.count("|") and not _RULE.fullmatch(line):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            new = None if in_table else _Heads.of(cells)
            in_table, heads = True, new or (heads if in_table else None)
            found = None if new else _row(cells, heads, section, place(number))
        elif line.count("|"):
            continue
        else:
            in_table = False
            found = _line(line, section, place(number))
        if found is not None:
            yield found


def _row(cells: list[str], heads: _Heads | None, section: str, where: str) -> Meaning | None:
    if heads is not None:
        return heads.meaning_of(cells, section, where)
    if len(cells) < 2 or not cells[0]:
        return None
    return Meaning(cells[0].strip(_MARKS), cells[-1], where, section, _in_form(cells[0]))


def _line(line: str, section: str, where: str) -> Meaning | None:
    text = line[_BULLET.match(line).end() :]  # type: ignore[union-attr]
    between = _BETWEEN.search(text[:_LONGEST_NAME])
    if between is None:
        return None
    written = _TYPE.sub("", text[: between.start()])
    name, meaning = written.strip(_MARKS), text[between.end() :].strip(_MARKS)
    return Meaning(name, meaning, where, section, _in_form(written)) if name and meaning else None


def _in_form(name: str) -> bool:
    """Whether a name is written as one: marked as code or bold, dotted, glued, or not English."""
    marked = name.strip() != name.strip().strip("*`")
    return marked or "_" in name or "." in name or not name.isascii()


def meanings_in_csv(text: str, file: str) -> Iterator[Find]:
    """A data dictionary: a column of names and one of meanings, as its first line says."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
        heads = _Heads.of(next(rows, []))
        if heads is None:
            yield Fault(
                f"{file}: This table has no titles of a data dictionary (column, description); "
                "rows with question and sql are for `instructions import`"
            )
            return
        for cells in rows:
            found = heads.meaning_of(cells, "", f"{file}, line {rows.line_num}")
            if found is not None:
                yield found
    except csv.Error as error:
        yield Fault(f"{file}: This file cannot be read as CSV ({error})")
