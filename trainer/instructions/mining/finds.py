"""What a file may hold: a statement with the words beside it, a name with its meaning, a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Statement:
    """A query on one line, without comments.

    words: what it answers, at most one question a language; none when nothing stands beside it
    place: the file, and the line or cell
    """

    sql: str
    words: tuple[str, ...]
    place: str


@dataclass(frozen=True)
class Meaning:
    """What a document says of a name, both as they are written there.

    section: the heading above it, which may name a table
    firm: whether it is clearly said of a name; "status: done" may be anything
    """

    name: str
    text: str
    place: str
    section: str = ""
    firm: bool = True


@dataclass(frozen=True)
class Fault:
    """Something that could not be read, in one sentence that names the file."""

    text: str


Find = Statement | Meaning | Fault
Place = Callable[[int], str]
"""Line of a text, from 1 → where that is, for a person."""


def always(place: str) -> Place:
    """One place for every line."""
    return lambda _line: place


def after(place: Place, lines: int) -> Place:
    """Places of a part that begins behind so many lines."""
    return lambda line: place(lines + line)


def lines_of(file: str) -> Place:
    return lambda line: f"{file}, line {line}"
