"""The promise of the demo: tuning time and memory, accuracy on hand-written questions, speed.

Tunes on the demo database (or takes the project given), scores the tuned GGUF and its base on the
questions of `llmtui.database.demo`, and times warm and cold answers.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from common import arguments, evaluate, finish, llmtui

from llmtui.database.demo import questions_file, write_demo
from llmtui.trainer.evaluate.statistics import share
from llmtui.workspace.project import Project
from llmtui.workspace.settings import Settings


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--project", type=Path, help="a project that is tuned already")
    parser.add_argument("--base", default="smollm2-135m")
    parser.add_argument("--minutes", type=float, default=Settings().minutes)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="llmtui-demo-"))
    project = options.project or folder / "project"
    source = Project(project).source or folder / "company.duckdb"
    if not source.is_file():
        write_demo(source)
    bars: dict[str, tuple[float, float, bool]] = {}
    results: dict[str, Any] = {"base": options.base, "project": str(project)}
    if options.project is None:
        minutes = min(options.minutes, 3.0) if options.quick else options.minutes
        done, seconds = llmtui("tune", source, "--project", project, "--base", options.base,
                               "--minutes", minutes)  # fmt: skip
        if done.returncode:
            print(done.stderr, file=sys.stderr)
            return done.returncode
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        memory = usage.ru_maxrss / 1e6
        bars["tune, minutes"] = (seconds / 60, 15, seconds <= 900)
        bars["tune, peak memory of a process, GB"] = (memory, 6, memory <= 6)
    bars |= accuracy(source, project, results)
    bars |= speed(source, project, results)
    return finish(options, results, bars)


def accuracy(
    source: Path, project: Path, results: dict[str, Any]
) -> dict[str, tuple[float, float, bool]]:
    """Strict execution accuracy by language, of tuned and base; and that every answer holds."""
    scores = evaluate(source, questions_file(), "--project", project)["scores"]
    some = Path(tempfile.mkdtemp()) / "some.jsonl"
    some.write_text("\n".join(questions_file().read_text("utf-8").splitlines()[::4]), "utf-8")
    both = evaluate(source, some, "--project", project, "--compare", "base")["scores"]
    results["scores"] = scores = scores | {"base": both["base"]}
    bars = {}
    print("| model | language | strict | 95 % interval |\n|---|---|---|---|")
    for model, groups in scores.items():
        for lang, metrics in groups.items():
            s = share(metrics["strict"]["hits"], metrics["strict"]["of"])
            print(f"| {model} | {lang} | {s.value:.1%} ({s.hits}/{s.of}) "
                  f"| {s.low:.0%}–{s.high:.0%} |")  # fmt: skip
            if model == "tuned" and lang in ("en", "zh"):
                bar = 0.60 if lang == "en" else 0.50
                bars[f"strict accuracy, {lang}"] = (s.value, bar, s.value >= bar)
    print()
    return bars


def speed(
    source: Path, project: Path, results: dict[str, Any]
) -> dict[str, tuple[float, float, bool]]:
    """Cold: a new process. Warm: the seconds of each answer in one process."""
    cold = []
    for _ in range(5):
        done, seconds = llmtui("ask", source, "How many employees are there?", "--project",
                               project, "--json")  # fmt: skip
        if done.returncode == 0:
            cold.append(seconds)
    out = Path(tempfile.mkdtemp()) / "answers.jsonl"
    llmtui("ask", source, "--project", project, "--file", questions_file(), "--out", out)
    answers = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    warm = [answer["seconds"] for answer in answers]
    shown = [answer for answer in answers if answer["status"] == "ok"]
    hold = [answer for answer in shown if all(answer["checks"].values())]
    times = []
    for _ in range(7):
        began = time.monotonic()
        llmtui("--help")
        times.append(time.monotonic() - began)
    results |= {"cold_seconds": cold, "warm_seconds": warm, "help_seconds": times}
    results["statuses"] = {s: sum(a["status"] == s for a in answers)
                           for s in sorted({a["status"] for a in answers})}  # fmt: skip
    return {
        "warm answer, median seconds": (median(warm), 1.5, median(warm) <= 1.5),
        "cold answer, median seconds": (median(cold), 4.0, median(cold) <= 4.0),
        "answers shown that hold, share": (len(hold) / len(shown), 1.0, len(hold) == len(shown)),
        "llmtui --help, median seconds": (median(times), 0.4, median(times) <= 0.4),
    }


if __name__ == "__main__":
    sys.exit(main())
