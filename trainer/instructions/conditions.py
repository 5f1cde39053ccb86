"""A condition at random on one of some columns."""

from __future__ import annotations

from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.conditions_range import date_condition, number_condition
from llmtui.trainer.instructions.conditions_text import (
    bool_condition,
    null_condition,
    text_condition,
)
from llmtui.trainer.instructions.world import Field, World


def any_condition(world: World, fields: list[Field]) -> Condition | None:
    """A condition on one of the columns; None when none fits."""
    rng = world.rng
    usable = [f for f in fields if f.column.distinct > 1 and f.kind in _MAKERS]
    usable = [f for f in usable if f.kind != "text" or f.column.values]
    if not usable:
        return None
    item = rng.choice(usable)
    if item.column.nulls and rng.random() < 0.15:
        return null_condition(world, item, filled=rng.random() < 0.3)
    if item.kind == "text":
        return text_condition(world, item, negated=rng.random() < 0.08)
    return _MAKERS[item.kind](world, item)


_MAKERS = {
    "number": number_condition,
    "date": date_condition,
    "bool": bool_condition,
    "text": text_condition,
}
