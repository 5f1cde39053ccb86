"""Ways of keys between tables, and tables joined along them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from llmtui.database.schema import ForeignKey, Schema, Table
from llmtui.inference.nearest import name_words
from llmtui.inference.scopes import Source, View, column_node, identifier, views

Step = tuple[ForeignKey, Table]
"""A key, and the table that one comes to along it."""
Way = tuple[Source, list[Step]]
"""A table that is read, and the steps from it."""
_SHORTEST_STEM, _STEM = 4, 0.6
_LONGEST, _MOST_WAYS = 4, 500


@dataclass(frozen=True)
class Ways:
    """question: where several ways are as short, its words decide"""

    schema: Schema
    question: str = ""

    def keys(self, one: Table | None, other: Table | None) -> list[ForeignKey]:
        """Keys between two tables, in either direction."""
        if one is None or other is None:
            return []
        pairs = {(one.name, other.name), (other.name, one.name)}
        return [key for key in self.schema.foreign_keys if (key.table, key.to_table) in pairs]

    def thing(self, table: Table | None, column: exp.Column) -> str:
        """The table whose rows a key column stands for, "" for one that is no key."""
        name = column.name.lower()
        for key in self.schema.foreign_keys:
            if table and key.table == table.name and key.column.lower() == name:
                return key.to_table
        own = table.primary_key if table else ()
        return table.name if table and [part.lower() for part in own] == [name] else ""

    def between(self, sources: Sequence[Source], goal: Table) -> Way | None:
        """The only shortest way (of up to four keys) from a table that is read to `goal`, or the
        one of several that the question speaks of."""
        read = {source.table.name for source in sources if source.table}
        frontier: list[Way] = [(source, []) for source in sources if source.table]
        for _ in range(_LONGEST):
            found: list[Way] = []
            onward: list[Way] = []
            for source, steps in frontier:
                last = steps[-1][1] if steps else source.table
                passed = read | {table.name for _, table in steps}
                for key, table in self._neighbours(last):
                    longer: Way = (source, [*steps, (key, table)])
                    if table.name == goal.name:
                        found.append(longer)
                    elif table.name not in passed:
                        onward.append(longer)
            if found:
                return self._spoken_of(found) or _straight(found)
            frontier = onward[:_MOST_WAYS]
        return None

    def _neighbours(self, table: Table | None) -> list[Step]:
        """Every key of a table or to it, with the table at its other end."""
        if table is None:
            return []
        by_name = {other.name: other for other in self.schema.tables}
        ends = [(k, k.to_table) for k in self.schema.foreign_keys if k.table == table.name]
        ends += [(k, k.table) for k in self.schema.foreign_keys if k.to_table == table.name]
        return [(k, by_name[n]) for k, n in ends if n in by_name and n != table.name]

    def _spoken_of(self, found: list[Way]) -> Way | None:
        if len(found) < 2:
            return found[0] if found else None
        ranked = sorted(((self._mentions(steps), n) for n, (_, steps) in enumerate(found)))
        best, second = ranked[-1], ranked[-2]
        return found[best[1]] if best[0] > second[0] else None

    def _mentions(self, steps: list[Step]) -> int:
        """How many words of the tables and columns on a way are in the question."""
        names = [word for key, to in steps for word in (to.name, key.column)]
        words = {word for name in names for word in name_words(name)}
        return sum(self.speaks_of(word) for word in words)

    def speaks_of(self, word: str) -> bool:
        """Whether the question has a word, in one of its forms ("stayed" is "stay")."""
        return any(_same_stem(word, said) for said in re.findall(r"\w+", self.question.lower()))

    def join(self, view: View, table: Table) -> bool:
        """Join `table` to a scope; false when there is no way, or more than one.

        A way that may give a row of the query several times is not taken in an aggregate.
        """
        way = self.between([s for s in view.here if s.table], table)
        if way is None or any(s.alias.lower() == table.name.lower() for s in view.here):
            return False
        start, steps = way
        if repeats(steps) and view.select.find(exp.AggFunc):
            return False
        qualify_all(view)
        for join in joins(start, steps):
            view.select.append("joins", join)
        return True


def _straight(found: Sequence[Way]) -> Way | None:
    """The only way of several along which each row has one at the end: where an employee's own
    department is, not the one that the employee manages."""
    straight = [way for way in found if not repeats(way[1])]
    return straight[0] if len(straight) == 1 else None


def repeats(steps: Sequence[Step]) -> bool:
    """Whether a row at the start may come to several rows at the end."""
    return any(key.table == to.name for key, to in steps)


def joins(start: Source, steps: Sequence[Step]) -> list[exp.Join]:
    """The joins of a way, in its order."""
    made, before = [], start
    for key, to in steps:
        source = Source(to.name, to, frozenset(c.name.lower() for c in to.columns))
        made.append(exp.Join(this=table_node(to), on=condition(before, key, source)))
        before = source
    return made


def table_node(table: Table) -> exp.Table:
    node = exp.Table(this=identifier(table.name))
    if table.schema != "main":
        node.set("db", identifier(table.schema))
    return node


def condition(left: Source, key: ForeignKey, right: Source) -> exp.EQ:
    """Two tables compared by a key."""
    assert left.table is not None
    forward = key.table == left.table.name
    mine, theirs = (key.column, key.to_column) if forward else (key.to_column, key.column)
    return exp.EQ(this=column_node(left.alias, mine), expression=column_node(right.alias, theirs))


def qualify_all(view: View) -> None:
    """Write the owner before every bare column, so that a table more makes none of them unclear."""
    for column in view.columns:
        owner = view.owner(column)
        if not column.table and owner in view.here and column.name.lower() not in view.made:
            column.set("table", identifier(owner.alias))


def shown(key: ForeignKey) -> str:
    return f"{key.table}.{key.column} = {key.to_table}.{key.to_column}"


def _same_stem(one: str, other: str) -> bool:
    if one == other:
        return True
    pairs = zip(one, other, strict=False)
    same = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    return same >= _SHORTEST_STEM and same >= _STEM * max(len(one), len(other))


def follow_keys(tree: exp.Query, ways: Ways, *, strangers: bool = False) -> list[str]:
    """Compare tables by their one key where they are compared by columns that hold other things;
    changes `tree` in place and tells what was changed.

    strangers: only where keys of different things are compared (a customer's with an order's), or
    keys of a third (patients by the doctor of an appointment, which has a patient itself)
    """
    changes: list[str] = []
    for view in views(tree, ways.schema):
        for node in view.select.find_all(exp.EQ, exp.In):
            if node.find_ancestor(exp.Select) is not view.select:
                continue
            pair = _compared(node)
            if pair is None:
                continue
            mine, theirs = view.owner(pair[0]), _owner(pair[1], view, tree, ways)
            if mine is None or theirs is None or mine is theirs:
                continue
            keys = ways.keys(mine.table, theirs.table)
            things = {ways.thing(mine.table, pair[0]), ways.thing(theirs.table, pair[1])}
            alike = _alike(things, (mine, pair[0]), (theirs, pair[1]))
            wrong = _strange(things, mine, theirs, ways) if strangers else not alike
            if len(keys) != 1 or not wrong:
                continue
            right = condition(mine, keys[0], theirs)
            if any(tie is not node and _same_columns(tie, right) for tie in _ties(view)):
                continue  # they are tied by their key as well
            compared = [column.name.lower() for column in pair]
            wanted = [right.left.name.lower(), right.right.name.lower()]
            same_table = mine.table is theirs.table  # which of the two is the parent is not known
            if compared == wanted or (same_table and sorted(compared) == sorted(wanted)):
                continue
            pair[0].set("this", identifier(right.left.name))
            pair[1].set("this", identifier(right.right.name))
            changes.append(f"{mine.alias} and {theirs.alias} were compared by {shown(keys[0])}")
    return changes


def _alike(things: set[str], *compared: tuple[Source, exp.Column]) -> bool:
    """Whether two columns may hold the same thing, so that rows with equal ones may be asked for:
    customers in the city of a store. A key and what is no key do not."""
    names = {column.name.lower() for _, column in compared}
    kinds = {found.kind for source, column in compared if (found := source.column(column.name))}
    if "" in things:
        return len(names) == 1 or (len(things) == 1 and len(kinds) == 1)
    return len(things) == 1


def _strange(things: set[str], mine: Source, theirs: Source, ways: Ways) -> bool:
    """Whether keys that stand for these things should not tie two tables that have their own; keys
    of a third may when the question speaks of it: employees in a department with a project."""
    if "" in things:
        return False
    if len(things) > 1:
        return True
    spoken = any(ways.speaks_of(word) for thing in things for word in name_words(thing))
    return not spoken and things.isdisjoint({mine.table_name, theirs.table_name})


def _ties(view: View) -> list[exp.EQ]:
    return [tie for tie in view.select.find_all(exp.EQ) if isinstance(tie.left, exp.Column)]


def _same_columns(tie: exp.EQ, other: exp.EQ) -> bool:
    return {side.name.lower() for side in (tie.left, tie.right)} == {
        side.name.lower() for side in (other.left, other.right)
    }


def _compared(node: exp.Expr) -> tuple[exp.Column, exp.Column] | None:
    """The two columns that a join, or IN with a query, compares."""
    other = node.args.get("expression")
    if isinstance(node, exp.In) and isinstance(query := node.args.get("query"), exp.Subquery):
        shown = query.this.expressions if isinstance(query.this, exp.Select) else []
        other = shown[0] if len(shown) == 1 else None
    if isinstance(node.this, exp.Column) and isinstance(other, exp.Column):
        return node.this, other
    return None


def _owner(column: exp.Column, view: View, tree: exp.Query, ways: Ways) -> Source | None:
    """Where a column comes from, in this scope or in the query inside it that it is shown by."""
    select = column.find_ancestor(exp.Select)
    if select is view.select:
        return view.owner(column)
    inner = next((v for v in views(tree, ways.schema) if v.select is select), None)
    return inner.owner(column) if inner else None
