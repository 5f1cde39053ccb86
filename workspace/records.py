"""Instruction rows: one JSON object a line, checked line by line.

A row is an instruction with its answer. For `kind` "sql" the instruction is a question and the
answer is SQL; other kinds hold plain text in `answer`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmtui.workspace.errors import RecordError
from llmtui.workspace.files import whole_file

KINDS = ("sql", "text")
LANGUAGES = ("en", "zh")
SPLITS = ("train", "dev", "test")
STATUSES = ("new", "accepted", "rejected")
_BY_PEOPLE = ("asked", "written", "imported", "mined")


@dataclass(frozen=True)
class Instruction:
    """One row of instructions.jsonl."""

    id: str
    question: str
    sql: str = ""
    answer: str = ""
    kind: str = "sql"
    lang: str = "en"
    origin: str = "constructed"
    """Where it comes from: constructed, written, imported, mined, asked, rewritten."""
    shape: str = ""
    """The query shape, the unit of the held-out split."""
    difficulty: str = "easy"
    checks: tuple[str, ...] = ()
    """What was verified: parsed, ran, non-empty …"""
    hints: tuple[str, ...] = ()
    """Stored values that the question mentions, as the prompt shows them."""
    split: str = "train"
    status: str = "new"
    schema: str = ""
    """Fingerprint of the schema that the SQL was run on."""
    extra: dict[str, Any] = field(default_factory=dict)
    """More about it: "dead" says why its SQL no longer fits the schema; "place" where a mined one
    stands; "from", "way" and "by" the row that a rewritten one comes from, how, by which model."""

    @property
    def usable(self) -> bool:
        """Whether it may be learnt or asked: nobody rejected it, and its SQL fits the schema."""
        return self.status != "rejected" and "dead" not in self.extra

    @property
    def of_people(self) -> bool:
        """Whether a person wrote or accepted it."""
        return self.origin in _BY_PEOPLE or self.status == "accepted"

    @property
    def target(self) -> str:
        """The text the model is to answer with."""
        return self.sql if self.kind == "sql" else self.answer


_FIELDS = {f.name: f for f in dataclasses.fields(Instruction)}
_CHOICES = {"kind": KINDS, "lang": LANGUAGES, "split": SPLITS, "status": STATUSES}


def parse_row(line: str, *, where: str = "") -> Instruction:
    """One row from its JSON line. Raises RecordError that names the field and what it may be."""
    try:
        data = json.loads(line)
    except ValueError as error:
        raise RecordError(f"Not valid JSON ({error})", where=where) from error
    if not isinstance(data, dict):
        raise RecordError("A row must be a JSON object", where=where)
    return row_from_dict(data, where=where)


def row_from_dict(data: dict[str, Any], *, where: str = "") -> Instruction:
    known = {key: value for key, value in data.items() if key in _FIELDS and key != "extra"}
    unknown = {key: value for key, value in data.items() if key not in _FIELDS}
    if type(known.get("id")) is int:
        known["id"] = str(known["id"])
    for name in ("question", "id"):
        if not isinstance(known.get(name), str) or not known[name].strip():
            raise RecordError(f'The field "{name}" is missing or empty', where=where)
    for name, value in known.items():
        if name in ("checks", "hints"):
            if not isinstance(value, list | tuple):
                raise RecordError(f'The field "{name}" must be a list', where=where)
            known[name] = tuple(str(item) for item in value)
        elif not isinstance(value, str):
            raise RecordError(f'The field "{name}" must be text', where=where)
    for name, choices in _CHOICES.items():
        if name in known and known[name] not in choices:
            raise RecordError(
                f'The field "{name}" is "{known[name]}"; it may be {", ".join(choices)}',
                where=where,
            )
    extra = data.get("extra")
    row = Instruction(**known, extra={**(extra if isinstance(extra, dict) else {}), **unknown})
    if not row.target.strip():
        wanted = "sql" if row.kind == "sql" else "answer"
        raise RecordError(f'The field "{wanted}" is missing or empty', where=where)
    return row


def to_line(row: Instruction) -> str:
    data = dataclasses.asdict(row)
    default: dict[str, Any] = {"answer": "", "sql": "", "hints": (), "extra": {}}
    kept = {key: value for key, value in data.items() if default.get(key, ...) != value}
    return json.dumps(kept, ensure_ascii=False)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line that is not blank. Raises RecordError, StorageError."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except FileNotFoundError as error:
        raise RecordError("This file does not exist", where=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(
            f"This file cannot be read as UTF-8 text ({error})", where=str(path)
        ) from error


def load_rows(path: Path) -> list[Instruction]:
    """All rows of a file. Raises RecordError naming file, line and field of the first bad one."""
    rows: list[Instruction] = []
    seen: dict[str, int] = {}
    for number, line in read_lines(path):
        where = f"{path}, line {number}"
        row = parse_row(line, where=where)
        if row.id in seen:
            raise RecordError(f'The id "{row.id}" stands on line {seen[row.id]} too', where=where)
        seen[row.id] = number
        rows.append(row)
    return rows


def save_rows(path: Path, rows: Iterable[Instruction]) -> None:
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(to_line(row) + "\n")
