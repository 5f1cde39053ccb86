"""Words that stand for two things: two columns, two tables, the names of two parents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from llmtui.trainer.instructions.choose import select
from llmtui.trainer.instructions.columns import column_slots, listed
from llmtui.trainer.instructions.draft import Draft, columns_sql, drafted
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.things import Field, Relation, Thing
from llmtui.trainer.instructions.translate import in_chinese
from llmtui.trainer.instructions.world import World

_MOST = 3
"""Things that a question back names."""


@dataclass(frozen=True)
class Shared:
    """The word, and what it may stand for; `options` says that by language.

    apart: names that make it plain which one is meant
    """

    words: Words
    options: dict[str, str]
    apart: tuple[str, ...]
    fields: tuple[Field, ...] = ()
    things: tuple[Thing, ...] = ()
    draw: Callable[[World], Draft | None] | None = None


def shared_columns(thing: Thing) -> list[Shared]:
    """Columns of one kind that are called alike, such as two dates; none has the bare name."""
    names = thing.label if len(thing.label) > 1 else ()
    groups: dict[tuple[str, str], list[Field]] = {}
    for item in thing.shown:
        if item.kind in ("number", "text", "date") and item not in names:
            groups.setdefault((item.kind, _last(item.words)), []).append(item)
    called = _called(item.words for item in thing.fields)
    found = []
    for (_, word), items in groups.items():
        shared = _shared([item.words for item in items], word, called)
        if shared is not None:
            found.append(replace(shared, fields=tuple(items[:_MOST])))
    return found


def shared_tables(things: Iterable[Thing]) -> list[Shared]:
    """Tables that are called alike, such as order items and menu items."""
    groups: dict[str, list[Thing]] = {}
    asked = [thing for thing in things if thing.shown]
    for thing in asked:
        groups.setdefault(_last(thing.words), []).append(thing)
    called = _called(thing.words for thing in asked)
    found = []
    for word, alike in groups.items():
        shared = _shared([t.words for t in alike], word, called)
        if shared is not None:
            found.append(replace(shared, things=tuple(alike[:_MOST])))
    return found


def of_parents(world: World, thing: Thing) -> list[Shared]:
    """The name of what rows belong to, when they belong to two things and have no name."""
    ups = [r for r in world.ups(thing) if r.parent.named and len(r.parent.label) == 1]
    groups: dict[str, list[Relation]] = {}
    for relation in ups:
        said = relation.parent.label[0].words
        groups.setdefault(said.en[0].split()[-1].lower(), []).append(relation)
    own = _called(item.words for item in thing.shown)
    own |= {name.split()[-1] for name in own}
    found = []
    for word, relations in groups.items():
        if len({r.parent for r in relations}) < 2:
            continue
        names = [r.parent.label[0].words.of(r.role) for r in relations]
        shared = _shared(names, word, own)
        if shared is not None:
            draw = _naming(thing, relations[:_MOST], shared.words)
            found.append(replace(shared, draw=draw))
    return found


def _naming(
    thing: Thing, relations: Sequence[Relation], words: Words
) -> Callable[[World], Draft | None]:
    """Draws a list of one parent's names, called by the bare word."""

    def draw(world: World) -> Draft | None:
        selection = select(world, thing, (60, 40))
        if selection is None or selection.ups:
            return None
        relation = world.rng.choice(relations)
        item = relation.parent.label[0]
        named = [Field(item.table, item.column, words)]
        selection = replace(selection, extra=(relation,))
        shown = columns_sql(selection, named)
        sql = f"SELECT {shown} FROM {selection.source}{selection.where()}"
        return drafted("list_columns", selection, sql, column_slots(named, thing))

    return draw


def _called(words: Iterable[Words]) -> set[str]:
    """All names in both languages, in lower case."""
    return {name.lower() for said in words for name in (*said.en, *said.zh)}


def _last(words: Words) -> str:
    """The last word of a name of several words; a name of one word stands for itself."""
    parts = words.en[0].lower().split()
    return parts[-1] if len(parts) > 1 else ""


def _shared(names: Sequence[Words], word: str, called: set[str]) -> Shared | None:
    """What several names share; None when they are not several, or when something is called so."""
    english = list(dict.fromkeys(name.en[0].lower() for name in names))[:_MOST]
    chinese = list(dict.fromkeys(name.zh[0] for name in names))[:_MOST]
    if not word or len(english) < 2 or word in called:
        return None
    ending = (_ending(chinese) or in_chinese(word)) if len(chinese) > 1 else ""
    ending = "" if ending in called else ending
    options = {"en": listed(english, " or ")}
    if ending:
        options["zh"] = "、".join(chinese[:-1]) + "还是" + chinese[-1]
    words = Words((word,), (ending,) if ending else ())
    return Shared(words, options, (*english, *(chinese if ending else ())))


def _ending(texts: Sequence[str]) -> str:
    """The characters that Chinese names end with alike; '' when they are less than two, or all."""
    shortest = min(texts, key=len)
    for start in range(len(shortest)):
        end = shortest[start:]
        if len(end) < 2 or end.isascii():
            break
        if all(text.endswith(end) for text in texts):
            return "" if end in texts else end
    return ""
