"""The checks that every row passes, wherever it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from llmtui.database.dialects import parse
from llmtui.database.execute import Database
from llmtui.database.secrets import find, mask
from llmtui.trainer.instructions.virtues import (
    CHECKS,
    LONGEST,
    LONGEST_OF_PEOPLE,
    NOT_CONCISE,
    Asked,
    concise,
    covering,
    in_one_form,
)
from llmtui.trainer.refusal import refusal_in
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.events import Event, Note, RowDropped, RowsKept
from llmtui.workspace.records import Instruction

_UNSAID = (
    "{count} rows compare with what their question does not say (the first: {example}); they are "
    "kept, for people say things in other words than they are stored in"
)


def check_rows(
    database: Database, rows: Iterable[Instruction], tell: Callable[[Event], None]
) -> list[Instruction]:
    """Rows whose SQL is one harmless query that runs and gives rows, none twice; reasons told.

    A question has one answer, however it is asked, and not too many words; SQL of others is put in
    the one form of all. Rows of other kinds are kept when their answer is not empty and not twice.
    Likely secrets and personal data are masked in these, and a query that holds some is dropped,
    unless the setting `secrets` lets them in.
    """
    masked = 0
    kept: list[Instruction] = []
    dropped: Counter[str] = Counter()
    example: dict[str, str] = {}
    asked = Asked()
    unsaid: list[str] = []
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
        asked.add(row.question, row.target if row.usable else "")
        of_data = row.kind == "sql" or bool(refusal_in(row.answer))
        mentions = database.linker.mentions(row.question) if of_data else ()
        said = row.kind != "sql" or covering(row.question, row.sql, mentions)
        if row.of_people and not said:
            unsaid.append(f"{row.extra.get('place') or row.id}: {row.question}")
        kept.append(
            replace(
                row,
                sql=_in_one_form(row.sql),
                checks=_checks_of(row, said=said),
                hints=tuple(dict.fromkeys(mention.hint for mention in mentions)),
                schema=database.schema.fingerprint,
            )
        )
    for reason, count in dropped.most_common():
        tell(RowDropped(reason, example[reason], count))
    if masked:
        tell(Note(f"Likely secrets or personal data were masked in {masked} rows"))
    if unsaid:
        tell(Note(_UNSAID.format(count=len(unsaid), example=unsaid[0])))
    tell(RowsKept(len(kept)))
    return kept


def secret_in(row: Instruction, database: Database) -> str:
    """The kind of secret or personal data in a row that the settings keep out, "" for none."""
    masking = database.access.secrets == "mask"
    return find(f"{row.question}\n{row.target}") if masking else ""


def _in_one_form(sql: str) -> str:
    """SQL in the one form, as it stands where that would make it another query."""
    other = in_one_form(sql)
    return other if other == sql or parse(other) == parse(sql) else sql


def _problem(database: Database, row: Instruction, asked: Asked) -> str:
    if fault := asked.fault(row.question, row.target):
        return fault
    if row.kind != "sql":
        return "" if row.answer.strip() else "has no answer"
    if not concise(row.question, LONGEST_OF_PEOPLE if row.of_people else LONGEST):
        return NOT_CONCISE
    secret = secret_in(row, database)
    return f"a likely {secret} is in it" if secret else _not_running(database, row)


def _not_running(database: Database, row: Instruction) -> str:
    verdict = database.check(row.sql)
    if not verdict.ok:
        return f"is refused: {verdict.reason}"
    try:
        result = database.run(row.sql, max_rows=1)
    except LlmtuiError as error:
        return f"does not run: {error}"
    return "" if result.rows or _may_be_empty(row) else "gives no rows"


def _may_be_empty(row: Instruction) -> bool:
    """A constructed row says itself that it may give no rows ("in the last 30 days")."""
    return row.origin == "constructed" and bool(row.checks) and "non-empty" not in row.checks


def _checks_of(row: Instruction, *, said: bool) -> tuple[str, ...]:
    """What a row that passes was checked for.

    said: whether its question says what its query compares with
    """
    if row.kind != "sql":
        return ()
    left_out = {"non-empty": _may_be_empty(row), "covering": not said}
    return tuple(check for check in CHECKS if not left_out.get(check))
