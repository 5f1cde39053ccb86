"""An exported model is held to what training recorded."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from llmtui.quantize.verify import verify
from llmtui.workspace.errors import ModelError


class Model:
    """Answers with the ids of a table, and with logits as far off as told."""

    def __init__(self, answer: list[int], off: float = 0.0, eos: int = 2) -> None:
        self.answer = answer
        self.off = off
        self.end = eos

    def tokenize(self, text: str, control: bool = False) -> list[int]:
        return [ord(character) for character in text]

    def choices(self, tokens: Sequence[int], answer: Sequence[int]) -> list[int]:
        return [*self.answer, -1, -1, -1][: len(answer) + 1]

    def next_logits(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        return LOGITS[0] * np.float32(1 + self.off)

    def eos(self) -> int:
        return self.end

    def bos(self) -> int:
        return 1


LOGITS = np.random.default_rng(1).normal(size=(1, 50)).astype(np.float32)


def parity(tmp_path: Path, ids: list[int]) -> Path:
    item = {"pieces": [["<", True], ["q", False]], "prompt": [60, 113], "answer": [5, 6],
            "ended": True}  # fmt: skip
    answers = [item for _ in range(10)]
    expected = {"strings": [["ab", ids]], "answers": answers, "end": [101], "eos": 2, "bos": 1,
                "contexts": [[1, 5]]}  # fmt: skip
    (tmp_path / "parity.json").write_text(json.dumps(expected))
    save_file({"logits": LOGITS}, str(tmp_path / "parity.safetensors"))
    return tmp_path


def test_a_model_that_answers_as_training_did_is_verified(tmp_path: Path) -> None:
    verdict = verify(Model([5, 6]), parity(tmp_path, [97, 98]), "e", 0.1)
    assert (verdict.strings, verdict.same, verdict.answers, verdict.tokens) == (1, 10, 10, 1)
    assert verdict.logits == 0


def test_a_model_that_answers_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="0 of 10 answers"):
        verify(Model([5, 7]), parity(tmp_path, [97, 98]), "e", 0.1)
    with pytest.raises(ModelError, match="0 of 10 answers"):
        verify(Model([5, 6, 8]), parity(tmp_path, [97, 98]), "e", 0.1)


def test_a_model_that_splits_text_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="other tokens"):
        verify(Model([5, 6]), parity(tmp_path, [97, 99]), "e", 0.1)


def test_a_model_whose_logits_are_too_far_off_is_refused_for_its_level(tmp_path: Path) -> None:
    folder = parity(tmp_path, [97, 98])
    verdict = verify(Model([5, 6], off=0.2), folder, "e", 0.3)
    assert verdict.logits == pytest.approx(0.2, abs=1e-5)
    with pytest.raises(ModelError, match=r"20\.0% of their spread off .* 10% are allowed"):
        verify(Model([5, 6], off=0.2), folder, "e", 0.1)
    with pytest.raises(ModelError, match="nan"):
        verify(Model([5, 6], off=float("nan")), folder, "e", 0.3)


def test_a_model_that_stops_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"stops at the token 3 \(eos\), training at 2"):
        verify(Model([5, 6], eos=3), parity(tmp_path, [97, 98]), "e", 0.1)
    with pytest.raises(ModelError, match=r"\[102\] \(end\)"):
        verify(Model([5, 6]), parity(tmp_path, [97, 98]), "f", 0.1)


def parity_with(folder: Path, **changes: object) -> Path:
    """The record with other values; None takes one away."""
    file = folder / "parity.json"
    told = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({name: one for name, one in told.items() if one is not None}))
    return folder


def test_a_model_that_begins_or_reads_a_question_otherwise_is_refused(tmp_path: Path) -> None:
    folder = parity_with(parity(tmp_path, [97, 98]), bos=7)
    with pytest.raises(ModelError, match=r"begins at the token 1 \(bos\), training at 7"):
        verify(Model([5, 6]), folder, "e", 0.1)
    other = {"pieces": [["<", True]], "prompt": [61], "answer": [5, 6], "ended": True}
    parity_with(folder, bos=1, answers=[other])
    with pytest.raises(ModelError, match="reads a question, in its chat template, as other"):
        verify(Model([5, 6]), folder, "e", 0.1)


def test_what_training_did_not_record_is_told_and_what_older_records_lack_is_not(
    tmp_path: Path,
) -> None:
    old = {"prompt": [1], "answer": [5, 6], "ended": True}
    folder = parity_with(parity(tmp_path, [97, 98]), bos=None, answers=[old])
    assert verify(Model([5, 6]), folder, "e", 0.1).answers == 1
    (folder / "parity.safetensors").unlink()
    with pytest.raises(ModelError, match=r"missing or damaged .*Train again"):
        verify(Model([5, 6]), folder, "e", 0.1)
    assert verify(Model([5, 6]), parity_with(folder, contexts=None), "e", 0.1).logits is None
    for file in (parity_with(folder, answers=None), folder):
        with pytest.raises(ModelError, match=r"missing or damaged .*Train again"):
            verify(Model([5, 6]), file, "e", 0.1)
        (folder / "parity.json").unlink(missing_ok=True)
