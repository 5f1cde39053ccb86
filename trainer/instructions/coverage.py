"""What the rows show of what could be asked: seen against possible, and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from llmtui.database.schema import Schema
from llmtui.trainer.instructions.draft import shapes
from llmtui.workspace.records import LANGUAGES, Instruction

ASPECTS = ("tables", "columns", "joins", "shapes", "values", "operators", "languages")
"""What is looked at, in the order in which it is told."""
_OPERATORS: dict[str, tuple[type[exp.Expr], ...]] = {
    "=": (exp.EQ,), "<>": (exp.NEQ,), ">": (exp.GT,), ">=": (exp.GTE,), "<": (exp.LT,),
    "<=": (exp.LTE,), "BETWEEN": (exp.Between,), "IN": (exp.In,), "LIKE": (exp.Like, exp.ILike),
    "IS NULL": (exp.Is,), "NOT": (exp.Not,), "AND": (exp.And,), "OR": (exp.Or,),
    "COUNT": (exp.Count,), "SUM": (exp.Sum,), "AVG": (exp.Avg,), "MIN": (exp.Min,),
    "MAX": (exp.Max,), "DISTINCT": (exp.Distinct,), "JOIN": (exp.Join,), "GROUP BY": (exp.Group,),
    "HAVING": (exp.Having,), "ORDER BY": (exp.Order,), "LIMIT": (exp.Limit,),
    "subquery": (exp.Subquery,), "UNION": (exp.Union,), "INTERSECT": (exp.Intersect,),
    "EXCEPT": (exp.Except,), "CASE": (exp.Case,), "FILTER": (exp.Filter,), "OVER": (exp.Window,),
    "QUALIFY": (exp.Qualify,), "year()": (exp.Year,), "month()": (exp.Month,),
    "date_trunc()": (exp.TimestampTrunc, exp.DateTrunc), "CURRENT_DATE": (exp.CurrentDate,),
}  # fmt: skip
_LEFT_JOIN = "LEFT JOIN"


@dataclass(frozen=True)
class Share:
    """One aspect: the names of all that is possible, and of what no row shows."""

    aspect: str
    possible: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def seen(self) -> int:
        return len(self.possible) - len(self.missing)

    @property
    def share(self) -> float:
        """Between 0 and 1; 1 where nothing is possible, as with joins of a single table."""
        return self.seen / len(self.possible) if self.possible else 1.0


def coverage(
    rows: Iterable[Instruction], schema: Schema, languages: Sequence[str] = LANGUAGES
) -> tuple[Share, ...]:
    """One share an aspect, in the order of ASPECTS, over the rows that may be learnt.

    Possible are: tables with rows and their columns; keys to join along; the shapes of the
    constructor; values of columns that have few, each in several rows; operators; the languages
    that are wanted.
    """
    found = Coverage(schema, languages)
    found.add(rows)
    return found.shares


class Coverage:
    """What rows show, as they are added."""

    def __init__(self, schema: Schema, languages: Sequence[str] = LANGUAGES) -> None:
        self._places = _Places(schema)
        self._possible = self._places.possible | {
            "shapes": tuple(shapes()), "operators": (*_OPERATORS, _LEFT_JOIN),
            "languages": tuple(languages),
        }  # fmt: skip
        self._seen: dict[str, set[str]] = {aspect: set() for aspect in ASPECTS}
        self._queries: set[str] = set()

    def add(self, rows: Iterable[Instruction]) -> None:
        for row in rows:
            if not row.usable or row.kind != "sql":
                continue
            self._seen["shapes"].add(row.shape)
            self._seen["languages"].add(row.lang)
            if row.sql not in self._queries:
                self._queries.add(row.sql)
                self._add(row.sql)

    def _add(self, sql: str) -> None:
        try:
            tree = sqlglot.parse_one(sql, dialect="duckdb")
        except (sqlglot.errors.SqlglotError, RecursionError):
            return
        for aspect, name in self._places.shown_by(tree):
            self._seen[aspect].add(name)

    @property
    def shares(self) -> tuple[Share, ...]:
        """One an aspect, in the order of ASPECTS."""
        return tuple(Share(name, self._possible[name], self._missing(name)) for name in ASPECTS)

    @property
    def mean(self) -> float:
        """The mean of the shares, 0 to 1."""
        shares = self.shares
        return sum(share.share for share in shares) / len(shares)

    def _missing(self, aspect: str) -> tuple[str, ...]:
        return tuple(n for n in self._possible[aspect] if n not in self._seen[aspect])


class _Places:
    """The names of a schema, and which of them a query shows."""

    def __init__(self, schema: Schema) -> None:
        tables = [table for table in schema.tables if table.columns and table.row_count]
        self.columns = {
            table.name.lower(): {c.name.lower(): f"{table.name}.{c.name}" for c in table.columns}
            for table in tables
        }
        self.tables = {table.name.lower(): table.name for table in tables}
        self.values = {
            f"{table.name}.{c.name}": {value.casefold(): value for value in c.values}
            for table in tables
            for c in table.columns
            if c.kind == "text" and c.complete and not c.unique
        }
        self.keys: dict[frozenset[str], str] = {}
        for key in schema.foreign_keys:
            ends = [self._column(key.table, key.column), self._column(key.to_table, key.to_column)]
            if all(ends):
                self.keys[frozenset(ends)] = f"{ends[0]} = {ends[1]}"

    @property
    def possible(self) -> dict[str, tuple[str, ...]]:
        """Aspect → every name of it, for what the schema tells."""
        return {
            "tables": tuple(self.tables.values()),
            "columns": tuple(name for some in self.columns.values() for name in some.values()),
            "joins": tuple(self.keys.values()),
            "values": tuple(
                f"{column} = {value}"
                for column, values in self.values.items()
                for value in values.values()
            ),
        }

    def _column(self, table: str, column: str) -> str:
        return self.columns.get(table.lower(), {}).get(column.lower(), "")

    def shown_by(self, tree: exp.Expr) -> Iterator[tuple[str, str]]:
        """(aspect, name) of everything that a query shows."""
        for table in tree.find_all(exp.Table):
            if table.name.lower() in self.tables:
                yield "tables", self.tables[table.name.lower()]
        for column in tree.find_all(exp.Column):
            for name in self._meant(column):
                yield "columns", name
        for key in self._joined(tree):
            yield "joins", key
        for literal in tree.find_all(exp.Literal):
            if literal.is_string and literal.parent is not None:
                yield from self._value(literal.name, literal.parent)
        for name, kinds in _OPERATORS.items():
            if any(not _of_join(node) for node in tree.find_all(*kinds)):
                yield "operators", name
        if any(join.side == "LEFT" for join in tree.find_all(exp.Join)):
            yield "operators", _LEFT_JOIN

    def _value(self, text: str, predicate: exp.Expr) -> Iterator[tuple[str, str]]:
        for column in predicate.find_all(exp.Column):
            for name in self._meant(column):
                value = self.values.get(name, {}).get(text.strip("%").casefold())
                if value is not None:
                    yield "values", f"{name} = {value}"

    def _meant(self, column: exp.Column) -> list[str]:
        """The columns that a name in a query may mean: of the tables beside it, or else around."""
        of, around = column.table.lower(), column.parent_select
        while around is not None:
            near = [
                table
                for table in around.find_all(exp.Table)
                if table.parent_select is around and of in ("", table.alias_or_name.lower())
            ]
            found = [self._column(table.name, column.name) for table in near]
            if not near:  # a field inside of a column
                tables = [t for t in around.find_all(exp.Table) if t.parent_select is around]
                found = [self._column(table.name, of) for table in tables]
            if any(found):
                return [name for name in found if name]
            around = around.parent_select
        return []

    def _joined(self, tree: exp.Expr) -> Iterator[str]:
        """The keys along which a query goes, by a comparison or by IN and a subquery."""
        for node in tree.find_all(exp.EQ, exp.In):
            query = node.args.get("query")
            inner = query.this if isinstance(query, exp.Subquery) else query
            other = inner.selects[0] if isinstance(inner, exp.Select) else node.expression
            if isinstance(node.this, exp.Column) and isinstance(other, exp.Column):
                for one in self._meant(node.this):
                    for two in self._meant(other):
                        key = self.keys.get(frozenset((one, two)))
                        if key is not None:
                            yield key


def _of_join(node: exp.Expr) -> bool:
    """Whether it is the comparison of a join, which every join has."""
    return isinstance(node, exp.EQ | exp.And) and node.find_ancestor(exp.Join) is not None
