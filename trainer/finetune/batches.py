"""Rows to token batches: only the answer is learnt, and short rows go with short rows."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmtui.trainer.prompt import Prompt
from llmtui.workspace.records import Instruction

Tokenize = Callable[[str, bool], list[int]]


@dataclass(frozen=True)
class Example:
    """Token ids of one row; `answer` is the index where the answer starts."""

    tokens: tuple[int, ...]
    answer: int


_WITHOUT_HINTS = 12
"""One row of so many is learnt without its hints, so that the model does not lean on them."""


def encode(row: Instruction, prompt: Prompt, tokenize: Tokenize) -> Example:
    """Prompt, answer and the control token that ends it."""
    without = zlib.crc32(row.id.encode()) % _WITHOUT_HINTS == 0
    before = prompt.tokens(tokenize, row.question, hints=() if without else row.hints)
    after = tokenize(row.target, False) + tokenize(prompt.end, True)
    return Example((*before, *after), len(before))


def plan_batches(examples: Sequence[Example], size: int, seed: int, epoch: int) -> list[list[int]]:
    """Indices of `examples` in batches of `size`, in an order fixed by seed and epoch.

    The rows keep their given order at large, so that a run that stops early has seen a balanced
    prefix; within a window of 16 batches, rows of like length go together to save padding.
    """
    rng = random.Random(f"{seed}/{epoch}")
    order = list(range(len(examples)))
    if epoch:
        rng.shuffle(order)
    window = size * 16
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        block = sorted(order[start : start + window], key=lambda i: len(examples[i].tokens))
        rows = [block[i : i + size] for i in range(0, len(block), size)]
        rng.shuffle(rows)
        batches += rows
    return batches
