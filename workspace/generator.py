"""The seam between rooms that need a model's answer and the room that runs models."""

from __future__ import annotations

from typing import Protocol


class Generator(Protocol):
    """Anything that answers an instruction: a GGUF model, a checked pipeline, a remote server."""

    def generate(self, instruction: str) -> str:
        """The answer's text: for a question about a database, one SQL statement or ''."""
        ...
