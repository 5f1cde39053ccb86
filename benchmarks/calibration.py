"""Fit the confidence of answers to how often they were right, and test the fit on other databases.

    python benchmarks/calibration.py ACCURACY.json... --json calibration.json

Reads what accuracy.py wrote. The mean probability of an answer's tokens is fitted by isotonic
regression to the share of such answers that are right (knots for inference/calibration.py); for the
test every database is left out in turn, and its answers are judged with the fit of the others. The
last table holds the confidence that was shown, after all doubts, to what was right of it.
"""

from __future__ import annotations

import json
import math
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

from common import arguments, finish

from llmtui.inference.calibration import KNOTS, at
from llmtui.trainer.evaluate.statistics import share
from llmtui.workspace.settings import Settings

Answers = list[tuple[float, bool]]
"""(mean probability of the tokens, whether it is right)."""
Shown = list[tuple[float, bool]]
"""(confidence as it was shown, whether the answer is right)."""
BINS = (0.0, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9)
Knots = list[tuple[float, float]]
FEWEST = 25
"""Answers that one knot stands for at least; fewer say more about chance than about answers."""
PRECISION_GAIN = 0.1


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, metavar="ACCURACY.json")
    options = parser.parse_args()
    databases: dict[str, Answers] = {}
    stated: Shown = []
    for file in options.files:
        for name, found in json.loads(file.read_text("utf-8"))["results"]["databases"].items():
            sure = [a for a in found["answers"] if a["sql"] and a["confidence"] is not None]
            databases.setdefault(name, []).extend((likelihood(a), a["strict"]) for a in sure)
            stated += [(a["confidence"], a["strict"]) for a in sure]
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
    print("\n| confidence shown | mean | right | answers |\n|---|--:|---|--:|")
    rows = reliability(stated)
    for row in rows:
        interval = f"{row['low']:.0%}–{row['high']:.0%}"
        print(f"| from {row['from']:g} | {row['stated']:.0%} | {row['right']:.0%} ({interval}) "
              f"| {row['answers']} |")  # fmt: skip
    return finish(options, {"knots": knots, "databases": results, "shown": rows}, bars)


def likelihood(answer: dict[str, Any]) -> float:
    """The mean probability of an answer's tokens. A file from before that was written down only has
    the confidence, which may be doubted: what the present KNOTS would give it to."""
    if answer.get("likelihood") is not None:
        return float(answer["likelihood"])
    return at(answer["confidence"], [(y, x) for x, y in KNOTS])


def reliability(stated: Shown) -> list[dict[str, float]]:
    """For each of BINS: the mean of the confidence shown, and how many answers were right."""
    rows = []
    for low, high in pairwise((*BINS, math.inf)):
        here = [(sure, right) for sure, right in stated if low <= sure < high]
        if here:
            right = share(sum(right for _, right in here), len(here))
            mean = sum(sure for sure, _ in here) / len(here)
            rows.append({"from": low, "stated": mean, "right": right.value, "low": right.low,
                         "high": right.high, "answers": right.of})  # fmt: skip
    return rows


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
