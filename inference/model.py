"""What asking needs of whatever says the SQL: a local engine or a server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from llmtui.inference.candidates import Candidate
from llmtui.trainer.prompt import Prompt


class Model(Protocol):
    """Engine and ServerModel are such models."""

    path: Path
    prompt: Prompt
    context: int
    cut: bool
    """Whether only its length ended the last answer."""

    @property
    def confidence(self) -> float | None: ...

    def tokenize(self, text: str, control: bool = False) -> list[int]: ...

    def stream(
        self, tokens: Sequence[int], *, max_tokens: int = 256, shared: int = 0
    ) -> Iterator[str]: ...

    def alternatives(self, most: int, enough: Callable[[str, Candidate], float]) -> None: ...

    def expect(self, statements: Iterable[str]) -> None: ...

    def turn(self) -> AbstractContextManager[object]:
        """Held for a whole question: no other thread's answer comes between."""
        ...

    def cancel(self) -> None: ...
