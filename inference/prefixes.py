"""What a model has read already: its state after the beginning of prompts, in memory and on disk.

A schema is read once a model. A question about it, the first one after a start or after other
prompts too, then costs as much as its own few words.
"""

from __future__ import annotations

import ctypes
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmtui.workspace import paths
from llmtui.workspace.errors import StorageError
from llmtui.workspace.files import keep_last_used, mark_used, whole_file

LEAST = 48
"""Tokens from which a beginning is worth keeping."""
_IN_MEMORY, _MEMORY_BYTES = 4, 1 << 29
_ON_DISK, _DISK_BYTES = 12, 2 << 30
"""States that are kept, and bytes of them together; one is kept whatever its size."""
_SUM = 32
"""Bytes of the checksum before a state: what was cut short or changed is not given to llama.cpp."""


class Prefixes:
    """model: what tells this model, with its adapters, from others of the same file name.

    A state is not read by another version of llama.cpp than the one that wrote it.
    """

    def __init__(self, llama: Any, context: Any, model: str) -> None:
        self._llama, self._context, self.model = llama, context, model
        self._held: OrderedDict[str, bytes] = OrderedDict()

    def restore(self, tokens: Sequence[int]) -> bool:
        """Bring the context's one sequence to the state after `tokens`; false when none is kept."""
        key = self._key(tokens)
        data = self._held.get(key) or self._read(key)
        if data is None:
            return False
        mark_used(self._file(key))
        buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        if not self._llama.llama_state_seq_set_data(self._context, buffer, len(data), 0):
            return False
        self._hold(key, data)
        return True

    def keep(self, tokens: Sequence[int]) -> None:
        """Keep the context's state, which is the one after just `tokens`."""
        size = self._llama.llama_state_seq_get_size(self._context, 0)
        buffer = (ctypes.c_uint8 * size)()
        if self._llama.llama_state_seq_get_data(self._context, buffer, size, 0) != size:
            return
        key, data = self._key(tokens), bytes(buffer)
        self._hold(key, data)
        try:
            with whole_file(self._file(key)) as temporary:
                temporary.write_bytes(hashlib.sha256(data).digest() + data)
            keep_last_used(paths.prefixes_dir(), "*.state", _ON_DISK, _DISK_BYTES)
        except StorageError:
            pass  # it is read again next time

    def _hold(self, key: str, data: bytes) -> None:
        self._held[key] = data
        self._held.move_to_end(key)
        while len(self._held) > 1 and (
            len(self._held) > _IN_MEMORY or sum(map(len, self._held.values())) > _MEMORY_BYTES
        ):
            self._held.popitem(last=False)

    def _read(self, key: str) -> bytes | None:
        try:
            data = self._file(key).read_bytes()
        except OSError:
            return None
        whole = hashlib.sha256(data[_SUM:]).digest() == data[:_SUM]
        return data[_SUM:] if whole else None

    def _key(self, tokens: Sequence[int]) -> str:
        text = f"{self._llama.__version__}\0{self.model}\0{','.join(map(str, tokens))}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _file(self, key: str) -> Path:
        return paths.prefixes_dir() / f"{key}.state"


def told_apart(file: Path) -> str:
    """A file's place, size and time of change."""
    facts = file.stat()
    return f"{file.absolute()} {facts.st_size} {facts.st_mtime_ns}"
