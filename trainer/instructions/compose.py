"""A condition on one column, put together from its SQL and the phrasings of its kind."""

from __future__ import annotations

from collections.abc import Mapping

from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.idioms import ways_for
from llmtui.trainer.instructions.phrases import Phrase, noun, who
from llmtui.trainer.instructions.templates import Sayable
from llmtui.trainer.instructions.things import Field, Thing

_NAMES = {"name", "title", "label"}
"""What only a column that names the rows is said by: "called X" is no city of the state X."""


def compose(
    kind: str,
    item: Field,
    test: str,
    thing: Thing,
    slots: Mapping[str, Sayable],
    *,
    adj: bool = True,
) -> Condition:
    """A condition of a kind of the data file on one column."""
    names = {part for name in item.words.en for part in name.lower().split()}
    names -= {part for name in thing.words.en for part in name.lower().split()}
    names -= _NAMES if item.column.name not in [f.column.name for f in thing.label] else set()
    counted, others = item.words.counts, set[str]()
    if item.kind in ("number", "date"):
        rivals = [f for f in thing.fields if f.kind == item.kind and f.column != item.column]
        if item.kind == "date" or item.words.year:  # a year column and a date are asked for alike
            rivals = [] if item.only else [f for f in thing.fields if f.column != item.column]
        others = {part for f in rivals for name in f.words.en for part in name.lower().split()}
    ways = ways_for(
        kind,
        frozenset(names | ({"counted"} if counted else set())),
        thing.words.person,
        bool(item.happened),
        frozenset(others),
    )
    if not adj:
        ways = {part: texts for part, texts in ways.items() if part != "adj"}
    base: dict[str, Sayable] = {
        "col": noun(item.words),
        "who": who(thing.words),
        "things": thing.nouns,
    }
    base |= item.happened
    if counted:
        base["n"] = Phrase((counted,), item.words.zh)
    return Condition(kind, ((item, test),), ways, {**base, **slots})
