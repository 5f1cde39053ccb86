"""One click: instructions → fine-tune → quantize → evaluate, from wherever the last try ended.

What is done is read from the files that each stage leaves whole: the instruction file, the run's
adapter folder, the verified GGUF, the report. Whatever is missing is done now.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from llmtui.tui.exporting import file_for, quantize
from llmtui.tui.lock import only_one
from llmtui.workspace.errors import Interrupted, LlmtuiError, UsageError
from llmtui.workspace.events import Event, Failed, Finished, Note, Started, from_line, to_line
from llmtui.workspace.files import write_text
from llmtui.workspace.project import Project, start
from llmtui.workspace.records import load_rows
from llmtui.workspace.settings import Settings

if TYPE_CHECKING:
    from llmtui.database.execute import Database
    from llmtui.trainer.instructions.construct import Options
CASES = 120
"""Held-out rows that the tuned model is asked."""
BASE_CASES = 30
"""The base, which reads the schema with every question and is many times slower, is asked so many
of them."""

_SPINS = "10000"
"""How long a thread of training waits busily for the next operation. Threads that sleep at once
make a step 1.4 times as long; threads that wait long take the cores from the app."""


@dataclass(frozen=True)
class Job:
    """What to tune: a source, its project and the settings in force."""

    source: Path
    project: Project
    settings: Settings
    fresh: bool = False
    """Start a new run even when the last one is unfinished."""
    evaluate: bool = True
    training: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the run's RunConfig."""
    rounds: int = 1
    """Times that training goes on with what was missed; see `rounds`."""


def tune(job: Job, stopped: Callable[[], bool]) -> Iterator[Event]:
    """All stages of a job. `stopped` says that the person wants to end training early and keep it.

    Raises LlmtuiError of the stage that failed; what earlier stages made stays.
    """
    from llmtui.quantize.bases import find_base

    began = time.monotonic()
    find_base(job.settings.base)  # a name that is wrong is told before anything is made
    start(job.project, job.source)
    with only_one(job.project) as lock, job.project.tune_log.open("w", encoding="utf-8") as log:

        def kept(events: Iterator[Event]) -> Iterator[Event]:
            for event in events:
                log.write(to_line(event) + "\n")
                log.flush()
                yield event

        try:
            yield from kept(iter([Started("tune", str(job.source))]))
            yield from kept(instructions(job))
            yield from kept(_stages(job, choose_run(job), stopped, lock))
            yield from kept(iter([Finished("tune", time.monotonic() - began)]))
        except LlmtuiError as error:
            log.write(to_line(Failed("tune", str(error), error.exit_code)) + "\n")
            raise
        except KeyboardInterrupt:
            log.write(to_line(Failed("tune", str(Interrupted()), Interrupted.exit_code)) + "\n")
            raise


def _stages(job: Job, run: Path, stopped: Callable[[], bool], lock: int) -> Iterator[Event]:
    if not (run / "adapter").is_dir():
        with (run / "events.jsonl").open("a", encoding="utf-8", buffering=1) as log:
            for event in finetune_in_child(run, stopped, lock):
                log.write(to_line(event) + "\n")
                yield event
    model = file_for(job, run, job.settings.level)
    if not model.is_file():
        yield from quantize(run, model, job.settings.level)
    job.project.update(model=str(model.relative_to(job.project.root)), run=run.name)
    if (run / "report.md").is_file():
        return
    if job.rounds > 1:
        from llmtui.tui.rounds import go_on

        yield from go_on(job, run, model, stopped, lock)
    if job.evaluate:
        yield from held_out(job, run, job.project.model or model)


def held_out(job: Job, run: Path, model: Path) -> Iterator[Event]:
    """Score the tuned model and its base on rows that training never saw."""
    from llmtui.trainer.evaluate.run import held_out_cases
    from llmtui.trainer.finetune.config import load_config
    from llmtui.tui.rounds import curve
    from llmtui.tui.scoring import Contestant, score
    from llmtui.workspace.records import load_rows

    rows = load_rows(job.project.instructions)
    base = Contestant("base", Path(load_config(run).base), BASE_CASES, repair=False)
    cases = held_out_cases(rows, CASES)
    both = [Contestant("tuned", model), base]
    yield from score(job, run, both, cases, "held-out rows", curve(run))


def instructions(job: Job) -> Iterator[Event]:
    """Build the instruction file unless the one there is made of the same, in the same way."""
    from llmtui.trainer.instructions.build import build, made_for
    from llmtui.trainer.instructions.construct import Options

    languages = parse_languages(job.settings.languages)
    contrast = job.settings.contrast == "on"
    options = Options(languages, job.settings.rows, contrast=contrast)
    with (yield from open_database(job)) as database:
        known = job.project.facts().get("instructions") == made_for(database, job.project, options)
        if known and job.project.instructions.is_file():
            yield Note(f"Using the rows in {job.project.instructions}")
        else:
            yield from build(database, job.project, options)
        note_rows(database, job.project, options)


def note_rows(database: Database, project: Project, options: Options) -> None:
    """Keep what the rows there are were constructed from, and the schema that they ask about."""
    from llmtui.trainer.instructions.build import made_for

    write_text(project.schema_text, database.schema.text(3))
    facts = made_for(database, project, options)
    project.update(instructions=facts, schema=database.schema.fingerprint)


def open_database(job: Job) -> Generator[Event, None, Database]:
    """Open the job's source, telling its import while it goes on. Raises what opening raises."""
    from llmtui.database.execute import Access, Database

    told: SimpleQueue[Event | None] = SimpleQueue()

    def work() -> Database:
        try:
            return Database.open(job.source, Access.of(job.settings), tell=told.put)
        finally:
            told.put(None)

    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(work)
        while (event := told.get()) is not None:
            yield event
    return opening.result()


def parse_languages(text: str) -> tuple[str, ...]:
    """ "en,zh" → ("en", "zh"). Raises UsageError."""
    chosen = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    unknown = [part for part in chosen if part not in ("en", "zh")]
    if unknown or not chosen:
        raise UsageError(f'There is no language "{text}"', hint="Choose en, zh or en,zh.")
    return tuple(dict.fromkeys(chosen))


def choose_run(job: Job) -> Path:
    """The unfinished run when it is for the same rows and settings, else a new one."""
    from llmtui.quantize.bases import find_base
    from llmtui.trainer.finetune.config import RunConfig, load_config
    from llmtui.trainer.headstart.adapter import start_for

    settings, base = job.settings, find_base(job.settings.base)
    pretraining = job.training.get("stage") == "pretrain"
    rank = int(job.training.get("rank", RunConfig.rank))
    schema_text = ""
    if settings.schema != "weights" or pretraining:
        schema_text = job.project.schema_text.read_text(encoding="utf-8")
    config = RunConfig(
        base=str(base),
        instructions=str(job.project.instructions),
        rows_digest="" if pretraining else constructed(job.project),
        schema_fingerprint=str(job.project.facts().get("schema", "")),
        minutes=settings.minutes,
        threads=settings.threads,
        languages=settings.languages,
        schema=settings.schema,
        schema_text=schema_text,
        batch=RunConfig.batch if settings.schema == "weights" else 2 * RunConfig.batch,
        level=settings.level,
        start="" if pretraining else pretrained(job.project, str(base)) or start_for(base, rank),
        **job.training,
    )
    last = job.project.latest_run()
    if last is not None and not job.fresh and not (last / "report.md").is_file():
        try:
            before = load_config(last)
            if (last / "adapter").is_dir():  # it learnt from the rows of then
                before = replace(before, rows_digest=config.rows_digest)
            if before == config:
                return last
        except UsageError:
            pass  # killed before its run.toml was written
    run = job.project.new_run()
    config.save(run)
    return run


def constructed(project: Project) -> str:
    """Tells the rows that were constructed from others; a person's own may come between."""
    rows = load_rows(project.instructions) if project.instructions.is_file() else []
    ids = sorted(row.id for row in rows if row.origin == "constructed")
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]


def pretrained(project: Project, base: str) -> str:
    """The adapter that continued pre-training left for this base, "" when there is none."""
    from llmtui.trainer.finetune.config import load_config

    name = project.facts().get("pretrained")
    run = project.runs / str(name)
    adapter = run / "adapter" / "adapter.safetensors"
    return str(adapter) if name and adapter.is_file() and load_config(run).base == base else ""


def finetune_in_child(run: Path, stopped: Callable[[], bool], lock: int) -> Iterator[Event]:
    """Train in a process of its own, so that its memory ends with it and a crash is only its own.

    The child holds the project's lock too: should this process be killed, the next tune waits
    until the child has saved and gone. Raises LlmtuiError with what the child said.
    """
    command = [sys.executable, "-m", "llmtui.trainer", str(run)]
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false", "PYTHONWARNINGS": "ignore",
                   "MALLOC_ARENA_MAX": "2", "GOMP_SPINCOUNT": _SPINS}  # fmt: skip
    failed: Failed | None = None
    with (run / "train.log").open("ab") as log:
        child = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            text=True,
            pass_fds=(lock,) if lock >= 0 else (),
        )
    asked = False
    assert child.stdout is not None
    try:
        for line in child.stdout:
            event = from_line(line)
            if isinstance(event, Failed):
                failed = event
            elif event is not None:
                yield event
            if stopped() and not asked:
                asked = True
                child.send_signal(signal.SIGINT)
                yield Note("Stopping after this step; what was learnt is kept")
    finally:
        child.stdout.close()
        code = child.wait()
    if failed is not None or code != 0:
        error = LlmtuiError(
            failed.message if failed else f"Training ended unexpectedly (code {code})",
            hint=""
            if failed
            else f"The log is {run / 'train.log'}. Run the same command to go on.",
        )
        error.exit_code = failed.exit_code if failed else 1
        raise error
