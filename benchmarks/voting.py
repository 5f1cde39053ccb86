"""Does a vote of eight answers beat the likeliest one? A tuned project, questions with known SQL.

    python benchmarks/voting.py --project PROJECT --questions FILE --json voting.json

Three ways to answer with one model: its first answer, mended; what `llmtui ask` gives, which looks
at other answers only when it doubts the first; and a vote, in which eight answers are decoded
together, those that run are grouped by their result, and the group with the greatest sum of
confidences wins. Strict execution accuracy, held to perturbed copies; times are medians.
"""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from common import arguments, finish, tuned

from llmtui.database.copies import perturbed_copies
from llmtui.database.execute import Database
from llmtui.inference.answer import Answer
from llmtui.inference.ask import Asker
from llmtui.inference.candidates import Candidate
from llmtui.inference.engine import Engine
from llmtui.trainer.evaluate.judge import Outcome
from llmtui.trainer.evaluate.run import evaluate, load_cases, typical_seconds
from llmtui.trainer.evaluate.statistics import share

VOTERS = 8
MOST_TIMES = 2.5
"""Times of one answer that the vote may take."""
QUICK_QUESTIONS = 60


class First(Asker):
    """The first answer and nothing else."""

    def ask(self, question: str, **_: Any) -> Answer:
        return self._try(self.model.prompt, question, lambda _text: None)


class Vote(Asker):
    """Eight answers, the result that most of the confidence stands for."""

    def ask(self, question: str, **_: Any) -> Answer:
        first = self._try(self.model.prompt, question, lambda _text: None)
        answers = [first]

        def take(text: str, candidate: Candidate) -> float:
            answers.append(self._checked(text, question, candidate.confidence))
            return -math.inf

        self.model.alternatives(VOTERS - 1, take)
        groups: dict[str, list[Answer]] = defaultdict(list)
        for answer in answers:
            if answer.status == "ok":
                groups[repr(sorted(map(repr, answer.rows)))].append(answer)
        if not groups:
            return first
        chosen = max(groups.values(), key=lambda some: sum(a.confidence or 0 for a in some))
        return max(chosen, key=lambda answer: answer.confidence or 0)


WAYS = {"first": First, "llmtui": Asker, "vote": Vote}


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--project", type=Path, required=True, help="a tuned project")
    parser.add_argument("--questions", type=Path, required=True)
    options = parser.parse_args()
    _, source, model = tuned(options.project)
    cases = load_cases(options.questions)[: QUICK_QUESTIONS if options.quick else None]
    found: dict[str, list[Outcome]] = {}
    with Database.open(source) as database, Engine(model) as engine:
        copies = perturbed_copies(database, [case.sql for case in cases])
        for name, way in WAYS.items():
            steps = evaluate(database, way(database, engine), cases, name, copies)
            found[name] = drained(steps)
    results = {name: told(outcomes) for name, outcomes in found.items()}
    for name, figures in results.items():
        print(name, figures)
    one, many = (results[name] for name in ("first", "vote"))
    times = many["seconds"] / one["seconds"]
    gain = many["strict"] - results["llmtui"]["strict"]
    return finish(options, results, {
        "time of a vote, times a first answer": (times, MOST_TIMES, times <= MOST_TIMES),
        "more questions right by voting than as it answers": (gain, 1, gain >= 1),
    })  # fmt: skip


def drained(steps: Any) -> list[Outcome]:
    """What a generator returns when it has told everything."""
    try:
        while True:
            next(steps)
    except StopIteration as ended:
        outcomes: list[Outcome] = ended.value
        return outcomes


def told(outcomes: list[Outcome]) -> dict[str, float]:
    right = share(sum(outcome.strict for outcome in outcomes), len(outcomes))
    return {
        "strict": right.hits, "of": right.of, "low": right.low, "high": right.high,
        "seconds": typical_seconds(outcomes),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
