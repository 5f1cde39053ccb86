"""Execution accuracy: a question is answered right when its SQL gives the gold SQL's result.

Strict: the same columns in the same order, the same bag of rows, and their order when the gold
query orders. Tolerant: column order is free and further columns are forgiven. Both are fixed in
`llmtui.database.compare` before anything is scored.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from llmtui.database.compare import same_strict, same_tolerant
from llmtui.database.execute import Database, Result
from llmtui.trainer.evaluate.statistics import share
from llmtui.workspace.errors import LlmtuiError, RecordError
from llmtui.workspace.events import Event, Progress, RowDropped, Scored
from llmtui.workspace.generator import Generator as Answerer
from llmtui.workspace.records import Instruction, read_lines

STAGE = "evaluate"
MOST_ROWS = 20_000
"""Rows that are compared; a gold query with more is left out, for a cut result proves nothing."""


@dataclass(frozen=True)
class Case:
    """A question and the SQL that answers it; `group` names what it is reported under."""

    id: str
    question: str
    sql: str
    lang: str
    group: str


@dataclass(frozen=True)
class Outcome:
    """What a model made of a case; `why` says what was wrong, `seconds` is wall time to the SQL."""

    case: Case
    sql: str
    strict: bool
    tolerant: bool
    why: str
    seconds: float


def evaluate(
    database: Database,
    model: Answerer,
    cases: Sequence[Case],
    name: str,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[Event, None, list[Outcome]]:
    """Ask `model` every case and compare results. A case whose gold SQL fails is left out, told."""
    outcomes: list[Outcome] = []
    for number, case in enumerate(cases, 1):
        try:
            gold = database.run(case.sql, max_rows=MOST_ROWS)
            if gold.truncated:
                raise RecordError(f"The gold query gives more than {MOST_ROWS} rows")
        except LlmtuiError as error:
            yield RowDropped(f"the gold SQL does not run: {error}", example=case.id)
            continue
        began = time.monotonic()
        sql = model.generate(case.question)
        seconds = time.monotonic() - began
        outcomes.append(judge(database, case, gold, sql, seconds))
        yield Progress(STAGE, number, len(cases), unit="questions")
        if stop():
            break
    for group in sorted({outcome.case.group for outcome in outcomes}):
        mine = [outcome for outcome in outcomes if outcome.case.group == group]
        for metric in ("strict", "tolerant"):
            s = share(sum(getattr(outcome, metric) for outcome in mine), len(mine))
            yield Scored(f"{name} · {group}", metric, s.hits, s.of, s.low, s.high)
    return outcomes


def judge(database: Database, case: Case, gold: Result, sql: str, seconds: float) -> Outcome:
    """Score one answer by running it."""
    if not sql:
        return Outcome(case, "", False, False, "no answer (abstained)", seconds)
    try:
        got = database.run(sql, max_rows=MOST_ROWS)
    except LlmtuiError as error:
        return Outcome(case, sql, False, False, str(error), seconds)
    ordered = database.check(case.sql).ordered
    strict = same_strict(gold, got, ordered=ordered)
    tolerant = strict or same_tolerant(gold, got, ordered=ordered)
    return Outcome(case, sql, strict, tolerant, "" if strict else difference(gold, got), seconds)


def difference(gold: Result, got: Result) -> str:
    """In a few words, how a wrong result differs."""
    if len(gold.columns) != len(got.columns):
        return f"{len(got.columns)} columns instead of {len(gold.columns)}"
    if len(gold.rows) != len(got.rows):
        return f"{len(got.rows)} rows instead of {len(gold.rows)}"
    return "other values or another order"


def typical_seconds(outcomes: Iterable[Outcome]) -> float:
    times = [outcome.seconds for outcome in outcomes]
    return median(times) if times else 0.0


def held_out_cases(rows: Iterable[Instruction], most: int) -> list[Case]:
    """Cases from rows that training never saw, both languages alike, `most` in all."""
    by_lang: dict[str, list[Case]] = {}
    for row in rows:
        if row.split == "test" and row.kind == "sql" and row.status != "rejected":
            case = Case(row.id, row.question, row.sql, row.lang, f"held-out {row.lang}")
            by_lang.setdefault(row.lang, []).append(case)
    each = most // max(1, len(by_lang))
    return [case for lang in sorted(by_lang) for case in by_lang[lang][:each]]


def load_cases(path: Path) -> list[Case]:
    """Cases from a question file: `{"id", "question", "sql"}` a line, `lang` when known.

    Raises RecordError naming file and line.
    """
    cases: list[Case] = []
    for number, line in read_lines(path):
        where = f"{path}, line {number}"
        try:
            data: Any = json.loads(line)
        except ValueError as error:
            raise RecordError(f"Not valid JSON ({error})", where=where) from error
        fields = data if isinstance(data, dict) else {}
        if not all(isinstance(fields.get(key), str) for key in ("question", "sql")):
            raise RecordError('A line needs the text fields "question" and "sql"', where=where)
        question = fields["question"]
        lang = str(fields.get("lang") or language_of(question))
        cases.append(Case(str(fields.get("id", number)), question, fields["sql"], lang, lang))
    if not cases:
        raise RecordError("This file has no questions", where=str(path))
    return cases


def language_of(question: str) -> str:
    """ "zh" when the text has Han characters, else "en"."""
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in question) else "en"
