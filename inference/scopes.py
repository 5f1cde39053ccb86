"""What a query can see where: the tables, subqueries and columns of each of its scopes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from llmtui.database.schema import Column, Schema, Table, quote


@dataclass(frozen=True)
class Source:
    """Something in FROM. columns: names in lower case, None when they cannot be told."""

    alias: str
    table: Table | None
    columns: frozenset[str] | None

    @property
    def names(self) -> list[str]:
        """Column names, as the schema writes them where it is known."""
        if self.table is not None:
            return [column.name for column in self.table.columns]
        return sorted(self.columns or ())

    @property
    def table_name(self) -> str:
        return self.table.name if self.table else self.alias

    def has(self, name: str) -> bool:
        return self.columns is None or name.lower() in self.columns

    def column(self, name: str) -> Column | None:
        if self.table is None or self.columns is None or name.lower() not in self.columns:
            return None
        return self.table.column(name)


@dataclass
class View:
    """One scope: its own sources, those of the queries around it, its columns, but no fields of a
    struct."""

    select: exp.Expr
    here: list[Source]
    around: list[Source]
    columns: list[exp.Column]
    made: frozenset[str]
    """Names that the projection makes, which ORDER BY and others may use."""

    def source(self, alias: str) -> Source | None:
        found = [s for s in (*self.here, *self.around) if s.alias.lower() == alias.lower()]
        return found[0] if found else None

    def owner(self, column: exp.Column) -> Source | None:
        """Where a column comes from, None when that is not plain."""
        if column.table:
            return self.source(column.table)
        for sources in (self.here, self.around):
            having = [source for source in sources if source.has(column.name)]
            if having:
                return having[0] if len(having) == 1 else None
        return None


def views(tree: exp.Query, schema: Schema) -> Iterator[View]:
    """Every scope, inner ones first; without those that cannot be told, such as one with the same
    table twice under one name. sqlglot finds that out where a scope is read, not before."""
    try:
        for scope in traverse_scope(tree):
            select = scope.expression
            if isinstance(select, exp.Select):
                yield _view(select, scope, schema)
    except (SqlglotError, RecursionError):
        return


def _view(select: exp.Select, scope: Scope, schema: Schema) -> View:
    around: list[Source] = []
    outer = scope.parent if scope.is_subquery else None
    while outer is not None:
        around += _sources(outer, schema)
        outer = outer.parent if outer.is_subquery else None
    made = {name.lower() for name in select.named_selects if name and name != "*"}
    plain = {item.name.lower() for item in select.expressions if isinstance(item, exp.Column)}
    here = _sources(scope, schema)
    columns = [
        column
        for column in scope.columns
        if not isinstance(column.this, exp.Star) and not _in_struct(column, (*here, *around))
    ]
    return View(select, here, around, columns, frozenset(made - plain))


def _in_struct(column: exp.Column, sources: Iterable[Source]) -> bool:
    """Whether what looks like a table and its column is a column and a field inside it."""
    owner, known = column.table, list(sources)
    if not owner or any(source.alias.lower() == owner.lower() for source in known):
        return False
    structs = (source.column(owner) for source in known)
    return any(struct is not None and struct.type.startswith("STRUCT") for struct in structs)


def _sources(scope: Scope, schema: Schema) -> list[Source]:
    found = []
    for alias, source in scope.sources.items():
        if isinstance(source, exp.Table):
            table = table_of(source, schema)
            names = frozenset(c.name.lower() for c in table.columns) if table else None
            found.append(Source(alias, table, names))
        elif alias in scope.selected_sources:
            names = None
            inner = source.expression
            if isinstance(inner, exp.Query) and not inner.is_star:
                names = frozenset(name.lower() for name in inner.named_selects)
            found.append(Source(alias, None, names))
    return found


def table_of(node: exp.Table, schema: Schema) -> Table | None:
    """The table of the schema that a node names, None when there is none."""
    for table in schema.tables:
        if table.name.lower() == node.name.lower():
            wanted = node.db.lower()
            if not wanted or wanted == table.schema.lower():
                return table
    return None


def identifier(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=quote(name) != name)


def column_node(source: str, name: str) -> exp.Column:
    return exp.Column(this=identifier(name), table=identifier(source))


def tables_called(tree: exp.Expr) -> dict[str, str]:
    """What the tables of a statement are called in it → their names, in lower case."""
    return {t.alias_or_name.lower(): t.name.lower() for t in tree.find_all(exp.Table)}


def sources_of(tree: exp.Select) -> list[exp.Expr]:
    """What a query itself reads: tables, subqueries and others, in the order of FROM and JOIN."""
    first = tree.args.get("from_") or tree.args.get("from")
    joined = [join.this for join in tree.args.get("joins") or ()]
    return [first.this, *joined] if first is not None else joined


def tables_of(tree: exp.Select, schema: Schema) -> list[Table]:
    """The tables of a query itself that go by their names, without those of its subqueries."""
    sources = sources_of(tree)
    names = {s.name.lower() for s in sources if isinstance(s, exp.Table) and not s.alias}
    return [table for table in schema.tables if table.name.lower() in names]


def place(table: Table, column: Column, tree: exp.Select, schema: Schema) -> str:
    """A column as the query writes it: with its table where there are several."""
    several = len(tables_of(tree, schema)) > 1
    return f"{table.sql_name}.{quote(column.name)}" if several else quote(column.name)
