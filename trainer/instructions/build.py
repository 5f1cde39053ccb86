"""The stage: a database in, the project's instruction file out."""

from __future__ import annotations

import hashlib
import time
import zlib
from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import replace
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from llmtui.database.execute import Database
from llmtui.trainer.instructions.construct import STAGE, Options, construct
from llmtui.trainer.instructions.glossary import Glossary, read_glossary, unknown
from llmtui.trainer.instructions.lexicon import OWN
from llmtui.trainer.instructions.splits import in_one_split
from llmtui.trainer.instructions.virtues import asked_in
from llmtui.trainer.prompt import VERSION
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.events import Event, Finished, Note, RowDropped, Saved, Started
from llmtui.workspace.project import Project
from llmtui.workspace.records import Instruction, load_rows, save_rows


def build(database: Database, project: Project, options: Options) -> Iterator[Event]:
    """Construct rows and write them; rows of other origins and verdicts on rows that stay are kept.

    Raises SourceError when there is nothing to ask about, UsageError for a wrong glossary,
    StorageError when the disk refuses.
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
    own = read_glossary(project.glossary)
    for name in unknown(own, database.schema):
        yield Note(f'{project.glossary.name} names "{name}", which is no table or column')
    rows: list[Instruction] = []
    failure: list[BaseException] = []
    events: SimpleQueue[Event | None] = SimpleQueue()

    def work() -> None:
        try:
            rows.extend(construct_in_words(own, database, options, events.put))
        except BaseException as error:  # handed over to the thread that asked
            failure.append(error)
        events.put(None)

    Thread(target=work, daemon=True).start()
    while (event := events.get()) is not None:
        yield event
    if failure:
        raise failure[0]
    kept, dead = checked_anew(database, merged(rows, project))
    if dead:
        first = f"{dead[0].id}: {dead[0].question}"
        yield RowDropped("no longer fits the schema", first, len(dead))
    save_rows(project.instructions, in_one_split(kept))
    yield Saved("instructions", str(project.instructions))
    yield Finished(STAGE, time.monotonic() - began, f"{len(rows)} rows")


def construct_in_words(
    own: Glossary, database: Database, options: Options, tell: Callable[[Event], None]
) -> list[Instruction]:
    """Rows in the words of a glossary. Raises what `construct` raises."""

    def work() -> list[Instruction]:
        OWN.set(own)
        return construct(database, options, tell)

    return copy_context().run(work)


def made_for(database: Database, project: Project, options: Options) -> str:
    """What rows are constructed from, and how: they are used again as long as it is the same."""
    own, secrets = read_glossary(project.glossary), database.access.secrets
    glossary = str(zlib.crc32(repr(own).encode())) if own else ""
    facts = [database.schema.fingerprint, database.state, _version()]
    facts += [",".join(options.languages), str(options.rows), VERSION, glossary]
    facts += ["contrast" if options.contrast else "", secrets if secrets != "mask" else ""]
    return " ".join(fact for fact in facts if fact)


@cache
def _version() -> str:
    """8 hex digits over what rows are made with: the constructor and what reads a database."""
    digest, here = hashlib.sha256(), Path(__file__).parent
    for folder in (here, here.parents[1] / "database"):
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".toml"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def merged(rows: list[Instruction], project: Project) -> list[Instruction]:
    """New rows after those of other origins and those that a person has judged."""
    old = load_rows(project.instructions) if project.instructions.is_file() else []
    kept = [row for row in old if row.origin != "constructed" or row.status != "new"]
    taken = asked_in(kept)
    fresh = [row for row in rows if not taken.fault(row.question, row.target)]
    return [*kept, *fresh]


def checked_anew(
    database: Database, rows: list[Instruction]
) -> tuple[list[Instruction], list[Instruction]]:
    """(all rows, those that are dead): rows of another schema are bound again.

    A row whose SQL no longer binds stays, marked "dead", and comes back to life when it does.
    """
    now = database.schema.fingerprint
    checked: list[Instruction] = []
    for row in rows:
        known = row.schema == now and (row.usable or row.origin == "constructed")
        if row.kind != "sql" or known:
            checked.append(row)
            continue
        extra = {key: value for key, value in row.extra.items() if key != "dead"}
        try:
            database.bind(row.sql)
            checked.append(replace(row, schema=now, extra=extra))
        except LlmtuiError as error:
            checked.append(replace(row, extra={**extra, "dead": str(error)}))
    return checked, [row for row in checked if "dead" in row.extra]
