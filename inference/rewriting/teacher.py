"""Whoever says things in other words: a model that is written to, and a server's patience."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event as Flag

from llmtui.inference.chat import ANSWER_TOKENS, Turn, chat_tokens
from llmtui.inference.model import Model
from llmtui.inference.server import ServerError, ServerModel
from llmtui.workspace.errors import Interrupted

_LONGEST = 8_000
"""Characters of what a teacher says; the rest is not waited for."""
_AGAIN = (429, 500, 502, 503, 504)
"""What a server that is only busy answers."""
_WAITS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before a busy server is asked again, when it does not say itself."""
_LONGEST_WAIT = 120.0


class PatientServer(ServerModel):
    """A server that is asked again when it was busy; `stop` ends the waiting.

    failed: what the last answer failed with, also where whoever asked has made words of it
    """

    def __init__(self, url: str, stop: Flag, *, name: str = "") -> None:
        super().__init__(url, name=name)
        self._stop = stop
        self.failed: ServerError | None = None

    def stream(
        self, tokens: Sequence[int], *, max_tokens: int = 256, shared: int = 0
    ) -> Iterator[str]:
        self.failed = None
        for wait in (*_WAITS, None):
            begun = False
            try:
                for piece in super().stream(tokens, max_tokens=max_tokens, shared=shared):
                    begun = True
                    yield piece
                return
            except ServerError as error:
                pause = _pause(error, wait)
                if begun or pause is None:
                    self.failed = error
                    raise
            if self._stop.wait(pause):
                raise Interrupted("The answer was stopped")


def _pause(error: ServerError, wait: float | None) -> float | None:
    """Seconds until the server is asked again, None when it is not."""
    if wait is None or error.status not in _AGAIN:
        return None
    asked_for = error.after
    if asked_for is not None and asked_for > _LONGEST_WAIT:
        error.hint = f"It asks to wait for {asked_for:.0f} seconds; go on after that."
        return None
    return wait if asked_for is None else asked_for


class Teacher:
    """Writes what a prompt asks for, with any model that chats."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def write(self, prompt: str) -> str:
        """Raises ModelError when the model fails, Interrupted when it was cancelled."""
        said = ""
        for piece in self.model.stream(
            chat_tokens(self.model, [Turn(prompt)], ""), max_tokens=ANSWER_TOKENS
        ):
            said += piece
            if len(said) > _LONGEST:
                break
        return said

    def has_room(self, prompt: str) -> bool:
        """Whether a prompt leaves room for an answer."""
        room = self.model.context - 2 * ANSWER_TOKENS
        return len(self.model.tokenize(prompt)) <= room
