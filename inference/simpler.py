"""What a question's own words change in a statement that has faults: parts that it does not ask for
go, and a text is looked for where it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from llmtui.database.dialects import parse, written
from llmtui.database.execute import Database
from llmtui.inference.detours import straighten
from llmtui.inference.direction import looked_for_in_place
from llmtui.inference.displayed import other_halves
from llmtui.inference.doubts import bounded_dates
from llmtui.inference.invented import invented
from llmtui.inference.lacking import says_more
from llmtui.inference.needless import Joins, drop
from llmtui.inference.unasked import between_ends, shown_by

Change = Callable[[exp.Query, str, Database], bool]
"""Changes a statement in place; true when it did."""


def simpler(change: Change, sql: str, question: str, database: Database) -> str:
    """The statement after one of CHANGES; '' when that changes nothing."""
    tree = parse(sql)
    return written(tree) if tree is not None and change(tree, question, database) else ""


def _without_conditions(tree: exp.Query, question: str, database: Database) -> bool:
    named = says_more(question, database)  # such a word may be what a condition is for
    return _drop([*(() if named else invented(question, database, tree)), *bounded_dates(tree)])


def _without_halves(tree: exp.Query, question: str, _database: Database) -> bool:
    halves = other_halves(question, tree)
    kept = [item for item in tree.expressions if item.unalias() not in halves]
    if not halves or _by_place(tree) or tree.args.get("group") or tree.args.get("distinct"):
        return False
    tree.set("expressions", kept)
    return True


def _without_joins(tree: exp.Query, question: str, database: Database) -> bool:
    joins, dropped = Joins(database.schema), False
    while (found := joins.needless(question, tree)) and drop(found[0]):
        dropped = True
    return dropped


def _straight(tree: exp.Query, question: str, database: Database) -> bool:
    return straighten(question, tree, Joins(database.schema))


def _both_ends(tree: exp.Query, _question: str, _database: Database) -> bool:
    distances = [item for item in shown_by(tree) if between_ends(item) and not _by_place(tree)]
    for item in distances:
        place = item.parent if isinstance(item.parent, exp.Alias) else item
        tree.set("expressions", [
            end for each in tree.expressions
            for end in ((item.left, item.right) if each is place else (each,))
        ])  # fmt: skip
    return bool(distances)


def _by_place(tree: exp.Query) -> bool:
    """Whether rows are ordered or grouped by the place of a column among those shown."""
    parts = [tree.args.get(name) for name in ("order", "group")]
    keys = [key for part in parts if part is not None for key in part.expressions]
    return any((key.this if isinstance(key, exp.Ordered) else key).is_number for key in keys)


def _in_place(tree: exp.Query, question: str, _database: Database) -> bool:
    return looked_for_in_place(question, tree)


CHANGES: tuple[tuple[Change, str], ...] = (
    (_without_conditions, "A condition that the question does not name was left out."),
    (_without_halves, "A column that the question does not ask for was left out."),
    (_in_place, "The text is looked for where the question says."),
    (_without_joins, "A table that the question does not speak of was left out."),
    (_both_ends, "The highest and the lowest are shown instead of the difference."),
    (_straight, "Tables are joined by their own key."),
)
"""What may change, and how that is told."""


def _drop(tests: Sequence[exp.Expr]) -> bool:
    """Take conditions out; false when there are none, or one is no plain part of what is asked of
    each row."""
    for test in tests:
        parent = test.parent
        if isinstance(parent, exp.And):
            parent.replace(parent.right if parent.left is test else parent.left)
        elif isinstance(parent, exp.Where):
            parent.pop()
        else:
            return False
    return bool(tests)
