"""Construct instruction rows from a database: SQL first, then questions, every SQL really run.

The steps draw queries at random from the schema and its values; each query is run and kept only
when it gives rows; each is realised as a few questions in every language. The same seed gives the
same rows.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from llmtui.database.execute import Database
from llmtui.trainer.instructions import (
    steps_groups,
    steps_having,
    steps_links,
    steps_lookup,
    steps_numbers,
    steps_rows,
    steps_sets,
)
from llmtui.trainer.instructions.chance import Drawn, Recorded
from llmtui.trainer.instructions.choose import weights
from llmtui.trainer.instructions.draft import Draft, shapes
from llmtui.trainer.instructions.enough import MOST, PORTION, Enough
from llmtui.trainer.instructions.trials import Trials
from llmtui.trainer.instructions.virtues import (
    CHECKS,
    MAY_BE_EMPTY,
    NOT_CONCISE,
    NOT_COVERING,
    Asked,
    concise,
    covering,
)
from llmtui.trainer.instructions.world import World
from llmtui.workspace.errors import SourceError
from llmtui.workspace.events import Event, Note, Progress, RowDropped, RowsKept
from llmtui.workspace.records import Instruction

STAGE = "instructions"
Step = Callable[[World], Draft | None]

_MODULES = (
    steps_rows,
    steps_lookup,
    steps_numbers,
    steps_groups,
    steps_having,
    steps_links,
    steps_sets,
)


def steps() -> dict[str, tuple[Step, float]]:
    """Every step by name, with its share of the queries that are drawn."""
    found = {}
    for name, weight in weights("steps").items():
        module = next(m for m in _MODULES if hasattr(m, name))
        found[name] = (getattr(module, name), float(weight))
    return found


_TRIES = 12
"""Drafts that may fail for each query that is wanted."""
_ONCE = 0.6
"""Share of the queries that get one question in each language, not two: other queries teach more
than other words for the same one."""
_MOST_SAME = 12
"""Rows a query may have in all when it is drawn again."""


@dataclass(frozen=True)
class Options:
    languages: tuple[str, ...] = ("en", "zh")
    rows: int = 0
    """How many; 0 is until more of them show little that is new."""
    seed: int = 7
    contrast: bool = False
    """Whether to add twins of some rows, and questions that have no answer or several."""


def construct(
    database: Database, options: Options, tell: Callable[[Event], None]
) -> list[Instruction]:
    """Rows that are checked, split and shuffled, so that any prefix is a fair sample.

    Raises SourceError when the database has nothing to ask about.
    """
    chance = Recorded(options.seed) if options.contrast else random.Random(options.seed)
    world = World(database, chance)
    if not world.things:
        raise SourceError(
            "Every table of this database is empty, so there is nothing to ask about",
            where=str(database.path),
            hint="Fill it with rows first.",
        )
    made = Maker(world, options, tell)
    rows = made.make()
    made.report(len(rows))
    random.Random(options.seed + 1).shuffle(rows)
    return with_contrast(made, rows) if options.contrast else rows


def with_contrast(made: Maker, rows: list[Instruction]) -> list[Instruction]:
    """The rows, in their order, with twins and refusals among them."""
    from llmtui.trainer.instructions.refusals import refusals
    from llmtui.trainer.instructions.twins import twins

    pairs, told = twins(made, rows), refusals(made, len(rows))
    made.tell(RowsKept(len(pairs) + len(told), f"{len(pairs)} twins, {len(told)} refusals"))
    first = {twin.extra["pair"] for twin in pairs}
    rows = [replace(r, extra={**r.extra, "pair": r.id}) if r.id in first else r for r in rows]
    chance = random.Random(made.options.seed + 2)
    for row in [*pairs, *told]:
        rows.insert(chance.randint(0, len(rows)), row)
    return rows


@dataclass(frozen=True)
class Said:
    """A row with all that chance gave for its query (`drafted`) and its question (`spoken`)."""

    row: Instruction
    step: Step
    template: str
    drafted: tuple[Drawn, ...]
    spoken: tuple[Drawn, ...]


class Maker:
    """Draws, runs and realises until there are enough rows or nothing new is found."""

    def __init__(self, world: World, options: Options, tell: Callable[[Event], None]) -> None:
        self.world, self.options, self.tell = world, options, tell
        self.rng = world.rng
        self.trials = Trials(world.database)
        self.count: Counter[str] = Counter()
        self.asked = Asked()
        self.dropped: Counter[str] = Counter()
        self.phrasings: dict[str, set[str]] = {}
        self.level = Enough(world.schema, options.languages)
        self.said: list[Said] = []
        """How the rows came about, when chance is recorded."""

    def make(self) -> list[Instruction]:
        rows: list[Instruction] = []
        chosen, shares = zip(*steps().values(), strict=True)
        most = self.options.rows or MOST
        tries = (self.options.rows or PORTION) * _TRIES
        told = time.monotonic()
        while len(rows) < most and tries > 0:
            tries -= 1
            step = self.rng.choices(chosen, shares)[0]
            self.taken()
            draft = step(self.world)
            if draft is None:
                continue
            if problem := self.problem(draft):
                self.dropped[problem] += 1
                continue
            rows += self.realise(draft, step)
            if time.monotonic() - told > 0.5:
                told = time.monotonic()
                self.tell(Progress(STAGE, len(rows), self.options.rows, unit="rows"))
            if not self.options.rows and self.level.due(rows):
                if self.level.reached(rows):
                    break
                tries = PORTION * _TRIES
        return rows[:most]

    def problem(self, draft: Draft) -> str:
        """Why a draft cannot be used, '' when it can. Each SQL is run once."""
        enough = self.count[draft.sql] >= _MOST_SAME
        return "the query has questions enough" if enough else self.trials.problem(draft)

    def taken(self) -> tuple[Drawn, ...]:
        """What chance gave since this was asked last; () when it is not recorded."""
        if not isinstance(self.rng, Recorded):
            return ()
        drawn = tuple(self.rng.drawn)
        self.rng.drawn.clear()
        return drawn

    def realise(self, draft: Draft, step: Step) -> list[Instruction]:
        rows: list[Instruction] = []
        drafted = self.taken()
        used = self.phrasings.setdefault(draft.sql, set())
        each = 1 if self.count[draft.sql] or self.rng.random() < _ONCE else 2
        for lang in self.options.languages:
            for _ in range(each):
                template = draft.template(lang, self.rng, used)
                if not template:
                    continue
                self.taken()
                question = draft.say(template, lang, self.rng)
                spoken = self.taken()
                if fault := self.fault(question, draft):
                    self.dropped[fault] += 1
                    continue
                self.asked.add(question, draft.sql)
                self.count[draft.sql] += 1
                rows.append(self.row(draft, lang, question))
                if drafted:
                    self.said.append(Said(rows[-1], step, template, drafted, spoken))
        return rows

    def fault(self, question: str, draft: Draft) -> str:
        """Why a question is not good for a draft, '' when it is."""
        if fault := self.asked.fault(question, draft.sql):
            return fault
        if not concise(question):
            return NOT_CONCISE
        mentions = self.world.database.linker.mentions(question)
        return "" if covering(question, draft.sql, mentions) else NOT_COVERING

    def row(self, draft: Draft, lang: str, question: str) -> Instruction:
        split, held = split_of(draft, self.options.seed)
        return Instruction(
            id=_hash(f"{question}\0{draft.sql}")[:12],
            question=question,
            sql=draft.sql,
            lang=lang,
            origin="constructed",
            shape=draft.shape,
            difficulty=draft.level,
            checks=MAY_BE_EMPTY if draft.may_be_empty else CHECKS,
            hints=self.world.database.linker.hints(question),
            split=split,
            schema=self.world.schema.fingerprint,
            extra={"held": held} if held else {},
        )

    def report(self, kept: int) -> None:
        for reason, count in self.dropped.most_common():
            self.tell(RowDropped(reason, count=count))
        self.tell(RowsKept(kept, f"{self.trials.kept} queries"))
        if self.level.told:
            self.tell(Note(self.level.told))


def split_of(draft: Draft, seed: int) -> tuple[str, str]:
    """(split, what is held out): by query, and some shapes on some tables as a whole.

    A query is in one split only. "shape" rows are combinations of shape and tables that training
    never sees; "row" rows are unseen queries of seen combinations.
    """
    combination = int(_hash(f"{seed}/{draft.shape}/{draft.tables}")[:8], 16) % 100
    hard = shapes()[draft.shape].difficulty != "easy"
    if hard and combination < 3:
        return "test", "shape"
    place = int(_hash(f"{seed}/{draft.sql}")[:8], 16) % 100
    if place < 7:
        return "test", "row"
    return ("dev", "row") if place < 10 else ("train", "")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
