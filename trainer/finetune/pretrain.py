"""Continued pre-training on text of the user's own: the schema, SQL files, notes, documents.

Text is cut into chunks. Most are learnt word after word; of some a span is taken out and asked
for at the end, so that the model learns to use what stands on both sides.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from llmtui.trainer.finetune.batches import Example, Tokenize
from llmtui.trainer.finetune.config import RunConfig
from llmtui.trainer.finetune.loop import Rows
from llmtui.workspace.errors import UsageError

SUFFIXES = (".sql", ".txt", ".md")
_CHUNK = 192
"""Tokens of a chunk."""
_HELD_OUT = 10
"""One chunk of so many is held out to measure perplexity on."""
_LARGEST = 50_000_000
"""Bytes of text that are read; what is beyond is told."""


def pretraining_rows(config: RunConfig, tokenize: Tokenize, pad: int) -> Rows:
    """Chunks of the schema and of the files below `config.text`, some held out.

    Raises UsageError when there is too little text to learn and to measure.
    """
    rng = random.Random(config.seed)
    chunks: list[list[int]] = []
    for text in _texts(config):
        ids = tokenize(text, False)
        chunks += [ids[i : i + _CHUNK] for i in range(0, len(ids), _CHUNK)]
    chunks = [chunk for chunk in chunks if len(chunk) >= 16]
    if len(chunks) < _HELD_OUT:
        raise UsageError(
            f"There is too little text to train on ({len(chunks)} chunks of {_CHUNK} tokens)",
            where=config.text or "the schema",
            hint=f"Name a folder of {', '.join(SUFFIXES)} files with --text.",
        )
    rng.shuffle(chunks)
    held_out = [Example(tuple(chunk), 1) for chunk in chunks[::_HELD_OUT]]
    learnt = [chunk for i, chunk in enumerate(chunks) if i % _HELD_OUT]
    return Rows([_example(chunk, config, tokenize, rng) for chunk in learnt], held_out, pad)


def _example(
    chunk: list[int], config: RunConfig, tokenize: Tokenize, rng: random.Random
) -> Example:
    if rng.random() >= config.masked:
        return Example(tuple(chunk), 1)
    length = rng.randrange(4, max(5, len(chunk) // 3))
    start = rng.randrange(1, len(chunk) - length)
    gap, fill = tokenize(" […] ", False), tokenize("\n[…] = ", False)
    shown = [*chunk[:start], *gap, *chunk[start + length :], *fill]
    return Example((*shown, *chunk[start : start + length]), len(shown))


def _texts(config: RunConfig) -> Iterator[str]:
    """Texts in a fixed order, as many as `_LARGEST` bytes hold."""
    if config.schema_text:
        yield config.schema_text
    root, left = Path(config.text), _LARGEST
    files = [root] if root.is_file() else sorted(root.rglob("*")) if config.text else []
    for file in files:
        if file.suffix.lower() in SUFFIXES and file.is_file() and left > 0:
            text = file.read_text(encoding="utf-8", errors="replace")[:left]
            left -= len(text)
            yield text
