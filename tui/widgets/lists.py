"""Lists, tables and trees with the keys of vi besides the arrows."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import DataTable, OptionList, Tree

from llmtui.tui.keys import bindings


class Options(OptionList):
    BINDINGS = bindings("list")

    def action_top(self) -> None:
        self.action_first()

    def action_bottom(self) -> None:
        self.action_last()

    def action_cursor_left(self) -> None:
        self.scroll_left()

    def action_cursor_right(self) -> None:
        self.scroll_right()


class Rows(DataTable[Text]):
    """A table for up to some hundred rows of text."""

    BINDINGS = bindings("list")

    def action_top(self) -> None:
        self.action_scroll_top()

    def action_bottom(self) -> None:
        self.action_scroll_bottom()


class Nodes(Tree[object]):
    """A tree whose h and l close and open a branch."""

    BINDINGS = bindings("list")

    def action_top(self) -> None:
        self.cursor_line = 0

    def action_bottom(self) -> None:
        self.cursor_line = self.last_line

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
