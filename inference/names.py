"""Names that do not exist become those that were meant; tables that are missing are joined."""

from __future__ import annotations

from sqlglot import exp

from llmtui.database.schema import Column, ForeignKey, Schema, Table
from llmtui.inference.nearest import name_words, nearest
from llmtui.inference.scopes import Source, View, column_node, identifier, table_of, views

_MOST_JOINS = 4


def mend_names(tree: exp.Query, schema: Schema) -> list[str]:
    """Change `tree` in place; what was changed, in sentences without their full stop."""
    changes: list[str] = []
    _mend_tables(tree, schema, changes)
    for _ in range(_MOST_JOINS):
        for view in views(tree, schema):
            _mend_conditions(view, schema, changes)
        if not any(_mend_columns(view, schema, changes) for view in views(tree, schema)):
            break
    return list(dict.fromkeys(changes))


def _mend_tables(tree: exp.Query, schema: Schema, changes: list[str]) -> None:
    own = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    for node in tree.find_all(exp.Table):
        if not node.name or node.name.lower() in own or table_of(node, schema):
            continue
        bare = [table for table in schema.tables if table.name.lower() == node.name.lower()]
        near = nearest(node.name, [table.name for table in schema.tables])
        meant = bare[0] if len(bare) == 1 else schema.table(near) if near else None
        if meant is None:
            continue
        changes.append(f'"{node.name}" was read as the table "{meant.name}"')
        if not node.alias:
            for column in tree.find_all(exp.Column):
                if column.table.lower() == node.name.lower():
                    column.set("table", identifier(meant.name))
        node.set("this", identifier(meant.name))
        node.set("db", identifier(meant.schema) if meant.schema != "main" else None)


def _mend_conditions(view: View, schema: Schema, changes: list[str]) -> None:
    """A join without a condition, or with one of columns that are not there, follows the key."""
    for place, join in enumerate(view.select.args.get("joins") or []):
        node, on = join.this, join.args.get("on")
        if not isinstance(node, exp.Table) or join.args.get("using") or join.args.get("method"):
            continue
        right = view.source(node.alias_or_name)
        if right is None or right.table is None:
            continue
        if on is None and (join.args.get("kind") == "CROSS" or _related(view, right)):
            continue
        if on is not None and all(_exists(column, view) for column in on.find_all(exp.Column)):
            continue
        before = [s for s in view.here if s is not right and s.table][: place + 1]
        keys = [(s, key) for s in before for key in _keys(s.table, right.table, schema)]
        if len(keys) == 1:
            join.set("on", _condition(keys[0][0], keys[0][1], right))
            join.set("kind", None)
            changes.append(f'"{right.alias}" was joined along {_shown(keys[0][1])}')


def _related(view: View, right: Source) -> bool:
    """Whether WHERE compares a column of `right` with one of another table."""
    where = view.select.args.get("where")
    for pair in where.find_all(exp.EQ) if where else ():
        sides = [side for side in (pair.left, pair.right) if isinstance(side, exp.Column)]
        owners = [view.owner(side) for side in sides]
        if len(sides) == 2 and right in owners and owners[0] is not owners[1]:
            return True
    return False


def _exists(column: exp.Column, view: View) -> bool:
    if column.table:
        source = view.source(column.table)
        return source is not None and source.has(column.name)
    return any(source.has(column.name) for source in (*view.here, *view.around))


def _mend_columns(view: View, schema: Schema, changes: list[str]) -> bool:
    """Mend the columns of one scope; true as soon as a table was joined."""
    for column in view.columns:
        if column.find_ancestor(exp.Select) is not view.select:
            continue
        if not column.table and column.name.lower() in view.made:
            continue
        if _exists(column, view):
            _qualify(column, view, changes)
        elif _mend_column(column, view, schema, changes):
            return True
    return False


def _qualify(column: exp.Column, view: View, changes: list[str]) -> None:
    """A bare name that two tables have is taken from the first that has it."""
    having = [source for source in view.here if source.has(column.name)]
    if not column.table and len(having) > 1 and not _using(view, column.name):
        column.set("table", identifier(having[0].alias))
        changes.append(f'"{column.name}" was taken from "{having[0].alias}"')


def _using(view: View, name: str) -> bool:
    joins = view.select.args.get("joins") or []
    natural = any(join.args.get("method") for join in joins)
    return natural or any(
        name.lower() == item.name.lower() for join in joins for item in join.args.get("using") or ()
    )


def _mend_column(column: exp.Column, view: View, schema: Schema, changes: list[str]) -> bool:
    """Mend a column that does not exist; true when a table was joined for it."""
    name, owner = column.name, column.table
    source = view.source(owner) if owner else None
    if owner and source is None:
        named = [s for s in view.here if s.table and s.table.name.lower() == owner.lower()]
        if named and named[0].has(name):
            return _set(column, named[0].alias, name, changes)
        meant = None if named else _table_named(owner, schema)
        if meant is not None:
            real = name if _has(meant, name) else nearest(name, _names(meant), owner=meant.name)
            return real is not None and _join(column, view, schema, meant, real, changes)
    here = _meant_here(name, source, view)
    if here is not None:
        alone = len(view.here) == 1 and not owner
        return _set(column, "" if alone else here[0], here[1], changes)
    holding = [(table, real) for table in schema.tables if (real := _column_in(table, name))]
    return len(holding) == 1 and _join(column, view, schema, *holding[0], changes)


def _meant_here(name: str, source: Source | None, view: View) -> tuple[str, str] | None:
    """(alias, column) of what is read that a name means: the same name of another table, the
    table's name with it ("artist_name"), or the nearest name."""
    exact = [s.alias for s in view.here if s is not source and s.columns and s.has(name)]
    if len(exact) == 1:
        return exact[0], name
    for other in view.here:
        for column in other.table.columns if other.table else ():
            if other.table and _full_words(other.table, column) == name_words(name):
                return other.alias, column.name
    looked = [source] if source is not None and source.table else view.here
    near = {s.alias: nearest(name, s.names, owner=s.table_name) for s in looked}
    found = [(alias, real) for alias, real in near.items() if real]
    return found[0] if len(found) == 1 else None


def _full_words(table: Table, column: Column) -> list[str]:
    return name_words(table.name) + name_words(column.name)


def _column_in(table: Table, name: str) -> str | None:
    """The column of a table that is not read which a name surely means."""
    for column in table.columns:
        if column.name.lower() == name.lower() or _full_words(table, column) == name_words(name):
            return column.name
    return None


def _set(column: exp.Column, alias: str, name: str, changes: list[str]) -> bool:
    """Point a column at `alias.name`; always false, for no table was joined."""
    of = f' of "{alias}"' if alias else ""
    if column.name.lower() == name.lower():
        changes.append(f'"{column.name}" was taken from "{alias}"')
    else:
        changes.append(f'"{column.name}" was read as the column "{name}"{of}')
        column.set("this", identifier(name))
    if alias:
        column.set("table", identifier(alias))
    return False


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _has(table: Table, name: str) -> bool:
    return any(column.name.lower() == name.lower() for column in table.columns)


def _table_named(name: str, schema: Schema) -> Table | None:
    names = [table.name for table in schema.tables]
    exact = [other for other in names if other.lower() == name.lower()]
    near = exact[0] if exact else nearest(name, names)
    return schema.table(near) if near else None


def _join(
    column: exp.Column, view: View, schema: Schema, table: Table, name: str, changes: list[str]
) -> bool:
    joined = join_table(view, schema, table)
    if not joined:
        return False
    _set(column, table.name, name, changes)
    changes.append(f'"{table.name}" was joined')
    return True


def join_table(view: View, schema: Schema, table: Table) -> bool:
    """Join `table` to a scope along the one shortest way of keys; false when there is none.

    A way that may give a row of the query several times is not taken in an aggregate.
    """
    path = _path([s for s in view.here if s.table], table, schema)
    if path is None or any(s.alias.lower() == table.name.lower() for s in view.here):
        return False
    start, steps = path
    for column in view.columns:
        owner = view.owner(column)
        if not column.table and owner in view.here and column.name.lower() not in view.made:
            column.set("table", identifier(owner.alias))
    repeats = any(key.table == to.name for key, to in steps)
    if repeats and view.select.find(exp.AggFunc):
        return False
    before = start
    for key, to in steps:
        source = Source(to.name, to, frozenset(c.name.lower() for c in to.columns))
        node = exp.Table(this=identifier(to.name))
        if to.schema != "main":
            node.set("db", identifier(to.schema))
        view.select.append("joins", exp.Join(this=node, on=_condition(before, key, source)))
        before = source
    return True


_Step = tuple[ForeignKey, Table]


def _path(sources: list[Source], goal: Table, schema: Schema) -> tuple[Source, list[_Step]] | None:
    """The only shortest way (of one or two keys) from a table that is read to `goal`."""
    short: list[tuple[Source, list[_Step]]] = []
    long: list[tuple[Source, list[_Step]]] = []
    read = {source.table.name for source in sources if source.table}
    for source in sources:
        for key in _keys(source.table, goal, schema):
            short.append((source, [(key, goal)]))
        for middle in schema.tables:
            if middle.name in read or middle.name == goal.name:
                continue
            for first in _keys(source.table, middle, schema):
                long += [
                    (source, [(first, middle), (k, goal)]) for k in _keys(middle, goal, schema)
                ]
    found = short or long
    return found[0] if len(found) == 1 else None


def _keys(one: Table | None, other: Table | None, schema: Schema) -> list[ForeignKey]:
    """Keys between two tables, in either direction."""
    if one is None or other is None:
        return []
    pairs = {(one.name, other.name), (other.name, one.name)}
    return [key for key in schema.foreign_keys if (key.table, key.to_table) in pairs]


def _condition(left: Source, key: ForeignKey, right: Source) -> exp.EQ:
    assert left.table is not None
    forward = key.table == left.table.name
    mine, theirs = (key.column, key.to_column) if forward else (key.to_column, key.column)
    return exp.EQ(this=column_node(left.alias, mine), expression=column_node(right.alias, theirs))


def _shown(key: ForeignKey) -> str:
    return f"{key.table}.{key.column} = {key.to_table}.{key.to_column}"
