"""llama.cpp without a word on stdout or stderr, which belong to the app."""

from __future__ import annotations

import ctypes
from typing import Any

_kept: list[Any] = []
"""The callback must outlive every call into the library."""


def llama_cpp_silent() -> Any:
    """Import llama_cpp and send its log nowhere."""
    import llama_cpp

    if not _kept:

        @llama_cpp.llama_log_callback
        def nothing(_level: int, _text: bytes, _data: ctypes.c_void_p) -> None:
            return None

        _kept.append(nothing)
        llama_cpp.llama_log_set(nothing, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
    return llama_cpp
