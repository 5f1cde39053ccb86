"""OpenAI's chat protocol: what a request asks for, and the shapes of what it is answered with."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from llmtui.inference.chat import ANSWER_TOKENS, Turn

_MOST = ("max_completion_tokens", "max_tokens")
"""The names of one number, the newer one first."""


@dataclass(frozen=True)
class Asked:
    """most: tokens of the answer; stops: texts that it ends before; streams: whether it is sent
    as it grows; counts: whether its tokens are told after that"""

    system: str
    turns: list[Turn]
    most: int
    stops: tuple[str, ...]
    streams: bool
    counts: bool


def asked_of(body: dict[str, Any]) -> Asked:
    """Raises HTTPBadRequest. Decoding is greedy, whatever else is asked for."""
    system, turns = _turns(body.get("messages"))
    given = [body[key] for key in _MOST if body.get(key) is not None]
    most = given[0] if given else ANSWER_TOKENS
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise web.HTTPBadRequest(text='"max_tokens" must be a whole number above 0.')
    stops = body.get("stop") or []
    stops = [stops] if isinstance(stops, str) else stops
    if not isinstance(stops, list) or not all(isinstance(stop, str) for stop in stops):
        raise web.HTTPBadRequest(text='"stop" must be a text or a list of texts.')
    options = body.get("stream_options")
    counts = isinstance(options, dict) and bool(options.get("include_usage"))
    ends = tuple(filter(None, stops))
    return Asked(system, turns, min(most, ANSWER_TOKENS), ends, bool(body.get("stream")), counts)


def _turns(messages: Any) -> tuple[str, list[Turn]]:
    """System instruction and turns of a list of messages, of which the last is the user's."""
    system: list[str] = []
    turns: list[Turn] = []
    role = None
    for message in messages if isinstance(messages, list) else []:
        role = message.get("role") if isinstance(message, dict) else None
        text = _text(message.get("content")) if isinstance(message, dict) else None
        if text is None and role == "assistant":  # it called a tool, and said nothing
            text = ""
        if text is None:
            raise web.HTTPBadRequest(text='Each message needs a "role" and a text "content".')
        if role in ("system", "developer"):
            system.append(text)
        elif role == "user":
            turns.append(Turn(text))
        elif role == "assistant" and turns:
            turns[-1] = Turn(turns[-1].said, text)
        else:
            raise web.HTTPBadRequest(text=f'A message cannot be of the role "{role}" there.')
    if not turns or role == "assistant":
        raise web.HTTPBadRequest(text='"messages" must end with one of the user.')
    return "\n".join(system), turns


def _text(content: Any) -> str | None:
    """The text of a message, whole or in parts; None when it is none."""
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    texts = [part.get("text") if isinstance(part, dict) else None for part in parts]
    plain = [text for text in texts if isinstance(text, str)]
    return "\n".join(plain) if len(plain) == len(texts) else None


def up_to(pieces: Iterable[str], stops: tuple[str, ...]) -> Iterator[str]:
    """Pieces of a text to where the first of `stops` begins; what one may begin with is held back
    until more is known."""
    held = ""
    for piece in pieces:
        held += piece
        ends = [place for stop in stops if (place := held.find(stop)) >= 0]
        if ends:
            yield held[: min(ends)]
            return
        safe = len(held) - max((_begun(held, stop) for stop in stops), default=0)
        if safe:
            yield held[:safe]
            held = held[safe:]
    if held:
        yield held


def _begun(text: str, stop: str) -> int:
    """How many of the first letters of `stop` a text ends with."""
    return next((n for n in range(len(stop) - 1, 0, -1) if text.endswith(stop[:n])), 0)


class Completion:
    """One answer. finish: why it ended; used: tokens of its prompt and its own, when it is made"""

    def __init__(self, model: str) -> None:
        self._facts = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()),
                       "model": model}  # fmt: skip
        self.finish, self.used = "stop", (0, 0)

    def whole(self, text: str) -> dict[str, Any]:
        choice = {"index": 0, "finish_reason": self.finish,
                  "message": {"role": "assistant", "content": text}}  # fmt: skip
        return {**self._facts, "object": "chat.completion", "choices": [choice],
                "usage": self._usage()}  # fmt: skip

    def chunk(self, delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {**self._facts, "object": "chat.completion.chunk", "choices": [choice]}

    def counted(self) -> dict[str, Any]:
        """The last chunk of a stream, for who asked for it."""
        return {**self._facts, "object": "chat.completion.chunk", "choices": [],
                "usage": self._usage()}  # fmt: skip

    def _usage(self) -> dict[str, int]:
        prompt, said = self.used
        return {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}
