"""CSV, TSV, Parquet and JSON files as tables of a DuckDB database: copied, or read in place."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import duckdb

from llmtui.database.encoding import transcoded
from llmtui.database.schema import quote
from llmtui.database.text import first_line, is_hidden, safe_text, unseen
from llmtui.workspace.errors import SourceError

_DELIMITERS = (",", "\t", ";", "|")
_TEXT = (".csv", ".tsv")
_CHECKED = 10_000
"""Lines whose number of fields is compared before DuckDB guesses at the file."""
_PATTERN = re.compile(r"[*?\[]")
"""What DuckDB would take for a pattern of several files' names, and not where it is in brackets."""
_NO_MORE = "hive_partitioning = false"
"""No column is made of the folder's name."""
_BAD_LINE = re.compile(r"Line: (?P<line>\d+)")
_EXPECTED = re.compile(r"Expected Number of Columns: (?P<wanted>\d+) Found: (?P<found>\d+)")


def import_files(
    files: Iterable[Path], target: duckdb.DuckDBPyConnection, rows: int = 0
) -> list[str]:
    """One table a file, named after it; only the first `rows` of each when that is not 0.

    Returns what a person should know. Raises SourceError naming the file that cannot be read.
    """
    notes: list[str] = []
    for file, name in named(_filled(files, notes)):
        with transcoded(file, head_only=bool(rows)) as (readable, encoding):
            if encoding != "utf-8":
                notes.append(f"{file.name} was read as {encoding.upper()}")
            limit = f" LIMIT {rows}" if rows else ""
            with _told(file, readable):
                reader = _reader(readable, file, target, notes, whole=not rows)
                query = f"SELECT * FROM {reader}{limit}"
                target.execute(f"CREATE TABLE {quote(name)} AS {query}")
                _make_visible(name, target, notes)
    return notes


def _make_visible(table: str, target: duckdb.DuckDBPyConnection, notes: list[str]) -> None:
    """Take from the names of columns what cannot be seen: no statement may hold it."""
    names = [str(row[0]) for row in target.execute(f"DESCRIBE {quote(table)}").fetchall()]
    taken = {name.lower() for name in names}
    for name in filter(unseen, names):
        plain = "".join(c for c in name if not is_hidden(c)).strip()
        if plain and plain.lower() not in taken:
            taken.add(plain.lower())
            target.execute(f"ALTER TABLE {quote(table)} RENAME {quote(name)} TO {quote(plain)}")
            notes.append(f'The column "{safe_text(name)}" of {table} is called "{plain}"')


def view_files(files: Iterable[Path], target: duckdb.DuckDBPyConnection) -> list[str]:
    """One view a file. Returns and raises like `import_files`."""
    notes: list[str] = []
    for file, name in named(_filled(files, notes)):
        if _PATTERN.search(str(file)):
            raise SourceError(
                "A file whose path has * ? or [ cannot be read in place",
                where=str(file),
                hint="Rename it, or use --large import.",
            )
        with transcoded(file, head_only=True) as (_, encoding):
            if encoding != "utf-8":
                raise SourceError(
                    f"This file is {encoding.upper()}, and only UTF-8 can be read in place",
                    where=str(file),
                    hint="Use --large import.",
                )
        with _told(file, file):
            reader = _reader(file, file, target, notes, whole=False)
            target.execute(f"CREATE VIEW {quote(name)} AS SELECT * FROM {reader}")
    return notes


def _filled(files: Iterable[Path], notes: list[str]) -> Iterator[Path]:
    for file in files:
        if file.stat().st_size:
            yield file
        else:
            notes.append(f"{file.name} is empty and was left out")


def named(files: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Files with their tables' names: the stem, with the suffix when two share a stem.

    What cannot be seen becomes _, for no statement may hold it.
    """
    taken: set[str] = set()
    for file in files:
        stem = name = "".join("_" if is_hidden(c) else c for c in file.stem)
        if name.lower() in taken:
            name = f"{stem}_{file.suffix[1:].lower()}"
        number = 2
        while name.lower() in taken:
            name, number = f"{stem}_{number}", number + 1
        taken.add(name.lower())
        yield file, name


def _reader(
    readable: Path, file: Path, target: duckdb.DuckDBPyConnection, notes: list[str], *, whole: bool
) -> str:
    """The call of DuckDB's reader that fits the file. Raises SourceError, duckdb.Error."""
    literal = _literal(_PATTERN.sub(r"[\g<0>]", str(readable)))
    suffix = file.suffix.lower()
    if suffix == ".parquet":
        return f"read_parquet({literal}, {_NO_MORE})"
    if suffix not in _TEXT:
        return f"read_json_auto({literal}, {_NO_MORE})"
    delimiter = header_delimiter(readable)
    options = f"{_NO_MORE}, sample_size = {-1 if whole else 100_000}"
    if delimiter:
        _require_even(readable, file, delimiter, _CHECKED)
        options += f", delim = {_literal(delimiter)}, quote = '\"', escape = '\"', skip = 0"
    sniff = "SELECT SkipRows, HasHeader FROM sniff_csv({}, {})"
    try:
        found = target.execute(sniff.format(literal, options)).fetchall()[0]
    except duckdb.Error:
        if not delimiter or not _require_even(readable, file, delimiter, None):
            raise
        options += ", strict_mode = false"  # lines end in several ways, or begin with no quote
        found = target.execute(sniff.format(literal, options)).fetchall()[0]
    if found[0]:
        notes.append(f"The first {found[0]} lines of {file.name} are no table and were left out")
    if not found[1]:
        notes.append(f"{file.name} has no line of column names; they are column0, column1, …")
    return f"read_csv({literal}, {options})"


def header_delimiter(file: Path) -> str:
    """What separates the fields of the first line, "" when it has one field.

    DuckDB's own choice gives way to it: for a file with lines of unequal length that would be
    one column of whole lines.
    """
    with file.open(encoding="utf-8", errors="replace") as text:
        first = next((line for line in text if line.strip()), "")
    outside = re.sub(r'"(?:[^"]|"")*"', "", first)
    counts = {mark: outside.count(mark) for mark in _DELIMITERS}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else ""


def _require_even(readable: Path, file: Path, delimiter: str, most: int | None) -> bool:
    """Raise SourceError when one of the first `most` lines has not as many fields as the first.

    Returns whether Python could read them all.
    """
    with readable.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        wide = begun = 0
        try:
            for fields in islice(reader, most):
                wide = wide or len(fields)
                if fields and len(fields) != wide:
                    raise _ragged(file, reader.line_num, len(fields), wide)
                begun = reader.line_num
        except csv.Error as error:
            if "end of data" in str(error):
                raise SourceError(
                    f"A quote is opened in line {begun + 1} or later and never closed",
                    where=str(file),
                ) from error
            return False
    return True


def _ragged(file: Path, line: int | str, found: int | str, wanted: int | str) -> SourceError:
    return SourceError(
        f"This {file.suffix[1:].upper()} file is ragged: line {line} has {found} fields where "
        f"{wanted} are expected",
        where=str(file),
        hint="Mend that line, or quote the field that holds the separator.",
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _reason(error: duckdb.Error) -> str:
    """What is wrong, in one line; of a CSV file DuckDB tells it below the place and the text."""
    first = first_line(error)
    below = [line for line in str(error).split("\n")[1:] if not line.startswith("Original Line")]
    tells = first.startswith(("CSV Error on Line", "Error when sniffing"))
    return f"{first}: {safe_text(below[0]).rstrip(' .!')}" if tells and below else first


@contextmanager
def _told(file: Path, readable: Path) -> Iterator[None]:
    """DuckDB's complaint about a file as one sentence."""
    try:
        yield
    except duckdb.Error as error:
        text = str(error).strip()
        kind = file.suffix[1:].upper()
        line, columns = _BAD_LINE.search(text), _EXPECTED.search(text)
        if line and columns:
            raise _ragged(file, line["line"], columns["found"], columns["wanted"]) from error
        raise SourceError(
            f"This {kind} file cannot be read: {_reason(error)}".replace(str(readable), file.name),
            where=str(file),
            hint="It may be cut short or damaged: write it out anew.",
        ) from error
