"""A flag that ends a computation of llama.cpp, without Python inside of it.

llama.cpp asks a callback between any two operations whether to go on. Were that a Python function,
a signal's handler could run inside of it, and what it raises would be lost: Ctrl-C would do
nothing. The C library has a function with the right signature: the length of a text, which is
true once the text is not empty.
"""

from __future__ import annotations

import ctypes
from typing import Any


class StopFlag:
    """`callback` and `data` go into the context's parameters; any thread may hoist the flag."""

    def __init__(self, kind: Any) -> None:
        """kind: the ctypes type of the callback."""
        library = ctypes.cdll.msvcrt if hasattr(ctypes, "WinDLL") else ctypes.CDLL(None)
        self._text = ctypes.create_string_buffer(2)
        self.callback = ctypes.cast(library.strlen, kind)
        self.data = ctypes.cast(self._text, ctypes.c_void_p)

    @property
    def up(self) -> bool:
        return self._text.value != b""

    def hoist(self) -> None:
        self._text[0] = b"!"

    def lower(self) -> None:
        self._text[0] = b"\0"
