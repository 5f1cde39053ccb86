"""The rows that a question is about: a table, conditions, and how people name them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from llmtui.trainer.instructions.condition import Condition
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.meanings import measure_words
from llmtui.trainer.instructions.phrases import Phrase, noun, nouns, pick, who
from llmtui.trainer.instructions.templates import Lazy, Sayable
from llmtui.trainer.instructions.things import Field, Relation, Thing

Path = tuple[Relation, ...]
NOT_BARE: dict[str, Sayable] = {"bare": Phrase((), ())}
"""A slot that keeps phrasings out which do not name the rows."""


def merged(paths: Sequence[Path]) -> Path | None:
    """The keys of several paths, each once; None when a table would be joined twice."""
    keys: dict[str, Relation] = {}
    for path in paths:
        for relation in path:
            known = keys.setdefault(relation.parent.table.name, relation)
            if known is not relation:
                return None
    return tuple(keys.values())


def joined(thing: Thing, ups: Path) -> str:
    """FROM the table, then along its keys, each a JOIN."""
    joins = (f" JOIN {r.parent.sql} ON {r.key.full} = {r.target.full}" for r in ups)
    return thing.sql + "".join(joins)


_SINGULAR = {"have": "has", "are": "is", "were": "was", "do": "does", "don't": "doesn't",
             "haven't": "hasn't", "aren't": "isn't", "weren't": "wasn't"}  # fmt: skip


def _of_one(verb: str) -> str:
    """A plural predicate as it is said of one; '' for verbs of their own."""
    first, _, rest = verb.partition(" ")
    return f"{_SINGULAR[first]} {rest}" if first in _SINGULAR else ""


def _clause_of_one(post: str) -> str:
    """A clause as it is said of one: "that has no city" for "that have no city"."""
    who, _, verb = post.partition(" ")
    return f"{who} {_of_one(verb) or verb}" if who in ("who", "that") else post


@dataclass(frozen=True)
class Selection:
    """Rows of `thing` that meet all (or, with `either`, one) of the conditions.

    extra: keys that are followed for columns that are shown or grouped by
    scope: where all rows are, when that is said though it chooses none: "rivers in the US"
    """

    thing: Thing
    conditions: tuple[Condition, ...] = ()
    either: bool = False
    extra: Path = ()
    words: Words = field(default=None)  # type: ignore[assignment]
    scope: Phrase | None = None

    def __post_init__(self) -> None:
        if self.words is None:
            object.__setattr__(self, "words", self.thing.words)

    @property
    def ups(self) -> Path | None:
        return merged([*(c.ups for c in self.conditions), self.extra])

    @property
    def full(self) -> bool:
        return bool(self.ups)

    @property
    def source(self) -> str:
        return joined(self.thing, self.ups or ())

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.thing.table.name, *(r.parent.table.name for r in self.ups or ()))

    def column(self, item: Field) -> str:
        return item.full if self.full else item.bare

    def where(self, *more: str) -> str:
        """ " WHERE …" or nothing."""
        tests = [c.sql(full=self.full) for c in self.conditions]
        text = (" OR " if self.either else " AND ").join(tests)
        text = f"({text})" if self.either and more else text
        whole = " AND ".join([part for part in (text, *more) if part])
        return f" WHERE {whole}" if whole else ""

    @property
    def probe(self) -> str:
        """Counts: the rows, those without each condition in turn, and all of the table."""
        if not self.conditions:
            return ""
        tests = [c.sql(full=self.full) for c in self.conditions]
        sign = " OR " if self.either else " AND "
        wanted = [sign.join(tests)]
        if len(tests) > 1:
            wanted += [sign.join(t for t in tests if t is not left) for left in tests]
        counts = [f"(SELECT COUNT(*) FROM {self.source} WHERE {test})" for test in wanted]
        return f"SELECT {', '.join([*counts, f'(SELECT COUNT(*) FROM {self.source})'])}"

    def slots(self) -> dict[str, Sayable]:
        """How the rows are named: {np} and its parts."""
        words = self.words
        units = ("名", "位", "个") if words.person else measure_words(words)
        found: dict[str, Sayable] = {
            "things": nouns(words),
            "thing": noun(words),
            "unit": Phrase((), units),
            "np": Lazy(lambda rng: self.en(rng, many=True), self.zh),
            "np1": Lazy(lambda rng: self.en(rng, many=False), self.zh),
        }
        if words.person:
            found["pnp"], found["person"] = found["np"], Phrase(("",), ("",))
        found["who"] = who(words)
        if self.conditions:
            found["verb"] = Lazy(self.verb, None)
            found["cond"] = Lazy(None, self.before)
            found["post"] = Lazy(self.post, None)
            if all(condition.options("pred") for condition in self.conditions):
                found["pred"] = Lazy(None, self.pred)
        else:
            found["bare"] = Phrase(("",), ("",))
        return found

    def post(self, rng: random.Random) -> str:
        return self._tail(rng, list(self.conditions))

    def verb(self, rng: random.Random) -> str:
        sign = " or " if self.either else " and "
        return sign.join(c.say("verb", rng) for c in self.conditions)

    def pred(self, rng: random.Random) -> str:
        texts = [c.say("pred", rng) for c in self.conditions]
        sign = ("或者", "或") if self.either else ("且", "并且", "、", "而且", "，")
        return rng.choice(sign).join(texts)

    def _tail(self, rng: random.Random, rest: list[Condition], *, many: bool = True) -> str:
        who = rng.choice(("who", "who", "that")) if self.words.person else "that"
        word = "or" if self.either else "and"
        if not rest:
            return ""
        if len(rest) == 1:
            alone = rng.random() < (0.5 if self.words.person else 0.25)
            verb = rest[0].say("verb", rng) if alone else ""
            verb = verb if many else _of_one(verb)
            post = rest[0].say("post", rng)
            return f"{who} {verb}" if verb else post if many else _clause_of_one(post)
        first, second = rest[0].say("post", rng), rest[1]
        if not many:
            return f"{_clause_of_one(first)} {word} {_clause_of_one(second.say('post', rng))}"
        style = rng.random()
        if style < 0.35:
            return f"{who} {rest[0].say('verb', rng)} {word} {second.say('verb', rng)}"
        if style < 0.6:
            joint = f" {word} {who}" if self.either else rng.choice((f" {who}", f" and {who}"))
            return f"{first}{joint} {second.say('verb', rng)}"
        joint = f" {word} " if self.either else rng.choice((" and ", " and ", " "))
        return f"{first}{joint}{second.say('post', rng)}"

    def en(self, rng: random.Random, *, many: bool) -> str:
        name = pick(rng, (nouns if many else noun)(self.words).en)
        name += f" in {self.scope.say('en', rng)}" if self.scope else ""
        rest = list(self.conditions)
        rng.shuffle(rest)
        front = ""
        if not self.either:
            for condition in rest:
                if condition.options("adj") and rng.random() < 0.5:
                    front, rest = condition.say("adj", rng), [c for c in rest if c is not condition]
                    break
        return " ".join(part for part in (front, name, self._tail(rng, rest, many=many)) if part)

    def before(self, rng: random.Random) -> str:
        """The conditions as they stand before a superlative: 纽约州 of 纽约州最长的河流."""
        texts = [c.say("zh", rng).removesuffix("的") for c in self.conditions]
        if self.scope and not self.either:
            texts = [self.scope.say("zh", rng), *texts]
        return rng.choice(("或者", "或") if self.either else ("且", "并且", "的", "，")).join(texts)

    def zh(self, rng: random.Random) -> str:
        name = pick(rng, self.words.zh)
        if not self.conditions:
            where = self.scope.say("zh", rng) if self.scope else ""
            return where + rng.choice(("", "的")) * bool(where) + name
        texts = [c.say("zh", rng).removesuffix("的") for c in self.conditions]
        if self.either:
            return f"{rng.choice(('或者', '或')).join(texts)}的{name}"
        plain = self.conditions[0].options("adj") or self.conditions[0].kind in ("is", "parent")
        if len(texts) == 1 and plain and len(texts[0]) <= 6 and rng.random() < 0.35:
            return f"{texts[0]}{name}"
        return f"{rng.choice(('且', '并且', '、', '的', '，')).join(texts)}的{name}"
