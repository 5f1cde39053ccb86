"""An engine that tells more than an answer: what an exported model is held to PyTorch by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llmtui.inference.engine import Engine


class ComparedEngine(Engine):
    """See Engine."""

    def choices(self, tokens: Sequence[int], answer: Sequence[int]) -> list[int]:
        """The greedy token at every place of a given answer and after it; -1 where it would end."""
        self._memory.feed(list(tokens))
        choices = [self._memory.logits(1)[0].argmax()]
        if answer:
            choices += list(self._memory.read(answer).argmax(axis=1))
        return [-1 if self._is_end(token) else token for token in map(int, choices)]

    def eos(self) -> int:
        """The token that the GGUF says ends a text, -1 when it names none."""
        return self.pieces.eos

    def bos(self) -> int:
        """The token that the GGUF says begins a text, -1 when it names none."""
        return self.pieces.bos

    def next_logits(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Logits (vocabulary,) of the token after `tokens`."""
        self._memory.feed(list(tokens))
        logits: NDArray[np.float32] = self._memory.logits(1)[0].copy()
        return logits
