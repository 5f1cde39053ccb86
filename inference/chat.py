"""A conversation with a model: turns in, the next answer's text out as it grows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from llmtui.trainer.prompt import Piece, Prompt
from llmtui.workspace.errors import UsageError

ANSWER_TOKENS = 512


@dataclass(frozen=True)
class Turn:
    """What was said and what was answered; the answer of the last turn is ''."""

    said: str
    answer: str = ""


class ChatModel(Protocol):
    """What a conversation needs of an engine."""

    prompt: Prompt
    context: int
    cut: bool
    """Whether only its length ended the last answer."""

    def tokenize(self, text: str, control: bool = False) -> list[int]: ...

    def stream(self, tokens: Sequence[int], *, max_tokens: int = 256) -> Iterator[str]: ...


def reply(
    model: ChatModel, turns: Sequence[Turn], system: str = "", most: int = ANSWER_TOKENS
) -> Generator[str, None, None]:
    """The answer to the last turn, in pieces. Earlier turns that do not fit are left out.

    most: tokens of the answer
    Raises UsageError when the last turn alone is too long, Interrupted when it was cancelled.
    """
    yield from model.stream(chat_tokens(model, turns, system), max_tokens=most)


def chat_tokens(model: ChatModel, turns: Sequence[Turn], system: str) -> list[int]:
    """Token ids of as many of the last turns as leave room for an answer."""
    room = model.context - ANSWER_TOKENS
    for first in range(len(turns)):
        tokens = _tokens(model.tokenize, pieces(model.prompt, turns[first:], system))
        if len(tokens) <= room:
            return tokens
    raise UsageError("This message is too long for the model", hint="Say it in fewer words.")


def _tokens(tokenize: Callable[[str, bool], list[int]], parts: Sequence[Piece]) -> list[int]:
    return [token for piece in parts for token in tokenize(piece.text, piece.control)]


def pieces(prompt: Prompt, turns: Sequence[Turn], system: str) -> list[Piece]:
    """The conversation in the model's own format; what people and models say is content only.

    ChatML has a turn for the system instruction; Gemma reads it before the first message.
    """
    plain = replace(prompt, schema="weights")
    parts: list[Piece] = []
    system = system.strip()
    chatml = prompt.template == "chatml"
    if system and chatml:
        parts += [Piece("<|im_start|>system\n", True), Piece(system), Piece("<|im_end|>\n", True)]
    for place, turn in enumerate(turns):
        said = turn.said if chatml or place or not system else f"{system}\n\n{turn.said}"
        opening, content, middle = plain.pieces(said)
        if place:
            opening = replace(opening, text=opening.text.removeprefix("<bos>"))
        parts += [opening, content, middle]
        if place < len(turns) - 1:
            parts += [Piece(turn.answer), Piece(f"{prompt.end}\n", True)]
    return parts
