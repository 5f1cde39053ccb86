"""A few general instructions among the rows, so that a tuned model still answers plain ones.

How much was forgotten is measured on general instructions that are never learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from llmtui.trainer.finetune.batches import Example, Tokenize, encode
from llmtui.trainer.finetune.lora import adapter_off
from llmtui.trainer.finetune.loss import fast, loss_sum
from llmtui.trainer.prompt import Prompt
from llmtui.workspace.records import load_rows

GENERAL = Path(__file__).with_name("general.jsonl")


def general_rows(split: str, template: str, tokenize: Tokenize, group: int) -> list[Example]:
    """The general rows of a split, as bare questions."""
    rows = load_rows(GENERAL)
    prompt = Prompt(template)
    return [encode(row, prompt, tokenize, "", group) for row in rows if row.split == split]


def mixed_in(rows: Sequence[Example], general: Sequence[Example], share: float) -> list[Example]:
    """`rows` with a general one after every so many, around and around; `share` of all."""
    if share <= 0 or not general:
        return list(rows)
    every = max(1, round(1 / share) - 1)
    found: list[Example] = []
    for i, row in enumerate(rows):
        found.append(row)
        if i % every == every - 1:
            found.append(general[i // every % len(general)])
    return found


@torch.no_grad()
def before_and_after(model: Any, examples: Sequence[Example], pad: int) -> dict[str, float]:
    """Mean loss in nats a token of the base and of the tuned model."""
    answers = sum(len(example.tokens) - example.answer for example in examples)
    model.eval()
    with fast(model):
        after = sum(float(loss_sum(model, [example], pad)) for example in examples)
        with adapter_off(model):
            before = sum(float(loss_sum(model, [example], pad)) for example in examples)
    return {"before": round(before / answers, 4), "after": round(after / answers, 4)}
