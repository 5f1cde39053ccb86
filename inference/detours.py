"""Ways round: tables that only tie two others which have a key of their own ("the salary of each
job" by way of who held it before), and rows that are found through another table by what stands in
their own."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from llmtui.database.schema import ForeignKey
from llmtui.inference.needless import Joins, edges_of, sources_of

Edge = tuple[exp.Column, exp.Column]


def detours(question: str, tree: exp.Expr, joins: Joins) -> int:
    """How many ways round a statement takes though its question does not speak of them."""
    if not isinstance(tree, exp.Select):
        return 0
    return (_between(question, tree, joins) is not None) + len(list(_inside(question, tree, joins)))


def straighten(question: str, tree: exp.Query, joins: Joins) -> bool:
    """Take the straight way instead, in place; true when that changed the statement."""
    if not isinstance(tree, exp.Select):
        return False
    changed = False
    for place, test in list(_inside(question, tree, joins)):
        mixed = isinstance(test, exp.Connector) and not isinstance(place.parent, exp.Where)
        place.replace(exp.Paren(this=test.copy()) if mixed else test.copy())
        changed = True
    found = _between(question, tree, joins)
    if found is not None:
        changed = _without(tree, *found) or changed
    return changed


def _between(question: str, tree: exp.Select, joins: Joins) -> tuple[str, ForeignKey] | None:
    """A table of which nothing is read but what ties two others, and the key that they have."""
    if not tree.args.get("joins") or tree.args.get("with_"):
        return None
    used, edges = sources_of(tree), edges_of(tree)
    if used is None or edges is None or not joins.knows(used):
        return None
    read = joins.read_of(tree, used)
    if read is None or any(column.is_star for column in tree.find_all(exp.Column)):
        return None
    for name in used:
        mine = [edge for edge in edges if name in _tables(edge)]
        others = [other for edge in mine for other in _tables(edge) if other != name]
        if len(mine) != 2 or len(set(others)) != 2 or name in read:
            continue
        keys = joins.keys_between(*others)
        tied = any(set(_tables(edge)) == set(others) for edge in edges)
        if len(keys) == 1 and not tied and not joins.spoken_of(question, name, used):
            return name, keys[0]
    return None


def _without(tree: exp.Select, name: str, key: ForeignKey) -> bool:
    """Join the tables without the one of this name, by the key."""
    used, edges = sources_of(tree), edges_of(tree)
    if used is None or edges is None:
        return False
    ties = [exp.EQ(this=one.copy(), expression=other.copy()) for one, other in edges
            if name not in _tables((one, other))]  # fmt: skip
    ties.append(exp.EQ(this=exp.column(key.column, key.table),
                       expression=exp.column(key.to_column, key.to_table)))  # fmt: skip
    left = [place for other, place in used.items() if other != name]
    first, rest = left[0], left[1:]
    joined, made = {first.name.lower()}, list[exp.Join]()
    while rest:
        ways = ((place, tie) for place in rest for tie in ties if _reaches(tie, place, joined))
        found = next(ways, None)
        if found is None:
            return False
        place, tie = found
        rest.remove(place)
        ties.remove(tie)
        joined.add(place.name.lower())
        made.append(exp.Join(this=place.copy(), on=tie))
    if ties:
        return False
    tree.args["from_"].set("this", first.copy())
    tree.set("joins", made)
    return True


def _inside(question: str, tree: exp.Select, joins: Joins) -> Iterator[tuple[exp.In, exp.Expr]]:
    """IN with a query about one table that is not spoken of, whose conditions are on columns that
    the rows have themselves; and these conditions."""
    mine, where = _only_table(tree, joins), tree.args.get("where")
    if mine is None or where is None:
        return
    for test in where.find_all(exp.In):
        query = test.args.get("query")
        inner = query.this if isinstance(query, exp.Subquery) else None
        if not isinstance(inner, exp.Select) or isinstance(test.parent, exp.Not):
            continue
        theirs, condition = _only_table(inner, joins), inner.args.get("where")
        if theirs is None or condition is None or theirs.name.lower() == mine.name.lower():
            continue
        columns = list(condition.find_all(exp.Column))
        own = columns and all(joins.has(mine.name.lower(), column.name) for column in columns)
        alone = condition.find(exp.Select) is None and not any(column.table for column in columns)
        names = {mine.name.lower(): mine, theirs.name.lower(): theirs}
        keys, shown = joins.keys_between(*names), inner.selects[0].name.lower()
        ends = {name.lower() for key in keys for name in (key.column, key.to_column)}
        if len(keys) > 1 or (keys and shown not in ends):  # neighbours: rows that tie two of these
            continue
        if own and alone and not joins.spoken_of(question, theirs.name.lower(), names):
            yield test, condition.this


def _only_table(tree: exp.Select, joins: Joins) -> exp.Table | None:
    """The one table of a statement that does nothing but choose rows of it, under its own name."""
    place = tree.args["from_"].this if tree.args.get("from_") else None
    plain = not any(tree.args.get(name) for name in ("joins", "group", "having", "limit", "with_"))
    if not isinstance(place, exp.Table) or place.alias or not plain:
        return None
    return place if joins.knows([place.name.lower()]) else None


def _reaches(tie: exp.EQ, place: exp.Table, joined: set[str]) -> bool:
    """Whether a condition ties a table to those that are joined already."""
    names = {column.table.lower() for column in tie.find_all(exp.Column)}
    return place.name.lower() in names and names - {place.name.lower()} <= joined


def _tables(edge: Edge) -> list[str]:
    return [column.table.lower() for column in edge]
