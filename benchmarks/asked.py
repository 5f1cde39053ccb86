"""What people ask beside what is constructed: how often each part of a query occurs in both.

    python benchmarks/asked.py FOLDER... --json asked.json

FOLDERs are those of accuracy.py. Rows are constructed from every database without its questions;
then the share of its rows and of its gold queries that have a part (two tables, a bound, a group
with a condition …) stand side by side, as means over the databases. The weights of the constructor
were set by such a table; a part that people ask for and no row has is a gap.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from accuracy import databases
from common import arguments, finish
from sqlglot import exp

from llmtui.database.dialects import parse
from llmtui.database.execute import Access, Database
from llmtui.trainer.evaluate.run import load_cases
from llmtui.trainer.instructions.construct import Options, construct

ROWS, QUICK_ROWS = 1500, 400
OFTEN = 0.02
"""Share of the gold queries from which on a part must be constructed at least half as often."""
_CLAUSES = ("group", "having", "order", "limit", "distinct")


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    folders = [found for given in options.folders for found in databases(given)]
    asked: Counter[str] = Counter()
    made: Counter[str] = Counter()
    for folder in folders:
        file = next(f for f in (folder / "db.sqlite", folder / "db.duckdb") if f.exists())
        cases = load_cases(folder / "questions.jsonl")
        add(asked, (case.sql for case in cases), len(folders))
        lang = "zh" if folder.parent.name == "zh" else "en"
        wanted = Options((lang,), QUICK_ROWS if options.quick else ROWS)
        with Database.open(file, Access(time_limit=5)) as database:
            rows = construct(database, wanted, lambda _event: None)
        add(made, (row.sql for row in rows), len(folders))
        print(f"{folder.name}: {len(cases)} questions, {len(rows)} rows", file=sys.stderr)
    print("| part | asked | constructed |\n|---|--:|--:|")
    for part in sorted({*asked, *made}, key=lambda part: -asked[part]):
        if max(asked[part], made[part]) >= OFTEN / 2:
            print(f"| {part} | {asked[part]:.1%} | {made[part]:.1%} |")
    often = [part for part, share in asked.items() if share >= OFTEN]
    rare = [part for part in often if made[part] < asked[part] / 2]
    results = {"asked": dict(asked), "constructed": dict(made), "rare": rare}
    figure = f"parts of {OFTEN:.0%} or more that are constructed less than half as often"
    return finish(
        options, results, {figure: (len(rare), len(often) / 4, len(rare) < len(often) / 4)}
    )


def add(counts: Counter[str], queries: Iterable[str], databases: int) -> None:
    """Add the mean share of the queries that have each part."""
    trees = [tree for tree in map(parse, queries) if tree is not None]
    for tree in trees:
        for part in set(parts(tree)):
            counts[part] += 1 / len(trees) / databases


def parts(tree: exp.Query) -> Iterator[str]:
    """What a query is made of, in words; no name and no value of the database."""
    main = tree if isinstance(tree, exp.Select) else tree.find(exp.Select)
    if main is None:
        return
    tables = {table.name.lower() for table in tree.find_all(exp.Table)}
    yield counted(len(tables), "table", 4)
    where = main.args.get("where")
    tests = list(where.this.flatten()) if where and isinstance(where.this, exp.And) else []
    tests = tests or ([where.this] if where else [])
    yield counted(len(tests), "condition", 3)
    for test in tests:
        plain = not test.find(exp.Select)
        name = "LIKE" if isinstance(test, exp.Like | exp.ILike) else type(test).__name__
        yield f"condition {name}" if plain else "condition on another query"
    yield from (clause.upper() for clause in _CLAUSES if main.args.get(clause))
    if not isinstance(tree, exp.Select):
        yield type(tree).__name__.upper()
    shown = main.expressions
    yield counted(len(shown), "shown column", 4)
    joined = "joined " if main.args.get("joins") else ""
    functions = {type(f).__name__ for item in shown for f in item.find_all(exp.AggFunc)}
    for function in functions - {"AnyValue"}:
        yield f"{function.upper()}"
        yield f"{joined}{'group' if main.args.get('group') else 'whole'} measured"
    if main.args.get("limit"):
        yield f"first of {joined}{'groups' if main.args.get('group') else 'rows'}"


def counted(number: int, noun: str, most: int) -> str:
    """ "1 table", "2 tables", "4 tables or more"."""
    plural = "" if number == 1 else "s"
    return f"{min(number, most)} {noun}{plural}{' or more' if number >= most else ''}"


if __name__ == "__main__":
    sys.exit(main())
