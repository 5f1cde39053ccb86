"""CSV, TSV, Parquet and JSON files written into a DuckDB file, one table each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from llmtui.database.schema import quote
from llmtui.workspace.errors import SourceError


def import_files(files: Iterable[Path], target: duckdb.DuckDBPyConnection) -> None:
    """One table a file, named after it. Raises SourceError naming the file that cannot be read."""
    for file in files:
        suffix = file.suffix.lower()
        with _readable(file) as readable:
            literal = "'" + str(readable).replace("'", "''") + "'"
            if suffix in (".csv", ".tsv"):
                reader = f"read_csv({literal}, sample_size = -1)"
            elif suffix == ".parquet":
                reader = f"read_parquet({literal})"
            else:
                reader = f"read_json_auto({literal})"
            try:
                target.execute(f"CREATE TABLE {quote(file.stem)} AS SELECT * FROM {reader}")
            except duckdb.Error as error:
                line = str(error).strip().splitlines()[0].replace(str(readable), file.name)
                raise SourceError(
                    f"This file cannot be read as {suffix[1:].upper()} ({line})", where=str(file)
                ) from error


@contextmanager
def _readable(file: Path) -> Iterator[Path]:
    """The file, or a UTF-8 copy of a text file in another encoding, gone when the block ends."""
    if file.suffix.lower() not in (".csv", ".tsv"):
        yield file
        return
    raw = file.read_bytes()
    try:
        raw.decode("utf-8")
        yield file
        return
    except UnicodeDecodeError as error:
        text = decode_text(raw)
        if text is None:
            line = raw.count(b"\n", 0, error.start) + 1
            raise SourceError(
                f"The encoding of this file is broken: line {line} is not UTF-8, "
                "nor is the file UTF-16 or GB18030",
                where=str(file),
                hint="Save it as UTF-8 and try again.",
            ) from error
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        copy.write_text(text, encoding="utf-8", newline="")
        yield copy


def decode_text(raw: bytes) -> str | None:
    """Text in UTF-16 (with its mark) or GB18030, or None when it is neither.

    GB18030 gives a meaning to almost any bytes, so most of what is not ASCII must come out as
    common Chinese characters or punctuation.
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError:
            return None
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return None
    foreign = [character for character in text if not character.isascii()]
    common = sum(_common_chinese(character) for character in foreign)
    return text if common >= 0.9 * len(foreign) else None


def _common_chinese(character: str) -> bool:
    """Whether GB2312, the everyday part of GB18030, has this character."""
    try:
        return len(character.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return False
