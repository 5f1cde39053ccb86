"""Text files in other encodings than UTF-8: recognised, and copied as UTF-8 for DuckDB."""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmtui.workspace.errors import SourceError

_TEXT = (".csv", ".tsv")
_CHUNK = 1 << 20
_HEAD = 1 << 20  # bytes that a guess is made from


@contextmanager
def transcoded(file: Path, *, head_only: bool = False) -> Iterator[tuple[Path, str]]:
    """The file, or a UTF-8 copy that is gone when the block ends, and the encoding it has.

    With `head_only` the first megabyte decides. Raises SourceError when no encoding fits.
    """
    if file.suffix.lower() not in _TEXT:
        yield file, "utf-8"
        return
    encoding = encoding_of(file, head_only=head_only)
    if encoding is None:
        raise SourceError(
            f"The encoding of this file is broken: line {_first_bad_line(file)} is not UTF-8, "
            "nor is the file UTF-16 or GB18030",
            where=str(file),
            hint="Save it as UTF-8 and try again.",
        )
    if encoding == "utf-8":
        yield file, encoding
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / file.name
        with (
            file.open(encoding=encoding, newline="") as text,
            copy.open("w", encoding="utf-8", newline="") as plain,
        ):
            while part := text.read(_CHUNK):
                plain.write(part)
        yield copy, encoding


def encoding_of(file: Path, *, head_only: bool = False) -> str | None:
    """utf-8, utf-16, utf-16-le, utf-16-be, utf-32 or gb18030; None when it is none of them."""
    with file.open("rb") as content:
        head = content.read(_HEAD)
    if head[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        candidates = ["utf-32"]
    elif head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        candidates = ["utf-16"]
    elif head[1::2].count(0) > len(head) // 5:
        candidates = ["utf-16-le"]
    elif head[::2].count(0) > len(head) // 5:
        candidates = ["utf-16-be"]
    else:
        candidates = ["utf-8", *(["gb18030"] if _looks_chinese(head) else [])]
    fitting = (name for name in candidates if _decodes(file, name, head_only))
    return next(fitting, None)


def _decodes(file: Path, encoding: str, head_only: bool) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with file.open("rb") as content:
            while part := content.read(_CHUNK):
                decoder.decode(part)
                if head_only:
                    return True
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(head: bytes) -> bool:
    """Whether most of what is not ASCII comes out as common Chinese characters or punctuation.

    GB18030 gives a meaning to almost any bytes, so that it decodes says little.
    """
    text = codecs.getincrementaldecoder("gb18030")("replace").decode(head)
    foreign = [character for character in text if not character.isascii()]
    common = sum(_common_chinese(character) for character in foreign)
    return bool(foreign) and common >= 0.9 * len(foreign)


def _common_chinese(character: str) -> bool:
    """Whether GB2312, the everyday part of GB18030, has this character."""
    try:
        return len(character.encode("gb2312")) == 2
    except UnicodeEncodeError:
        return False


def _first_bad_line(file: Path) -> int:
    with file.open("rb") as content:
        for number, line in enumerate(content, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1
