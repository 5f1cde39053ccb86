"""Execution accuracy: a question is answered right when its SQL gives the gold SQL's result.

Strict: the same columns in the same order, the same bag of rows, and their order when the gold
query orders. Tolerant: column order is free and further columns are forgiven. Both are fixed in
`llmtui.database.compare` before anything is scored. What is right on the database must be right on
its perturbed copies too (`llmtui.database.perturb`); else it was right by luck and counts as wrong.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from llmtui.database.execute import Database
from llmtui.database.ties import run_gold
from llmtui.trainer.evaluate.judge import MOST_ROWS, Case, Outcome, confirmed, judge
from llmtui.trainer.evaluate.misses import difficulty_of, shape_of
from llmtui.trainer.evaluate.statistics import share
from llmtui.workspace.errors import LlmtuiError, RecordError
from llmtui.workspace.events import Event, Note, Progress, RowDropped, Scored
from llmtui.workspace.generator import Generator as Answerer
from llmtui.workspace.records import Instruction, read_lines

STAGE = "evaluate"


def evaluate(
    database: Database,
    model: Answerer,
    cases: Sequence[Case],
    name: str,
    copies: Sequence[Path] = (),
    stop: Callable[[], bool] = lambda: False,
) -> Generator[Event, None, list[Outcome]]:
    """Ask `model` every case and compare results. A case whose gold SQL fails is left out, told.

    copies: perturbed copies of the database that right answers must be right on too
    """
    outcomes: list[Outcome] = []
    for number, case in enumerate(cases, 1):
        try:
            gold = run_gold(database, case.sql, MOST_ROWS)
            if gold.result.truncated:
                raise RecordError(f"The gold query gives more than {MOST_ROWS} rows")
        except LlmtuiError as error:
            yield RowDropped(f"the gold SQL does not run: {error}", example=case.id)
            continue
        began = time.monotonic()
        sql = model.generate(case.question)
        seconds = time.monotonic() - began
        judged = judge(database, case, gold, sql, seconds)
        told = bool(gold.result.rows)
        sure, likely = (
            getattr(model, n, None) if sql else None for n in ("confidence", "likelihood")
        )
        outcomes.append(replace(judged, confidence=sure, likelihood=likely, told=told))
        yield Progress(STAGE, number, len(cases), unit="questions")
        if stop():
            break
    outcomes = confirmed(outcomes, copies, database.access)
    for outcome in outcomes if copies else ():
        if not outcome.told:
            yield RowDropped("the gold SQL gives no rows, here and on every copy", outcome.case.id)
    outcomes = [outcome for outcome in outcomes if outcome.told or not copies]
    if lucky := sum(outcome.lucky for outcome in outcomes):
        yield Note(f"{lucky} answers of {name} are right by luck only: wrong on perturbed copies")
    for group in sorted({outcome.case.group for outcome in outcomes}):
        mine = [outcome for outcome in outcomes if outcome.case.group == group]
        for metric in ("strict", "tolerant"):
            s = share(sum(getattr(outcome, metric) for outcome in mine), len(mine))
            yield Scored(f"{name} · {group}", metric, s.hits, s.of, s.low, s.high)
    return outcomes


def typical_seconds(outcomes: Iterable[Outcome]) -> float:
    times = [outcome.seconds for outcome in outcomes]
    return median(times) if times else 0.0


def held_out_cases(rows: Iterable[Instruction], most: int) -> list[Case]:
    """Cases from rows that training never saw, both languages alike, `most` in all."""
    by_lang: dict[str, list[Case]] = {}
    for row in rows:
        if row.split == "test" and row.kind == "sql" and row.usable:
            case = Case(
                row.id, row.question, row.sql, row.lang, f"held-out {row.lang}", row.shape,
                row.difficulty,
            )  # fmt: skip
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
        sql, id = fields["sql"], str(fields.get("id", number))
        cases.append(Case(id, question, sql, lang, lang, shape_of(sql), difficulty_of(sql)))
    if not cases:
        raise RecordError("This file has no questions", where=str(path))
    return cases


def language_of(question: str) -> str:
    """ "zh" when the text has Han characters, else "en"."""
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in question) else "en"
