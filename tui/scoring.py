"""Models asked questions with known answers, and the report that comes of it."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llmtui.tui.pipeline import Job, open_database
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.events import Event, Finished, Note, Started

if TYPE_CHECKING:
    from llmtui.trainer.evaluate.judge import Case, Outcome


@dataclass(frozen=True)
class Contestant:
    """A model by the name that the report gives it.

    most: questions it is asked, 0 for all of them; they are spread over the list
    """

    name: str
    model: Path
    most: int = 0
    repair: bool = True


def score(
    job: Job,
    folder: Path,
    contestants: Sequence[Contestant],
    cases: Sequence[Case],
    asked: str,
    rounds: Sequence[tuple[str, ...]] = (),
) -> Iterator[Event]:
    """Ask every contestant the cases the way `llmtui ask` does; the report goes to `folder`.

    asked: where the questions come from, in a few words
    rounds: how training went on, for the report
    """
    from llmtui.trainer.evaluate.report import write_report
    from llmtui.trainer.evaluate.run import STAGE

    began = time.monotonic()
    results, copies = yield from outcomes_of(job, contestants, cases)
    facts = {"source": str(job.source), "questions": asked, "perturbed copies": str(copies)}
    facts |= {one.name: one.model.name for one in contestants}
    report = write_report(folder, results, facts, rounds)
    yield Finished(STAGE, time.monotonic() - began, str(report))


def outcomes_of(
    job: Job, contestants: Sequence[Contestant], cases: Sequence[Case]
) -> Generator[Event, None, tuple[dict[str, list[Outcome]], int]]:
    """(name → its outcomes, number of perturbed copies that they were held to)."""
    from llmtui.database.copies import perturbed_copies
    from llmtui.inference.ask import Asker
    from llmtui.inference.engine import Engine
    from llmtui.trainer.evaluate import run as scoring
    from llmtui.tui.verdicts import usual

    results: dict[str, list[Outcome]] = {}
    with (yield from open_database(job)) as database:
        try:
            copies = perturbed_copies(database, [case.sql for case in cases])
        except LlmtuiError as error:
            copies = []
            yield Note(f"Scored without perturbed copies, which cannot be made here: {error}")
        for one in contestants:
            mine = cases[:: max(1, len(cases) // one.most)][: one.most] if one.most else cases
            yield Started(scoring.STAGE, f"{one.name}: {one.model.name}", of=len(mine))
            with Engine(one.model, threads=job.settings.threads) as engine:
                asker = Asker(database, engine, repair=one.repair, usual=usual(job.project))
                results[one.name] = yield from scoring.evaluate(
                    database, asker, mine, one.name, copies
                )
    return results, len(copies)
