"""Text to tokens and back, by a loaded model's own vocabulary."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

_LONGEST = 256
"""Bytes of a token."""


class Pieces:
    """The tokens of one model, which must stay open."""

    def __init__(self, llama: Any, model: Any) -> None:
        self._llama = llama
        self._vocab = llama.llama_model_get_vocab(model)
        self.count: int = llama.llama_vocab_n_tokens(self._vocab)
        self.eos: int = llama.llama_vocab_eos(self._vocab)
        self.bos: int = llama.llama_vocab_bos(self._vocab)
        """Tokens that a text ends and begins with, -1 when the model names none."""

    def tokenize(self, text: str, control: bool = False) -> list[int]:
        """Token ids; special tokens are parsed in control text only, none are added."""
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        buffer = (self._llama.llama_token * room)()
        count = self._llama.llama_tokenize(self._vocab, raw, len(raw), buffer, room, False, control)
        return list(buffer[: max(count, 0)])

    def piece(self, token: int) -> bytes:
        """What a token says; it may be a part of a character."""
        buffer = ctypes.create_string_buffer(_LONGEST)
        llama, vocab = self._llama, self._vocab
        size = llama.llama_token_to_piece(vocab, token, buffer, _LONGEST, 0, False)
        return buffer.raw[: max(size, 0)]

    def text(self, tokens: Sequence[int]) -> str:
        return b"".join(map(self.piece, tokens)).decode("utf-8", "replace")

    def ends(self, token: int) -> bool:
        """Whether a token ends a text by what the model says of itself."""
        return bool(self._llama.llama_vocab_is_eog(self._vocab, token))
