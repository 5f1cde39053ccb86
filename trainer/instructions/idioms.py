"""How conditions on columns are said: plainly, or by what the column means."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from llmtui.trainer.instructions.condition import PARTS
from llmtui.trainer.instructions.templates import data, prepared, slots_of

_ALIKE = {"year": ("date", "day", "time")}
"""Words of other columns that an idiom could be about."""
_IDIOM_SHARE = 1.6
"""How much more often an idiom of the column's meaning is used than a plain phrasing."""


@cache
def ways_for(
    kind: str, names: frozenset[str], person: bool, happens: bool, others: frozenset[str]
) -> dict[str, Any]:
    """Phrasings by part of a kind of condition on a column with these words.

    others: words of the table's other columns of that kind: what could be said of these too is
    only said with the column's name
    """
    file = data("conditions")
    words = file["words"]
    idioms = [
        (entry[kind], not others & {*entry["words"].split(), *_ALIKE.get(entry["words"], ())})
        for entry in file["idiom"]
        if kind in entry
        and names & set(entry["words"].split())
        and (person or "person" not in entry)
        and not ("elsewhere" in entry and names & set(entry["elsewhere"].split()))
    ]
    if "counted" in names and kind in file["counted"]:
        idioms.append((file["counted"][kind], True))
    found: dict[str, tuple[str, ...]] = {}
    for part in PARTS:
        plain = prepared(file[kind].get(part, ()), part, words)
        if others and kind.startswith("date_"):
            plain = naming(plain)
        special = [
            text
            for idiom, alone in idioms
            for text in prepared(idiom.get(part, ()), part, words)
            if alone or naming((text,))
        ]
        if happens:
            special += prepared(file[kind].get(f"happened_{part}", ()), part, words) * 2
        times = max(1, round(_IDIOM_SHARE * len(plain) / len(special))) if special else 0
        found[part] = plain + tuple(special) * times
    return found


def naming(texts: Iterable[str]) -> tuple[str, ...]:
    """Those phrasings that say which column they are about."""
    return tuple(text for text in texts if "col" in slots_of(text))
