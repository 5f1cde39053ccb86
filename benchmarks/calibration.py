"""Fit the confidence of answers to how often they were right, and test the fit on other databases.

    python benchmarks/calibration.py ACCURACY.json... --json calibration.json

Reads what accuracy.py wrote. The mean probability of an answer's tokens is fitted by isotonic
regression to the share of such answers that are right (knots for inference/calibration.py); for the
test every database is left out in turn, and its answers are judged with the fit of the others.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from common import arguments, finish

from llmtui.inference.calibration import KNOTS, at
from llmtui.trainer.evaluate.statistics import share
from llmtui.workspace.settings import Settings

Answers = list[tuple[float, bool]]
"""(mean probability of the tokens, whether it is right)."""
Knots = list[tuple[float, float]]
FEWEST = 25
"""Answers that one knot stands for at least; fewer say more about chance than about answers."""
PRECISION_GAIN = 0.1


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="ACCURACY.json")
    options = parser.parse_args()
    databases: dict[str, Answers] = {}
    for file in options.files:
        for name, found in json.loads(file.read_text("utf-8"))["results"]["databases"].items():
            databases.setdefault(name, []).extend(answers_of(found["answers"]))
    every = [answer for answers in databases.values() for answer in answers]
    knots = fitted(every)
    print("KNOTS =", tuple((round(x, 3), round(y, 2)) for x, y in knots))
    least, results, bars = Settings().least_confidence, {}, {}
    print("\n| database | answers | right | shown | of those right | error |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, answers in databases.items():
        others = [a for other, some in databases.items() if other != name for a in some]
        used = fitted(others) if len(databases) > 1 else list(KNOTS)
        shown = [right for x, right in answers if at(x, used) >= least]
        whole, sure = share(sum(r for _, r in answers), len(answers)), share(sum(shown), len(shown))
        error = sum(abs(gap) for gap in gaps(answers, used)) / len(answers)
        print(f"| {name} | {whole.of} | {whole.value:.0%} | {sure.of} | {sure.value:.0%} "
              f"({sure.low:.0%}–{sure.high:.0%}) | {error:.0%} |")  # fmt: skip
        gain = sure.value - whole.value
        bars[f"{name}: precision above accuracy"] = (gain, PRECISION_GAIN, gain >= PRECISION_GAIN)
        results[name] = {
            "answers": whole.of,
            "right": whole.hits,
            "shown": sure.of,
            "sure": sure.hits,
        }
    return finish(options, {"knots": knots, "databases": results}, bars)


def answers_of(answers: list[dict[str, object]]) -> Answers:
    """The answers that have a confidence, with the mean probability that it came from."""
    return [
        (likelihood(float(str(answer["confidence"]))), bool(answer["strict"]))
        for answer in answers
        if answer["sql"] and answer["confidence"] is not None
    ]


def likelihood(confidence: float) -> float:
    """The mean probability that the present KNOTS gave this confidence to."""
    return at(confidence, [(y, x) for x, y in KNOTS])


def fitted(answers: Answers) -> Knots:
    """Isotonic regression (pool adjacent violators, Ayer 1955) over groups of FEWEST answers."""
    ordered = sorted(answers)
    groups = [ordered[i : i + FEWEST] for i in range(0, len(ordered), FEWEST)]
    if len(groups) > 1 and len(groups[-1]) < FEWEST:
        groups[-2:] = [groups[-2] + groups[-1]]
    pooled: list[Answers] = []
    for group in groups:
        pooled.append(group)
        while len(pooled) > 1 and rate(pooled[-2]) >= rate(pooled[-1]):
            pooled[-2:] = [pooled[-2] + pooled[-1]]
    middles = [(sum(x for x, _ in group) / len(group), rate(group)) for group in pooled]
    return [(0.0, 0.0), *middles, (1.0, 1.0)]


def rate(answers: Answers) -> float:
    return sum(right for _, right in answers) / len(answers)


def gaps(answers: Answers, knots: Knots) -> list[float]:
    """For each fifth of the answers, by confidence: (mean confidence − share right) × answers."""
    ordered = sorted(answers)
    fifth = max(1, -(-len(ordered) // 5))
    parts = [ordered[i : i + fifth] for i in range(0, len(ordered), fifth)]
    return [sum(at(x, knots) - right for x, right in part) for part in parts]


if __name__ == "__main__":
    sys.exit(main())
