"""Taking things out of the app: the clipboard, files, the person's own editor."""

from __future__ import annotations

import csv
import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from llmtui.database.text import json_value, show_value
from llmtui.workspace.errors import UsageError
from llmtui.workspace.files import whole_file

ENDINGS = (".csv", ".json", ".parquet")


def copy_text(app: App[Any], text: str) -> None:
    """Copy through the terminal (OSC 52) and, where this is a desktop, its own clipboard.

    Not every terminal obeys OSC 52, and over SSH there is no desktop: both are tried.
    """
    app.copy_to_clipboard(text)
    if app.is_headless or app.is_web or os.environ.get("SSH_CONNECTION"):
        return
    import pyperclip

    try:
        pyperclip.copy(text)
    except pyperclip.PyperclipException:
        return  # no desktop: the terminal's clipboard is all there is


def tab_separated(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A result as a spreadsheet takes it from the clipboard."""
    lines = [columns, *([show_value(value) for value in row] for row in rows)]
    return "\n".join("\t".join(line) for line in lines)


def free_name(file: Path) -> Path:
    """The file, or one like it with a number behind, that is not there yet."""
    numbers = (file.with_stem(f"{file.stem}-{number}") for number in count(2))
    return next(one for one in chain([file], numbers) if not one.exists())


def write_result(file: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write a result as .csv, .json (a list of objects) or .parquet, whole or not at all.

    Raises UsageError for another ending, StorageError.
    """
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(
            f'A result cannot be written as "{ending or file.name}"',
            where=str(file),
            hint=f"End the name in {', '.join(ENDINGS)}.",
        )
    with whole_file(file) as temporary:
        if ending == ".csv":
            with temporary.open("w", encoding="utf-8", newline="") as out:
                writer = csv.writer(out)
                writer.writerow(columns)
                writer.writerows([["" if v is None else json_value(v) for v in r] for r in rows])
        elif ending == ".json":
            names = _told_apart(columns)
            items = [{n: json_value(v) for n, v in zip(names, r, strict=True)} for r in rows]
            temporary.write_text(json.dumps(items, ensure_ascii=False, indent=1), encoding="utf-8")
        else:
            _write_parquet(temporary, _told_apart(columns), rows)


def _told_apart(names: Sequence[str]) -> list[str]:
    """The names of columns, those that come again with a number: name, name_2."""
    found: list[str] = []
    for name in names:
        number, one = 2, name
        while one in found or (one != name and one in names):
            one, number = f"{name}_{number}", number + 1
        found.append(one)
    return found


def _write_parquet(file: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    arrays = []
    for place in range(len(columns)):
        values = [row[place] for row in rows]
        try:
            arrays.append(pa.array(values))
        except (pa.ArrowException, OverflowError):  # values of several kinds
            arrays.append(pa.array([None if v is None else show_value(v) for v in values]))
    parquet.write_table(pa.Table.from_arrays(arrays, names=list(columns)), file)


def edit_outside(app: App[Any], text: str, ending: str) -> str:
    """The text after the person edited it in $VISUAL or $EDITOR. Raises UsageError."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"llmtui{ending}"
        file.write_text(text, encoding="utf-8")
        try:
            with app.suspend():
                done = subprocess.run([*shlex.split(editor), str(file)], check=False)
        except SuspendNotSupported as error:
            raise UsageError(
                "An editor needs a terminal", hint="Edit here, or open llmtui in a terminal."
            ) from error
        except (OSError, ValueError) as error:
            raise UsageError(
                f'The editor "{editor}" could not be started ({error})', hint="Set EDITOR."
            ) from error
        if done.returncode != 0:
            return text
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise UsageError(
                f'What the editor "{editor}" left cannot be read ({error})',
                hint="Save it as UTF-8 under the name it has.",
            ) from error
