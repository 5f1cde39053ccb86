"""What comes of a statement: a verdict before it runs, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """`ok` when the statement may run; else `reason` says why not in one sentence.

    parsed: both parsers read it; read_only: nothing in it changes or reaches anything
    ordered: the query orders its result
    """

    ok: bool
    reason: str = ""
    parsed: bool = False
    read_only: bool = False
    ordered: bool = False


@dataclass(frozen=True)
class Result:
    """Rows of a query. `truncated` when there were more than the limit; `seconds` of wall time.

    cut: what else was left out (columns, ends of long cells) in a sentence, "" when nothing was
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool = False
    seconds: float = 0.0
    cut: str = ""
