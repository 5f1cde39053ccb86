"""A picture of a result when it is a series or a few groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite, nan
from operator import itemgetter
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from llmtui.database.text import safe_text, show_value

MOST_GROUPS = 40
_LONGEST = 24  # cells of a group's name
_NONE = "∅"
_EIGHTHS = " ▏▎▍▌▋▊▉"


@dataclass(frozen=True)
class Chart:
    """kind "line": `places` are numbers along the x axis; "bars": one bar a label, NaN for none."""

    kind: str
    title: str
    labels: tuple[str, ...]
    places: tuple[float, ...]
    values: tuple[float, ...]


def chart_of(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Chart | None:
    """The chart that fits: two or more rows of a name, number or date and a number; else None."""
    if len(columns) < 2 or len(rows) < 2:
        return None
    first = [row[0] for row in rows]
    places = None if _key(columns[0]) else _places(first)
    if places is None and len(rows) > MOST_GROUPS:
        return None
    last = next(
        (n for n in range(len(columns) - 1, 0, -1) if _numeric(rows, n) and not _key(columns[n])),
        None,
    )
    if last is None:
        return None
    values = tuple(nan if row[last] is None else float(row[last]) for row in rows)
    title = f"{safe_text(columns[last])} / {safe_text(columns[0])}"
    pairs = [pair for pair in zip(places or (), values, strict=False) if isfinite(pair[1])]
    if len(pairs) > 2:
        pairs.sort(key=itemgetter(0))
        return Chart("line", title, (), tuple(x for x, _ in pairs), tuple(y for _, y in pairs))
    if len(rows) > MOST_GROUPS:
        return None
    return Chart("bars", title, tuple(show_value(value) or _NONE for value in first), (), values)


def _numeric(rows: Sequence[Sequence[Any]], place: int) -> bool:
    values = [row[place] for row in rows if row[place] is not None]
    return bool(values) and _numbers(values) and all(map(isfinite, values))


def _numbers(values: Sequence[Any]) -> bool:
    return set(map(type, values)) <= {int, float, Decimal}


def _places(values: Sequence[Any]) -> list[float] | None:
    """Numbers to draw dates (as years) or numbers at; None for anything else."""
    if all(isinstance(v, dt.date) for v in values):
        places = [v.year + (v.timetuple().tm_yday - 1 + _share_of_day(v)) / 366 for v in values]
    elif _numbers(values):
        places = list(map(float, values))
    else:
        return None
    return places if len(set(places)) == len(places) else None


def _share_of_day(value: dt.date) -> float:
    if not isinstance(value, dt.datetime):
        return 0.0
    return (value.hour * 3600 + value.minute * 60 + value.second) / 86400


def _key(name: str) -> bool:
    """Whether a column tells rows apart, so that nobody reads its numbers off a picture."""
    return name.lower() == "id" or name.lower().endswith(("_id", "编号"))


def bar(share: float, room: int) -> str:
    """A bar of a share, between 0 and 1, of so many cells."""
    eighths = round(share * room * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def bars(chart: Chart, width: int) -> Text:
    """One line a group: its name, a bar to scale, its value."""
    names = [set_cell_size(n, min(cell_len(n), _LONGEST)) for n in chart.labels]
    side = max(map(cell_len, names))
    told = [f"{value:,.6g}" if isfinite(value) else _NONE for value in chart.values]
    room = max(8, width - side - max(map(len, told)) - 3)
    top = max(abs(value) for value in chart.values if isfinite(value)) or 1.0
    text = Text(f"{chart.title}\n", style="bold", no_wrap=True, overflow="crop")
    for name, value, label in zip(names, chart.values, told, strict=True):
        text.append(f"{set_cell_size(name, side)} ", style="not bold")
        text.append(
            bar(abs(value) / top, room) if isfinite(value) else "",
            style="not bold bright_blue" if value >= 0 else "not bold red",
        )
        text.append(f" {label}\n", style="not bold dim")
    return text
