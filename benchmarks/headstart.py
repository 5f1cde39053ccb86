"""What the head start is worth: asked untuned and as the start of a tune, against the base alone.

    python benchmarks/headstart.py FOLDER... --adapter FILE --minutes 3 10 --json headstart.json

FOLDERs are those of accuracy.py. Every database is asked with the base and with the base that has
the head start merged in, then tuned from each of the two for each of the minutes, and asked again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from accuracy import databases
from common import arguments, finish

from llmtui.quantize.bases import find_base
from llmtui.trainer.evaluate.run import load_cases
from llmtui.trainer.evaluate.statistics import mean_interval
from llmtui.trainer.headstart import adapter
from llmtui.tui import pipeline
from llmtui.tui.headstart import model_of
from llmtui.tui.scoring import Contestant, score
from llmtui.workspace import settings as settings_of
from llmtui.workspace.events import Event, Finished
from llmtui.workspace.project import Project

QUICK_MINUTES, QUICK_QUESTIONS = 2.0, 30
Scores = dict[str, dict[str, float]]
"""Contestant → share right by metric, and the seconds of its training."""


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--adapter", type=Path, help="instead of the one in the package")
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0], help="of training")
    parser.add_argument("--base", default="smollm2-135m")
    options = parser.parse_args()
    folders = [found.absolute() for given in options.folders for found in databases(given)]
    if options.quick:
        folders, options.minutes = folders[:1], [QUICK_MINUTES]
    place = Path(tempfile.mkdtemp(prefix="headstart-"))
    os.environ["LLMTUI_HOME"] = str(place / "home")
    if options.adapter:
        adapter.FOLDER = place / "adapters"
        adapter.FOLDER.mkdir()
        shutil.copy(options.adapter, adapter.FOLDER)
    found = {f"{f.parent.name}/{f.name}": measure(f, place, options) for f in folders}
    shutil.rmtree(place)
    results = {"databases": found, "means": means(found)}
    show(results["means"])
    return finish(options, results, bars(results["means"]))


def measure(folder: Path, place: Path, options: argparse.Namespace) -> Scores:
    """Scores of every contestant on one database."""
    source = next(folder / n for n in ("db.duckdb", "db.sqlite") if (folder / n).is_file())
    work = place / f"{folder.parent.name}-{folder.name}"
    settings = settings_of.load(None, base=options.base)
    base, ready = find_base(settings.base), model_of(settings, say)
    if ready is None:
        raise SystemExit(f"There is no head start for {options.base}; give one with --adapter.")
    contestants, seconds = [Contestant("base", base), Contestant("head start", ready)], {}
    for minutes in options.minutes:
        for start in ("base", "head start"):
            name = f"tuned {minutes:g} min from {start}"
            model, seconds[name] = tuned(source, work / name, options.base, minutes, start)
            contestants.append(Contestant(name, model))
    cases = load_cases(folder / "questions.jsonl")
    if options.quick:
        cases = cases[:: max(1, len(cases) // QUICK_QUESTIONS)]
    job = pipeline.Job(source, Project(work), settings)
    report = follow(score(job, work, contestants, cases, str(folder)))
    outcomes = json.loads(Path(report).with_suffix(".json").read_text("utf-8"))["outcomes"]
    return {
        one.name: {
            "strict": sum(o["strict"] for o in outcomes[one.name]) / len(cases),
            "tolerant": sum(o["tolerant"] for o in outcomes[one.name]) / len(cases),
            "seconds": seconds.get(one.name, 0.0),
        }
        for one in contestants
    }


def tuned(source: Path, folder: Path, base: str, minutes: float, start: str) -> tuple[Path, float]:
    """A model tuned with the head start or without it, and the wall seconds it took."""
    shipped, began = adapter.FOLDER, time.monotonic()
    if start == "base":
        adapter.FOLDER = folder / "none"
    try:
        settings = settings_of.load(None, base=base, minutes=minutes)
        job = pipeline.Job(source, Project(folder), settings, evaluate=False)
        follow(pipeline.tune(job, lambda: False))
    finally:
        adapter.FOLDER = shipped
    model = job.project.model
    assert model is not None
    return model, time.monotonic() - began


def say(event: Event) -> None:
    if isinstance(event, Finished):
        print(f"{event.stage}: {event.seconds:.0f} s {event.detail}", file=sys.stderr, flush=True)


def follow(events: Iterable[Event]) -> str:
    """The detail that the last stage to finish tells."""
    last = ""
    for event in events:
        say(event)
        last = event.detail if isinstance(event, Finished) else last
    return last


def means(found: dict[str, Scores]) -> dict[str, dict[str, Any]]:
    """Over databases, with an interval that draws databases again."""
    names = list(next(iter(found.values())))
    return {
        name: {
            metric: vars(mean_interval([scores[name][metric] for scores in found.values()]))
            for metric in ("strict", "tolerant")
        }
        for name in names
    }


def bars(told: dict[str, dict[str, Any]]) -> dict[str, tuple[float, float, bool]]:
    """Points of strict accuracy that the head start adds."""
    pairs = {"untuned": ("head start", "base")}
    for name in told:
        if name.endswith("from head start"):
            length = name.removesuffix(" from head start")
            pairs[length] = (name, f"{length} from base")
    gains = {
        f"gain, {what}, points": 100
        * (told[with_it]["strict"]["value"] - told[without]["strict"]["value"])
        for what, (with_it, without) in pairs.items()
    }
    return {name: (gain, 0.0, gain > 0) for name, gain in gains.items()}


def show(told: dict[str, dict[str, Any]]) -> None:
    print("| model | strict | tolerant |\n|---|---|---|")
    for name, metrics in told.items():
        cells = [f"{m['value']:.1%} ({m['low']:.0%}–{m['high']:.0%})" for m in metrics.values()]
        print(f"| {name} | {' | '.join(cells)} |")
    print()


if __name__ == "__main__":
    sys.exit(main())
