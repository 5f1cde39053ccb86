"""A person's word on an answer, kept as an instruction row for the next tuning."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from llmtui.tui.session import Session
from llmtui.workspace.errors import RecordError, StorageError, UsageError
from llmtui.workspace.project import Project
from llmtui.workspace.records import (
    Instruction,
    load_rows,
    parse_row,
    read_lines,
    save_rows,
)

_JUDGED = re.compile('"(?:accepted|rejected)"')
_USUAL = 2_000
"""Statements that answers are guessed from."""


def rows_of(project: Project) -> list[Instruction]:
    """The project's rows, [] when none were built. Raises RecordError."""
    return load_rows(project.instructions) if project.instructions.is_file() else []


def settled(project: Project) -> list[tuple[str, str]]:
    """Questions and SQL that a person accepted, corrected or wrote, and without SQL those whose
    answers were rejected; [] when the rows cannot be read, which the commands about them tell."""
    if not project.instructions.is_file():
        return []
    try:  # of thousands of lines only those few: this is on the way to an answer
        lines = [line for _, line in read_lines(project.instructions) if _JUDGED.search(line)]
        rows = [parse_row(line) for line in lines]
    except (RecordError, StorageError):
        return []
    mine = [row for row in reversed(rows) if row.origin in ("asked", "written")]
    return [
        (row.question, row.sql if row.status == "accepted" else "")
        for row in mine
        if row.status == "rejected" or (row.status == "accepted" and row.usable)
    ]


def usual(project: Project) -> Iterator[str]:
    """The statements that the project's model was tuned on, as far as they can be read."""
    known: set[str] = set()
    try:  # row by row: whoever reads may be stopped between two of them
        for _, line in read_lines(project.instructions):
            row = parse_row(line)
            if row.usable and row.sql and row.split == "train" and row.sql not in known:
                known.add(row.sql)
                yield row.sql
            if len(known) == _USUAL:
                return
    except (RecordError, StorageError):
        return


def put_row(project: Project, row: Instruction) -> None:
    """Add a row in front; it replaces the row of its id and those of the same question."""
    from llmtui.trainer.instructions.exchange import joined

    save_rows(project.instructions, joined([row], rows_of(project)))


def keep_answer(session: Session, question: str, sql: str, verdict: str) -> None:
    """Keep question and SQL as a row; verdict "accepted", "corrected" or "rejected".

    A rejected row is not trained on, and it stays out when rows are built anew. Raises UsageError
    when it holds what looks like a secret or personal data and the settings keep such out.
    """
    from llmtui.trainer.evaluate.run import language_of
    from llmtui.trainer.instructions.check import secret_in

    database = session.database()
    row = Instruction(
        id=row_id(question, sql),
        question=question,
        sql=sql,
        lang=language_of(question),
        origin="asked",
        checks=() if verdict == "rejected" else ("parsed", "read-only", "ran"),
        status="rejected" if verdict == "rejected" else "accepted",
        schema=database.schema.fingerprint,
        hints=database.linker.hints(question),
    )
    if verdict != "rejected" and (found := secret_in(row, database)):
        raise UsageError(
            f"Not kept: a likely {found} is in it, and a model could repeat it",
            hint='The setting `secrets` = "keep" lets such rows in.',
        )
    put_row(session.project, row)
    session.settle(question, sql, right=verdict != "rejected")


def row_id(question: str, sql: str) -> str:
    return hashlib.sha256(f"{question}\0{sql}".encode()).hexdigest()[:12]
