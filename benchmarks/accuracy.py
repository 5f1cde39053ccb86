"""Accuracy on databases with question files: each is tuned with default settings, then asked.

    python benchmarks/accuracy.py FOLDER... --json accuracy.json

FOLDER holds db.sqlite or db.duckdb and questions.jsonl ({"id", "question", "sql"} a line), or
folders that do. Every database is tuned in a home of its own, knowing nothing of the questions;
then `llmtui eval` asks them. Databases that the JSON file holds already are not measured again,
so that a run that was stopped goes on; with --homes the tuned projects stay, and a new JSON file
asks them again without tuning. --sample 50 prints so many of the answers, to be judged by hand.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common import AS_IT_COMES, arguments, evaluate, finish, llmtui, write

from llmtui.trainer.evaluate.statistics import Interval, Share, mean_interval, share
from llmtui.workspace.settings import Settings

STRICT_BARS = {"en": 0.65, "zh": 0.55}
MOST_MINUTES = 15.0
PRECISION_GAIN = 0.1
QUICK_MINUTES, QUICK_QUESTIONS = 3.0, 40
METRICS = ("strict", "tolerant")
Found = dict[str, Any]
"""What was measured of one database: seconds of its tune, why it failed, every answer."""


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--base", help="base model instead of the default one")
    parser.add_argument("--minutes", type=float, help="training time instead of the default")
    parser.add_argument("--sample", type=int, help="write so many answers for reading, and stop")
    parser.add_argument("--homes", type=Path, help="keep the tuned projects below this folder")
    options = parser.parse_args()
    folders = [found for given in options.folders for found in databases(given)]
    if options.quick:
        folders = folders[:1]
        options.minutes = options.minutes or QUICK_MINUTES
    measured = earlier(options)
    if options.sample:
        print(sheet(measured, options.sample))
        return 0
    for number, folder in enumerate(folders, 1):
        name = f"{folder.parent.name}/{folder.name}"
        if measured.get(name, {}).get("answers"):
            continue
        print(f"{number}/{len(folders)} {name}", file=sys.stderr, flush=True)
        measured[name] = measure(folder, options)
        if options.json:
            write(options.json, results_of(options, measured), bars_of(measured))
    show(measured)
    return finish(options, results_of(options, measured), bars_of(measured))


def databases(folder: Path) -> list[Path]:
    """The folders below (or at) `folder` that hold a database and its questions."""
    found = sorted(file.parent.absolute() for file in folder.rglob("questions.jsonl"))
    if not found:
        raise SystemExit(f"{folder}: no questions.jsonl here or below")
    return found


def setting_of(options: argparse.Namespace) -> dict[str, Any]:
    return {"base": options.base, "minutes": options.minutes, "quick": options.quick}


def earlier(options: argparse.Namespace) -> dict[str, Found]:
    """What the JSON file holds already. Ends when that was measured in another way."""
    if not options.json or not options.json.is_file():
        return {}
    results = json.loads(options.json.read_text("utf-8"))["results"]
    if results["setting"] != setting_of(options):
        raise SystemExit(f"{options.json} was measured with {results['setting']}; name another")
    databases: dict[str, Found] = results["databases"]
    return databases


def measure(folder: Path, options: argparse.Namespace) -> Found:
    """Tune on one database and ask its questions; a failure counts as every question missed."""
    source = source_of(folder)
    kept = options.homes.absolute() if options.homes else Path(tempfile.mkdtemp(prefix="accuracy-"))
    home = kept / f"{folder.parent.name}-{folder.name}"
    lines = (folder / "questions.jsonl").read_text("utf-8").splitlines()
    if options.quick:
        lines = lines[:: max(1, len(lines) // QUICK_QUESTIONS)]
    found: Found = {"questions": len(lines), "seconds": 0.0, "failed": "", "answers": []}
    tuned = home / "tuned.json"
    if not tuned.is_file():
        shutil.rmtree(home, ignore_errors=True)
        given = {"--base": options.base, "--minutes": options.minutes}
        flags = [part for name, value in given.items() if value for part in (name, value)]
        done, seconds = llmtui("tune", source, *flags, home=home)
        if done.returncode:
            return found | {"seconds": seconds, "failed": done.stderr[-800:]}
        tuned.write_text(json.dumps({"seconds": seconds}))
    found |= json.loads(tuned.read_text())
    answers = asked(source, lines, home)
    if not options.homes:
        shutil.rmtree(kept)
    return found | {"answers": answers}


def source_of(folder: Path) -> Path:
    return next(folder / n for n in ("db.duckdb", "db.sqlite") if (folder / n).is_file())


def asked(
    source: Path, lines: list[str], home: Path, program: Sequence[str] = AS_IT_COMES
) -> list[dict[str, Any]]:
    """What a tuned project answers to questions, judged: the outcomes of `llmtui eval`."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines if line.strip()))
        file.flush()
        report = evaluate(source, Path(file.name), home=home, program=program)
    answers: list[dict[str, Any]] = report["outcomes"]["tuned"]
    return answers


def languages(found: Found) -> list[str]:
    return sorted({answer["lang"] for answer in found["answers"]})


def rate(found: Found, metric: str, lang: str = "") -> float:
    """The share of a database's questions (in one language) that are right."""
    mine = [a for a in found["answers"] if lang in ("", a["lang"])]
    return sum(a[metric] for a in mine) / len(mine) if mine else 0.0


def over_databases(measured: dict[str, Found], metric: str, lang: str = "") -> Interval:
    """The mean over databases, with an interval that draws databases again."""
    return mean_interval([
        rate(found, metric, lang)
        for found in measured.values()
        if not lang or lang in languages(found) or found["failed"]
    ])  # fmt: skip


def every_language(measured: dict[str, Found]) -> list[str]:
    return sorted({lang for found in measured.values() for lang in languages(found)})


def results_of(options: argparse.Namespace, measured: dict[str, Found]) -> dict[str, Any]:
    means = {
        lang or "all": {m: vars(over_databases(measured, m, lang)) for m in METRICS}
        for lang in [*every_language(measured), ""]
    }
    return {
        "setting": setting_of(options),
        "means": means,
        "misses": dict(missed(measured).most_common()),
        "databases": measured,
    }


def shown_at(measured: dict[str, Found], least: float) -> Share:
    """How many answers of at least some confidence are right, of all that are."""
    answers = [a for found in measured.values() for a in found["answers"]]
    shown = [a for a in answers if least == 0 or (a["sql"] and (a["confidence"] or 0) >= least)]
    return share(sum(a["strict"] for a in shown), len(shown))


def missed(measured: dict[str, Found]) -> Counter[str]:
    """How often each kind of miss occurs; an answer may be of several."""
    return Counter(
        kind
        for found in measured.values()
        for answer in found["answers"]
        for kind in (*answer["kinds"], *(["right by luck"] if answer["lucky"] else []))
    )


def bars_of(measured: dict[str, Found]) -> dict[str, tuple[float, float, bool]]:
    bars = {}
    for lang in every_language(measured):
        value, bar = over_databases(measured, "strict", lang).value, STRICT_BARS[lang]
        bars[f"mean strict accuracy, {lang}"] = (value, bar, value >= bar)
    everyone, shown = shown_at(measured, 0.0), shown_at(measured, Settings().least_confidence)
    gain, wanted = shown.value - everyone.value, min(PRECISION_GAIN, 1 - everyone.value)
    bars["precision of what is shown, above accuracy"] = (gain, wanted, gain >= wanted)
    longest = max((found["seconds"] / 60 for found in measured.values()), default=0.0)
    bars["longest tune, minutes"] = (longest, MOST_MINUTES, longest <= MOST_MINUTES)
    return bars


def show(measured: dict[str, Found]) -> None:
    """The tables: every database with its intervals, the means, the kinds of misses."""
    print("| database | questions | strict | tolerant | tune, min |\n|---|---|---|---|---|")
    for name, found in measured.items():
        cells = [told(found, metric) for metric in METRICS]
        print(f"| {name} | {found['questions']} | {' | '.join(cells)} "
              f"| {found['seconds'] / 60:.1f} |")  # fmt: skip
    for lang in [*every_language(measured), ""]:
        means = [over_databases(measured, metric, lang) for metric in METRICS]
        cells = [f"{m.value:.1%} ({m.low:.0%}–{m.high:.0%})" for m in means]
        print(f"| **mean, {lang or 'all'}** | | {' | '.join(cells)} | |")
    print("\n| least confidence | shown | of those right (strict) |\n|---|--:|---|")
    for least in (0.0, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9):
        s = shown_at(measured, least)
        print(f"| {least:g} | {s.of} | {s.value:.1%} ({s.hits}/{s.of}; {s.low:.0%}–{s.high:.0%}) |")
    print("\n| kind of miss | answers |\n|---|---|")
    for kind, count in missed(measured).most_common(20):
        print(f"| {kind} | {count} |")
    print()


def sheet(measured: dict[str, Found], count: int) -> str:
    """A Markdown sheet of answers drawn at random, to be judged by a person who reads them."""
    every = [(name, answer) for name, found in measured.items() for answer in found["answers"]]
    drawn = random.Random(7).sample(every, min(count, len(every)))
    parts = ["Judge each answer by its question; the verdict of the evaluation stands last.\n"]
    for number, (name, a) in enumerate(drawn, 1):
        verdict = "right" if a["strict"] else "tolerated" if a["tolerant"] else "wrong"
        parts.append(
            f"## {number}. {name}\n\n{a['question']}\n\n- wanted: `{a['gold']}`\n"
            f"- got: `{a['sql']}`\n- by hand: \n- verdict: {verdict} {a['why']}\n"
        )
    return "\n".join(parts)


def told(found: Found, metric: str) -> str:
    if found["failed"]:
        return "failed"
    s = share(sum(a[metric] for a in found["answers"]), len(found["answers"]))
    return f"{s.value:.1%} ({s.hits}/{s.of}; {s.low:.0%}–{s.high:.0%})"


if __name__ == "__main__":
    sys.exit(main())
