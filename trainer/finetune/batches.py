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
    group: int = 0
    """Rows of one group begin alike and go into batches of their own."""


_WITHOUT_HINTS = 12
"""One row of so many is learnt without its hints, so that the model does not lean on them."""


def schema_of(row: Instruction, usual: str) -> str:
    """The schema that a row is asked with when the prompt shows one: its own, or the usual one."""
    return str(row.extra.get("schema_text", usual))


def encode(
    row: Instruction, prompt: Prompt, tokenize: Tokenize, schema_text: str = "", group: int = 0
) -> Example:
    """Prompt, answer and the control token that ends it."""
    without = zlib.crc32(row.id.encode()) % _WITHOUT_HINTS == 0
    hints = () if without else row.hints
    before = prompt.tokens(tokenize, row.question, schema_text, hints)
    after = tokenize(row.target, False) + tokenize(prompt.end, True)
    return Example((*before, *after), len(before), group)


_FEW = 3
"""So many groups fill batches even when their rows are shuffled among each other."""


def plan_batches(examples: Sequence[Example], size: int, seed: int, epoch: int) -> list[list[int]]:
    """Indices of `examples` in batches of `size`, in an order fixed by seed and epoch.

    The rows keep their given order at large, so that a run that stops early has seen a balanced
    prefix; within a window of 16 batches, rows of a group and of like length go together.
    """
    rng = random.Random(f"{seed}/{epoch}")
    order = list(range(len(examples)))
    if epoch:
        rng.shuffle(order)
        places = rng.sample(range(len(order)), len(order))
        if len({example.group for example in examples}) > _FEW:  # rows of a group stay together
            order.sort(key=lambda i: places[examples[i].group])
    window = size * 16
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        block = sorted(order[start : start + window], key=lambda i: len(examples[i].tokens))
        rows: list[list[int]] = []
        for group in sorted({examples[i].group for i in block}):
            mine = [i for i in block if examples[i].group == group]
            rows += [mine[i : i + size] for i in range(0, len(mine), size)]
        rng.shuffle(rows)
        batches += rows
    return batches
