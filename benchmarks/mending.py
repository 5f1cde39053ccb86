"""Linking and mending without a model, on databases with question files.

    python benchmarks/mending.py FOLDER... --json mending.json

Linking: how many of the text values of the gold SQL are among the hints of its question, and how
many hinted values are not in it. Mending: every gold statement goes through as it is and must give
the same result; then damaged in one of five ways, and the share that gives the gold result again
is counted.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlglot
from common import arguments, finish
from sqlglot import exp

from llmtui.database.compare import Wanted, same_strict
from llmtui.database.execute import Access, Database
from llmtui.inference.repair import mend
from llmtui.workspace.errors import LlmtuiError

_MOST_ROWS = 5_000
_QUICK_QUESTIONS = 60


def swap_owner(tree: exp.Expr, rng: random.Random) -> bool:
    """A column under another table of the statement."""
    columns = [column for column in tree.find_all(exp.Column) if column.table]
    owners = sorted({column.table for column in columns})
    if len(owners) < 2:
        return False
    column = rng.choice(columns)
    column.set("table", exp.to_identifier(rng.choice([o for o in owners if o != column.table])))
    return True


def misspell(tree: exp.Expr, rng: random.Random) -> bool:
    """Two letters of a column's name in the other order."""
    columns = [c for c in tree.find_all(exp.Column) if len(c.name) > 4 and c.name.isascii()]
    if not columns:
        return False
    name = (column := rng.choice(columns)).name
    place = rng.randrange(1, len(name) - 2)
    changed = name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    column.set("this", exp.to_identifier(changed))
    return changed.lower() != name.lower()


def change_case(tree: exp.Expr, rng: random.Random) -> bool:
    """A compared text in the other case."""
    texts = [t for t in tree.find_all(exp.Literal) if t.is_string and isinstance(t.parent, exp.EQ)]
    texts = [text for text in texts if str(text.this) != str(text.this).swapcase()]
    if not texts:
        return False
    text = rng.choice(texts)
    text.set("this", str(text.this).swapcase())
    return True


def forget_group(tree: exp.Expr, _rng: random.Random) -> bool:
    """A statement without its GROUP BY."""
    select = next((s for s in tree.find_all(exp.Select) if s.args.get("group")), None)
    if select is None or not any(isinstance(i, exp.Column) for i in select.expressions):
        return False
    select.set("group", None)
    return True


def forget_join(tree: exp.Expr, rng: random.Random) -> bool:
    """A statement that reads a table without joining it."""
    selects = list(tree.find_all(exp.Select))
    joined = [
        s for s in selects if any(isinstance(j.this, exp.Table) for j in s.args.get("joins") or ())
    ]
    if len(selects) != 1 or not joined:
        return False
    names = {t.alias_or_name.lower(): t.name for t in tree.find_all(exp.Table)}
    if len(set(names.values())) < len(names):
        return False
    for table in tree.find_all(exp.Table):
        table.set("alias", None)
    for column in tree.find_all(exp.Column):
        if column.table.lower() in names:
            column.set("table", exp.to_identifier(names[column.table.lower()]))
    joins = joined[0].args["joins"]
    joins.pop(rng.randrange(len(joins)))
    return True


DAMAGE: dict[str, Callable[[exp.Expr, random.Random], bool]] = {
    "owner": swap_owner, "spelling": misspell, "case": change_case, "group": forget_group,
    "join": forget_join,
}  # fmt: skip


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    changed: list[str] = []
    seconds = 0.0
    for questions in [
        f for folder in options.folders for f in sorted(folder.rglob("questions.jsonl"))
    ]:
        rows = [json.loads(line) for line in questions.read_text("utf-8").splitlines()]
        rows = rows[:_QUICK_QUESTIONS] if options.quick else rows
        source = next(f for f in questions.parent.iterdir() if f.suffix in (".sqlite", ".duckdb"))
        print(questions.parent.name, file=sys.stderr, flush=True)
        with Database.open(source, Access()) as database:
            database.linker.hints("warm")
            began = time.monotonic()
            for row in rows:
                count_links(database, row, counts)
            seconds += time.monotonic() - began
            for row in {row["sql"]: row for row in rows}.values():
                changed += count_mends(database, row["sql"], row["question"], counts)
    results = {**counts, "changed": changed, "ms_a_question": 1000 * seconds / counts["questions"]}
    print(json.dumps(results, ensure_ascii=False, indent=1))
    recall = counts["values found"] / max(1, counts["values"])
    restored = counts["restored"] / max(1, counts["damaged"])
    return finish(options, results, {
        "share of gold values that are hinted": (recall, 0.9, recall >= 0.9),
        "gold results changed by mending": (counts["gold changed"], 0, not counts["gold changed"]),
        "share of damaged statements restored": (restored, 0.6, restored >= 0.6),
    })  # fmt: skip


def count_links(database: Database, row: dict[str, str], counts: Counter[str]) -> None:
    texts = re.findall(r"'((?:[^']|'')*)'", row["sql"])
    gold = {t.replace("''", "'") for t in texts if re.search(r"[^\W\d]", t) and "%" not in t}
    given = {mention.value for mention in database.linker.mentions(row["question"])}
    counts["questions"] += 1
    counts["values"] += len(gold)
    counts["values found"] += len(gold & given)
    counts["values hinted"] += len(given)
    counts["values hinted that the gold SQL lacks"] += len(given - gold)


def count_mends(database: Database, sql: str, question: str, counts: Counter[str]) -> Iterator[str]:
    """Statements whose result mending changes."""
    try:
        gold = Wanted.of(database.run(sql, max_rows=_MOST_ROWS), ordered=False)
    except LlmtuiError:
        return
    counts["gold"] += 1
    if not same(database, gold, mend(sql, database, question).sql):
        counts["gold changed"] += 1
        yield sql
    for name, damage in DAMAGE.items():
        tree = sqlglot.parse_one(sql, dialect="duckdb")
        if not damage(tree, random.Random(sql)) or same(database, gold, tree.sql("duckdb")):
            continue
        counts["damaged"] += 1
        counts[f"damaged: {name}"] += 1
        mended = mend(tree.sql("duckdb"), database, question).sql
        restored = same(database, gold, mended)
        counts["restored"] += restored
        counts[f"restored: {name}"] += restored
        counts["wrong"] += not restored and database.check(mended).ok and runs(database, mended)


def runs(database: Database, sql: str) -> bool:
    try:
        database.run(sql, max_rows=1)
    except LlmtuiError:
        return False
    return True


def same(database: Database, gold: Wanted, sql: str) -> bool:
    try:
        found = database.run(sql, max_rows=_MOST_ROWS)
    except LlmtuiError:
        return False
    return same_strict(gold, found)


if __name__ == "__main__":
    sys.exit(main())
