"""llama.cpp without a word on stdout or stderr, which belong to the app."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_kept: list[Any] = []
"""The callback must outlive every call into the library."""


def llama_cpp_silent() -> Any:
    """Import llama_cpp and send its log nowhere."""
    import llama_cpp

    if not _kept:
        nothing = llama_cpp.llama_log_callback(lambda _level, _text, _data: None)
        _kept.append(nothing)
        llama_cpp.llama_log_set(nothing, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
    return llama_cpp


@contextmanager
def listening() -> Iterator[list[str]]:
    """Collect what llama.cpp logs inside the block, in pieces."""
    llama_cpp = llama_cpp_silent()
    pieces: list[str] = []

    def hear(_level: int, text: bytes, _data: object) -> None:
        pieces.append(text.decode("utf-8", "replace"))

    callback = llama_cpp.llama_log_callback(hear)
    llama_cpp.llama_log_set(callback, ctypes.c_void_p(0))
    try:
        yield pieces
    finally:
        llama_cpp.llama_log_set(_kept[0], ctypes.c_void_p(0))
