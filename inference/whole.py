"""A question that goes on from another, said whole: "and in 2023?" after "orders in 2022"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmtui.database.fold import is_han
from llmtui.database.link import Linker, Mention
from llmtui.inference.fragment import BY, Fragment, tops_in
from llmtui.inference.years import Year, with_numbers, years_in

_MARK = re.compile(r"[\s?？.。!！]*$")
_MORE = re.compile(
    r"\s*(?:onwards?|on|or|and (?:later|earlier|before|after)|to|-|–|~|至|到)(?![a-z])",
    re.IGNORECASE,
)
"""What after a year makes it another thing than the year."""
_BOUND = re.compile(
    r"\b(?:than|start(?:ing)?|begin(?:ning)?|end|until|till|by|through|between)\s*$", re.IGNORECASE
)
"""What before a year does."""
_TIED = re.compile(
    r"(?:in|at|from|with|without|on|over|under|above|below|since|before|after|between|excluding|"
    r"except|for|by|per)\b",
    re.IGNORECASE,
)
_APART = re.compile(r"(?:only|just|top)\b|[只仅按前]", re.IGNORECASE)
_Edit = tuple[int, int, str]


def whole(
    last: str, said: Fragment, values: Sequence[Mention], linker: Linker
) -> tuple[str, dict[str, str]]:
    """The last question with what is said put into it, and how each of these was changed, in the
    words of `changing`; "" when that cannot be told from the words alone.

    values: what the pieces of `said` stand for
    """
    last = with_numbers(last)
    edits: list[_Edit] = []
    how: dict[str, str] = {}
    for mention in values:
        how[f"{mention.table}.{mention.column}"] = _value(last, said, mention, linker, edits)
    for year in said.years:
        how["year"] = _year(last, year, said.either, edits)
    for top in said.tops:
        old = tops_in(last)
        edits += [(o.start, o.end, said.text[top.start : top.end]) for o in old]
        how["rows"] = ("added", "swapped", "")[min(len(old), 2)]
    for _ in said.by:
        how["group"] = "" if BY.search(last) else "added"
    twice = len({edit[:2] for edit in edits}) < len(edits)
    if not last or not how or not all(how.values()) or twice:
        return "", how
    if edits:  # said partly anew and partly in addition is left to the person
        return (_edited(last, edits), how) if "added" not in how.values() else ("", how)
    return appended(last, said), how


def narrowed(last: str, said: Fragment) -> str:
    """The last question with words behind it that nothing is known of but that they only add to
    it, as in "only those over 100"; "" when they may stand for others of its words."""
    rest = said.bare
    tie = _TIED.match(rest)
    again = tie is not None and re.search(rf"\b{tie[0]}\b", last, re.IGNORECASE)
    return appended(last, said) if last and (said.narrows or (tie and not again)) else ""


def appended(last: str, said: Fragment) -> str:
    mark = _MARK.search(last)
    end = mark.start() if mark else len(last)
    rest, han = said.bare, is_han(last)
    if _TIED.match(rest) and not han:
        between = " "
    elif _APART.match(rest):
        between = "，" if han else ", "
    else:
        between = "，只看" if han else ", only "
    return f"{last[:end]}{between}{rest}{last[end:].strip()}"


def _value(last: str, said: Fragment, mention: Mention, linker: Linker, edits: list[_Edit]) -> str:
    place = (mention.table, mention.column)
    old = {(m.start, m.end) for m in linker.mentions(last) if (m.table, m.column) == place}
    if not old:
        return "" if said.either else "added"
    if len(old) > 1:
        return ""
    ((start, end),) = old
    edits.append(_edit(last, start, end, said.text[mention.start : mention.end], said.either))
    return "joined" if said.either else "swapped"


def _edit(last: str, start: int, end: int, new: str, either: bool) -> _Edit:
    if not either:
        return start, end, new
    return start, end, f"{last[start:end]}{'或' if is_han(last) else ' or '}{new}"


def _year(last: str, year: Year, either: bool, edits: list[_Edit]) -> str:
    found = years_in(last)
    if not found:
        return "" if either or not year.sure else "added"
    old = found[0]
    if (
        len(found) > 1
        or not old.sure
        or _MORE.match(last[old.end :])
        or _BOUND.search(last[: old.start])
    ):
        return ""
    han = is_han(last)
    if old.kind == year.kind:
        new = last[old.start : old.end].replace(str(old.number), str(year.number))
    elif not han and not old.word:
        return ""
    else:
        new = _phrase(year, han)
    if either and year.kind != "=":
        return ""
    edits.append(_edit(last, old.start, old.end, str(year.number) if either else new, either))
    return "joined" if either else "swapped" if old.kind == "=" else "opened"


def _phrase(year: Year, han: bool) -> str:
    if han:
        return f"{year.number}年{({'>=': '以来', '>': '以后', '<': '以前'}).get(year.kind, '')}"
    return f"{({'>=': 'since', '>': 'after', '<': 'before'}).get(year.kind, 'in')} {year.number}"


def _edited(text: str, edits: Sequence[_Edit]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text
