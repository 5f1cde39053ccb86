"""Hold an exported model to what PyTorch said, before it is called ready."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from llmtui.workspace.errors import ModelError

SAME_ANSWERS = 0.8
"""Least share of greedy answers that must be token for token those of PyTorch in fp32. The rest
may part at a near tie, which eight bits can turn."""


class TokenModel(Protocol):
    """What verification needs of a running model."""

    def tokenize(self, text: str, control: bool = False) -> list[int]: ...

    def complete(self, tokens: Sequence[int], *, max_tokens: int = 256) -> list[int]: ...


@dataclass(frozen=True)
class Verdict:
    """`strings` tokenized alike, `same` of `answers` answered alike."""

    strings: int
    same: int
    answers: int


def verify(model: TokenModel, parity_file: Path) -> Verdict:
    """Compare `model` with the recorded parity. Raises ModelError saying what differs."""
    expected = json.loads(parity_file.read_text(encoding="utf-8"))
    for text, ids in expected["strings"]:
        got = list(model.tokenize(text, False))
        if got != ids:
            raise ModelError(
                f"The exported model splits the text {text!r} into other tokens than training did",
                hint="The model in use stays as it was.",
            )
    answers = expected["answers"]
    same = sum(
        list(model.complete(item["prompt"], max_tokens=max(1, len(item["answer"]) + 1)))
        == item["answer"]
        for item in answers
    )
    if answers and same < SAME_ANSWERS * len(answers):
        raise ModelError(
            f"The exported model gives {same} of {len(answers)} answers as training did; "
            f"at least {SAME_ANSWERS:.0%} are needed",
            hint="The model in use stays as it was. Try the level q8_0 or f16.",
        )
    return Verdict(len(expected["strings"]), same, len(answers))
