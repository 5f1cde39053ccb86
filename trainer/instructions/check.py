"""The checks that every row passes, wherever it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from llmtui.database.execute import Database
from llmtui.database.secrets import find, mask
from llmtui.trainer.refusal import refusal_in
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.events import Event, Note, RowDropped, RowsKept
from llmtui.workspace.records import Instruction

CHECKS = ("parsed", "read-only", "ran", "non-empty")


def check_rows(
    database: Database, rows: Iterable[Instruction], tell: Callable[[Event], None]
) -> list[Instruction]:
    """Rows whose SQL is one harmless query that runs and gives rows, none twice; reasons told.

    Rows of other kinds are kept when their answer is not empty and not twice. Likely secrets and
    personal data are masked in these, and a query that holds some is dropped, unless the setting
    `secrets` lets them in.
    """
    masked = 0
    kept: list[Instruction] = []
    dropped: Counter[str] = Counter()
    example: dict[str, str] = {}
    asked: dict[str, str] = {}
    for given in rows:
        row = given
        if given.kind != "sql" and secret_in(given, database):
            row = replace(given, question=mask(given.question), answer=mask(given.answer))
            masked += 1
        problem = _problem(database, row, asked)
        if problem:
            dropped[problem] += 1
            example.setdefault(problem, f"{row.extra.get('place') or row.id}: {row.question}")
            continue
        asked[row.question.strip().casefold()] = row.target
        checked = _checks_of(row)
        of_data = row.kind == "sql" or bool(refusal_in(row.answer))
        hints = database.linker.hints(row.question) if of_data else ()
        fingerprint = database.schema.fingerprint
        kept.append(replace(row, checks=checked, hints=hints, schema=fingerprint))
    for reason, count in dropped.most_common():
        tell(RowDropped(reason, example[reason], count))
    if masked:
        tell(Note(f"Likely secrets or personal data were masked in {masked} rows"))
    tell(RowsKept(len(kept)))
    return kept


def secret_in(row: Instruction, database: Database) -> str:
    """The kind of secret or personal data in a row that the settings keep out, "" for none."""
    masking = database.access.secrets == "mask"
    return find(f"{row.question}\n{row.target}") if masking else ""


def _problem(database: Database, row: Instruction, asked: dict[str, str]) -> str:
    known = asked.get(row.question.strip().casefold())
    if known is not None:
        return "repeats a row" if known == row.target else "another answer to the same question"
    if row.kind != "sql":
        return "" if row.answer.strip() else "has no answer"
    if secret := secret_in(row, database):
        return f"a likely {secret} is in it"
    verdict = database.check(row.sql)
    if not verdict.ok:
        return f"is refused: {verdict.reason}"
    try:
        result = database.run(row.sql, max_rows=1)
    except LlmtuiError as error:
        return f"does not run: {error}"
    return "" if result.rows or "non-empty" not in _checks_of(row) else "gives no rows"


def _checks_of(row: Instruction) -> tuple[str, ...]:
    """What a row that passes was checked for; a constructed one says itself that it may be empty
    ("in the last 30 days")."""
    if row.kind != "sql":
        return ()
    may_be_empty = row.origin == "constructed" and row.checks and "non-empty" not in row.checks
    return CHECKS[:-1] if may_be_empty else CHECKS
