"""Rows of a query, any number of them: an Arrow table whose cells are text made safe to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual_fastdatatable import ArrowBackend, DataTable

from llmtui.database.text import is_hidden, safe_text, show_value
from llmtui.tui.keys import bindings
from llmtui.tui.widgets.lists import Seekable

_WIDEST = 60
"""Cells of a column."""


class RowTable(Seekable, DataTable):
    """Rows by the row; `g`, `G` and their kin work as in every list, and Tab goes on."""

    BINDINGS = [  # noqa: RUF012
        *bindings("list"),
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
    ]

    def lines(self) -> Iterable[str]:
        backend = self.backend
        if backend is None:
            return []
        columns = (backend.get_column_at(n) for n in range(len(self.ordered_columns)))
        return (" ".join(map(str, row)) for row in zip(*columns, strict=True))

    def place(self) -> int:
        return self.cursor_row

    def show_place(self, place: int) -> None:
        self.move_cursor(row=place)

    def action_top(self) -> None:
        self.action_scroll_home()

    def action_bottom(self) -> None:
        self.action_scroll_end()


class Results(Container):
    """The place of a result table; `show` puts another one there."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, classes="frame")
        self.columns: tuple[str, ...] = ()
        self.count = 0

    def compose(self) -> ComposeResult:
        return iter(())

    @property
    def table(self) -> RowTable | None:
        found = self.query(RowTable)
        return found.first() if found else None

    async def show(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Replace what is shown; no columns leave the place empty."""
        self.columns, self.count = tuple(columns), len(rows)
        table = row_table(columns, rows) if columns else None
        async with self.batch():
            await self.remove_children()
            if table is not None:
                await self.mount(table)


def row_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> RowTable:
    return RowTable(
        backend=ArrowBackend(arrow_table(columns, rows)),
        column_labels=[Text(safe_text(name)) for name in columns],
        max_column_content_width=_WIDEST,
        zebra_stripes=True,
        cursor_type="row",
        render_markup=False,
        null_rep="∅",
    )


def arrow_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Columns of numbers as numbers, everything else as text that can only be read."""
    arrays = [_array([row[place] for row in rows]) for place in range(len(columns))]
    return pa.Table.from_arrays(arrays, names=[str(n) for n in range(len(columns))])


def _array(values: Sequence[Any]) -> pa.Array:
    kinds = set(map(type, values)) - {type(None)}
    if kinds in ({int}, {float}):
        try:
            return pa.array(values)
        except (pa.ArrowException, OverflowError):
            pass  # wider than 64 bits: as text
    if kinds == {str} and _harmless(values):
        return pa.array(values, pa.string())
    show = str if kinds in ({Decimal}, {date}) else show_value
    return pa.array([None if v is None else show(v) for v in values], pa.string())


def _harmless(texts: Sequence[str | None]) -> bool:
    """Whether no text of a column has a character that must be written out."""
    return not any(map(is_hidden, set("".join(filter(None, texts)))))
