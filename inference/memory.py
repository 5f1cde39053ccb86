"""What a context has read: a prompt and what was said after it, token by token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmtui.inference.prefixes import LEAST, Prefixes
from llmtui.inference.stopflag import StopFlag
from llmtui.workspace.errors import Interrupted, ModelError

BATCH = 512
"""The most tokens that are read in one go."""
_ABORTED = 2
"""llama_decode's code for a computation that the abort callback ended."""


class Memory:
    """Sequence 0 of a context. words: how many tokens its model knows."""

    def __init__(
        self, llama: Any, context: Any, words: int, prefixes: Prefixes, stop: StopFlag
    ) -> None:
        self._llama, self._context, self._words = llama, context, words
        self._prefixes, self._stop = prefixes, stop
        self._cache = llama.llama_get_memory(context)
        self.held: list[int] = []
        """The tokens that were read."""

    def forget(self) -> None:
        """Read nothing any more."""
        self._llama.llama_memory_clear(self._cache, True)
        self.held = []

    def feed(self, tokens: list[int], shared: int = 0) -> None:
        """Read a prompt, keeping what the last one shares with it.

        shared: how many of the first tokens other prompts begin with too
        Raises Interrupted, ModelError, as every reading does.
        """
        same = 0
        limit = min(len(tokens) - 1, len(self.held))
        while same < limit and tokens[same] == self.held[same]:
            same += 1
        if LEAST <= shared < len(tokens) and same < shared:
            same = self._begin(tokens[:shared])
        self._go_on(tokens, same)

    def _begin(self, tokens: list[int]) -> int:
        """Bring the model to where it has read `tokens`, from what is kept or else anew."""
        self.forget()
        if self._prefixes.restore(tokens):
            self.held = list(tokens)
        else:
            self._go_on(tokens, 0)
            self._prefixes.keep(tokens)
        return len(tokens)

    def _go_on(self, tokens: list[int], same: int) -> None:
        """Read what comes after the first `same` tokens, which the cache holds."""
        if not self._llama.llama_memory_seq_rm(self._cache, 0, same, -1):
            self.forget()
            same = 0
        del self.held[same:]
        for start in range(same, len(tokens), BATCH):
            self._read(tokens[start : start + BATCH])

    def unread(self, count: int) -> None:
        """Take back the last so many tokens."""
        if count:
            self._go_on(self.held[:-count], len(self.held) - count)

    def _read(self, tokens: list[int]) -> None:
        array = (self._llama.llama_token * len(tokens))(*tokens)
        batch = self._llama.llama_batch_get_one(array, len(tokens))
        self.check(self._llama.llama_decode(self._context, batch))
        self.held += tokens

    def read(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Logits (tokens, vocabulary) after each of at most a batch of tokens, read in one go;
        valid until more is read."""
        batch = self._llama.llama_batch_init(len(tokens), 0, 1)
        try:
            batch.n_tokens = len(tokens)
            for place, token in enumerate(tokens):
                batch.token[place] = token
                batch.pos[place] = len(self.held) + place
                batch.n_seq_id[place] = 1
                batch.seq_id[place][0] = 0
                batch.logits[place] = 1
            self.check(self._llama.llama_decode(self._context, batch))
        finally:
            self._llama.llama_batch_free(batch)
        self.held += tokens
        return self.logits(len(tokens))

    def logits(self, count: int) -> NDArray[np.float32]:
        """Logits (count, vocabulary) of what was read last: of each token, or after a prompt, of
        which only the last token has them, 1; valid until more is read."""
        pointer = self._llama.llama_get_logits(self._context)
        logits: NDArray[np.float32] = np.ctypeslib.as_array(pointer, (count, self._words))
        return logits

    def check(self, code: int) -> None:
        """Raise what the code of a decode tells, if it is not that all went well."""
        if self._stop.up or code == _ABORTED:
            self.forget()
            raise Interrupted("The answer was stopped")
        if code != 0:
            raise ModelError(f"llama.cpp failed while answering (code {code})")
