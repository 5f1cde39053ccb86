"""The stage: files and views in, rows and words of the project out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from llmtui.database.dialects import from_dialects, with_plain_names, written
from llmtui.database.execute import Database
from llmtui.trainer.evaluate.run import language_of
from llmtui.trainer.instructions.check import check_rows
from llmtui.trainer.instructions.exchange import joined, row_id
from llmtui.trainer.instructions.glossary import with_words
from llmtui.trainer.instructions.mining.entries import Entry, entries_in
from llmtui.trainer.instructions.mining.finds import Fault, Find, Meaning, Statement, always
from llmtui.trainer.instructions.mining.sources import files_in, finds_in
from llmtui.trainer.instructions.mining.statements import statements_in
from llmtui.trainer.instructions.mining.wording import questions_in
from llmtui.workspace.errors import QueryError, RecordError, TimeLimitError
from llmtui.workspace.events import Event, Finished, Mined, Note, Saved, Started
from llmtui.workspace.files import write_text
from llmtui.workspace.project import Project
from llmtui.workspace.records import Instruction, load_rows, save_rows

STAGE = "mine"
MOST_ROWS = 5_000


def mine(
    database: Database, project: Project, paths: Sequence[Path], *, dry_run: bool = False
) -> Iterator[Event]:
    """Rows from SQL with words beside it, in files and in the database's views; words of documents.

    Rows pass the checks of every other row. What a person wrote, accepted or rejected stays, and so
    does every entry of the glossary. With `dry_run` nothing is written.

    Raises UsageError for a path that is not there or a wrong glossary, RecordError when nothing in
    the files can be read or a row of the project is not valid, StorageError when the disk refuses.
    """
    began = time.monotonic()
    files, faults = files_in(paths)
    views = database.views()
    yield Started(STAGE, f"{len(files)} files, {len(views)} views")
    found: list[Find] = [*faults, *(find for file in files for find in finds_in(file))]
    wrong = [find.text for find in found if isinstance(find, Fault)]
    if wrong and len(wrong) == len(found):
        more = f"{len(wrong) - 1} more files or places cannot be read." if wrong[1:] else ""
        raise RecordError(wrong[0], hint=more)
    finds = [*_in_views(database, views), *found]
    yield from map(Note, wrong)
    statements = [find for find in finds if isinstance(find, Statement)]
    yield from _without_words(statements)
    old = load_rows(project.instructions) if project.instructions.is_file() else []
    rows, notes = _new_rows(statements, old)
    yield from notes
    events: list[Event] = []
    kept = check_rows(database, [_in_duckdb(database, row) for row in rows], events.append)
    yield from (Mined("row", r.question, r.sql, str(r.extra["place"])) for r in kept)
    yield from events
    meanings = [find for find in finds if isinstance(find, Meaning)]
    text, entries = with_words(
        project.glossary, entries_in(meanings, database.schema), database.schema
    )
    yield from (Mined("words", e.name, " | ".join(e.words), e.place) for e in entries)
    if not dry_run:
        yield from _saved(project, kept, old, text if entries else "")
    yield Finished(STAGE, time.monotonic() - began, _summary(kept, entries, dry_run))


def _in_views(database: Database, views: dict[str, str]) -> Iterator[Find]:
    comments = {table.name: table.comment for table in database.schema.tables}
    for name, sql in views.items():
        if name in comments:
            words = questions_in(comments[name])
            yield from statements_in(sql, always(f"view {name}"), words)


def _without_words(statements: Iterable[Statement]) -> Iterator[Note]:
    silent = [statement.place for statement in statements if not statement.words]
    if silent:
        yield Note(
            f"{len(silent)} queries have no words beside them and are left out (the first: "
            f"{silent[0]}); a comment above a query says what it answers"
        )


def _new_rows(
    statements: Iterable[Statement], old: Sequence[Instruction]
) -> tuple[list[Instruction], list[Note]]:
    """Rows whose question nobody has answered yet, and notes on those that are left out."""
    lasting = {_folded(row.question) for row in old if not _gives_way(row)}
    ids = {row.id for row in old if row.origin == "mined"}
    known = 0
    rows: dict[str, Instruction] = {}
    for statement in statements:
        for question in statement.words:
            id = row_id(question, statement.sql)
            if id in ids or _folded(question) in lasting:
                known += 1
                continue
            extra = {"place": statement.place}
            lang = language_of(question)
            row = Instruction(id, question, statement.sql, lang=lang, origin="mined", extra=extra)
            rows.setdefault(id, row)
    notes = [Note(f"{known} questions have a row already")] if known else []
    if len(rows) > MOST_ROWS:
        notes.append(Note(f"Only the first {MOST_ROWS} of {len(rows)} rows are looked at"))
    return list(rows.values())[:MOST_ROWS], notes


def _folded(question: str) -> str:
    return question.strip().casefold()


def _gives_way(row: Instruction) -> bool:
    """Whether a row may be replaced by one that is found: it was made or mined, and not judged."""
    return row.origin == "constructed" or (row.origin == "mined" and row.status == "new")


def _in_duckdb(database: Database, row: Instruction) -> Instruction:
    """The row with its SQL as DuckDB reads it, if it is another dialect's."""
    if _holds(database, row.sql):
        return row
    for dialect, tree in from_dialects(row.sql):
        sql = written(with_plain_names(tree))
        if _holds(database, sql):
            return replace(row, sql=sql, extra={**row.extra, "dialect": dialect})
    return row


def _holds(database: Database, sql: str) -> bool:
    if not database.check(sql).ok:
        return False
    try:
        database.bind(sql)
    except (QueryError, TimeLimitError):
        return False
    return True


def _saved(
    project: Project, rows: list[Instruction], old: list[Instruction], glossary: str
) -> Iterator[Event]:
    if rows:
        save_rows(project.instructions, joined(rows, old))
        yield Saved("instructions", str(project.instructions))
    if glossary:
        write_text(project.glossary, glossary)
        yield Saved("glossary", str(project.glossary))


def _summary(rows: list[Instruction], entries: list[Entry], dry_run: bool) -> str:
    would = "would be added" if dry_run else "added"
    return f"{len(rows)} rows and words for {len(entries)} names {would}"
