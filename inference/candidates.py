"""Other answers to a prompt that was answered: read on together, one pass for a token of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 8
"""Answers that are read on together."""
UNLIKELY = -4.5
"""Logarithm of the likelihood below which an answer is given up: of twelve that were right about
one database where the first one was wrong, one was less likely; of all that were begun, half."""
_LONGEST_ROUND = 60
ROUND_TOKENS, ROUND_LETTERS = 4, 10
"""The shortest piece that is taken for a round when it comes three times."""


def goes_round(said: Sequence[Any], least: int) -> bool:
    """Whether what was said ends with one piece, of at least so many items, three times over: a
    small model that does not know goes round in circles until it is stopped."""
    for n in range(least, min(len(said) // 3, _LONGEST_ROUND) + 1):
        piece = said[-n:]
        if piece == said[-2 * n : -n] == said[-3 * n : -2 * n] and len(set(piece)) > 1:
            return True
    return False


@dataclass
class Candidate:
    """An answer that grows. log_likelihood: of all its tokens together, the ending one's too."""

    tokens: list[int]
    log_likelihood: float
    ended: bool = False

    @property
    def confidence(self) -> float:
        """Geometric mean of the probabilities of its tokens, 0 to 1."""
        return math.exp(self.log_likelihood / max(len(self.tokens), 1))


class Doubts:
    """What an answer said, and what it could have said instead at each place."""

    def __init__(self) -> None:
        self._said: list[int] = []
        self._logs: list[float] = []
        self._others: list[tuple[float, int, int]] = []
        """Logarithm of the likelihood up to and with the other token, place, other token."""

    def take(self, logits: NDArray[np.float32]) -> int:
        """The likeliest token of logits (vocabulary,), which is noted as said."""
        token = int(logits.argmax())
        likeliest, logits[token] = logits[token], float("-inf")
        second = int(logits.argmax())
        logits[token] = likeliest
        log, other = log_probabilities(logits, [token, second])
        self._others.append((sum(self._logs) + other, len(self._said), second))
        self._said.append(token)
        self._logs.append(log)
        return token

    @property
    def confidence(self) -> float | None:
        """Geometric mean of the probabilities of the tokens, 0 to 1; None before the first."""
        return math.exp(sum(self._logs) / len(self._logs)) if self._logs else None

    def __len__(self) -> int:
        return len(self._said)

    def begun(self, most: int) -> list[Candidate]:
        """Beginnings of other answers, the likeliest first: each is the answer up to a token that
        another came close to, and that other token."""
        likely = sorted(self._others, reverse=True)[:most]
        return [Candidate([*self._said[:place], token], log) for log, place, token in likely]


def log_probabilities(logits: NDArray[np.float32], tokens: Sequence[int]) -> list[float]:
    """Of tokens, by the logits (vocabulary,) of one place."""
    import numpy as np

    top = float(logits.max())
    whole = top + math.log(float(np.exp(logits - top).sum()))
    return [float(logits[token]) - whole for token in tokens]


class Together:
    """Reads candidates on in the sequences 1 to MOST of a context whose sequence 0 is the prompt
    and the answer that they branch off from."""

    def __init__(self, llama: Any, context: Any, words: int) -> None:
        self._llama, self._context, self._words = llama, context, words
        self._memory = llama.llama_get_memory(context)
        self._batch = llama.llama_batch_init(MOST, 0, 1)

    def read_on(
        self,
        candidates: Sequence[Candidate],
        prompt: int,
        longest: int,
        ends: Callable[[int], bool],
        enough: Callable[[Candidate], float],
    ) -> int:
        """Greedy continuation of at most MOST candidates, in place.

        prompt: tokens of the prompt; longest: tokens of a candidate; ends: whether a token closes
        an answer; enough: told of each that ended, gives the likelihood (its logarithm) from which
        on others are wanted: they only get less likely. Those below UNLIKELY are given up. Returns
        llama_decode's code, 0 when all went well.
        """
        import numpy as np

        growing, least = list(enumerate(candidates, 1)), UNLIKELY
        for sequence, candidate in growing:
            candidate.ended = ends(candidate.tokens[-1])
            branch = prompt + len(candidate.tokens) - 1
            self._llama.llama_memory_seq_cp(self._memory, 0, sequence, 0, branch)
        try:
            while growing:
                for _, candidate in growing:
                    if candidate.ended and candidate.log_likelihood >= least:
                        least = max(least, enough(candidate))
                growing = [
                    (s, c)
                    for s, c in growing
                    if not c.ended and len(c.tokens) < longest and c.log_likelihood >= least
                ]
                if not growing:
                    break
                if code := self._decode(growing, prompt):
                    return code
                for row, (_, candidate) in enumerate(growing):
                    pointer = self._llama.llama_get_logits_ith(self._context, row)
                    logits = np.ctypeslib.as_array(pointer, shape=(self._words,))
                    token = int(logits.argmax())
                    candidate.log_likelihood += log_probabilities(logits, [token])[0]
                    candidate.tokens.append(token)
                    candidate.ended = ends(token) or goes_round(candidate.tokens, ROUND_TOKENS)
        finally:
            for sequence in range(1, len(candidates) + 1):
                self._llama.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        return 0

    def _decode(self, growing: Sequence[tuple[int, Candidate]], prompt: int) -> int:
        batch = self._batch
        batch.n_tokens = len(growing)
        for row, (sequence, candidate) in enumerate(growing):
            batch.token[row] = candidate.tokens[-1]
            batch.pos[row] = prompt + len(candidate.tokens) - 1
            batch.n_seq_id[row] = 1
            batch.seq_id[row][0] = sequence
            batch.logits[row] = 1
        return int(self._llama.llama_decode(self._context, batch))

    def close(self) -> None:
        self._llama.llama_batch_free(self._batch)
