"""Hold an exported model to what PyTorch said, before it is called ready."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from llmtui.workspace.errors import ModelError

SAME_ANSWERS = 0.8
"""Share of greedy answers that are token for token those of PyTorch in fp32 …"""
SAME_TOKENS = 0.9
"""… or share of their tokens, each chosen after PyTorch's own ones before it: one of the two is
needed. A model that has learnt little rambles, and its long answers part at near ties that eight
bits turn; a matrix in the wrong order fails both by far."""


class TokenModel(Protocol):
    """What verification needs of a running model."""

    def tokenize(self, text: str, control: bool = False) -> list[int]: ...

    def choices(self, tokens: Sequence[int], answer: Sequence[int]) -> list[int]: ...


@dataclass(frozen=True)
class Verdict:
    """`strings` split alike, `same` of `answers` answered alike, `tokens` chosen alike (0 to 1)."""

    strings: int
    same: int
    answers: int
    tokens: float


def verify(model: TokenModel, parity_file: Path) -> Verdict:
    """Compare `model` with the recorded parity. Raises ModelError saying what differs."""
    expected = json.loads(parity_file.read_text(encoding="utf-8"))
    for text, ids in expected["strings"]:
        if list(model.tokenize(text, False)) != ids:
            raise ModelError(
                f"The exported model splits the text {text!r} into other tokens than training did",
                hint="The model in use stays as it was.",
            )
    same = alike = places = 0
    for item in expected["answers"]:
        wanted = [*item["answer"], *([-1] if item["ended"] else [])]
        chosen = model.choices(item["prompt"], item["answer"])[: len(wanted)]
        same += chosen == wanted
        alike += sum(one == other for one, other in zip(chosen, wanted, strict=True))
        places += len(wanted)
    answers, share = len(expected["answers"]), alike / places if places else 1.0
    if same < SAME_ANSWERS * answers and share < SAME_TOKENS:
        raise ModelError(
            f"The exported model gives {same} of {answers} answers as training did, "
            f"and {share:.0%} of their tokens; {SAME_ANSWERS:.0%} or {SAME_TOKENS:.0%} are needed",
            hint="The model in use stays as it was. Try the level q8_0 or f16.",
        )
    return Verdict(len(expected["strings"]), same, answers, share)
