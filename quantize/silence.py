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
        nothing = llama_cpp.llama_log_callback(lambda _level, _text, _data: None)
        _kept.append(nothing)
        llama_cpp.llama_log_set(nothing, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
    return llama_cpp
