"""From what was learnt to files that hold: one level, several with scores, or an adapter file."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from llmtui.tui.trained import label
from llmtui.workspace.errors import ModelError
from llmtui.workspace.events import Event, Note, Saved
from llmtui.workspace.files import write_text

if TYPE_CHECKING:
    from llmtui.tui.pipeline import Job

CASES = 400
"""Held-out rows that every level is asked."""
BASE_CASES = 30
"""Held-out rows that the base is asked: it reads the schema with each one."""
_AS_THEY_ANSWER = (
    "Tuned files answer as `llmtui ask` does, with hints and mending; the base is asked "
    f"{BASE_CASES} of the rows, and its first answers are taken as they are."
)


def quantize(run: Path, model: Path, level: str) -> Iterator[Event]:
    """Merge, quantize and verify; the model appears under its name only when it holds.

    Raises ModelError saying what differs; a model that is in use stays.
    """
    from llmtui.quantize.export import export
    from llmtui.quantize.levels import level_named

    candidate = model.parent / ".candidate" / model.name
    made = export(run / "adapter", candidate, level, label(run))
    yield from _verified(made, candidate, model, run, level_named(level).bound)


def save_adapter(run: Path, file: Path) -> Iterator[Event]:
    """Write what was learnt as an adapter file, verified on its base. Raises as `quantize`."""
    from llmtui.quantize.export import ADAPTER_BOUND, export_adapter

    candidate = file.parent / ".candidate" / file.name
    made = export_adapter(run / "adapter", candidate, label(run))
    yield from _verified(made, candidate, file, run, ADAPTER_BOUND)


def _verified(
    made: Iterator[Event], candidate: Path, file: Path, run: Path, bound: float
) -> Iterator[Event]:
    from llmtui.inference.compared import ComparedEngine
    from llmtui.quantize.trusted import remember
    from llmtui.quantize.verify import verify

    try:
        yield from made
        with ComparedEngine(candidate) as engine:
            verdict = verify(engine, run / "adapter", engine.prompt.end, bound)
        yield Note(f"Verified: {verdict}")
        candidate.replace(file)
        remember(file)
    finally:
        shutil.rmtree(candidate.parent, ignore_errors=True)


def file_for(job: Job, run: Path, level: str) -> Path:
    """Where a level of a run's model is kept; `level` "adapter" is the adapter file."""
    suffix = {"q8_0": ".gguf", "adapter": ".lora.gguf"}.get(level, f"-{level}.gguf")
    return job.project.models / f"{job.project.root.name[:40]}-{label(run)}{suffix}"


def predict_levels(run: Path, levels: Sequence[str]) -> Iterator[Event]:
    """Size and mix that each level of a run would have, without writing anything.

    Raises ModelError.
    """
    from llmtui.quantize.adapter import load_adapter
    from llmtui.quantize.export import shares
    from llmtui.quantize.levels import level_named, predict

    adapter = load_adapter(run / "adapter")
    for name in levels:
        expected = predict(adapter.base, level_named(name), adapter.importance)
        yield Note(f"{name}: {expected.size / 1e6:.1f} MB; {shares(expected.mix)}")


def quantize_levels(
    job: Job, run: Path, levels: Sequence[str]
) -> Generator[Event, None, dict[str, Path]]:
    """Make a file for each level ("adapter" too); those that hold, by level.

    Of several levels, one that does not hold is told and left out. Raises ModelError when none
    holds.
    """
    held: dict[str, Path] = {}
    for level in levels:
        file = file_for(job, run, level)
        made = save_adapter(run, file) if level == "adapter" else quantize(run, file, level)
        try:
            yield from made
        except ModelError as error:
            if len(levels) == 1:
                raise
            yield Note(f"✗ {level}: {error}")
        else:
            held[level] = file
    if not held:
        raise ModelError("No level holds to what training said; the model in use stays as it was")
    return held


def score_levels(job: Job, run: Path, files: Mapping[str, Path], base: Path) -> Iterator[Event]:
    """Ask base and levels the held-out rows; a table with accuracy, size and speed beside it."""
    from llmtui.trainer.evaluate.run import held_out_cases
    from llmtui.tui.scoring import Contestant, score
    from llmtui.workspace.records import load_rows

    cases = held_out_cases(load_rows(job.project.instructions), CASES)
    folder = job.project.new_evaluation()
    contestants = [Contestant(name, file) for name, file in files.items()]
    contestants.append(Contestant("base", base, most=BASE_CASES, repair=False))
    yield from score(job, folder, contestants, cases, "held-out rows")
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    lines = [
        "| file | size | tokens a second | right (strict) | 95 % interval |",
        "|---|--:|--:|--:|--:|",
    ]
    for one in contestants:
        got = report["scores"][one.name]["all"]["strict"]
        speed = tokens_a_second(one.model, run)
        lines.append(
            f"| {one.name} | {one.model.stat().st_size / 1e6:.1f} MB | {speed:.0f} "
            f"| {got['value']:.1%} ({got['hits']}/{got['of']}) "
            f"| {got['low']:.1%} to {got['high']:.1%} |"
        )
    lines += ["", _AS_THEY_ANSWER]
    write_text(folder / "levels.md", "\n".join(lines) + "\n")
    for line in lines:
        yield Note(line)
    yield Saved("levels", str(folder / "levels.md"))


def tokens_a_second(model: Path, run: Path) -> float:
    """Speed of writing answers, prompts included, on the prompts that training recorded."""
    from llmtui.inference.engine import Engine
    from llmtui.quantize.verify import recorded

    answers = recorded(run / "adapter")["answers"]
    with Engine(model) as engine:
        written = 0
        began = time.monotonic()
        for item in answers:
            written += len(engine.complete(item["prompt"], max_tokens=96)) + 1
        return written / (time.monotonic() - began)
