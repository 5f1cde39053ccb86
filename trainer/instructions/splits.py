"""A query is in one split only, whoever asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llmtui.database.dialects import plain
from llmtui.trainer.instructions.steer import combination
from llmtui.workspace.records import SPLITS, Instruction


def in_one_split(rows: Sequence[Instruction]) -> list[Instruction]:
    """The rows, all those of one query in one split.

    What people wrote or accepted is learnt: its query is held out no longer, unless their own row
    is. Else it is where it is constructed, and what is held out anywhere is so everywhere. Where
    training now sees a query of a shape on tables that were held out as a whole, the others of
    these are held out as queries only. Rows that may not be learnt stay as they are.
    """
    asked = [row for row in rows if row.kind == "sql" and row.usable]
    decided: dict[str, tuple[int, int]] = {}
    for row in asked:
        query = plain(row.sql)
        decided[query] = max(decided.get(query, (0, 0)), (_say(row), SPLITS.index(row.split)))
    split = {row.id: SPLITS[decided[plain(row.sql)][1]] for row in asked}
    whole = [row for row in asked if row.extra.get("held") == "shape"]
    seen = {combination(row) for row in whole if split[row.id] == "train"}
    held = {row.id: "row" if combination(row) in seen else "shape" for row in whole}
    return [
        _moved(row, split[row.id], held.get(row.id, "row")) if row.id in split else row
        for row in rows
    ]


def _say(row: Instruction) -> int:
    """How much a row has to say about where its query belongs."""
    return 2 if row.of_people else int(row.origin == "constructed")


def _moved(row: Instruction, split: str, held: str) -> Instruction:
    extra = {key: value for key, value in row.extra.items() if key != "held" or split != "train"}
    if "held" in extra:
        extra["held"] = held
    return (
        row if (split, extra) == (row.split, row.extra) else replace(row, split=split, extra=extra)
    )
