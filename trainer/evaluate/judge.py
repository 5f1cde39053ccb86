"""An answer judged by running it, on the database and on its perturbed copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llmtui.database.compare import Wanted, same_strict, same_tolerant
from llmtui.database.execute import Access, Database, Result
from llmtui.database.ties import all_tied, run_gold
from llmtui.trainer.evaluate.misses import miss_kinds
from llmtui.workspace.errors import LlmtuiError, QueryError, RefusedError, TimeLimitError

MOST_ROWS = 20_000
"""Rows that are compared; a gold query with more is left out, for a cut result proves nothing."""
_SEVERAL = "More than one row returned by a subquery"


@dataclass(frozen=True)
class Case:
    """A question and the SQL that answers it; `group` names what it is reported under."""

    id: str
    question: str
    sql: str
    lang: str
    group: str
    shape: str = ""
    difficulty: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a model made of a case; `why` says what was wrong, `seconds` is wall time to the SQL.

    confidence: as it is shown; likelihood: mean probability of the tokens that the model said
    lucky: right on the database and wrong on a perturbed copy of it
    ran: whether the SQL gave a result at all
    told: whether the gold query gives rows, here or on a copy; else any empty result would be right
    """

    case: Case
    sql: str
    strict: bool
    tolerant: bool
    why: str
    seconds: float
    lucky: bool = False
    confidence: float | None = None
    likelihood: float | None = None
    ran: bool = False
    told: bool = True

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of miss that it is (see `misses`), none when it is right."""
        return () if self.strict else miss_kinds(self.case.sql, self.sql, self.why)


def judge(database: Database, case: Case, gold: Wanted, sql: str, seconds: float) -> Outcome:
    """Score one answer by running it."""
    if not sql:
        return Outcome(case, "", False, False, "no answer (abstained)", seconds)
    try:
        got = database.run(sql, max_rows=MOST_ROWS)
    except LlmtuiError as error:
        return Outcome(case, sql, False, False, str(error), seconds)
    strict = same_strict(gold, got)
    tolerant = strict or same_tolerant(gold, got)
    why = "" if strict else difference(gold.result, got)
    return Outcome(case, sql, strict, tolerant, why, seconds, ran=True)


def confirmed(outcomes: Sequence[Outcome], copies: Sequence[Path], access: Access) -> list[Outcome]:
    """The outcomes with those that are right by luck found out, on one copy after the other."""
    held = list(outcomes)
    plain = replace(access, exclude=())  # a copy has nothing that is excluded
    for number, path in enumerate(copies, 1):
        with Database.open(path, plain) as copy:
            held = [held_on(copy, outcome, number) for outcome in held]
    return held


def held_on(copy: Database, outcome: Outcome, number: int) -> Outcome:
    """An outcome after one copy, which has this number: right by luck is wrong."""
    if not outcome.told:
        outcome = replace(outcome, told=_gives_rows(copy, outcome.case.sql))
    if not outcome.tolerant:
        return outcome
    strict, tolerant = _agreement(copy, outcome)
    now = replace(outcome, strict=outcome.strict and strict, tolerant=outcome.tolerant and tolerant)
    if (now.strict, now.tolerant) == (outcome.strict, outcome.tolerant):
        return outcome
    return replace(now, lucky=True, why=f"right by luck: not on perturbed copy {number}")


def _gives_rows(copy: Database, sql: str) -> bool:
    try:
        return bool(copy.run(sql, max_rows=1).rows)
    except LlmtuiError:
        return False


def _agreement(copy: Database, outcome: Outcome) -> tuple[bool, bool]:
    """(strict, tolerant) on a copy; both true where the gold query, or luck with it, tells nothing.

    Ties that the question does not decide may come up on a copy. "The oldest" is one row on the
    database and two here: an answer that cuts to one agrees with a gold query that gives both, and
    the other way round.
    """
    try:
        gold = run_gold(copy, outcome.case.sql, MOST_ROWS)
        if gold.result.truncated:
            return True, True
    except LlmtuiError:
        return True, True
    try:
        got = copy.run(outcome.sql, max_rows=MOST_ROWS)
    except (TimeLimitError, RefusedError):
        return True, True
    except QueryError as error:
        unsure = _SEVERAL in str(error)  # a name is unique there, which the question may rely on
        return unsure, unsure
    options = [got]
    tied = all_tied(copy, outcome.sql, got, MOST_ROWS)
    if tied is not None and len(tied.rows) > len(got.rows):
        options.append(tied)
    golds = [gold]
    if len(gold.result.rows) > gold.size:
        golds.append(replace(gold, size=len(gold.result.rows)))
    pairs = [(a, b) for a in golds for b in options]
    strict = any(same_strict(a, b) for a, b in pairs)
    return strict, strict or any(same_tolerant(a, b) for a, b in pairs)


def difference(gold: Result, got: Result) -> str:
    """In a few words, how a wrong result differs."""
    if len(gold.columns) != len(got.columns):
        return f"{len(got.columns)} columns instead of {len(gold.columns)}"
    if len(gold.rows) != len(got.rows):
        return f"{len(got.rows)} rows instead of {len(gold.rows)}"
    return "other values or another order"
