"""Construct instruction rows from a database: SQL first, then questions, every SQL really run.

The steps draw queries at random from the schema and its values; each query is run and kept only
when it gives rows; each is realised as a few questions in every language. The same seed gives the
same rows.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmtui.database.dialects import parse
from llmtui.database.execute import Database
from llmtui.database.secrets import find
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
from llmtui.trainer.instructions.pointless import pointless, without_having
from llmtui.trainer.instructions.world import World
from llmtui.workspace.errors import LlmtuiError, SourceError
from llmtui.workspace.events import Event, Progress, RowDropped, RowsKept
from llmtui.workspace.records import Instruction

STAGE = "instructions"
CHECKS = ("parsed", "read-only", "ran", "non-empty")
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
_MOST_FETCHED = 20
"""Rows looked at of one result."""
_ONCE = 0.6
"""Share of the queries that get one question in each language, not two: other queries teach more
than other words for the same one."""
_MOST_SAME = 12
"""Rows a query may have in all when it is drawn again."""


@dataclass(frozen=True)
class Options:
    languages: tuple[str, ...] = ("en", "zh")
    rows: int = 4000
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

    pairs, told = twins(made, rows), refusals(made)
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
        self.ran: dict[str, str] = {}
        """SQL → why it was dropped, '' when it was kept."""
        self.count: Counter[str] = Counter()
        self.asked: dict[str, str] = {}
        self.dropped: Counter[str] = Counter()
        self.phrasings: dict[str, set[str]] = {}
        self.probed: dict[str, tuple[Any, ...]] = {}
        self.said: list[Said] = []
        """How the rows came about, when chance is recorded."""

    def make(self) -> list[Instruction]:
        rows: list[Instruction] = []
        chosen, shares = zip(*steps().values(), strict=True)
        tries = self.options.rows * _TRIES
        told = time.monotonic()
        while len(rows) < self.options.rows and tries > 0:
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
        return rows[: self.options.rows]

    def problem(self, draft: Draft) -> str:
        """Why a draft cannot be used, '' when it can. Each SQL is run once."""
        sql = draft.sql
        if sql not in self.ran:
            self.ran[sql] = self.run(draft)
        if not self.ran[sql] and self.count[sql] >= _MOST_SAME:
            return "the query has questions enough"
        return self.ran[sql]

    def run(self, draft: Draft) -> str:
        secret = find(draft.sql) if self.world.database.access.secrets == "mask" else ""
        if secret:
            return f"a likely {secret} is in it"
        if pointless(parse(draft.sql)):
            return "asks for what it says"
        try:
            if problem := self.aimless(draft):
                return problem
            result = self.world.database.run(draft.sql, max_rows=_MOST_FETCHED)
        except LlmtuiError as error:
            return f"does not run: {str(error)[:60]}"
        return "" if draft.may_be_empty else _empty(result.rows)

    def aimless(self, draft: Draft) -> str:
        """What a query says in vain, "" for nothing. Raises what running raises."""
        run, every = self.world.database.run, without_having(draft.sql)
        if draft.probe and not self.matters(draft):
            return "a condition changes nothing"
        if draft.probe and self.probed[draft.probe][0] == 1 and _of_many(draft.sql):
            return "orders or adds up one row"
        counts = [run(f"SELECT COUNT(*) FROM ({sql})").rows for sql in (draft.sql, every) if every]
        return "a condition changes nothing" if counts and counts[0] == counts[1] else ""

    def matters(self, draft: Draft) -> bool:
        """Whether the rows change when a condition is left out."""
        if draft.probe not in self.probed:
            self.probed[draft.probe] = self.world.database.run(draft.probe, max_rows=1).rows[0]
        chosen, *others = self.probed[draft.probe]
        if draft.either:
            return bool(all(n < chosen for n in others[:-1]) and chosen < others[-1])
        return bool(0 < chosen < min(others))

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
                known = self.asked.get(question.casefold())
                if known is not None:
                    other = known != draft.sql
                    self.dropped["two queries for one question" if other else "repeats"] += 1
                    continue
                self.asked[question.casefold()] = draft.sql
                self.count[draft.sql] += 1
                rows.append(self.row(draft, lang, question))
                if drafted:
                    self.said.append(Said(rows[-1], step, template, drafted, spoken))
        return rows

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
            checks=CHECKS[:-1] if draft.may_be_empty else CHECKS,
            hints=self.world.database.linker.hints(question),
            split=split,
            schema=self.world.schema.fingerprint,
            extra={"held": held} if held else {},
        )

    def report(self, kept: int) -> None:
        for reason, count in self.dropped.most_common():
            self.tell(RowDropped(reason, count=count))
        self.tell(RowsKept(kept, f"{len([1 for why in self.ran.values() if not why])} queries"))


def _of_many(sql: str) -> bool:
    """Whether a query orders, groups or computes, which makes sense with several rows."""
    return sql.count("SELECT") == 1 and bool(
        re.search(r"\b(ORDER BY|GROUP BY|SELECT DISTINCT|(AVG|SUM|MIN|MAX)\()", sql)
    )


def _empty(rows: Sequence[tuple[Any, ...]]) -> str:
    if not rows or all(value is None for row in rows for value in row):
        return "gives no rows"
    nothing = tuple(rows) == ((0,),) and rows[0][0] is not False
    return "counts nothing" if nothing else ""


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
