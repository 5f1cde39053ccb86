"""Names that do not exist become those that were meant; tables that are missing are joined."""

from __future__ import annotations

from sqlglot import exp

from llmtui.database.schema import Column, Schema, Table
from llmtui.inference.nearest import name_words, nearest
from llmtui.inference.scopes import Source, View, column_node, identifier, table_of, views
from llmtui.inference.ways import Ways, condition, joins, repeats, shown, table_node

_MOST_JOINS = 4


def mend_names(tree: exp.Query, ways: Ways) -> list[str]:
    """Change `tree` in place; what was changed, in sentences without their full stop."""
    changes: list[str] = []
    schema = ways.schema
    _mend_tables(tree, schema, changes)
    for _ in range(_MOST_JOINS):
        for view in views(tree, schema):
            mend_conditions(view, ways, changes)
        if not any(_mend_columns(view, ways, changes) for view in views(tree, schema)):
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


def mend_conditions(view: View, ways: Ways, changes: list[str]) -> None:
    """A join without a condition, or with one of columns that are not there, follows the key, or
    the keys of a table between the two."""
    for place, join in enumerate(list(view.select.args.get("joins") or [])):
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
        way = ways.between(before, right.table)
        if way is None:
            continue
        start, steps = way
        if any(view.source(table.name) is not None for _, table in steps[:-1]):
            continue
        middle = joins(start, steps)[:-1]
        between = Source(steps[-2][1].name, steps[-2][1], None) if middle else start
        join.set("on", condition(between, steps[-1][0], right))
        join.set("kind", None)
        every = view.select.args["joins"]
        here = every.index(join)
        view.select.set("joins", [*every[:here], *middle, *every[here:]])
        told = " and ".join(shown(key) for key, _ in steps)
        changes.append(f'"{right.alias}" was joined along {told}')


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


def _mend_columns(view: View, ways: Ways, changes: list[str]) -> bool:
    """Mend the columns of one scope; true as soon as a table was joined."""
    for column in view.columns:
        if column.find_ancestor(exp.Select) is not view.select:
            continue
        if not column.table and column.name.lower() in view.made:
            continue
        if _exists(column, view):
            _qualify(column, view, changes)
        elif _mend_column(column, view, ways, changes):
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


def _mend_column(column: exp.Column, view: View, ways: Ways, changes: list[str]) -> bool:
    """Mend a column that does not exist; true when a table was joined for it."""
    name, owner = column.name, column.table
    source = view.source(owner) if owner else None
    if owner and source is None:
        named = [s for s in view.here if s.table and s.table.name.lower() == owner.lower()]
        if named and named[0].has(name):
            return _set(column, named[0].alias, name, changes)
        meant = None if named else _table_named(owner, ways.schema)
        if meant is not None:
            real = name if _has(meant, name) else nearest(name, _names(meant), owner=meant.name)
            return real is not None and _join(column, view, ways, meant, real, changes)
    here = _meant_here(name, source, view)
    if here is not None:
        alone = len(view.here) == 1 and not owner
        return _set(column, "" if alone else here[0], here[1], changes)
    named_table = _exactly(name, ways.schema)
    if named_table is not None:
        label = label_names(named_table, ways.schema)[0]
        return _join(column, view, ways, named_table, label, changes)
    holding = [(t, real) for t in ways.schema.tables if (real := _column_in(t, name))]
    spoken = [(t, real) for t, real in holding if any(map(ways.speaks_of, name_words(t.name)))]
    near = [(t, real) for t, real in holding if any(ways.keys(s.table, t) for s in view.here)]
    found = next((some for some in (holding, near, spoken) if len(some) == 1), None)
    return found is not None and _join(column, view, ways, *found[0], changes)


def label_names(table: Table, schema: Schema) -> list[str]:
    """The column, or the two, that names a row of a table to a person."""
    from llmtui.trainer.instructions.things import thing_of

    foreign = {key.column for key in schema.foreign_keys if key.table == table.name}
    return [field.column.name for field in thing_of(table, foreign).label]


def mend_whole_rows(tree: exp.Query, schema: Schema) -> list[str]:
    """A table's name among the columns shown becomes what names its rows to a person."""
    changes = []
    for view in views(tree, schema):
        for place, item in enumerate(view.select.expressions):
            source = view.source(item.name) if isinstance(item, exp.Column) else None
            if source is None or source.table is None or item.args.get("table"):
                continue
            if any(s.has(item.name) for s in view.here):
                continue
            label = [column_node(source.alias, name) for name in label_names(source.table, schema)]
            shown = view.select.expressions
            view.select.set("expressions", [*shown[:place], *label, *shown[place + 1 :]])
            changes.append(f'"{item.name}" was read as its {" and ".join(c.name for c in label)}')
            break
    return changes


def _exactly(name: str, schema: Schema) -> Table | None:
    """The table whose name is just this, in singular or plural."""
    found = [t for t in schema.tables if name_words(t.name) == name_words(name)]
    return found[0] if len(found) == 1 else None


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
    column: exp.Column, view: View, ways: Ways, table: Table, name: str, changes: list[str]
) -> bool:
    """Read `name` of `table` in a column's place; true when the table was joined for it."""
    if any(s.table is not None and s.table.name == table.name for s in view.here):
        alias = next(s.alias for s in view.here if s.table and s.table.name == table.name)
        return _set(column, alias, name, changes)
    if not ways.join(view, table):
        return _within(column, view, ways, table, name, changes)
    _set(column, table.name, name, changes)
    changes.append(f'"{table.name}" was joined')
    return True


def _within(
    column: exp.Column, view: View, ways: Ways, table: Table, name: str, changes: list[str]
) -> bool:
    """A condition on rows that belong to those that are counted: they are those with such a row."""
    node: exp.Expr = column
    while isinstance(node.parent, exp.Expr) and not isinstance(node.parent, exp.And | exp.Where):
        node = node.parent
    way = ways.between([s for s in view.here if s.table], table)
    where = view.select.args.get("where")
    if way is None or where is None or not repeats(way[1][:1]):
        return False
    if not isinstance(node.parent, exp.And | exp.Where) or node.find_ancestor(exp.Where) != where:
        return False
    if list(node.find_all(exp.Column)) != [column] or node.find(exp.AggFunc):
        return False
    start, steps = way
    key, first = steps[0]
    change = f'"{column.name}" was looked for in "{table.name}"'
    column.set("this", identifier(name))
    column.set("table", identifier(table.name))
    inner = exp.select(column_node(first.name, key.column)).from_(table_node(first))
    for join in joins(Source(first.name, first, None), steps[1:]):
        inner.append("joins", join)
    inner.set("where", exp.Where(this=node.copy()))
    chosen = exp.In(this=column_node(start.alias, key.to_column), query=exp.Subquery(this=inner))
    node.replace(chosen)
    changes.append(change)
    return True
