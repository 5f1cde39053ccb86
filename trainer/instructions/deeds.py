"""What ties rows together, as a verb: physicians are trained in procedures, students take courses.

A table between two may be named by it (`Trained_In`, `Undergoes`); else the words of what stands
between, or of what is tied, have a usual verb in the glossary.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from llmtui.database.keys import singular
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.meanings import events_for
from llmtui.trainer.instructions.naming import plural, spoken
from llmtui.trainer.instructions.phrases import Phrase
from llmtui.trainer.instructions.templates import Sayable, data
from llmtui.trainer.instructions.things import Deed, Link, Relation, Thing

if TYPE_CHECKING:
    from llmtui.trainer.instructions.world import World

PLACES = frozenset(["in", "on", "at", "for", "with", "to", "from", "by", "of", "under"])
"""Words that a verb ends with ("trained in"), or that a state begins with ("on call")."""


@dataclass(frozen=True)
class _Verb:
    base: str
    past: str
    participle: str
    zh: tuple[str, ...]
    is_noun: bool
    moves: bool
    """Whether one is what one did: "trained", but nobody is "lived"."""


def deed_of(world: World, link: Link) -> Deed | None:
    """The verb of a link."""
    middle, left, right = link.middle, link.left, link.right
    named = deed_of_name(middle.table.name)
    if named is not None:
        ends = _ends(world, link.middle)
        if ends is None or len(right) > 1 or {left.key, right[0].key} != {r.key for r in ends}:
            return None
        return replace(named, forward=left.key is ends[0].key)
    one, other = left.parent.words, right[-1].parent.words
    if one.person == other.person:
        return None  # who does it is not told: orders buy nothing
    forward = one.person
    known = _usual(middle.words, other if forward else one)
    return replace(known, forward=forward) if known else None


def _ends(world: World, middle: Thing) -> tuple[Relation, Relation] | None:
    """Who does what a table is named by, and to whom or what: the first key to a person, and the
    first other to a thing, or else to a person."""
    keys = sorted(world.ups(middle), key=_place)
    if len(keys) < 2:
        return None
    people = [key for key in keys if key.parent.words.person]
    passive = spoken(middle.table.name)[1][-1:] == ("by",)
    doer = (people or keys)[0] if not passive else keys[0]
    others = [key for key in keys if key is not doer]
    things = [key for key in others if not key.parent.words.person]
    return doer, (things or others)[0]


def _place(relation: Relation) -> int:
    return relation.child.fields.index(relation.key)


@cache
def deed_of_name(name: str) -> Deed | None:
    """The verb that a table is named by; None when it is named by a noun."""
    parts = spoken(name)[1]
    if not parts or len(parts) > 2 or (len(parts) == 2 and parts[1] not in PLACES):
        return None
    first, end = parts[0], "".join(f" {part}" for part in parts[1:])
    verb, form = _forms().get(first, (None, ""))
    if verb is None or end in (" by", " of") or (form == "done" and end and verb.moves):
        said = f"{first}{end}"
        is_done = verb is not None or (first.endswith("ed") and len(first) > 4)
        known = Deed((said,), f"be {said}", (f"been {said}",), being=(said,))
        return known if end and is_done else None
    if verb.is_noun and not end:
        return None
    did, done = f"{verb.past}{end}", f"{verb.participle}{end}"
    return Deed((did,), f"{verb.base}{end}", (done,), () if end else (done,), (), verb.zh)


@cache
def _forms() -> dict[str, tuple[_Verb, str]]:
    """Third person, past and participle → the verb and the form."""
    found: dict[str, tuple[_Verb, str]] = {}
    for base, text in data("glossary")["doing"].items():
        past, participle, zh = text.split("|")
        past = past or _past(base)
        plain = zh.lstrip("~*")
        marks = zh[: len(zh) - len(plain)]
        chinese = tuple(word for word in plain.split(",") if word)
        verb = _Verb(base, past, participle or past, chinese, "~" in marks, "*" not in marks)
        found |= {third(base): (verb, "do"), verb.past: (verb, "done")}
        found[verb.participle] = (verb, "done")
    return found


def third(base: str) -> str:
    """The third person of a verb: takes, teaches, carries."""
    if base.endswith("y") and base[-2] not in "aeiou":
        return f"{base[:-1]}ies"
    return f"{base}es" if base.endswith(("s", "sh", "ch", "x", "z", "o")) else f"{base}s"


def _past(base: str) -> str:
    if base.endswith("y") and base[-2] not in "aeiou":
        return f"{base[:-1]}ied"
    return f"{base}d" if base.endswith("e") else f"{base}ed"


def _usual(middle: Words, other: Words) -> Deed | None:
    deeds, participles = data("glossary")["deeds"], data("glossary")["participles"]
    for words in (middle, other):
        for name in (*words.en, *words.zh):
            for word in (name.lower(), *reversed(name.lower().split())):
                if word in deeds:
                    past, base, chinese = deeds[word].split("|")
                    did = tuple(past.split(","))
                    had = tuple(participles.get(one, one) for one in did if one[:5] != "were ")
                    done = tuple(one for one in had if " " not in one)
                    return Deed(did, base, had, done, (), tuple(chinese.split(",")))
    return None


def event_of(world: World, relation: Relation) -> dict[str, Sayable]:
    """What a parent with rows of a table did, {event} ("placed an order", "undergone any
    procedures"), or is in, {state} ("on call"); {} when nothing says it."""
    kid = relation.child
    english, chinese = events_for(kid.words)
    named, ends = deed_of_name(kid.table.name), _ends(world, kid)
    if named is not None and ends is not None and ends[0].key is relation.key:
        objects = [plural(name) for name in ends[1].parent.words.en[:1]]
        english = tuple(f"{named.had[0]} {some}{what}" for what in objects for some in ("any ", ""))
    if english or chinese:
        return {"event": Phrase(english, chinese)}
    state = state_of_name(kid.table.name)
    return {"state": Phrase((state,), ())} if state else {}


def state_of_name(name: str) -> str:
    """What the rows that a table lists are in: "on call"; '' when it is named otherwise."""
    parts = spoken(name)[1]
    single = len(parts) == 2 and singular(parts[1]) == parts[1]
    return " ".join(parts) if single and parts[0] in PLACES else ""


def by_a_noun(thing: Thing) -> bool:
    """Whether a table is named by what its rows are: nobody says "trained ins"."""
    return not (deed_of_name(thing.table.name) or state_of_name(thing.table.name))
