"""The prompts of a model that reads the schema: all of it where it fits, the same for every
question, or else the tables that a question is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from llmtui.database.schema import Schema
from llmtui.inference.relevance import Relevance, part_of
from llmtui.trainer.prompt import Prompt, schema_tokens

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
        self.told: list[str] = []
        """That the last prompt had no room for every table, in a sentence without its full stop."""
        self._schema, self._tokenize, self._room = schema, tokenize, room
        self._relevance = Relevance(schema)
        most = room - room // _FOR_QUESTION
        texts = [schema.text(3), schema.text(0)]
        self._whole = [text for text in texts if len(tokenize(text, False)) <= most]
        self._begins = schema_tokens(prompt, tokenize, self._whole[0]) if self._whole else []

    def tokens(self, question: str, hints: Sequence[str], more: str = "") -> tuple[list[int], int]:
        """The prompt's tokens, and how many of the first are those of every question.

        more: what stands after the question, and says nothing of what it is about"""
        self.told = []
        for text in self._whole:
            tokens = self.prompt.tokens(self._tokenize, question + more, text, hints)
            if len(tokens) <= self._room:
                shared = len(self._begins)
                return tokens, shared if tokens[:shared] == self._begins else 0
        return self._with_some(question, hints, more), 0

    def _with_some(self, question: str, hints: Sequence[str], more: str) -> list[int]:
        """The prompt with as many tables as there is room for, the most asked for first."""
        whole = question + more
        left = self._room - len(self.prompt.tokens(self._tokenize, whole, "", hints))
        names: list[str] = []
        for name in self._relevance.order(question, hints):
            keys = sum(size for other, size in self._key_sizes[name] if other in names)
            needed = self._sizes[name] + keys
            if needed <= left:
                names.append(name)
                left -= needed
        while True:
            text = part_of(self._schema, names).text(0)
            tokens = self.prompt.tokens(self._tokenize, whole, text, hints)
            if len(tokens) <= self._room or not names:
                break
            names.pop()
        self.told = [f"the model was shown {len(names)} of {len(self._schema.tables)} tables"]
        return tokens

    @cached_property
    def _sizes(self) -> dict[str, int]:
        """Table → tokens of its line."""
        lines = {t.name: part_of(self._schema, [t.name]).text(0) for t in self._schema.tables}
        return {name: len(self._tokenize(f"{line}\n", False)) for name, line in lines.items()}

    @cached_property
    def _key_sizes(self) -> dict[str, list[tuple[str, int]]]:
        """Table → the other tables that a key ties it to, with the tokens of the key's line."""
        found: dict[str, list[tuple[str, int]]] = {table.name: [] for table in self._schema.tables}
        for key in self._schema.foreign_keys:
            if key.table != key.to_table and {key.table, key.to_table} <= found.keys():
                size = len(self._tokenize(f"{Schema((), (key,)).text()}\n", False))
                found[key.table].append((key.to_table, size))
                found[key.to_table].append((key.table, size))
        return found
