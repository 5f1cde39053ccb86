"""Questions that get no SQL: about what the database does not hold, or with a word for two things.

Such a question is made as any other, of a query that is drawn; only the words for one column or
table are others while it is drawn: words for what no column is about ("blood type"), or a word that
two columns share ("date" of a hire date and a retirement date). The query itself is what a model
would make up, and is kept as `extra["instead"]`. A value that no row has is another matter: there
the SQL is right and its result empty.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp, parse_one

from llmtui.trainer.instructions.absent import Known, Missing, listed_missing
from llmtui.trainer.instructions.ambiguous import Shared, of_parents, shared_columns, shared_tables
from llmtui.trainer.instructions.construct import Maker, steps
from llmtui.trainer.instructions.draft import Draft
from llmtui.trainer.instructions.lexicon import Words
from llmtui.trainer.instructions.naming import plural
from llmtui.trainer.instructions.templates import data
from llmtui.trainer.instructions.things import Field, Thing
from llmtui.trainer.refusal import refusal
from llmtui.workspace.records import Instruction

_SHARE = 20
"""One such question for so many rows."""
_TRIES = 12
"""Tries for each that is wanted."""
_DRAFTS = 40
"""Drafts among which one that speaks of the column or table is looked for."""


@dataclass(frozen=True)
class Unclear:
    """A draft whose question must say one of the words of `said` and none of `apart`.

    answer: the name of what is said then, with `slots` by language filled in
    """

    shape: str
    draft: Draft
    said: Words
    answer: str
    slots: Mapping[str, Mapping[str, str]]
    apart: tuple[str, ...] = ()


Way = Callable[[], Unclear | None]


def refusals(made: Maker, rows: int) -> list[Instruction]:
    """Rows of kind "text" beside so many others, in every language that is wanted; fewer where
    nothing fits."""
    return _Refusals(made).drawn_rows(rows // _SHARE)


class _Refusals:
    def __init__(self, made: Maker) -> None:
        self.made, self.world = made, made.world
        self.rng = random.Random(f"{made.options.seed}/refusals")
        self.known = Known.of(self.world)
        self.columns = [(t, one) for t in self.world.things for one in shared_columns(t)]
        self.tables = shared_tables(self.world.things)
        self.parents = [(t, one) for t in self.world.things for one in of_parents(self.world, t)]

    def drawn_rows(self, wanted: int) -> list[Instruction]:
        """As many about what is not there as with a word for two things, where both can be."""
        missing: list[Way] = [self.missing_column, self.missing_column, self.missing_table]
        ambiguous: list[Way] = [
            *[self.two_columns] * bool(self.columns),
            *[self.two_tables] * bool(self.tables),
            *[self.two_parents] * bool(self.parents),
        ]
        languages = self.made.options.languages
        found: list[Instruction] = []
        for number in range(wanted * _TRIES):
            if len(found) >= wanted:
                break
            back = sum(row.shape == "ambiguous" for row in found)
            unclear = self.rng.choice(
                ambiguous if ambiguous and 2 * back < len(found) else missing
            )()
            lang = languages[number % len(languages)]
            row = self.row(unclear, lang) if unclear is not None else None
            if row is not None:
                self.made.asked.add(row.question, row.answer)
                found.append(row)
        return found

    def row(self, unclear: Unclear, lang: str) -> Instruction | None:
        """The row in a language; None when its question does not say what it is about."""
        draft, slots = unclear.draft, unclear.slots.get(lang)
        if slots is None:
            return None
        template = draft.template(lang, self.rng, set())
        question = draft.say(template, lang, self.rng) if template else ""
        said = _said(question, unclear.said, lang)
        clear = any(name.casefold() in question.casefold() for name in unclear.apart)
        if not said or clear or self.made.asked.fault(question, ""):
            return None
        answer = data("refusals")["answers"][unclear.answer][lang]
        for name, text in ({"col": said, "things": said} | dict(slots)).items():
            answer = answer.replace(f"{{{name}}}", text)
        id = hashlib.sha256(f"{question}\0{answer}".encode()).hexdigest()[:12]
        return Instruction(
            id=id,
            question=question,
            answer=refusal(answer),
            kind="text",
            lang=lang,
            shape=unclear.shape,
            hints=self.world.database.linker.hints(question),
            split="test" if int(id[:8], 16) % 10 == 0 else "train",
            schema=self.world.schema.fingerprint,
            extra={"instead": draft.sql},
        )

    def missing_column(self) -> Unclear | None:
        """About a column of people, or of things, that this database has not."""
        thing, kind = self.world.drawing(self.rng).thing(), self.rng.choice(_KINDS)
        usable = [f for f in thing.shown if f.kind == kind and f not in thing.label]
        usable = [f for f in usable if f.column.name not in thing.keys]
        group = "person" if thing.words.person else "thing"
        missing = self.absent(listed_missing(group, kind))
        if not usable or missing is None:
            return None
        item = self.rng.choice(usable)
        draft = self.drawn(thing, {item: missing.words}, _speaks_of(item))
        if draft is None:
            return None
        slots = {"en": {"things": plural(thing.words.en[0])}, "zh": {"things": thing.words.zh[0]}}
        return Unclear("unanswerable", draft, missing.words, "column", slots)

    def missing_table(self) -> Unclear | None:
        """About rows of a kind that this database has not."""
        thing = self.world.drawing(self.rng).thing()
        missing = self.absent(listed_missing("tables"))
        if missing is None:
            return None
        draft = self.drawn(
            thing, missing.words, lambda draft: draft.tables[:1] == (thing.table.name,)
        )
        slots: dict[str, dict[str, str]] = {"en": {"things": plural(missing.en)}, "zh": {}}
        if draft is None:
            return None
        return Unclear("unanswerable", draft, missing.words, "table", slots)

    def absent(self, listed: tuple[Missing, ...]) -> Missing | None:
        fitting = [one for one in listed if self.known.lacks(one)]
        return self.rng.choice(fitting) if fitting else None

    def two_columns(self) -> Unclear | None:
        """By a word that two columns of a table share."""
        thing, shared = self.rng.choice(self.columns)
        item = self.rng.choice(shared.fields)
        others = [_speaks_of(other) for other in shared.fields if other is not item]
        mine = _speaks_of(item)
        draft = self.drawn(
            thing, {item: shared.words}, lambda d: mine(d) and not any(it(d) for it in others)
        )
        return _which(draft, shared) if draft is not None else None

    def two_tables(self) -> Unclear | None:
        """By a word that two tables share."""
        shared = self.rng.choice(self.tables)
        thing = self.rng.choice(shared.things)
        draft = self.drawn(thing, shared.words, lambda d: d.tables[:1] == (thing.table.name,))
        return _which(draft, shared) if draft is not None else None

    def two_parents(self) -> Unclear | None:
        """By the name of what the rows belong to, when that is two things."""
        _, shared = self.rng.choice(self.parents)
        draft = shared.draw(self.world.drawing(self.rng)) if shared.draw else None
        return _which(draft, shared) if draft and not self.made.problem(draft) else None

    def drawn(
        self, thing: Thing, words: Words | Mapping[Field, Words], wanted: Callable[[Draft], bool]
    ) -> Draft | None:
        """A draft about a table for which, or for a column of which, there are other words."""
        by_name = {} if isinstance(words, Words) else {f.column.name: w for f, w in words.items()}

        def retold(told: Thing) -> Thing:
            if isinstance(words, Words):
                return replace(told, words=words)
            fields = {f: replace(f, words=by_name.get(f.column.name, f.words)) for f in told.fields}
            label = tuple(fields.get(f, f) for f in told.label)
            return replace(told, fields=tuple(fields.values()), label=label)

        world = self.world.retold(self.rng, thing.table.name, retold)
        chosen, shares = zip(*steps().values(), strict=True)
        for _ in range(_DRAFTS):
            draft: Draft | None = self.rng.choices(chosen, shares)[0](world)
            if draft is not None and wanted(draft) and not self.made.problem(draft):
                return draft
        return None


_KINDS = ("number", "number", "text", "date")


def _which(draft: Draft, shared: Shared) -> Unclear:
    slots = {lang: {"options": text} for lang, text in shared.options.items()}
    return Unclear("ambiguous", draft, shared.words, "which", slots, shared.apart)


def _said(question: str, words: Words, lang: str) -> str:
    """The word of `words` that a question says, as an answer says it; '' for none."""
    if lang == "zh":
        return next((name for name in words.zh if name in question), "")
    text = question.casefold()
    for name in words.en:
        if re.search(rf"\b({re.escape(name)}|{re.escape(plural(name))})\b", text):
            return name
    return ""


def _speaks_of(item: Field) -> Callable[[Draft], bool]:
    """Whether a draft's query reads a column; one of text only to show it, since it compares it
    with values that are no values of what it is called now."""

    def speaks(draft: Draft) -> bool:
        if item.bare not in draft.sql:
            return False
        columns = [
            column
            for column in parse_one(draft.sql, dialect="duckdb").find_all(exp.Column)
            if column.name == item.column.name and column.table in ("", item.table.name)
        ]
        compared = any(column.find_ancestor(exp.Where) is not None for column in columns)
        return bool(columns) and not (item.kind == "text" and compared)

    return speaks
