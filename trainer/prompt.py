"""THE prompt: the same tokens in training, in evaluation and in llama.cpp.

A prompt is a sequence of pieces. Control pieces (chat markers, BOS) are tokenized with special
tokens parsed; content pieces (question, schema, SQL) never are, so that `<|im_end|>` in a
question or a cell is plain text. Each piece is tokenized alone, in transformers and in llama.cpp.

The identity of a prompt, such as "chatml/weights/2", is written into every GGUF that was tuned
with it; inference refuses an identity that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmtui.workspace.errors import ModelError

VERSION = "2"
"""2 shows the values that a question mentions after it; 1 does not."""
_KNOWN = ("1", VERSION)
TASK = "Answer the question with one DuckDB SQL query."
_MERGED = 3
"""Tokens at the end of a text that may become others when more text follows."""
SCHEMA_PLACES = ("weights", "prompt")


@dataclass(frozen=True)
class Piece:
    text: str
    control: bool = False


@dataclass(frozen=True)
class _Template:
    """Text around the user's and the model's turn; `end` closes the answer, and stops it."""

    start: str
    middle: str
    end: str


_TEMPLATES = {
    "chatml": _Template("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n", "<|im_end|>"),
    "gemma": _Template(
        "<bos><start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n", "<end_of_turn>"
    ),
}


@dataclass(frozen=True)
class Prompt:
    """How a question becomes the model's input.

    template: the chat format, "chatml" or "gemma"
    schema: where the model knows the schema from: its "weights" or the "prompt"
    """

    template: str
    schema: str = "weights"
    version: str = VERSION

    @property
    def identity(self) -> str:
        return f"{self.template}/{self.schema}/{self.version}"

    @property
    def end(self) -> str:
        """The control text that closes an answer."""
        return _TEMPLATES[self.template].end

    def pieces(
        self, question: str, schema_text: str = "", hints: Sequence[str] = ()
    ) -> tuple[Piece, ...]:
        """Everything before the answer. `hints` are the stored values that the question mentions,
        as `genre.name = 'Rock'`."""
        marks = _TEMPLATES[self.template]
        shown = hints if self.version != "1" else ()
        content = "\n# ".join((question.strip(), *shown))
        if self.schema == "prompt":
            content = f"{TASK}\n\n{schema_text}\n\n{content}"
        return (Piece(marks.start, control=True), Piece(content), Piece(marks.middle, control=True))

    def tokens(
        self,
        tokenize: Callable[[str, bool], list[int]],
        question: str,
        schema_text: str = "",
        hints: Sequence[str] = (),
    ) -> list[int]:
        """Token ids of the prompt; `tokenize(text, control)` is the model's own tokenizer."""
        return [
            token
            for piece in self.pieces(question, schema_text, hints)
            for token in tokenize(piece.text, piece.control)
        ]


def schema_tokens(
    prompt: Prompt, tokenize: Callable[[str, bool], list[int]], schema_text: str
) -> list[int]:
    """The tokens that every prompt about a schema begins with, [] when it shows none."""
    if prompt.schema != "prompt":
        return []
    begins = tokenize(_TEMPLATES[prompt.template].start, True)
    return begins + tokenize(f"{TASK}\n\n{schema_text}", False)[:-_MERGED]


def prompt_from_identity(identity: str) -> Prompt:
    """Raises ModelError when the model was tuned with a prompt this version does not know."""
    parts = identity.split("/")
    if len(parts) == 3 and parts[0] in _TEMPLATES and parts[1] in SCHEMA_PLACES:
        prompt = Prompt(parts[0], parts[1], parts[2])
        if parts[2] in _KNOWN:
            return prompt
    raise ModelError(
        f'This model was tuned with the prompt "{identity}", which this llmtui does not know',
        hint="Tune it again with `llmtui tune`.",
    )


def prompt_of_base(chat_template: str, tokens: Callable[[str], bool], schema: str) -> Prompt:
    """The prompt that fits a base model, from its chat template or from the markers it knows.

    `tokens(text)` says whether the vocabulary has `text` as one control token.
    """
    for name, marks in (("chatml", "<|im_start|>"), ("gemma", "<start_of_turn>")):
        if marks in chat_template or tokens(marks):
            return Prompt(name, schema)
    raise ModelError(
        "This base model has neither ChatML nor Gemma chat markers in its vocabulary",
        hint="Choose another base: `llmtui models list` shows those that are known to work.",
    )
