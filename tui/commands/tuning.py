"""`llmtui tune` and its stages one by one: `train`, `quantize`, `eval`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from llmtui.tui.commands.common import (
    ExcludeOption,
    JsonOption,
    LargeOption,
    ProjectOption,
    SourceArgument,
    follow,
    keep,
    place,
    settings_for,
)
from llmtui.tui.commands.ending import Stop, told
from llmtui.tui.trained import base_of, trained_run
from llmtui.workspace.errors import ModelError, UsageError
from llmtui.workspace.events import Event

MinutesOption = Annotated[
    float | None, typer.Option("--minutes", help="Time for the training steps.", min=0.05)
]
BaseOption = Annotated[
    str | None, typer.Option("--base", help="Base model: a name of `models list` or a .gguf file.")
]
LangOption = Annotated[str | None, typer.Option("--lang", help="Languages: en, zh or en,zh.")]
RowsOption = Annotated[int | None, typer.Option("--rows", help="Rows to construct.", min=50)]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Start anew, not from the last point.")]
SchemaOption = Annotated[
    str | None,
    typer.Option("--schema", help="Where the schema is learnt from: weights, prompt or mixed."),
]
FlatOption = Annotated[
    bool, typer.Option("--until-flat", help="End when held-out answers no longer get better.")
]
SeenOption = Annotated[
    int, typer.Option("--rows", help="Rows to see in all, in place of --minutes.", min=0)
]
StageOption = Annotated[
    str, typer.Option("--stage", help="instructions, or pretrain: plain text of your own.")
]
TextOption = Annotated[
    Path | None, typer.Option("--text", help="For pretrain: a folder of .sql, .txt and .md files.")
]
MaskedOption = Annotated[
    float | None, typer.Option("--masked", help="For pretrain: share of text with a gap.")
]
RankOption = Annotated[int | None, typer.Option("--rank", help="Rank of the LoRA.", min=1)]
RateOption = Annotated[
    float | None, typer.Option("--learning-rate", help="Peak of the learning rate.")
]
RoundsOption = Annotated[
    int,
    typer.Option("--rounds", help="Go on with what is missed, so many times in all.", min=1, max=9),
]
ContrastOption = Annotated[
    bool,
    typer.Option("--contrast", help="Add twins of rows, and questions that have no answer."),
]
ThreadsOption = Annotated[int | None, typer.Option("--threads", help="0 is every core.", min=0)]


def tune(
    source: SourceArgument,
    minutes: MinutesOption = None,
    base: BaseOption = None,
    lang: LangOption = None,
    rows: RowsOption = None,
    schema: SchemaOption = None,
    until_flat: FlatOption = False,
    threads: ThreadsOption = None,
    rounds: RoundsOption = 1,
    contrast: ContrastOption = False,
    fresh: FreshOption = False,
    exclude: ExcludeOption = None,
    large: LargeOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Instructions, fine-tuning, quantization and evaluation, in one go.

    Run it again after a crash or a power cut and it goes on from the last saved point. Ctrl-C
    during training ends training early and keeps what was learnt; `kill -USR1` pauses it: the
    point reached is saved and the process ends. Every round after the first
    trains as long again, on rows like those that were missed; one that does not help is dropped.
    """
    full, kept = place(source, project)
    keep(kept, full, exclude, large)
    settings = settings_for(
        kept, minutes=minutes, base=base, languages=lang, rows=rows, threads=threads,
        schema=schema, contrast="on" if contrast else None,
    )  # fmt: skip
    from llmtui.tui.pipeline import Job
    from llmtui.tui.pipeline import tune as run

    stop = Stop()
    training = {"until_flat": until_flat}
    job = Job(full, kept, settings, fresh=fresh, training=training, rounds=rounds)
    follow(told(run(job, stop), stop), as_json=as_json)


def train(
    source: SourceArgument,
    minutes: MinutesOption = None,
    rows: SeenOption = 0,
    until_flat: FlatOption = False,
    stage: StageOption = "instructions",
    text: TextOption = None,
    masked: MaskedOption = None,
    schema: SchemaOption = None,
    rank: RankOption = None,
    learning_rate: RateOption = None,
    base: BaseOption = None,
    threads: ThreadsOption = None,
    fresh: FreshOption = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune the base on the project's instruction rows, or on your own text, and no more.

    `--stage pretrain` goes on with the base's own pre-training on text; the next tune of this
    project goes on from there.
    """
    if stage not in ("instructions", "pretrain"):
        raise UsageError(f'There is no stage "{stage}"', hint="Choose instructions or pretrain.")
    full, kept = place(source, project)
    minutes = 0.0 if rows and minutes is None else minutes
    settings = settings_for(kept, minutes=minutes, base=base, threads=threads, schema=schema)
    from llmtui.tui import pipeline
    from llmtui.tui.lock import only_one
    from llmtui.workspace.project import start

    given = {"rows": rows, "until_flat": until_flat, "stage": stage, "masked": masked,
             "text": str(text.absolute()) if text else None, "rank": rank,
             "alpha": 2 * rank if rank else None, "learning_rate": learning_rate}  # fmt: skip
    training = {name: value for name, value in given.items() if value is not None}
    job = pipeline.Job(full, kept, settings, fresh=fresh, training=training)
    stop = Stop()

    def work() -> Iterator[Event]:
        start(kept, full)
        with only_one(kept) as lock:
            if not (kept.instructions.is_file() and kept.schema_text.is_file()):
                yield from pipeline.instructions(job)
            run = pipeline.choose_run(job)
            yield from pipeline.finetune_in_child(run, stop, lock)
            if stage == "pretrain":
                kept.update(pretrained=run.name)

    follow(told(work(), stop), as_json=as_json)


def quantize(
    source: SourceArgument,
    level: Annotated[str | None, typer.Option("--level", help="q8_0, q5_k_m, q4_k_m …")] = None,
    levels: Annotated[
        str | None,
        typer.Option("--levels", help="Several, as q8_0,q4_0,adapter; the first is then used."),
    ] = None,
    adapter: Annotated[
        bool, typer.Option("--adapter", help="An adapter file beside the shared base.")
    ] = False,
    score: Annotated[
        bool,
        typer.Option(
            "--score", help="Ask each file, an adapter file and the base the held-out rows."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell sizes and types; write nothing.")
    ] = False,
    run_name: Annotated[
        str,
        typer.Option(
            "--run",
            help="A run of `runs/` in the project, or one round: RUN/round-2; else the "
            "best round of the newest.",
        ),
    ] = "",
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Merge a trained adapter into its base, quantize, verify, and use the result.

    A file that does not hold to what training recorded is not kept, and the model in use stays.
    Of a run with several rounds the best one is taken.
    """
    full, kept = place(source, project)
    settings = settings_for(kept, level=level)
    from llmtui.quantize.levels import level_named
    from llmtui.tui import exporting
    from llmtui.tui.lock import only_one
    from llmtui.tui.pipeline import Job
    from llmtui.tui.trained import name_of

    asked = [name.strip().lower() for name in (levels or "").split(",") if name.strip()]
    names = ["adapter"] if adapter else asked or [settings.level]
    wanted = [name if name == "adapter" else level_named(name).name for name in names]
    made = [*wanted, "adapter"] if score and "adapter" not in wanted else wanted
    run, job = trained_run(kept, full, run_name), Job(full, kept, settings)
    base = base_of(kept, full, run_name)

    def work() -> Iterator[Event]:
        with only_one(kept):
            files = yield from exporting.quantize_levels(job, run, made)
            used = files.get(wanted[0])
            if used is not None:
                kept.update(model=str(used.relative_to(kept.root)), run=name_of(run))
        if score:
            yield from exporting.score_levels(job, run, files, base)
        if len(files) < len(made):
            raise ModelError(f"{len(made) - len(files)} of {len(made)} files do not hold")

    plan = exporting.predict_levels(run, [name for name in wanted if name != "adapter"])
    follow(told(plan if dry_run else work(), Stop()), as_json=as_json)


def evaluate(
    source: SourceArgument,
    questions: Annotated[
        Path | None,
        typer.Option(
            "--questions", "--file", help='Lines of {"question", "sql"}; else held-out rows.'
        ),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Instead of the one in use.")] = None,
    compare: Annotated[
        str | None,
        typer.Option("--compare", help='A second model asked the same: "base", a name, a .gguf.'),
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score a model on questions with known answers, and write a report.

    The answers are those that `llmtui ask` would show; the base's are its first ones. A question
    is answered right when its SQL gives the known SQL's result.
    """
    full, kept = place(source, project)
    from llmtui.trainer.evaluate.run import held_out_cases, load_cases
    from llmtui.tui.commands.asking import choose_model
    from llmtui.tui.pipeline import CASES, Job
    from llmtui.tui.scoring import Contestant, score
    from llmtui.workspace.records import load_rows

    chosen = choose_model(kept, model, full, settings_for(kept) if questions else None)
    contestants = [Contestant("tuned" if model is None else chosen.stem, chosen)]
    if compare is not None:
        bare = compare == "base"
        other = base_of(kept, full) if bare else choose_model(kept, compare, full)
        name = "base" if bare else other.stem
        contestants.append(Contestant(name, other, repair=not bare))
    if questions is None:
        cases, asked = held_out_cases(load_rows(kept.instructions), CASES), "held-out rows"
    else:
        cases, asked = load_cases(questions), str(questions)
    job = Job(full, kept, settings_for(kept))
    follow(told(score(job, kept.new_evaluation(), contestants, cases, asked), Stop()),
           as_json=as_json)  # fmt: skip
