"""An engine that tells more than an answer: what an exported model is held to PyTorch by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llmtui.inference.engine import Engine
from llmtui.workspace.errors import ModelError


class ComparedEngine(Engine):
    """See Engine."""

    def choices(self, tokens: Sequence[int], answer: Sequence[int]) -> list[int]:
        """The greedy token at every place of a given answer and after it; -1 where it would end."""
        self._feed_prompt(list(tokens))
        choices = [self._logits().argmax()]
        if answer:
            choices += list(self._decode_each(answer).argmax(axis=1))
        return [-1 if self._is_end(token) else token for token in map(int, choices)]

    def eos(self) -> int:
        """The token that the GGUF says ends a text, -1 when it names none."""
        return int(self._llama.llama_vocab_eos(self._vocab))

    def bos(self) -> int:
        """The token that the GGUF says begins a text, -1 when it names none."""
        return int(self._llama.llama_vocab_bos(self._vocab))

    def next_logits(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Logits (vocabulary,) of the token after `tokens`."""
        self._feed_prompt(list(tokens))
        return self._logits().copy()

    def _decode_each(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Logits (tokens, vocabulary) after each of at most a batch of tokens, in one go."""
        batch = self._llama.llama_batch_init(len(tokens), 0, 1)
        try:
            batch.n_tokens = len(tokens)
            for place, token in enumerate(tokens):
                batch.token[place] = token
                batch.pos[place] = len(self._held) + place
                batch.n_seq_id[place] = 1
                batch.seq_id[place][0] = 0
                batch.logits[place] = 1
            if self._llama.llama_decode(self._context, batch) != 0:
                raise ModelError("llama.cpp failed while answering")
        finally:
            self._llama.llama_batch_free(batch)
        self._held += tokens
        pointer = self._llama.llama_get_logits(self._context)
        logits: NDArray[np.float32] = np.ctypeslib.as_array(pointer, (len(tokens), self._words))
        return logits
