"""Conditions that compare rows with others, or what they have with a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import fmean

from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.conditions import key_condition, name_condition, own_condition
from llmtui.trainer.instructions.deeds import by_a_noun
from llmtui.trainer.instructions.phrases import Phrase, count_phrase, noun, nouns, who
from llmtui.trainer.instructions.related import inner_slots, ways_of
from llmtui.trainer.instructions.templates import Lazy, Sayable
from llmtui.trainer.instructions.things import Row, Thing
from llmtui.trainer.instructions.world import World

_THAN_ONE = 0.5
"""Share of the comparisons with other rows that name the one row."""
_COUNTED, _NEVER = 0.5, 0.25
"""Share of the conditions on what children come to that count them, and that say "never"."""
_OVERALL = {
    "AVG": Phrase(("average", "mean"), ("平均",)),
    "MAX": Phrase(("maximum", "highest"), ("最高", "最大")),
    "MIN": Phrase(("minimum", "lowest"), ("最低", "最小")),
}
_COMPUTED: dict[str, Callable[[list[float]], float]] = {"AVG": fmean, "MAX": max, "MIN": min}
_ABOVE = Phrase(("above", "over", "higher than", "greater than"), ("高于", "大于", "超过"))
_BELOW = Phrase(("below", "under", "lower than", "less than"), ("低于", "小于"))


def child_measure(world: World, thing: Thing, row: Row) -> Condition | None:
    """Rows whose children come to something: "with more than 3 orders", "stations with an average
    of bikes above 10", "that never had more than 5"."""
    downs = [r for r in world.downs(thing) if by_a_noun(r.child) and not r.key.column.unique]
    if not downs:
        return None
    rng, relation = world.rng, world.rng.choice(downs)
    kid, key, kids = relation.child, relation.key, world.children(relation, row)
    slots: dict[str, Sayable] = {"c": noun(kid.words), "cs": nouns(kid.words)}
    slots["who"] = who(thing.words)
    numbers = [f for f in kid.numbers if not f.words.year]
    kind, never = "child_count", False
    if rng.random() < _COUNTED or not numbers:
        most = max(len(kids) - 1, 1)
        number = rng.randint(1, min(most, 5))
        test = f"COUNT(*) > {number}"
        slots |= {
            "than": Phrase(("more than", "over"), ("超过", "多于")),
            "n": count_phrase(number),
        }
    else:
        item, name = rng.choice(numbers), rng.choice(("AVG", "AVG", "MAX", "MIN"))
        held = [float(k[item.column.name]) for k in kids if k.get(item.column.name) is not None]
        if not held:
            return None
        value = world.number_value(item)
        above = _COMPUTED[name](held) > value
        kind, never = "child_measure", rng.random() < _NEVER
        if never:
            kind, name, above = "child_never", "MAX", True
        test = f"{name}({item.bare}) {'>' if above else '<'} {value}"
        slots |= {"num": noun(item.words), "overall": _OVERALL[name]}
        slots |= {"than": _ABOVE if above else _BELOW, "v": world.number(item, value)}
    filled = f" WHERE {key.bare} IS NOT NULL" if key.column.nulls else ""
    groups = f"SELECT {key.bare} FROM {kid.sql}{filled} GROUP BY {key.bare} HAVING {test}"
    whole = f"{{c}} {'NOT ' * never}IN ({groups})"
    return Condition(kind, ((relation.target, whole),), ways_of(kind), slots)


def _by_key(world: World, thing: Thing, row: Row) -> Condition | None:
    """One row by its key, and {v}: "the customer with id 12"."""
    found = key_condition(world, thing, row)
    key = found.tests[0][0].column if found else None
    if found is None or key is None or not (key.unique or thing.table.primary_key == (key.name,)):
        return None
    kind, name, value = noun(thing.words), found.slots["col"], found.slots["v"]
    whole = Lazy(
        lambda rng: f"the {kind.say('en', rng)} with {name.say('en', rng)} {value.say('en', rng)}",
        lambda rng: f"{name.say('zh', rng)}为{value.say('zh', rng)}的{kind.say('zh', rng)}",
    )
    return replace(found, slots={**found.slots, "v": whole})


def than_rows(world: World, thing: Thing, row: Row) -> Condition | None:
    """More, or less, than a named row, or than all or some of the rows that meet a condition."""
    numbers = [f for f in thing.numbers if f.column.name in row]
    if not numbers:
        return None
    rng = world.rng
    item, high = rng.choice(numbers), rng.random() < 0.7
    other = world.anchor(thing) or row
    more = Phrase(("higher", "greater", "larger") if high else ("lower", "less", "smaller"),
                  ("高于", "大于", "超过") if high else ("低于", "小于"))  # fmt: skip
    slots: dict[str, Sayable] = {"num": noun(item.words), "more": more, "things": thing.nouns}
    slots |= {"high": Phrase((), ("高", "大") if high else ("低", "小"))}
    slots |= {"thing": noun(thing.words)}
    sign = ">" if high else "<"
    if rng.random() < _THAN_ONE:
        named = name_condition(world, thing, other) if thing.unique_label else None
        if named is None or rng.random() < 0.3:
            named = _by_key(world, thing, other)
        if named is None:
            return None
        value = f"(SELECT {item.bare} FROM {thing.sql} WHERE {named.sql()})"
        said = {**slots, "v": named.slots["v"]}
        return Condition("than_one", ((item, f"{{c}} {sign} {value}"),), ways_of("than_one"), said)
    inner = own_condition(world, thing, other, thing.groups) if thing.groups else None
    if inner is None:
        return None
    every = rng.random() < 0.6
    function = "MAX" if high == every else "MIN"
    where = f"SELECT {function}({item.bare}) FROM {thing.sql} WHERE {inner.sql()}"
    kind, said = "than_all" if every else "than_some", {**inner_slots(inner), **slots}
    return Condition(kind, ((item, f"{{c}} {sign} ({where})"),), ways_of(kind), said)
