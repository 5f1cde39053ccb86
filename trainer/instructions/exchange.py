"""Rows from and to other people's files: JSONL, CSV, Alpaca, chat messages."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmtui.trainer.evaluate.run import language_of
from llmtui.trainer.instructions.splits import in_one_split
from llmtui.trainer.instructions.virtues import asked_in
from llmtui.workspace.errors import RecordError, UsageError
from llmtui.workspace.files import whole_file, write_text
from llmtui.workspace.records import Instruction, read_lines, row_from_dict, save_rows, to_line

SHAPES = ("jsonl", "json", "csv", "alpaca", "messages")
_ENDINGS = {".csv": "csv", ".json": "json", ".alpaca.jsonl": "alpaca",
            ".messages.jsonl": "messages"}  # fmt: skip
_OWN_ID = re.compile(r"[0-9a-f]{12}")
_FENCED = re.compile(r"```\w*\s*\n(.*?)\n?\s*```", re.DOTALL)
_QUERY = re.compile(
    r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:SELECT\s|WITH\s.*?\sAS\s)", re.IGNORECASE | re.DOTALL
)


def import_rows(path: Path) -> list[Instruction]:
    """Rows of a .jsonl, .json or .csv file; the shape of a JSON row is seen from its fields.

    Raises RecordError with the line of the first row that is not valid.
    """
    rows: dict[str, Instruction] = {}
    for where, item in _items(path):
        fields = {**_plain(item, where)}
        if not _OWN_ID.fullmatch(str(fields.get("id", ""))):  # others' say nothing here
            fields["id"] = row_id(fields.get("question"), fields.get("sql") or fields.get("answer"))
        fields.setdefault("lang", language_of(str(fields.get("question", ""))))
        fields.setdefault("origin", "imported")
        if "sql" not in fields and (sql := _sql_in(fields.get("answer"))):
            fields["sql"] = sql
            del fields["answer"]
        fields.setdefault("kind", "sql" if fields.get("sql") else "text")
        row = row_from_dict(fields, where=where)
        if row.id in rows and rows[row.id].question != row.question:
            row = replace(row, id=row_id(row.question, row.target))
        rows[row.id] = row
    if not rows:
        raise RecordError("This file has no rows", where=str(path))
    return list(rows.values())


def _items(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, object) of every row of the file."""
    if path.suffix.lower() == ".csv":
        yield from _csv_items(path)
        return
    if path.suffix.lower() == ".json":
        text = "\n".join(line for _, line in read_lines(path))
        try:
            data = json.loads(text)
        except ValueError as error:
            raise RecordError(f"Not valid JSON ({error})", where=str(path)) from error
        found = data if isinstance(data, list) else [data]
        for number, item in enumerate(found, 1):
            yield f"{path}, row {number}", _object(item, f"{path}, row {number}")
        return
    for number, line in read_lines(path):
        where = f"{path}, line {number}"
        try:
            yield where, _object(json.loads(line), where)
        except ValueError as error:
            raise RecordError(f"Not valid JSON ({error})", where=where) from error


def _csv_items(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {"question", "instruction"} & set(reader.fieldnames or ()):
                raise RecordError(
                    'The first line must name the columns, "question" and "sql" among them',
                    where=f"{path}, line 1",
                )
            for item in reader:
                given = {key: value for key, value in item.items() if key and value}
                yield f"{path}, line {reader.line_num}", given
    except FileNotFoundError as error:
        raise RecordError("This file does not exist", where=str(path)) from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordError(f"This file cannot be read as CSV ({error})", where=str(path)) from error


def _object(item: Any, where: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise RecordError("A row must be a JSON object", where=where)
    return item


def _plain(item: dict[str, Any], where: str) -> dict[str, Any]:
    """Question and answer of an Alpaca or chat-messages row; other rows as they are."""
    if "messages" in item or "conversations" in item:
        return _from_messages(item.get("messages") or item.get("conversations"), where)
    if "instruction" in item and "output" in item:
        parts = [str(item["instruction"]), str(item.get("input") or "")]
        question = "\n".join(part for part in parts if part.strip())
        rest: dict[str, Any] = {key: item[key] for key in ("id", "lang") if key in item}
        return {**rest, "question": question, "answer": str(item["output"])}
    return item


def _from_messages(messages: Any, where: str) -> dict[str, Any]:
    """The first user's turn and the answer to it."""
    turns: dict[str, str] = {}
    for turn in messages if isinstance(messages, list) else []:
        if isinstance(turn, dict):
            role = str(turn.get("role") or turn.get("from"))
            role = {"human": "user", "gpt": "assistant"}.get(role, role)
            turns.setdefault(role, str(turn.get("content") or turn.get("value") or ""))
    if not turns.get("user") or not turns.get("assistant"):
        raise RecordError("A chat needs a user's turn and an assistant's", where=where)
    return {"question": turns["user"], "answer": turns["assistant"]}


def _sql_in(answer: object) -> str:
    """The query that an answer is, without a fence around it; '' when it is other text."""
    text = str(answer or "").strip()
    fenced = _FENCED.fullmatch(text)
    text = fenced[1].strip() if fenced else text
    return text if _QUERY.match(text) else ""


def row_id(question: object, answer: object) -> str:
    """12 hex digits for a row that bears no id of its own."""
    return hashlib.sha256(f"{question}\0{answer}".encode()).hexdigest()[:12]


def joined(new: Sequence[Instruction], old: Iterable[Instruction]) -> list[Instruction]:
    """New rows, then the old ones whose id and question none of them has, and which give no other
    answer to what one of them asks; a query in one split."""
    asked, ids = asked_in(new), {row.id for row in new}
    rest = (r for r in old if r.id not in ids and not asked.fault(r.question, r.target))
    return in_one_split([*new, *rest])


def export_rows(path: Path, rows: Sequence[Instruction], shape: str = "") -> int:
    """Write rows in one of SHAPES, "" being the one that the file's name asks for; how many.

    Where a shape has no place for it, rows that are rejected or no longer hold are left out.
    Raises UsageError for another shape, StorageError.
    """
    shape = shape or next((s for end, s in _ENDINGS.items() if path.name.endswith(end)), "jsonl")
    if shape not in SHAPES:
        raise UsageError(f'There is no shape "{shape}"', hint=f"Known: {', '.join(SHAPES)}.")
    if shape == "jsonl":
        save_rows(path, rows)
        return len(rows)
    if shape == "json":
        write_text(path, "[\n" + ",\n".join(map(to_line, rows)) + "\n]\n")
        return len(rows)
    rows = [row for row in rows if row.usable]
    _write(path, rows, shape)
    return len(rows)


def _write(path: Path, rows: Sequence[Instruction], shape: str) -> None:
    with (
        whole_file(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        if shape == "csv":
            writer = csv.writer(file)
            writer.writerow(("id", "lang", "question", "sql", "answer"))
            writer.writerows((r.id, r.lang, r.question, r.sql, r.answer) for r in rows)
            return
        for row in rows:
            data: dict[str, Any] = {"instruction": row.question, "input": "", "output": row.target}
            if shape == "messages":
                turns = (("user", row.question), ("assistant", row.target))
                data = {"messages": [{"role": r, "content": text} for r, text in turns]}
            file.write(json.dumps(data, ensure_ascii=False) + "\n")
