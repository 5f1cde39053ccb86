"""Small questions over a screen: yes or no, a line of text, a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, DirectoryTree, Input, Static
from textual.widgets.directory_tree import DirEntry
from textual.widgets.tree import TreeNode

from llmtui.database.text import safe_text
from llmtui.tui.keys import bindings
from llmtui.tui.texts import t
from llmtui.tui.widgets.lists import Branches
from llmtui.tui.widgets.once import Once

SOURCES = (".duckdb", ".ddb", ".db", ".sqlite", ".sqlite3", ".csv", ".tsv", ".parquet", ".json",
           ".jsonl", ".ndjson")  # fmt: skip


Answer = TypeVar("Answer")


class Dialog(Once, ModalScreen[Answer | None]):
    """A question over a screen; None when it was cancelled."""

    place = "dialog"
    BINDINGS = bindings("dialog")

    def action_cancel(self) -> None:
        self.dismiss(None)


class Confirm(Dialog[bool]):
    """Asks before what cannot be undone; Enter on the first button is no."""

    def __init__(self, question: str, yes: str) -> None:
        super().__init__()
        self.question, self.yes = question, yes

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self.question))
            with Horizontal(classes="buttons"):
                yield Button(t("cancel"), id="no")
                yield Button(self.yes, id="yes", variant="error")

    @on(Button.Pressed)
    def decide(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


class AskText(Dialog[str]):
    """Asks for a line of text."""

    def __init__(self, question: str, value: str = "", placeholder: str = "") -> None:
        super().__init__()
        self.question, self.value, self.placeholder = question, value, placeholder

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Text(self.question))
            yield Input(self.value, placeholder=self.placeholder, id="line")

    @on(Input.Submitted)
    def done(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_save(self) -> None:
        self.dismiss(self.query_one("#line", Input).value.strip())


class Files(Branches[DirEntry], DirectoryTree):
    """Folders and the files that can be opened; names are text, never markup."""

    def __init__(self, folder: Path, endings: tuple[str, ...]) -> None:
        super().__init__(folder, id="files")
        self.endings = endings

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        return [
            path
            for path in paths
            if not path.name.startswith(".")
            and (path.is_dir() or path.suffix.lower() in self.endings)
        ]

    def process_label(self, label: object) -> Text:
        return Text(safe_text(str(label)))

    def render_label(self, node: TreeNode[DirEntry], base_style: Style, style: Style) -> Text:
        mark = ("▾ " if node.is_expanded else "▸ ") if node.allow_expand else "  "
        return Text.assemble((mark, base_style), (safe_text(str(node.label)), style))

    def action_cursor_left(self) -> None:
        self.action_cursor_parent()

    def action_cursor_right(self) -> None:
        self.action_toggle_node()


class PickPath(Dialog[Path]):
    """Choose a file below a folder; `folders` allows a folder to be chosen with the button."""

    def __init__(self, folder: Path, endings: tuple[str, ...], *, folders: bool = False) -> None:
        super().__init__()
        self.folder, self.endings, self.folders = folder, endings, folders

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall"):
            yield Static(Text(safe_text(str(self.folder))), id="folder")
            yield Files(self.folder, self.endings)
            with Horizontal(classes="buttons"):
                yield Button(t("folder_up"), id="up")
                if self.folders:
                    yield Button(t("whole_folder"), id="whole")

    def on_mount(self) -> None:
        self.query_one(Files).focus()

    @on(DirectoryTree.FileSelected)
    def chosen(self, event: DirectoryTree.FileSelected) -> None:
        self.dismiss(event.path)

    @on(Button.Pressed, "#up")
    def up(self) -> None:
        files = self.query_one(Files)
        files.path = Path(files.path).absolute().parent
        self.query_one("#folder", Static).update(Text(safe_text(str(files.path))))
        files.focus()

    @on(Button.Pressed, "#whole")
    def whole(self) -> None:
        node = self.query_one(Files).cursor_node
        path = node.data.path if node is not None and node.data is not None else self.folder
        self.dismiss(path if path.is_dir() else path.parent)
