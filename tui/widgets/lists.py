"""Lists, tables and trees with the keys of vi besides the arrows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from rich.text import Text
from textual.widgets import DataTable, OptionList, Tree

from llmtui.tui.keys import bindings

Kind = TypeVar("Kind")


class Seekable:
    """A list whose rows can be sought; `lines` are their texts in order."""

    sought = ""
    """What was sought last."""

    def lines(self) -> Iterable[str]:
        raise NotImplementedError

    def place(self) -> int:
        """The number of the highlighted row, -1 when there is none."""
        raise NotImplementedError

    def show_place(self, place: int) -> None:
        raise NotImplementedError

    def seek(self, text: str) -> bool:
        """Highlight the next row that holds `text`, from the first again; False when none does."""
        self.sought = text
        wanted, here = text.casefold(), self.place()
        found = [n for n, line in enumerate(self.lines()) if wanted in line.casefold()]
        if not found:
            return False
        self.show_place(next((n for n in found if n > here), found[0]))
        return True


class Options(Seekable, OptionList):
    BINDINGS = bindings("list")

    def lines(self) -> Iterable[str]:
        return (str(option.prompt) for option in self.options)

    def place(self) -> int:
        return -1 if self.highlighted is None else self.highlighted

    def show_place(self, place: int) -> None:
        self.highlighted = place

    def action_top(self) -> None:
        self.action_first()

    def action_bottom(self) -> None:
        self.action_last()

    def action_cursor_left(self) -> None:
        self.scroll_left()

    def action_cursor_right(self) -> None:
        self.scroll_right()


class Rows(Seekable, DataTable[Text]):
    """A table for up to some hundred rows of text."""

    BINDINGS = bindings("list")

    def lines(self) -> Iterable[str]:
        return (" ".join(map(str, self.get_row_at(n))) for n in range(self.row_count))

    def place(self) -> int:
        return self.cursor_row

    def show_place(self, place: int) -> None:
        self.move_cursor(row=place)

    def action_top(self) -> None:
        self.action_scroll_top()

    def action_bottom(self) -> None:
        self.action_scroll_bottom()


class Branches(Seekable, Tree[Kind]):
    """A tree; what is sought is looked for on the branches that are open."""

    BINDINGS = bindings("list")

    def lines(self) -> Iterable[str]:
        nodes = (self.get_node_at_line(n) for n in range(self.last_line + 1))
        return (str(node.label) if node is not None else "" for node in nodes)

    def place(self) -> int:
        return self.cursor_line

    def show_place(self, place: int) -> None:
        self.cursor_line = place

    def action_top(self) -> None:
        self.cursor_line = 0

    def action_bottom(self) -> None:
        self.cursor_line = self.last_line


class Nodes(Branches[object]):
    """A tree whose h and l close and open a branch."""

    def action_cursor_left(self) -> None:
        node = self.cursor_node
        if node is None:
            return
        if node.allow_expand and node.is_expanded:
            node.collapse()
        elif node.parent is not None:
            self.move_cursor(node.parent)

    def action_cursor_right(self) -> None:
        node = self.cursor_node
        if node is not None and node.allow_expand:
            node.expand()
