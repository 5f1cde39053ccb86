"""Rounds after the first: what the model misses on dev rows decides what it is trained on next.

Every round has a folder `round-N` in the run's folder, made like a run's own. Training goes on from
the best adapter so far; a round is dropped unless it answers clearly more of the dev rows than
that (`trained.helped`). The question files and the test rows of the report are never looked at.
What is done is read from the files.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from llmtui.tui import exporting, pipeline
from llmtui.tui.trained import Answers, answers_of, gained_and_lost, helped, name_of
from llmtui.workspace.events import Event, Note, RowsKept
from llmtui.workspace.files import make_dir, write_text
from llmtui.workspace.records import Instruction, load_rows, save_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmtui.tui.pipeline import Job

ASKED = 160
"""Dev rows that are asked after every round, where there are so many."""
NEW, REPLAYED, MADE = 1500, 500, 4000
"""Rows of a round: steered, and old ones against forgetting; and rows that are made to choose from.
"""


def go_on(
    job: Job, run: Path, model: Path, stopped: Callable[[], bool], lock: int
) -> Iterator[Event]:
    """Rounds 2 to `job.rounds`; the project's model and run are the best one's at the end."""
    best = run
    answers = yield from asked(job, run, model)
    for number in range(2, job.rounds + 1):
        if stopped():
            break
        folder = make_dir(run / f"round-{number}")
        if not (folder / "rows.jsonl").is_file():
            yield from new_rows(job, folder, answers, number)
        prepare(run, best, folder)
        if not (folder / "adapter").is_dir():
            yield from pipeline.finetune_in_child(folder, stopped, lock)
        candidate = exporting.file_for(job, folder, job.settings.level)
        if not (folder / "dev.json").is_file() and not candidate.is_file():
            yield from exporting.quantize(folder, candidate, job.settings.level)
        now = yield from asked(job, folder, candidate)
        gained, lost = gained_and_lost(answers, now)
        kept = helped(answers, now)
        yield Note(
            f"Round {number}: {sum(now.values())} of {len(now)} dev rows right, before "
            f"{sum(answers.values())} ({gained} gained, {lost} lost); "
            f"{'kept' if kept else 'dropped'}"
        )
        if kept:
            best, answers = folder, now
            job.project.update(
                model=str(candidate.relative_to(job.project.root)), run=name_of(folder)
            )
        else:
            candidate.unlink(missing_ok=True)


def prepare(run: Path, best: Path, folder: Path) -> None:
    """Write the round's run.toml: as the run's, on its own rows, from the best adapter."""
    from llmtui.trainer.finetune.config import load_config

    config = replace(
        load_config(run),
        instructions=str(folder / "rows.jsonl"),
        start=str(best / "adapter" / "adapter.safetensors"),
    )
    config.save(folder)


def new_rows(job: Job, folder: Path, answers: Answers, number: int) -> Iterator[Event]:
    """Make rows, draw those that look like what was missed, and write them with all those of
    people and some other old ones."""
    from llmtui.trainer.instructions.build import construct_in_words
    from llmtui.trainer.instructions.construct import Options
    from llmtui.trainer.instructions.glossary import read_glossary
    from llmtui.trainer.instructions.steer import fit_to_learn, miss_rates, steered

    old = load_rows(job.project.instructions)
    by_id = {row.id: row for row in old}
    rates = miss_rates((by_id[id], right) for id, right in answers.items() if id in by_id)
    options = Options(pipeline.parse_languages(job.settings.languages), MADE, seed=7 + 100 * number)
    own = read_glossary(job.project.glossary)
    with (yield from pipeline.open_database(job)) as database:
        made = construct_in_words(own, database, options, lambda _event: None)
    drawn = steered(fit_to_learn(made, old), rates, NEW, number)
    yield RowsKept(len(drawn), f"{len(made)}, by what is missed most")
    train = [row for row in old if row.split == "train" and row.usable]
    mine = [row for row in train if row.of_people]
    others = [row for row in train if not row.of_people]
    replayed = Random(number).sample(others, min(REPLAYED, len(others)))
    dev = [row for row in old if row.split == "dev"]
    learnt = [*(replace(row, split="train") for row in drawn), *mine, *replayed]
    save_rows(folder / "rows.jsonl", [*dev, *learnt])


def dev_rows(job: Job) -> list[Instruction]:
    """The dev rows that are asked: of every language alike."""
    rows = [
        row
        for row in load_rows(job.project.instructions)
        if row.split == "dev" and row.kind == "sql" and row.usable
    ]
    languages = sorted({row.lang for row in rows})
    each = ASKED // max(1, len(languages))
    return [row for lang in languages for row in [r for r in rows if r.lang == lang][:each]]


def asked(job: Job, folder: Path, model: Path) -> Generator[Event, None, Answers]:
    """Events while the dev rows are asked; returns the answers, which `folder`/dev.json keeps."""
    from llmtui.trainer.evaluate.judge import Case
    from llmtui.tui.scoring import Contestant, outcomes_of

    if known := answers_of(folder):
        return known
    cases = [
        Case(row.id, row.question, row.sql, row.lang, "dev", row.shape, row.difficulty)
        for row in dev_rows(job)
    ]
    results, _ = yield from outcomes_of(job, [Contestant("dev rows", model)], cases)
    answers = {outcome.case.id: outcome.strict for outcome in results["dev rows"]}
    write_text(folder / "dev.json", json.dumps(answers))
    return answers


def curve(run: Path) -> list[tuple[str, str, str]]:
    """(round, dev rows right, kept or dropped) of every round of a run; [] for a single one."""
    files = [run / "dev.json", *sorted(run.glob("round-*/dev.json"))]
    if len(files) < 2:
        return []
    rows: list[tuple[str, str, str]] = []
    best: Answers = {}
    for number, file in enumerate(files, 1):
        now = answers_of(file.parent)
        kept = number == 1 or helped(best, now)
        rows.append(
            (str(number), f"{sum(now.values())} of {len(now)}", "kept" if kept else "dropped")
        )
        best = now if kept else best
    return rows
