"""What each part of the constructor is worth: tuned without it, asked the same questions.

    python benchmarks/ablation.py FOLDER... --minutes 4 --homes HOMES --json ablation.json

FOLDERs are those of accuracy.py. Every database is tuned as llmtui comes and once for each part
that is taken away or added, with as many minutes of training each, and every model is asked the
same questions that people wrote; answers are compared one by one. One tune is one draw, so what
is small may be chance: "again" is as it comes with other rows, to see how much that is. What the
JSON file holds is not measured again.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from accuracy import asked, databases, source_of
from common import arguments, finish, llmtui, write

from llmtui.trainer.evaluate.statistics import paired, share

MINUTES, QUICK_MINUTES, QUICK_QUESTIONS = 8.0, 2.0, 40
USUAL = "as it comes"
Answers = list[dict[str, Any]]


def instead(of: Any, name: str, what: object) -> None:
    patch.object(of, name, what).start()


def other_rows() -> None:
    from llmtui.trainer.instructions.construct import Options

    usual = Options.__init__.__defaults__ or ()
    others = tuple(8 if value == Options.seed else value for value in usual)
    instead(Options.__init__, "__defaults__", others)


class First(random.Random):
    """No chance: the first of whatever there is to choose from, unless it is asked for ever."""

    asked = 0

    def choice(self, seq: Any) -> Any:
        self.asked += 1
        return seq[0] if self.asked < 100 else super().choice(seq)

    def choices(self, population: Any, *_args: Any, **_more: Any) -> list[Any]:
        return [self.choice(population)]

    def random(self) -> float:
        return 0.5 if self.asked < 100 else super().random()


def one_phrasing() -> None:
    """Every query is asked in the first way that its shape has, and things are called one name."""
    from llmtui.trainer.instructions.draft import Draft

    template, say = Draft.template, Draft.say
    instead(Draft, "template", lambda d, lang, _rng, _used: template(d, lang, First(0), set()))
    instead(Draft, "say", lambda d, text, lang, _rng: say(d, text, lang, First(0)))


def no_hints() -> None:
    """No hint of what a question mentions stands in the prompt, in training and when asked."""
    from llmtui.database.link import Linker

    instead(Linker, "hints", lambda _self, _question: ())


def no_head_start() -> None:
    from llmtui.trainer.headstart import adapter

    instead(adapter, "find", lambda *_: None)


@dataclass(frozen=True)
class Variant:
    """flags: of `llmtui tune`; before: commands about the source that come first"""

    change: Callable[[], None] = lambda: None
    flags: tuple[str, ...] = ()
    before: tuple[tuple[str, ...], ...] = ()
    rounds: int = 1


TEACHER = ("--teacher", "smollm2-135m", "--small", "--way", "paraphrase", "--rows", "200")
VARIANTS = {
    USUAL: Variant(),
    "again": Variant(other_rows),
    "one phrasing": Variant(one_phrasing),
    "no hints": Variant(no_hints),
    "no head start": Variant(no_head_start),
    "contrast": Variant(flags=("--contrast",)),
    "two rounds": Variant(flags=("--rounds", "2"), rounds=2),
    "schema in the prompt": Variant(flags=("--schema", "prompt")),
    "rewritten rows": Variant(
        before=(("instructions", "build"), ("instructions", "rewrite", *TEACHER, "--minutes", "5"))
    ),
}


def main() -> int:
    if sys.argv[1:2] == ["--as"]:
        return run_as(sys.argv[2], sys.argv[3:])
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--minutes", type=float, help="training time of each")
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), help="which to tune")
    parser.add_argument("--homes", type=Path, help="keep the tuned projects below this folder")
    options = parser.parse_args()
    folders = [found for given in options.folders for found in databases(given)]
    options.minutes = options.minutes or (QUICK_MINUTES if options.quick else MINUTES)
    measured: dict[str, Answers] = {}
    if options.json and options.json.is_file():
        measured = json.loads(options.json.read_text("utf-8"))["results"]
    for name in options.only or VARIANTS:
        for folder in folders[:1] if options.quick else folders:
            key = f"{name} | {folder.parent.name}/{folder.name}"
            if key not in measured:
                print(key, file=sys.stderr, flush=True)
                measured[key] = measure(name, folder, options)
                if options.json:
                    write(options.json, measured, {})
    show(measured)
    return finish(options, measured, {})


def run_as(name: str, command: list[str]) -> int:
    """`llmtui`, but for one variant."""
    from llmtui.tui.cli import main as llmtui_main

    VARIANTS[name].change()
    sys.argv = ["llmtui", *command]
    llmtui_main()
    return 0


def measure(name: str, folder: Path, options: argparse.Namespace) -> Answers:
    """Tune one variant on one database and ask it. Ends the benchmark when a command fails."""
    variant, source = VARIANTS[name], source_of(folder)
    kept = options.homes.absolute() if options.homes else Path(tempfile.mkdtemp(prefix="ablation-"))
    home = kept / f"{name.replace(' ', '-')}-{folder.parent.name}-{folder.name}"
    program = (str(Path(__file__).absolute()), "--as", name)
    minutes = options.minutes / variant.rounds
    tune = ("tune", source, "--minutes", minutes, *variant.flags)
    for command in (*((*words[:2], source, *words[2:]) for words in variant.before), tune):
        done, _ = llmtui(*command, home=home, program=program)
        if done.returncode:
            raise SystemExit(f"{name}: {done.stdout[-300:]}{done.stderr[-500:]}")
    lines = (folder / "questions.jsonl").read_text("utf-8").splitlines()
    if options.quick:
        lines = lines[:: max(1, len(lines) // QUICK_QUESTIONS)]
    answers = asked(source, lines, home, program)
    if not options.homes:
        shutil.rmtree(kept)
    return answers


def show(measured: dict[str, Answers]) -> None:
    print("| | database | strict | against as it comes |\n|---|---|---|---|")
    for key, answers in measured.items():
        name, _, database = key.partition(" | ")
        right = [bool(answer["strict"]) for answer in answers]
        s, usual = share(sum(right), len(right)), measured.get(f"{USUAL} | {database}")
        told = ""
        if usual and name != USUAL:
            p = paired(right, [bool(answer["strict"]) for answer in usual])
            told = f"+{p.only_first} −{p.only_second}, p {p.p:.2f}"
        print(f"| {name} | {database} | {s.value:.1%} ({s.hits}/{s.of}; {s.low:.0%}–{s.high:.0%}) "
              f"| {told} |")  # fmt: skip
    print()


if __name__ == "__main__":
    sys.exit(main())
