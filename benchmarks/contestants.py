"""Who answers in `ask.py`: each is loaded, and then answers one question after another."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from llmtui.quantize.bases import find_base

MOST = 32
"""Tokens of an answer."""
PEER = "create_chat_completion"
TUNED = f"{PEER}, every core"
Ask = Callable[[str, str], Iterator[str]]
"""(schema, question) → pieces of the answer; without a schema it is a message of a chat."""


def ours(base: str) -> Ask:
    from llmtui.inference.chat import Turn, reply
    from llmtui.inference.engine import Engine
    from llmtui.trainer.prompt import schema_tokens

    engine = Engine(find_base(base))
    shared: dict[str, int] = {}

    def ask(schema: str, question: str) -> Iterator[str]:
        if not schema:
            yield from reply(engine, [Turn(question)], most=MOST)
            return
        if schema not in shared:
            shared[schema] = len(schema_tokens(engine.prompt, engine.tokenize, schema))
        tokens = engine.prompt.tokens(engine.tokenize, question, schema)
        yield from engine.stream(tokens, max_tokens=MOST, shared=shared[schema])

    return ask


def tuned_completion(base: str) -> Ask:
    cores = os.cpu_count() or 1
    return completion(base, n_threads=cores, n_threads_batch=cores)


def completion(base: str, **threads: int) -> Ask:
    from llama_cpp import Llama

    model = Llama(str(find_base(base)), n_ctx=2048, verbose=False, **threads)

    def ask(schema: str, question: str) -> Iterator[str]:
        chunks: Any = model.create_chat_completion(
            [{"role": "user", "content": message(schema, question)}],
            max_tokens=MOST, temperature=0, stream=True,
        )  # fmt: skip
        yield from (c["choices"][0]["delta"].get("content") or "" for c in chunks)

    return ask


def llm_tool(_base: str) -> Ask:
    """The `llm` tool's own plugin for the same file; it has no limit of tokens, so we stop it."""
    import llm

    model = llm.get_model("SmolLM2")

    def ask(schema: str, question: str) -> Iterator[str]:
        for number, piece in enumerate(model.prompt(message(schema, question))):
            yield piece
            if number >= MOST:
                return

    return ask


def message(schema: str, question: str) -> str:
    from llmtui.trainer.prompt import TASK

    return f"{TASK}\n\n{schema}\n\n{question}" if schema else question


CONTESTANTS = {"llmtui": ours, PEER: completion, TUNED: tuned_completion, "llm": llm_tool}
