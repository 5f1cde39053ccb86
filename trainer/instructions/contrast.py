"""Preference pairs: the right answer to a question against one that nearly is and is wrong.

A near miss is the row's SQL changed in one place. It is kept only when it runs and is proven wrong:
its result differs on the database, or on one of the perturbed copies of it. Twins (two questions
that differ in one small thing) make pairs of each other's SQL, and questions that cannot be
answered make one of what is said then and of the SQL that would have been made up.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmtui.database.compare import Wanted
from llmtui.database.copies import perturbed_copies
from llmtui.database.execute import Database
from llmtui.database.ties import run_gold
from llmtui.trainer.evaluate.judge import MOST_ROWS, Case, Outcome, confirmed, judge
from llmtui.trainer.instructions.edits import changed, further_changes, plain_changes
from llmtui.trainer.instructions.swaps import Swaps
from llmtui.trainer.prompt import Prompt
from llmtui.workspace.errors import LlmtuiError, UsageError
from llmtui.workspace.events import Event, Finished, Note, Progress, Saved, Started
from llmtui.workspace.files import require_space, whole_file
from llmtui.workspace.records import Instruction

STAGE = "contrast"
SHAPES = ("text", "messages")
_TRIED = 3
"""Changes that are tried for each near miss that is wanted."""
_MOST_CROSSED = 2_000_000
"""Rows that a join without its condition may make."""


@dataclass(frozen=True)
class Pair:
    """A question as the model is asked it, the right answer, and a wrong one.

    change: the kind of change that makes it wrong; why: how that is known
    """

    row: Instruction
    rejected: str
    change: str
    why: str

    def to_dict(self, shape: str) -> dict[str, Any]:
        """As trainers that learn from preferences read it."""
        asked = Prompt("chatml").pieces(self.row.question, hints=self.row.hints)[1].text
        told: dict[str, Any] = {
            "prompt": asked, "chosen": self.row.target, "rejected": self.rejected,
        }  # fmt: skip
        if shape == "messages":
            roles = {"prompt": "user", "chosen": "assistant", "rejected": "assistant"}
            told = {key: [{"role": roles[key], "content": text}] for key, text in told.items()}
        about = {"change": self.change, "why": self.why, "id": self.row.id, "lang": self.row.lang}
        return {**told, **about}


def write_pairs(
    database: Database, rows: Sequence[Instruction], out: Path, *, each: int, shape: str, seed: int
) -> Generator[Event, None, Counter[str]]:
    """Write the pairs of the rows that are trained on, a JSON line each; returns them counted by
    kind of change. The same rows and seed give the same pairs.

    each: near misses of a question at most. Raises UsageError, StorageError.
    """
    began = time.monotonic()
    if shape not in SHAPES:
        raise UsageError(
            f'There is no shape "{shape}"', hint=f"Choose one of: {', '.join(SHAPES)}."
        )
    require_space(out, 1)
    usable = [row for row in rows if row.usable and row.split == "train"]
    asked = [row for row in usable if row.kind == "sql"]
    queries = list(dict.fromkeys(row.sql for row in asked))
    yield Started(STAGE, f"{len(queries)} queries of {len(asked)} rows", of=len(queries))
    misses = yield from near_misses(database, queries, each, seed)
    counts: Counter[str] = Counter()
    with whole_file(out) as temporary, temporary.open("w", encoding="utf-8") as file:
        for pair in [*_of_misses(asked, misses), *_of_twins(asked), *_of_refusals(usable)]:
            counts[pair.change] += 1
            file.write(json.dumps(pair.to_dict(shape), ensure_ascii=False) + "\n")
    yield Saved("pairs", str(out))
    yield Finished(STAGE, time.monotonic() - began, f"{counts.total()} pairs")
    return counts


def _of_misses(
    rows: Iterable[Instruction], misses: dict[str, list[tuple[str, Outcome]]]
) -> Iterator[Pair]:
    for row in rows:
        for kind, outcome in misses.get(row.sql, []):
            yield Pair(row, outcome.sql, kind, outcome.why)


def _of_twins(rows: Iterable[Instruction]) -> Iterator[Pair]:
    """Each of two twins against the SQL of the other."""
    pairs: dict[str, list[Instruction]] = {}
    for row in rows:
        if "pair" in row.extra:
            pairs.setdefault(str(row.extra["pair"]), []).append(row)
    for twins in pairs.values():
        for row, other in zip(twins, reversed(twins), strict=True):
            if row.sql != other.sql:
                change = row.extra.get("change") or other.extra.get("change")
                yield Pair(row, other.sql, f"twin: {change}", f"answers: {other.question}")


def _of_refusals(rows: Iterable[Instruction]) -> Iterator[Pair]:
    for row in rows:
        if row.kind == "text" and row.extra.get("instead"):
            yield Pair(row, str(row.extra["instead"]), row.shape, "the database does not tell")


def near_misses(
    database: Database, queries: Sequence[str], each: int, seed: int
) -> Generator[Event, None, dict[str, list[tuple[str, Outcome]]]]:
    """Query → (kind of change, what came of it), `each` at most, every one proven wrong."""
    found: dict[str, list[tuple[str, Outcome]]] = {}
    used: Counter[str] = Counter()
    for number, sql in enumerate(queries, 1):
        found[sql] = _tried(database, sql, each, seed, used)
        used.update(kind for kind, _ in found[sql])
        yield Progress(STAGE, number, len(queries), unit="queries")
    doubtful = [o for tried in found.values() for _, o in tried if o.tolerant]
    if doubtful:
        yield Note(f"{len(doubtful)} changes make no difference here; trying them on copies")
        doubtful = yield from _on_copies(database, queries, doubtful)
    held = iter(doubtful)
    settled = {
        sql: [(kind, next(held, o) if o.tolerant else o) for kind, o in tried]
        for sql, tried in found.items()
    }
    return {
        sql: [(kind, o) for kind, o in tried if not o.tolerant][:each]
        for sql, tried in settled.items()
    }


def _on_copies(
    database: Database, queries: Sequence[str], outcomes: Sequence[Outcome]
) -> Generator[Event, None, list[Outcome]]:
    try:
        copies = perturbed_copies(database, queries)
    except LlmtuiError as error:
        yield Note(f"No perturbed copies can be made here: {error}")
        return list(outcomes)
    return confirmed(outcomes, copies, database.access)


def _tried(
    database: Database, sql: str, each: int, seed: int, used: Counter[str]
) -> list[tuple[str, Outcome]]:
    """Changes of a query that run, those of kinds that were seldom used first."""
    case = Case(sql, "", sql, "", "")
    gold = _gold(database, sql)
    if gold is None:
        return []
    rng = random.Random(hashlib.sha256(f"{seed}/{sql}".encode()).hexdigest())
    every = list(changed(sql, plain_changes, further_changes, Swaps(database.schema, rng)))
    rng.shuffle(every)
    tried: list[tuple[str, Outcome]] = []
    while every and len(tried) < each * _TRIED:
        mine = Counter(kind for kind, _ in tried)
        place = min(range(len(every)), key=lambda i: (mine[every[i][0]], used[every[i][0]]))
        kind, other = every.pop(place)
        if kind == "join condition" and _crossed(database, sql) > _MOST_CROSSED:
            continue
        outcome = judge(database, case, gold, other, 0.0)
        if outcome.ran:
            tried.append((kind, outcome))
        if sum(not o.tolerant for _, o in tried) >= each:
            break
    return tried


def answers_differ(database: Database, sql: str, other: str) -> bool:
    """Whether another query, which runs too, gives another answer than a query here."""
    gold = _gold(database, sql)
    outcome = judge(database, Case(sql, "", sql, "", ""), gold, other, 0.0) if gold else None
    return outcome is not None and outcome.ran and not outcome.tolerant


def _gold(database: Database, sql: str) -> Wanted | None:
    """What a query asks for; None when that proves nothing."""
    try:
        gold = run_gold(database, sql, MOST_ROWS)
    except LlmtuiError:
        return None
    return None if gold.result.truncated or "CURRENT_DATE" in sql.upper() else gold


def _crossed(database: Database, sql: str) -> int:
    """Rows of the tables that a query names, multiplied."""
    text, product = sql.lower(), 1
    for table in database.schema.tables:
        if table.name.lower() in text:
            product *= max(table.row_count, 1)
    return product
