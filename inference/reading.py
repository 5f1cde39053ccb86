"""A query in plain words, read from its syntax tree: what it shows, from where, under what terms.

So that a person who does not read SQL can tell whether the question was understood. What has no
words here is shown as it is written.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from itertools import groupby
from operator import itemgetter

from sqlglot import exp

from llmtui.database.dialects import parse

LANGUAGES = ("en", "zh")
_LONGEST = 600
_BINARY: dict[type[exp.Expr], str] = {
    exp.EQ: "eq", exp.NEQ: "neq", exp.GT: "gt", exp.GTE: "gte", exp.LT: "lt", exp.LTE: "lte",
    exp.Like: "like", exp.ILike: "like", exp.And: "and", exp.Or: "or",
}  # fmt: skip
_SIGNS: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "−", exp.Mul: "×", exp.Div: "÷"}
_SETS: dict[type[exp.Expr], str] = {
    exp.Union: "union",
    exp.Intersect: "intersect",
    exp.Except: "except",
}
_UNARY: dict[type[exp.Expr], str] = {
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
    exp.Not: "not",
}


@cache
def _words() -> dict[str, dict[str, str]]:
    place = files(__package__) / "reading.toml"
    return tomllib.loads(place.read_text(encoding="utf-8"))


def reading(sql: str, language: str) -> str:
    """A line in one of LANGUAGES; '' when the query cannot be parsed."""
    tree = parse(sql)
    try:
        text = _Reader(_words()[language]).query(tree) if tree is not None else ""
    except Exception:  # a part that is like no other: the answer stands without its reading
        return ""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


_JOINS = {
    "LEFT": "with_any",
    "RIGHT": "of_any",
    "FULL": "with_each",
    "SEMI": "having_any",
    "ANTI": "having_none",
}
"""How the joins are told that are not simply `with`: those that keep rows without a partner, that
only keep rows, and that leave them out."""


def _ties(test: exp.Expr) -> bool:
    """Whether a test of a join compares two columns, as every join does."""
    sides = (test.this, test.args.get("expression"))
    return isinstance(test, exp.EQ) and all(isinstance(side, exp.Column) for side in sides)


class _Reader:
    def __init__(self, words: dict[str, str]) -> None:
        self.words = words

    def say(self, name: str, x: str = "", y: str = "", z: str = "") -> str:
        return self.words[name].format(x=x, y=y, z=z)

    def query(self, tree: exp.Expr) -> str:
        for kind, name in _SETS.items():
            if isinstance(tree, kind):
                both = self.say(name, self.query(tree.this), self.query(tree.expression))
                return self.words["joiner"].join([*self.called(tree), both, *self.ends(tree)])
        if not isinstance(tree, exp.Select):
            return self.term(tree)
        shown = self.many(tree.expressions)
        parts = self.called(tree)
        parts.append(self.say("distinct" if tree.args.get("distinct") else "select", shown))
        if source := self.source(tree):
            parts.append(self.say("from", source))
        if told := self.tied(tree):
            parts.append(self.say("where", told))
        for name in ("where", "group", "having", "qualify"):
            if (clause := tree.args.get(name)) is not None:
                told = self.many(clause.expressions) if name == "group" else self.term(clause.this)
                parts += [self.say(name, told)] if told else []
        return self.words["joiner"].join([*parts, *self.ends(tree)])

    def called(self, tree: exp.Expr) -> list[str]:
        """What WITH gives a name to."""
        return [
            self.say("called", each.alias, self.query(each.this))
            for each in getattr(tree, "ctes", ())
        ]

    def tied(self, tree: exp.Select) -> str:
        """What joins ask for beyond columns that are equal."""
        tests = [test for join in tree.args.get("joins") or () if (on := join.args.get("on"))
                 for test in (on.flatten() if isinstance(on, exp.And) else [on])]  # fmt: skip
        return self.words["list"].join(self.term(test) for test in tests if not _ties(test))

    def source(self, tree: exp.Select) -> str:
        first = tree.args.get("from_") or tree.args.get("from")
        if first is None:
            return ""
        told, joins = self.table(first.this), tree.args.get("joins") or ()
        named = [(_JOINS.get(j.side) or _JOINS.get(j.kind, "with"), j.this) for j in joins]
        for name, alike in groupby(named, key=itemgetter(0)):
            joined = self.words["list"].join(self.table(table) for _, table in alike)
            told = self.say(name, told, joined)
        return told

    def table(self, item: exp.Expr) -> str:
        return item.name if isinstance(item, exp.Table) else self.term(item)

    def ends(self, tree: exp.Expr) -> list[str]:
        """Order and limit."""
        parts = []
        if (order := tree.args.get("order")) is not None:
            keys = [
                self.say("descending" if key.args.get("desc") else "ascending", self.term(key.this))
                for key in order.expressions
            ]
            parts.append(self.say("order", self.words["list"].join(keys)))
        if (limit := tree.args.get("limit")) is not None:
            most = limit.args.get("expression") or limit.args.get("count")
            count = most.sql(dialect="duckdb") if most else "1"
            parts.append(self.say("limit_one") if count == "1" else self.say("limit", count))
        if (skipped := tree.args.get("offset")) is not None:
            parts.append(self.say("offset", skipped.expression.sql(dialect="duckdb")))
        return parts

    def many(self, items: list[exp.Expr]) -> str:
        return self.words["list"].join(map(self.term, items))

    def term(self, item: exp.Expr) -> str:
        """An expression: a column by its name, a comparison or an aggregate in words."""
        plain = self.plain(item)
        if plain is not None:
            return plain
        for kind, name in _BINARY.items():
            if isinstance(item, kind):
                return self.say(name, self.side(item, item.this), self.side(item, item.expression))
        for kind, name in _UNARY.items():
            if isinstance(item, kind):
                return self.negated(item.this) if name == "not" else self.say(
                    name, self.term(item.this)
                )  # fmt: skip
        return self.other(item)

    def plain(self, item: exp.Expr) -> str | None:
        if isinstance(item, exp.Star | exp.Column) and item.find(exp.Star):
            every = isinstance(item, exp.Star) and not any(item.args.values())
            return self.words["star"] if every else item.sql(dialect="duckdb")
        if isinstance(item, exp.Column):
            return f"{item.table}.{item.name}" if item.table else item.name
        if isinstance(item, exp.Paren):
            return f"({self.term(item.this)})"
        if isinstance(item, exp.Alias):
            return self.say("alias", self.term(item.this), item.alias)
        if isinstance(item, exp.Subquery | exp.Select | exp.SetOperation):
            inner = item.this if isinstance(item, exp.Subquery) else item
            return self.say("subquery", self.query(inner))
        return None

    def side(self, parent: exp.Expr, item: exp.Expr) -> str:
        """One side of AND and OR, in brackets when it is the other of them."""
        told = self.term(item)
        mixed = isinstance(parent, exp.And) and isinstance(item, exp.Or)
        return f"({told})" if mixed else told

    def negated(self, item: exp.Expr) -> str:
        if isinstance(item, exp.Is) and isinstance(item.expression, exp.Null):
            return self.say("not_null", self.term(item.this))
        return self.inside(item, "not_in") or self.say("not", self.term(item))

    def inside(self, item: exp.Expr, name: str) -> str:
        if not isinstance(item, exp.In):
            return ""
        query = item.args.get("query")
        listed = self.term(query) if query is not None else self.many(item.expressions)
        return self.say(name, self.term(item.this), listed)

    def other(self, item: exp.Expr) -> str:
        told = self.inside(item, "in")
        if isinstance(item, exp.Count):
            told = self.count(item)
        elif isinstance(item, exp.Filter):
            told = self.say("filter", self.term(item.this), self.term(item.expression.this))
        elif isinstance(item, exp.Between):
            bounds = self.term(item.args["low"]), self.term(item.args["high"])
            told = self.say("between", self.term(item.this), *bounds)
        elif isinstance(item, exp.Is) and isinstance(item.expression, exp.Null):
            told = self.say("null", self.term(item.this))
        elif isinstance(item, exp.Exists):
            told = self.say("exists", self.query(item.this))
        elif type(item) in _SIGNS:
            told = f"{self.term(item.this)} {_SIGNS[type(item)]} {self.term(item.expression)}"
        return told or item.sql(dialect="duckdb")

    def count(self, item: exp.Count) -> str:
        counted = item.this
        if isinstance(counted, exp.Distinct):
            return self.say("count_distinct", self.many(counted.expressions))
        if counted is None or isinstance(counted, exp.Star):
            return self.say("count")
        return self.say("count_of", self.term(counted))
