"""Hold an exported model to what PyTorch said, before it is called ready."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from llmtui.quantize.stored import floats
from llmtui.workspace.errors import ModelError

SAME_ANSWERS = 0.8
"""Share of greedy answers that are token for token those of PyTorch in fp32 …"""
SAME_TOKENS = 0.9
"""… or share of their tokens, each chosen after PyTorch's own ones before it: one of the two is
needed. A model that has learnt little rambles, and its long answers part at near ties that eight
bits turn; a matrix in the wrong order fails both by far."""
_KEPT = "The model in use stays as it was."


class TokenModel(Protocol):
    """What verification needs of a running model."""

    def tokenize(self, text: str, control: bool = False) -> list[int]: ...

    def choices(self, tokens: Sequence[int], answer: Sequence[int]) -> list[int]: ...

    def next_logits(self, tokens: Sequence[int]) -> NDArray[np.float32]: ...

    def eos(self) -> int: ...

    def bos(self) -> int: ...


@dataclass(frozen=True)
class Verdict:
    """`strings` split alike, `same` of `answers` answered alike, `tokens` chosen alike (0 to 1).

    logits: how far they are from PyTorch's, as a share of their spread; None when training did
    not record them
    """

    strings: int
    same: int
    answers: int
    tokens: float
    logits: float | None

    def __str__(self) -> str:
        off = "" if self.logits is None else f", logits {self.logits:.1%} of their spread off"
        return (
            f"{self.strings} texts split alike, {self.same} of {self.answers} answers and "
            f"{self.tokens:.1%} of their tokens as in training{off}"
        )


def verify(model: TokenModel, adapter: Path, end: str, bound: float) -> Verdict:
    """Compare `model` with what training recorded in the adapter's folder.

    end: the text that closes an answer; bound: the most that logits may be off.
    Raises ModelError saying what differs.
    """
    expected = recorded(adapter)
    for text, ids in expected["strings"]:
        if list(model.tokenize(text, False)) != ids:
            raise ModelError(
                f"The exported model splits the text {text!r} into other tokens than training did",
                hint=_KEPT,
            )
    _same_prompts(model, expected)
    _same_ends(model, expected, end)
    logits = _logits_off(model, expected, adapter)
    verdict = _same_answers(model, expected, logits)
    if logits is not None and not logits <= bound:
        raise ModelError(
            f"The exported model's logits are {logits:.1%} of their spread off those of training; "
            f"{bound:.0%} are allowed at this level",
            hint=f"{_KEPT} Try the level q8_0 or f16.",
        )
    return verdict


def recorded(adapter: Path) -> dict[str, Any]:
    """What training wrote down of its model's answers, see `parity.record`. Raises ModelError."""
    file = adapter / "parity.json"
    try:
        expected: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        missing = {"strings", "answers"} - set(expected)
    except (OSError, ValueError, TypeError) as error:
        raise _unrecorded(file, str(error)) from error
    if missing:
        raise _unrecorded(file, f"it has no {min(missing)}")
    return expected


def _unrecorded(file: Path, reason: str) -> ModelError:
    return ModelError(
        f"What training recorded to check the model with is missing or damaged ({reason})",
        where=str(file),
        hint="Train again: `llmtui tune SOURCE`.",
    )


def _same_prompts(model: TokenModel, expected: dict[str, Any]) -> None:
    """Questions in their chat template; older records do not have them. Raises ModelError."""
    for item in expected["answers"]:
        pieces = item.get("pieces", [])
        got = [token for text, control in pieces for token in model.tokenize(text, control)]
        if pieces and got != item["prompt"]:
            raise ModelError(
                "The exported model reads a question, in its chat template, as other tokens than "
                f"training did: {''.join(text for text, _ in pieces)!r}",
                hint=_KEPT,
            )


def _same_ends(model: TokenModel, expected: dict[str, Any], end: str) -> None:
    """Tokens that begin a text and stop an answer, where they were recorded. Raises ModelError."""
    found = {"end": list(model.tokenize(end, True)), "eos": model.eos(), "bos": model.bos()}
    for name, got in found.items():
        wanted = expected.get(name)
        if wanted is not None and got != wanted:
            does = "begins" if name == "bos" else "stops"
            raise ModelError(
                f"The exported model {does} at the token {got} ({name}), training at {wanted}",
                hint=_KEPT,
            )


def _logits_off(model: TokenModel, expected: dict[str, Any], adapter: Path) -> float | None:
    """Mean over contexts of |difference| / |logits|, both about their mean; None when no contexts
    were recorded. Raises ModelError."""
    contexts = expected.get("contexts")
    if contexts is None:
        return None
    file = adapter / "parity.safetensors"
    try:
        logits = floats(file)["logits"]
    except (OSError, ValueError, KeyError) as error:
        raise _unrecorded(file, str(error)) from error
    if len(logits) != len(contexts):
        raise _unrecorded(file, f"logits for {len(logits)} of {len(contexts)} contexts")
    found = []
    for tokens, wanted in zip(contexts, logits, strict=True):
        got = model.next_logits(tokens)
        difference = got - wanted
        found.append(float(difference.std() / wanted.std()))
    return float(np.mean(found))


def _same_answers(model: TokenModel, expected: dict[str, Any], logits: float | None) -> Verdict:
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
            hint=f"{_KEPT} Try the level q8_0 or f16.",
        )
    return Verdict(len(expected["strings"]), same, answers, share, logits)
