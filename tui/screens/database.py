"""Database: its tables as a tree, rows and facts of what is highlighted, what is excluded."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static, Tree

from llmtui.database.schema import Column, Schema, Table
from llmtui.database.text import safe_text
from llmtui.tui.facts import Excluded, column_facts, column_label, table_facts, table_label
from llmtui.tui.keys import bindings
from llmtui.tui.screens.base import LlmtuiScreen
from llmtui.tui.session import Session
from llmtui.tui.texts import t, words_of
from llmtui.tui.widgets.lists import Nodes
from llmtui.tui.widgets.results import Results
from llmtui.workspace import settings as settings_of
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.project import start

_PREVIEW = 200
"""Rows of a table that are shown."""


class DatabaseScreen(LlmtuiScreen):
    place = "database"
    BINDINGS = bindings("database")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.excluded = Excluded.of(session.settings.exclude).patterns
        """What was excluded when the schema was read."""
        self.schema = Schema(())
        self.whole = False
        """Whether the rows were looked at, not only the catalogue."""
        self.shown = ""
        """The table whose rows are shown, as it is written in SQL."""

    def content(self) -> ComposeResult:
        with Horizontal():
            with Vertical(classes="side"):
                yield Input(placeholder=t("find_table"), id="find", compact=True)
                tree = Nodes(Text(safe_text(self.session.source.name)), id="tree", classes="frame")
                tree.root.expand()
                yield tree
            with Vertical():
                yield Static(Text(t("reading")), id="facts", classes="facts")
                yield Results(id="rows")

    def on_mount(self) -> None:
        self.query_one("#tree").focus()
        self.read()

    def on_screen_resume(self) -> None:
        """Read anew when something was excluded, or let in, elsewhere."""
        try:
            changed = self.excluded != Excluded.of(self.session.settings.exclude).patterns
        except LlmtuiError as error:
            self.problem(error)
            return
        if self.is_mounted and changed:
            self.whole = False
            self.read()

    @work(thread=True, exclusive=True, group="schema")
    def read(self) -> None:
        try:
            self.excluded = Excluded.of(self.session.settings.exclude).patterns
            self.from_thread(self.show, self.session.outline())
            self.from_thread(self.complete, self.session.database().schema)
        except LlmtuiError as error:
            self.from_thread(self.tell, words_of(error))

    def complete(self, schema: Schema) -> None:
        """Put what the rows tell into the tree as it stands: a person may be looking at it."""
        if self.whole:
            return
        self.schema, self.whole = schema, True
        tables = {(table.schema, table.name): table for table in schema.tables}
        tree = self.query_one("#tree", Nodes)
        for node in tree.root.children:
            if isinstance(node.data, Table) and (node.data.schema, node.data.name) in tables:
                node.data = tables[node.data.schema, node.data.name]
                node.set_label(table_label(node.data))
                for leaf, column in zip(node.children, node.data.columns, strict=False):
                    leaf.data = (node.data, column)
                    leaf.set_label(column_label(schema, node.data, column))
        if tree.cursor_node is not None:
            self.describe(Tree.NodeHighlighted(tree.cursor_node))

    def tell(self, text: str) -> None:
        self.query_one("#facts", Static).update(Text(text))

    def show(self, schema: Schema, line: int = 1) -> None:
        """Fill the tree: tables that fit the filter, their columns, and what is excluded.

        line: where the cursor goes; branches that were open stay so
        """
        self.schema = schema
        tree = self.query_one("#tree", Nodes)
        nodes = [node for node in tree.root.children if node.is_expanded]
        opened = [node.data.sql_name for node in nodes if isinstance(node.data, Table)]
        tree.clear()
        wanted = self.query_one("#find", Input).value.strip().casefold()
        for table in schema.tables:
            names = [table.name, table.comment, *(c.name for c in table.columns)]
            if wanted and not any(wanted in name.casefold() for name in names):
                continue
            node = tree.root.add(table_label(table), table, expand=table.sql_name in opened)
            for column in table.columns:
                node.add_leaf(column_label(schema, table, column), data=(table, column))
        if self.excluded:
            branch = tree.root.add(Text(t("excluded"), style="dim"), expand=True)
            for pattern in self.excluded:
                branch.add_leaf(Text(f"✗ {safe_text(pattern)}", style="dim"), data=pattern)
        self.call_after_refresh(setattr, tree, "cursor_line", min(line, tree.last_line))

    @on(Input.Changed, "#find")
    def filter(self) -> None:
        self.show(self.schema)

    @on(Input.Submitted, "#find")
    def found(self) -> None:
        self.query_one("#tree").focus()

    def action_find(self) -> None:
        """Go to the field that filters the tree."""
        self.query_one("#find", Input).focus()

    @on(Tree.NodeHighlighted)
    def describe(self, event: Tree.NodeHighlighted[Any]) -> None:
        """Facts of a table or column, and the rows of its table."""
        data = event.node.data
        if isinstance(data, tuple):
            table, column = data
            facts = column_facts(self.schema, table, column, whole=self.whole)
            self.query_one("#facts", Static).update(facts)
        elif isinstance(data, Table):
            table = data
            self.query_one("#facts", Static).update(table_facts(self.schema, table))
        else:
            text = t("include_help") if isinstance(data, str) else t("about_database")
            self.query_one("#facts", Static).update(Text(text))
            return
        if self.shown != table.sql_name:
            self.shown = table.sql_name
            self.preview(table)

    @work(thread=True, exclusive=True, group="rows")
    def preview(self, table: Table) -> None:
        try:
            sql = f"SELECT * FROM {table.sql_name}"
            result = self.session.database().run(sql, max_rows=_PREVIEW)
        except LlmtuiError as error:
            self.from_thread(self.tell, words_of(error))
            return
        self.from_thread(self.show_rows, table, result.columns, result.rows)

    async def show_rows(self, table: Table, columns: tuple[str, ...], rows: Any) -> None:
        if table.sql_name == self.shown:
            await self.query_one("#rows", Results).show(columns, rows)

    def action_exclude(self) -> None:
        """Keep the highlighted table or column from the model, or let it in again."""
        node = self.query_one("#tree", Nodes).cursor_node
        data = node.data if node is not None else None
        if isinstance(data, Table):
            pattern = safe_pattern(data, None)
        elif isinstance(data, tuple):
            pattern = safe_pattern(*data)
        elif isinstance(data, str):
            pattern = data
        else:
            return
        if "," in pattern or ("*" in pattern and not isinstance(data, str)):
            self.problem(t("cannot_exclude", name=pattern))
            return
        self.change(pattern)

    @work(thread=True, exclusive=True, group="schema")
    def change(self, pattern: str) -> None:
        """Write the exclusion into the project and open the database anew."""
        session = self.session
        try:
            old = session.settings.exclude
        except LlmtuiError as error:
            self.from_thread(self.problem, error)
            return
        try:
            start(session.project, session.source)
            new = Excluded.of(old).toggled(pattern)
            settings_of.save_project(session.project.file, exclude=new)
            session.forget_database()
            schema = session.database().schema
            self.whole = True
        except LlmtuiError as error:
            with suppress(LlmtuiError):  # where it could not be written, there is nothing to undo
                settings_of.save_project(session.project.file, exclude=old)
            session.forget_database()
            self.from_thread(self.problem, error)
            return
        self.shown = ""
        self.excluded = Excluded.of(new).patterns
        self.from_thread(self.show, schema, self.query_one("#tree", Nodes).cursor_line)
        self.from_thread(self.tell_change, pattern, pattern in self.excluded)

    def tell_change(self, pattern: str, out: bool) -> None:
        text = t("now_excluded" if out else "now_included", name=safe_text(pattern))
        self.notify(text, markup=False)


def safe_pattern(table: Table, column: Column | None) -> str:
    """The exclusion pattern of a table or column."""
    name = table.name if table.schema == "main" else f"{table.schema}.{table.name}"
    return f"{name}.{column.name}" if column is not None else name
