"""The column, or the two, that names a row to a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmtui.database.fold import is_han
from llmtui.trainer.instructions.naming import spoken

if TYPE_CHECKING:
    from llmtui.trainer.instructions.things import Field

_LABELS = ("name", "title", "label", "subject", "username", "名称", "姓名", "名字", "标题", "名")
_SEEN, _FEWEST = 8, 3
"""Values that are looked at, and letters that each has when it is what people call a row."""
_SECOND = ("description", "details", "detail", "symbol", "名称", "说明")


def label_of(
    fields: Sequence[Field], keys: frozenset[str], own: Sequence[str], rows: int
) -> tuple[Field, ...]:
    """Its name, or first and last name, or the text that tells rows apart, else its key.

    own: the words of the table, since a table of grapes may have a column "grape"
    """
    by_words = {spoken(f.column.name)[1]: f for f in fields}
    for prefix in [(), *[(word,) for name in own for word in name.split()]]:
        first = by_words.get((*prefix, "first", "name"))
        last = by_words.get((*prefix, "last", "name"))
        if first is not None and last is not None:
            return (first, last)
    texts = [f for f in fields if f.kind == "text"]
    ends = [(f, spoken(f.column.name)[1][-1:]) for f in texts]
    names = [f for f, end in ends if end and (end[0] in _LABELS or f.column.name.endswith(_LABELS))]
    mine = [f for f in texts if f.words.key in own]
    names = [*[f for f in names if f.words.key in ("name", "title")], *mine, *names]
    names = [f for f in names if f.column.distinct > 1 or rows < 3]
    if names:
        return (names[0],)
    free = [f for f in texts if f.column.name not in keys]
    second = [
        f for f in free if spoken(f.column.name)[1][-1:] and spoken(f.column.name)[1][-1] in _SECOND
    ]
    telling = [f for f in [*second, *free] if f.column.distinct >= 0.8 * max(rows, 1)]
    telling = [f for f in telling if all(_letters(v) for v in f.column.values[:_SEEN])]
    if telling:
        return (telling[0],)
    primary = [f for f in fields if f.column.name in keys]
    return tuple(primary[:1] or texts[:1] or list(fields[:1]))


def _letters(value: str) -> bool:
    """Whether a value may be what people call a row, and is no code."""
    return sum(c.isalpha() or is_han(c) for c in value) + is_han(value[:1] or " ") >= _FEWEST


def of_another(label: Field, fields: Sequence[Field], foreign: set[str]) -> bool:
    """Whether a column names what a row refers to, not the row: the name of a trip's station."""
    first = spoken(label.column.name)[1][:-1]
    keys = {spoken(f.column.name)[1] for f in fields if f.column.name in foreign}
    return bool(first) and (*first, "id") in keys
