"""From how likely an answer's tokens were to how often such answers are right."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

KNOTS = (
    (0.0, 0.0), (0.85, 0.2), (0.92, 0.32), (0.945, 0.5), (0.96, 0.68), (0.98, 0.75), (0.99, 0.9),
    (1.0, 1.0),
)  # fmt: skip
"""(geometric mean of the probabilities of an answer's tokens, share of such answers that are
right): 210 questions that people wrote about two databases, in English and Chinese, each answered
by a model tuned on its database with default settings. Straight between the knots."""


def calibrated(likelihood: float) -> float:
    """The chance, 0 to 1, that an answer is right whose tokens had this mean probability."""
    if not likelihood > 0:  # no number at all, too
        return 0.0
    return at(likelihood, KNOTS)


def at(value: float, knots: Sequence[tuple[float, float]]) -> float:
    """What rising knots give for a value, straight between them, and the last one above all."""
    for (low, first), (high, second) in pairwise(knots):
        if value <= high:
            return first + (second - first) * (value - low) / ((high - low) or 1.0)
    return knots[-1][1]
