"""Twins: questions that differ from a row's in one small thing, with the SQL that changes with it.

A row's query and question are drawn again with all that chance gave before, but for one draw:
another value, another comparison, the other direction, another column. Kept are those whose SQL
differs in one kind of thing, whose question differs in a few words, and whose answer is another.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp

from llmtui.trainer.evaluate.misses import miss_kinds
from llmtui.trainer.instructions.chance import Replayed, Unlike
from llmtui.trainer.instructions.contrast import answers_differ
from llmtui.trainer.instructions.draft import Draft
from llmtui.trainer.instructions.templates import fits
from llmtui.workspace.records import Instruction

if TYPE_CHECKING:
    from llmtui.trainer.instructions.construct import Maker, Said

KINDS = ("value", "operator", "column", "order or limit", "aggregate", "distinct")
"""What twins may differ in, as misses are told."""
_SHARE = 10
"""One twin for so many rows."""
_TRIES = 14
"""Draws that are changed in vain before a row stays alone."""
_MOST_OF_A_KIND = 0.4
_MOST_WORDS, _MOST_HAN = 5, 14
"""Words, or characters of a Chinese question, that twins may differ in."""


def twins(made: Maker, rows: list[Instruction]) -> list[Instruction]:
    """Twins of some of the rows; `extra` names the row ("pair") and what differs ("change")."""
    kept = {row.id for row in rows if row.split == "train"}
    rng = random.Random(f"{made.options.seed}/twins")
    said = [one for one in made.said if one.row.id in kept]
    rng.shuffle(said)
    wanted = len(rows) // _SHARE
    found: list[Instruction] = []
    kinds: Counter[str] = Counter()
    for one in said:
        if len(found) >= wanted:
            break
        for kind, twin in _candidates(made, one, rng):
            if kinds[kind] < max(1, wanted * _MOST_OF_A_KIND):
                kinds[kind] += 1
                made.asked.add(twin.question, twin.sql)
                found.append(replace(twin, extra={"pair": one.row.id, "change": kind}))
                break
    return found


def _candidates(made: Maker, one: Said, rng: random.Random) -> Iterator[tuple[str, Instruction]]:
    """(what differs, twin) of one row, each from another draw."""
    tried: set[str] = {one.row.sql}
    for _ in range(_TRIES):
        place, seed = rng.randrange(len(one.drafted)), rng.getrandbits(32)
        draft = _redrawn(made, one, place, seed)
        if draft is None or draft.sql in tried or draft.shape != one.row.shape:
            continue
        if _shows_twice(draft.sql):
            continue
        tried.add(draft.sql)
        kinds = miss_kinds(one.row.sql, draft.sql, "")
        question = _asked(one, draft)
        if len(kinds) != 1 or kinds[0] not in KINDS or not question:
            continue
        if made.fault(question, draft) or not close(one.row.question, question, one.row.lang):
            continue
        twin = made.row(draft, one.row.lang, question)
        good = twin.split == "train" and not made.problem(draft)
        if good and answers_differ(made.world.database, one.row.sql, draft.sql):
            yield kinds[0], twin


def _shows_twice(sql: str) -> bool:
    """Whether a query shows one column two times, which nobody asks for."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    shown = [item.sql() for item in tree.selects] if isinstance(tree, exp.Query) else []
    return len(set(shown)) < len(shown)


def _redrawn(made: Maker, one: Said, place: int, seed: int) -> Draft | None:
    """The draft of a row with one draw made anew; None when that changes what is asked for."""
    try:
        return one.step(made.world.drawing(Replayed(one.drafted, place, seed)))
    except Unlike:
        return None


def _asked(one: Said, draft: Draft) -> str:
    """The question in the words of the row's; '' when they do not fit."""
    if not fits(one.template, one.row.lang, draft.slots):
        return ""
    try:
        return draft.say(one.template, one.row.lang, Replayed(one.spoken))
    except Unlike:
        return ""


def close(one: str, other: str, lang: str) -> bool:
    """Whether two questions differ, and in one run of a few words only."""
    mine, theirs = (list(text) if lang == "zh" else text.split() for text in (one, other))
    most = min(len(mine), len(theirs))
    start = end = 0
    while start < most and mine[start] == theirs[start]:
        start += 1
    while end < most - start and mine[-1 - end] == theirs[-1 - end]:
        end += 1
    apart = max(len(mine), len(theirs)) - start - end
    return one != other and apart <= (_MOST_HAN if lang == "zh" else _MOST_WORDS)
