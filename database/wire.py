"""What goes through the pipe between llmtui and the process that holds the database: JSON lines.

Values keep their types: what JSON does not have is written as {"$": kind, "v": ...}. Nothing that
comes back is ever run or unpickled, so that a ruined process can only say something false.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from llmtui.database.result import Result, Verdict
from llmtui.database.schema import Column, ForeignKey, Schema, Table
from llmtui.workspace import errors

_RECORDS: dict[str, type[Any]] = {
    kind.__name__: kind for kind in (Column, ForeignKey, Schema, Table, Result, Verdict)
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "decimal": Decimal,
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
    "interval": lambda parts: dt.timedelta(*parts),
    "bytes": bytes.fromhex,
    "uuid": uuid.UUID,
    "map": lambda pairs: {_key(key): value for key, value in pairs},
}


def write(message: dict[str, Any]) -> bytes:
    """One line."""
    text = json.dumps(message, default=_tagged, ensure_ascii=True, separators=(",", ":"))
    return text.encode("ascii") + b"\n"


def read(line: bytes) -> dict[str, Any]:
    """Raises ValueError when the line is not what `write` makes."""
    message = json.loads(line, object_hook=_untagged)
    if not isinstance(message, dict):
        raise ValueError("not a message")
    return message


def plain_rows(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    """Rows with maps and structures tagged, since JSON would make their keys text."""
    return [
        [_packed(value) if isinstance(value, dict | list | tuple) else value for value in row]
        for row in rows
    ]


def _packed(value: Any) -> Any:
    if isinstance(value, dict):
        pairs = [[_packed(key), _packed(item)] for key, item in value.items()]
        return {"$": "map", "v": pairs}
    if isinstance(value, list | tuple):
        return [_packed(item) for item in value]
    return value


def _tagged(value: Any) -> Any:
    """JSON for what json.dumps does not know."""
    kind = ""
    content: Any = None
    if is_dataclass(value) and not isinstance(value, type):
        content = [getattr(value, field.name) for field in fields(value)]
        return {"$": type(value).__name__, "v": content}
    if isinstance(value, Decimal):
        kind, content = "decimal", str(value)
    elif isinstance(value, dt.datetime):
        kind, content = "datetime", value.isoformat()
    elif isinstance(value, dt.date):
        kind, content = "date", value.isoformat()
    elif isinstance(value, dt.time):
        kind, content = "time", value.isoformat()
    elif isinstance(value, dt.timedelta):
        kind, content = "interval", [value.days, value.seconds, value.microseconds]
    elif isinstance(value, bytes | bytearray | memoryview):
        kind, content = "bytes", bytes(value).hex()
    elif isinstance(value, uuid.UUID):
        kind, content = "uuid", str(value)
    elif isinstance(value, frozenset | set):
        return list(value)
    return {"$": kind, "v": content} if kind else str(value)


def _untagged(found: dict[str, Any]) -> Any:
    kind = found.get("$")
    if kind is None:
        return found
    if kind == "Result":
        columns, types, rows, *rest = found["v"]
        return Result(tuple(columns), tuple(types), tuple(map(tuple, rows)), *rest)
    if kind in _RECORDS:
        values = (tuple(item) if isinstance(item, list) else item for item in found["v"])
        return _RECORDS[kind](*values)
    return _READERS[kind](found["v"])


def _key(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def write_error(error: errors.LlmtuiError) -> dict[str, str]:
    return {
        "error": type(error).__name__,
        "what": error.what,
        "where": error.where,
        "hint": error.hint,
    }


def read_error(told: dict[str, Any]) -> errors.LlmtuiError:
    kind = getattr(errors, str(told["error"]), errors.LlmtuiError)
    known = isinstance(kind, type) and issubclass(kind, errors.LlmtuiError)
    error: errors.LlmtuiError = (kind if known else errors.LlmtuiError)(
        str(told["what"]), where=str(told["where"]), hint=str(told["hint"])
    )
    return error
