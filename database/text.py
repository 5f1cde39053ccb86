"""Names and values made safe and plain for a screen, a prompt or a file."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import unicodedata
from decimal import Decimal
from typing import Any

_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\x1b": "\\e", "\0": "\\0"}
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories that a terminal obeys or does not show: controls, bidi marks, surrogates."""
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that are drawn as nothing."""
_PICTURE = "[\u2600-\u27bf\U0001f000-\U0001faff]"
_EMOJI = re.compile(f"(?<={_PICTURE})\ufe0f?\u200d(?={_PICTURE})")
"""The joiner inside one emoji that is made of several."""
_KIND = re.compile(r"^(?:\w+ )+Error: ")
_NEAR = re.compile(r"^Candidate bindings:[ :]*(?P<names>.+)$", re.MULTILINE)
_LONGEST_LINE = 400


def safe_text(value: str) -> str:
    """`value` with everything invisible written out, so that it can only be read, never obeyed."""
    if value.isascii() and value.isprintable():
        return value
    return "".join(_visible(character) for character in value)


def is_hidden(character: str) -> bool:
    """Whether a terminal obeys the character or shows nothing for it."""
    return unicodedata.category(character) in _HIDDEN or character in _BLANK


def unseen(text: str) -> str:
    """The first character that no statement may hold, since it cannot be seen; "" for none.

    Line ends and tabs are seen by what they do, and a joiner by the emoji that it makes of several.
    """
    if text.isascii() and text.isprintable():
        return ""
    plain = _EMOJI.sub("", text)
    return next((c for c in plain if is_hidden(c) and c not in "\n\t\r"), "")


def json_line(text: str) -> str:
    """A line of JSON with everything invisible written as JSON's own escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(json.dumps(c)[1:-1] if is_hidden(c) else c for c in text)


def _visible(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if is_hidden(character):
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    return character


def show_value(value: Any) -> str:
    """A cell as a person reads it: '' for NULL, ISO dates, no control characters.

    Lists are shown in brackets, structs and maps in braces, NULL inside them as NULL.
    """
    if value is None:
        return ""
    if isinstance(value, list | tuple | set):
        return f"[{', '.join(map(_inside, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_inside(k)}: {_inside(v)}' for k, v in value.items())}}}"
    if isinstance(value, bytes | bytearray | memoryview):
        return "0x" + bytes(value).hex()
    return safe_text(_plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    return value.isoformat(" ") if isinstance(value, dt.datetime) else str(value)


def _inside(value: Any) -> str:
    return "NULL" if value is None else show_value(value)


def json_value(value: Any) -> Any:
    """`value` as JSON can hold it: decimals become numbers, dates ISO text, bytes hex text.

    NaN and the infinities become text, for JSON has no such numbers, and so does a decimal with
    more digits than a number is read with.
    """
    plain = value
    if isinstance(value, float) and not math.isfinite(value):
        plain = str(value)
    elif isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value() and abs(value) < 2**53
        near = float(value)
        exact = not value.is_finite() or Decimal(repr(near)) == value
        plain = int(value) if whole else json_value(near) if exact else str(value)
    elif isinstance(value, dict):
        plain = {str(key): json_value(item) for key, item in value.items()}
    elif isinstance(value, list | tuple | set):
        plain = [json_value(item) for item in value]
    elif isinstance(value, bytes | bytearray | memoryview):
        plain = bytes(value).hex()
    elif isinstance(value, dt.date | dt.time):
        plain = value.isoformat()
    elif value is not None and not isinstance(value, bool | int | float | str):
        plain = str(value)
    return plain


def first_line(error: Exception) -> str:
    """What an error says in its first line, and the nearest names; short and safe to show."""
    plain = str(error).replace("\x1b[4m", "").replace("\x1b[0m", "").strip()
    line = safe_text(plain.split("\n")[0]) if plain else type(error).__name__
    line = _KIND.sub("", line).rstrip(" .!")
    if near := _NEAR.search(plain):
        line = f"{line}; nearest: {safe_text(near['names'])}"
    return one_line(line)


def one_line(text: str) -> str:
    """`text` safe to show and not too long to read."""
    line = safe_text(text)
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "…"
