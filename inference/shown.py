"""The prompts of a model that reads the schema: cut to its context once, not at every question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from llmtui.inference.wording import schema_texts
from llmtui.trainer.prompt import Prompt, schema_tokens

if TYPE_CHECKING:
    from llmtui.database.schema import Schema

_FOR_QUESTION = 8
"""This part of the context is kept for the question."""


class ShownSchema:
    """room: tokens of the longest prompt. Only for a prompt that shows the schema."""

    def __init__(
        self,
        schema: Schema,
        prompt: Prompt,
        tokenize: Callable[[str, bool], list[int]],
        room: int,
    ) -> None:
        self.prompt = prompt
        self._tokenize, self._room = tokenize, room
        self._texts = list(schema_texts(schema))
        most = room - room // _FOR_QUESTION
        while len(self._texts) > 1 and len(tokenize(self._texts[0], False)) > most:
            del self._texts[0]
        self._begins = schema_tokens(prompt, tokenize, self._texts[0])

    def tokens(self, question: str, hints: Sequence[str]) -> tuple[list[int], int]:
        """The prompt's tokens, and how many of the first are those of every question.

        For a question of unusual length the schema is cut further, at whole tables.
        """
        for text in self._texts:
            tokens = self.prompt.tokens(self._tokenize, question, text, hints)
            if len(tokens) <= self._room:
                break
        shared = len(self._begins)
        return tokens, shared if tokens[:shared] == self._begins else 0
