"""Statements that bind by accident.

A column that a query inside another shows though none of its tables has it: DuckDB takes it from
the query around, so that `WHERE id IN (SELECT id FROM suppliers)` is always true. It is meant only
where the query inside looks at the row around it in another place too, as EXISTS does. And a join
that compares a column with itself, which is never meant.
"""

from __future__ import annotations

from sqlglot import exp

from llmtui.database.schema import Table
from llmtui.inference.names import mend_conditions
from llmtui.inference.nearest import name_words
from llmtui.inference.scopes import View, identifier, views
from llmtui.inference.ways import Ways

_MOST = 4


def is_stray(column: exp.Column, view: View) -> bool:
    """Whether a column is shown by a query that has it from around only, and that is tied to the
    rows around it by nothing else."""
    if not _shown(column, view) or not view.around or not _is_from_around(column, view):
        return False
    return not any(_is_from_around(c, view) for c in view.columns if not _shown(c, view))


def _shown(column: exp.Column, view: View) -> bool:
    return column.parent is view.select and column.arg_key == "expressions"


def _is_from_around(column: exp.Column, view: View) -> bool:
    if not column.table:
        made = column.name.lower() in view.made
        return not made and not any(source.has(column.name) for source in view.here)
    return not any(source.alias.lower() == column.table.lower() for source in view.here)


def mend_strays(tree: exp.Query, ways: Ways) -> list[str]:
    """Join the table that has such a column, where it is plain which; changes `tree` in place and
    tells what was changed."""
    changes: list[str] = []
    for _ in range(_MOST):
        if not any(_mended(view, ways, changes) for view in views(tree, ways.schema)):
            break
    return changes


def mend_joins(tree: exp.Query, ways: Ways) -> list[str]:
    """Join along the keys where a join compares a column with itself; changes `tree` in place and
    tells what was changed."""
    changes: list[str] = []
    for view in views(tree, ways.schema):
        loose = [
            (join, on)
            for join in view.select.args.get("joins") or ()
            if isinstance(on := join.args.get("on"), exp.EQ) and on.left == on.right
        ]
        for join, _ in loose:
            join.set("on", None)
        if loose:
            mend_conditions(view, ways, changes)
        for join, on in loose:
            if join.args.get("on") is None:
                join.set("on", on)
    return changes


def _mended(view: View, ways: Ways, changes: list[str]) -> bool:
    """Mend one scope; true as soon as a table was joined."""
    for column in view.columns:
        if not is_stray(column, view):
            continue
        if any(source.has(column.name) for source in view.here):
            changes.append(f'"{column.name}" was taken from the query that shows it')
            column.set("table", None)
            continue
        table = _holding(column.name, view, ways)
        if table is not None and ways.join(view, table):
            column.set("table", identifier(table.name))
            changes.append(f'"{table.name}" was joined, which has "{column.name}"')
            return True
    return False


def _holding(name: str, view: View, ways: Ways) -> Table | None:
    """The table that has a column and that few keys lead to, None when it is not plain which."""
    read = {source.table_name for source in (*view.here, *view.around)}
    here = [source for source in view.here if source.table]
    found: dict[int, list[Table]] = {}
    for table in ways.schema.tables:
        has = any(column.name.lower() == name.lower() for column in table.columns)
        way = ways.between(here, table) if has and table.name not in read else None
        if way is not None:
            found.setdefault(len(way[1]), []).append(table)
    nearest = found[min(found)] if found else []
    spoken = [t for t in nearest if any(map(ways.speaks_of, name_words(t.name)))]
    return next((some[0] for some in (nearest, spoken) if len(some) == 1), None)
