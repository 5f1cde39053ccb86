"""The stage: a database in, the project's instruction file out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from queue import SimpleQueue
from threading import Thread

from llmtui.database.execute import Database
from llmtui.trainer.instructions.construct import STAGE, Options, construct
from llmtui.workspace.events import Event, Finished, Note, Saved, Started
from llmtui.workspace.project import Project
from llmtui.workspace.records import Instruction, load_rows, save_rows


def build(database: Database, project: Project, options: Options) -> Iterator[Event]:
    """Construct rows and write them; rows of other origins and verdicts on rows that stay are kept.

    Raises SourceError when there is nothing to ask about, StorageError when the disk refuses.
    """
    began = time.monotonic()
    yield Started(STAGE, f"reading {len(database.schema.tables)} tables", of=options.rows)
    for table in database.schema.tables:
        for column in table.columns:
            if column.secret:
                yield Note(
                    f"{table.name}.{column.name}: what looks like {column.secret} is masked: "
                    "no such value is in a sample or a row (setting secrets)"
                )
    rows: list[Instruction] = []
    failure: list[BaseException] = []
    events: SimpleQueue[Event | None] = SimpleQueue()

    def work() -> None:
        try:
            rows.extend(construct(database, options, events.put))
        except BaseException as error:  # handed over to the thread that asked
            failure.append(error)
        events.put(None)

    Thread(target=work, daemon=True).start()
    while (event := events.get()) is not None:
        yield event
    if failure:
        raise failure[0]
    save_rows(project.instructions, merged(rows, project))
    yield Saved("instructions", str(project.instructions))
    yield Finished(STAGE, time.monotonic() - began, f"{len(rows)} rows")


def merged(rows: list[Instruction], project: Project) -> list[Instruction]:
    """New rows after those of other origins; a verdict on a row that comes again stays."""
    old = load_rows(project.instructions) if project.instructions.is_file() else []
    kept = [row for row in old if row.origin != "constructed"]
    status = {row.id: row.status for row in old if row.status != "new"}
    taken = {row.question.strip().casefold() for row in kept}
    fresh = [
        replace(row, status=status.get(row.id, row.status))
        for row in rows
        if row.question.strip().casefold() not in taken
    ]
    return [*kept, *fresh]
