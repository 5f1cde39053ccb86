"""What a stage tells while it works. Commands print events, screens draw them, tests collect them.

One event is one JSON line with its class name under "event"; `to_line` and `from_line` are inverse.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, get_args


@dataclass(frozen=True)
class Started:
    """A stage began. `of` is its number of steps when known."""

    stage: str
    detail: str = ""
    of: int = 0


@dataclass(frozen=True)
class Progress:
    """`step` of `of` is done, which is 0 when not known; `loss` in nats a token, `rate` in `unit` a
    second."""

    stage: str
    step: int
    of: int
    loss: float | None = None
    rate: float | None = None
    unit: str = ""
    seconds_left: float | None = None


@dataclass(frozen=True)
class Planned:
    """What a training run will cost, from timed steps, told before it starts.

    rows: rows it will see; minutes: wall time of the steps; memory_gb: peak of the process;
    disk_gb: what is written; detail: the number format, threads and tokens at once that were chosen
    advice: what would fit when the plan does not (`fits` is false), else ""
    """

    stage: str
    rows: int
    steps: int
    tokens_per_second: float
    minutes: float
    memory_gb: float
    disk_gb: float
    detail: str = ""
    fits: bool = True
    advice: str = ""


@dataclass(frozen=True)
class RowDropped:
    """A row was not kept; `count` rows share this reason when told in bulk."""

    reason: str
    example: str = ""
    count: int = 1


@dataclass(frozen=True)
class RowsKept:
    count: int
    where: str = ""


@dataclass(frozen=True)
class Mined:
    """Something found in what a person has: a row (question, SQL), or words (name, its words)."""

    kind: str
    name: str
    text: str
    where: str = ""


@dataclass(frozen=True)
class Scored:
    """A measured share: `hits` of `of`, with its 95 % Wilson interval (`low`, `high`, 0 to 1)."""

    name: str
    metric: str
    hits: int
    of: int
    low: float
    high: float


@dataclass(frozen=True)
class Saved:
    kind: str
    path: str


@dataclass(frozen=True)
class Note:
    text: str


@dataclass(frozen=True)
class Finished:
    """A stage ended well after `seconds`."""

    stage: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True)
class Failed:
    stage: str
    message: str
    exit_code: int = 1


Event = (
    Started | Progress | Planned | RowDropped | RowsKept | Mined | Scored | Saved | Note | Finished
    | Failed
)  # fmt: skip

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}


def to_line(event: Event) -> str:
    """One JSON line, without the line end."""
    fields = {"event": type(event).__name__, **dataclasses.asdict(event)}
    return json.dumps(fields, ensure_ascii=False)


def from_line(line: str) -> Event | None:
    """The event that `line` holds, or None when it holds none (foreign output, a cut line)."""
    try:
        fields = json.loads(line)
        kind = _KINDS[fields.pop("event")]
        event: Event = kind(**fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return event
