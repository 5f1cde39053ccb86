"""How well wrong answers are told from right ones: gold queries changed a little, and rewritten.

    python benchmarks/ruler.py FOLDER... --json ruler.json

A change makes a query say something else (> for >=, MAX for MIN, a condition or DISTINCT less, the
other order, an inner for an outer join): it should count as wrong. Some changes make no difference
on any data that keeps the keys, so that not all can be caught. A rewriting by sqlglot (names
qualified, conditions normalised) says the same: it must stay right. No model is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import sqlglot
from accuracy import databases
from common import arguments, finish
from sqlglot.optimizer import optimize
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify_columns import quote_identifiers
from sqlglot.optimizer.simplify import simplify

from llmtui.database.copies import perturbed_copies
from llmtui.database.execute import Database
from llmtui.database.ties import run_gold
from llmtui.trainer.evaluate.judge import MOST_ROWS, Case, Outcome, confirmed, judge
from llmtui.trainer.evaluate.run import load_cases
from llmtui.trainer.instructions.edits import changed, plain_changes
from llmtui.workspace.errors import LlmtuiError

QUICK = 2


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    folders = [found for given in options.folders for found in databases(given)]
    kinds: dict[str, list[int]] = {}
    for folder in folders[: QUICK if options.quick else None]:
        for kind, counts in measure(folder).items():
            kinds[kind] = [a + b for a, b in zip(kinds.get(kind, [0, 0, 0]), counts, strict=True)]
    print("| change | queries | wrong on the database | wrong with perturbed copies |")
    print("|---|---|---|---|")
    for kind, (of, alone, held) in sorted(kinds.items()):
        print(f"| {kind} | {of} | {alone / of:.1%} | {held / of:.1%} |")
    print()
    changed = [counts for kind, counts in kinds.items() if kind != "rewritten"]
    of, alone, held = (sum(part) for part in zip(*changed, strict=True))
    same, _, lost = kinds.get("rewritten", [0, 0, 0])
    right = 1 - lost / same if same else 1.0
    bars = {
        "changed queries that count as wrong, with copies": (held / of, alone / of, held >= alone),
        "rewritten queries that stay right": (right, 0.99, right >= 0.99),
    }
    return finish(options, {"kinds": kinds}, bars)


def measure(folder: Path) -> dict[str, list[int]]:
    """Kind of change → queries, wrong on the database alone, wrong with copies."""
    source = next(folder / n for n in ("db.duckdb", "db.sqlite") if (folder / n).is_file())
    cases = {case.sql: case for case in load_cases(folder / "questions.jsonl")}
    before: list[tuple[str, Outcome]] = []
    with Database.open(source) as database:
        copies = perturbed_copies(database, cases)
        for case in cases.values():
            try:
                gold = run_gold(database, case.sql, MOST_ROWS)
            except LlmtuiError:
                continue
            for kind, sql in variants(case):
                before.append((kind, judge(database, case, gold, sql, 0.0)))
        after = confirmed([outcome for _, outcome in before], copies, database.access)
    counts: dict[str, list[int]] = {}
    for (kind, first), last in zip(before, after, strict=True):
        if "cannot run it" in first.why:
            continue  # the change made no valid query
        one = counts.setdefault(kind, [0, 0, 0])
        one[0] += 1
        one[1] += not first.strict
        one[2] += not last.strict
    return counts


def variants(case: Case) -> Iterator[tuple[str, str]]:
    """(kind of change, changed query): each single change of each kind, and the rewriting."""
    yield from changed(case.sql, plain_changes)
    tree = sqlglot.parse_one(case.sql, dialect="duckdb")
    rules = (normalize_identifiers, quote_identifiers, simplify)
    yield "rewritten", optimize(tree, dialect="duckdb", rules=rules).sql(dialect="duckdb")


if __name__ == "__main__":
    sys.exit(main())
