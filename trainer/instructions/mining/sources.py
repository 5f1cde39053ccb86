"""The files that may hold SQL or words: found, read within bounds, and given to their readers."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from llmtui.database.encoding import encoding_of
from llmtui.trainer.instructions.mining.documents import meanings_in, meanings_in_csv
from llmtui.trainer.instructions.mining.finds import Fault, Find, lines_of
from llmtui.trainer.instructions.mining.markdown import finds_in_markdown
from llmtui.trainer.instructions.mining.notebook import finds_in_notebook, finds_in_python
from llmtui.trainer.instructions.mining.statements import statements_in
from llmtui.workspace.errors import RecordError, UsageError
from llmtui.workspace.paths import typed_path

MOST_BYTES = 4 << 20
MOST_FILES = 2_000
_PASSED = {"node_modules", "__pycache__", "site-packages", "venv"}
_OCTAL = re.compile(r"\\(\d{3})")


def _history(text: str, file: str) -> Iterator[Find]:
    """What a client kept: libedit writes spaces and line ends as octal, readline as U+0001."""
    if text.startswith("_HiStOrY_V2_"):
        text = "\n" + text.partition("\n")[2]
        text = _OCTAL.sub(lambda found: chr(int(found[1], 8)), text).replace("\\\\", "\\")
    return statements_in(text.replace("\x01", "\n"), lines_of(file))


_READERS: dict[str, Callable[[str, str], Iterator[Find]]] = {
    ".sql": lambda text, file: statements_in(text, lines_of(file)),
    ".ipynb": finds_in_notebook,
    ".py": lambda text, file: finds_in_python(text, lines_of(file)),
    ".md": lambda text, file: finds_in_markdown(text, lines_of(file)),
    ".txt": lambda text, file: meanings_in(text.split("\n"), lines_of(file)),
    ".csv": meanings_in_csv,
    "_history": _history,
}
_SAME = {".markdown": ".md", ".qmd": ".md", ".rmd": ".md", ".tsv": ".csv", ".ddl": ".sql"}
_KNOWN = ".sql, .ipynb, .py, .md, .txt, .csv, and the history of a client (.duckdb_history)"


def kind_of(file: Path) -> str:
    """The kind of a file by its name, "" when none of it is mined."""
    if file.name.lower().endswith("_history"):
        return "_history"
    suffix = file.suffix.lower()
    kind = _SAME.get(suffix, suffix)
    return kind if kind in _READERS else ""


def files_in(paths: Sequence[Path]) -> tuple[list[Path], list[Fault]]:
    """The files to read, once each, and what was passed over of that which was asked for.

    Links in folders are not followed, hidden folders not entered. Raises UsageError for a path
    that is not there, and when there are too many files.
    """
    found: dict[Path, None] = {}
    faults: list[Fault] = []
    for path in (typed_path(path) for path in paths):
        if not path.exists():
            raise UsageError("There is no such file or folder", where=str(path))
        if path.is_dir():
            found.update(dict.fromkeys(_in_folder(path, faults)))
        elif kind_of(path):
            found[path] = None
        else:
            faults.append(Fault(f"{path}: Nothing is mined from such a file. Known: {_KNOWN}"))
        if len(found) > MOST_FILES:
            raise UsageError(
                f"There are more than {MOST_FILES} files here", where=str(path),
                hint="Name the folders that hold your SQL and documents.",
            )  # fmt: skip
    return list(found), faults


def _in_folder(folder: Path, faults: list[Fault]) -> Iterator[Path]:
    def refused(error: OSError) -> None:
        faults.append(Fault(f"{error.filename}: This folder cannot be read ({error.strerror})"))

    count = 0
    for root, folders, names in os.walk(folder, onerror=refused):
        folders[:] = sorted(f for f in folders if f not in _PASSED and not f.startswith("."))
        for name in sorted(names):
            file = Path(root, name)
            if kind_of(file) and not file.is_symlink() and count <= MOST_FILES:
                count += 1
                yield file


def finds_in(file: Path) -> Iterator[Find]:
    """Everything in one file; what is wrong with it is told as a Fault, never raised."""
    try:
        yield from _READERS[kind_of(file)](text_of(file), str(file))
    except RecordError as error:
        yield Fault(str(error).rstrip("."))


def text_of(file: Path) -> str:
    """The text of a file. Raises RecordError when it is too large, or no text."""
    where = str(file)
    try:
        about = file.stat()
        if not stat.S_ISREG(about.st_mode):
            raise RecordError("This is no plain file", where=where)
        if about.st_size > MOST_BYTES:
            raise RecordError(
                f"This file is larger than {MOST_BYTES >> 20} MB and is not read", where=where
            )
        encoding = encoding_of(file)
        if encoding is None:
            raise RecordError("This file is no text in UTF-8, UTF-16 or GB18030", where=where)
        with file.open("rb") as content:
            text = content.read(MOST_BYTES).decode(encoding)
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"This file cannot be read ({error})", where=where) from error
    if "\0" in text:
        raise RecordError("This file is binary, no text", where=where)
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
