"""Tables that a statement joins in vain: it reads nothing of them but the column that they are
joined by, the question does not speak of them, and their rows repeat those of the other table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeGuard

from sqlglot import exp

from llmtui.database.keys import singular
from llmtui.database.schema import ForeignKey, Schema, Table
from llmtui.inference.nearest import name_words

if TYPE_CHECKING:
    from llmtui.trainer.instructions.things import Deed

_LETTERS = re.compile(r"[a-z]+")
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_STEM = 4
"""Letters that two forms of a word have in common: ordered, orders."""
_BUYING = frozenset(["买", "下单", "下过单"])
"""What people also say for buying and ordering."""
_COUNTING = (exp.AggFunc, exp.Star, exp.Columns, exp.Window)
"""What another number of rows may change on purpose, and what shows every column."""
_SAME = (exp.Max, exp.Min)
"""What repeated rows do not change."""


class Joins:
    """Finds needless joins in statements about one database."""

    def __init__(self, schema: Schema) -> None:
        self._tables = {t.name.lower(): t for t in schema.tables if t.schema == "main"}
        self._keys = schema.foreign_keys
        self._words: dict[str, set[str]] = {}

    def knows(self, names: Iterable[str]) -> bool:
        return all(name in self._tables for name in names)

    def keys_between(self, one: str, other: str) -> list[ForeignKey]:
        """The keys by which one of two tables refers to the other."""
        both = {one, other}
        return [k for k in self._keys if {k.table.lower(), k.to_table.lower()} == both]

    def needless(self, question: str, tree: exp.Expr) -> list[exp.Table]:
        """The tables that are joined in vain, in the order of the statement. With DISTINCT none is:
        that shows the rows that have one of it."""
        if not isinstance(tree, exp.Select) or not tree.args.get("joins"):
            return []
        if tree.args.get("with_") or tree.args.get("distinct"):
            return []
        outside = [found for part in _outside(tree) for found in part.find_all(*_COUNTING)]
        if not all(isinstance(found, _SAME) for found in outside):
            return []
        used, edges = sources_of(tree), edges_of(tree)
        if used is None or edges is None or not used.keys() <= self._tables.keys():
            return []
        read = self.read_of(tree, used)
        if read is None:
            return []
        return [
            place
            for name, place in used.items()
            if name not in read
            and self._repeats(name, edges)
            and not self.spoken_of(question, name, used)
        ]

    def read_of(self, tree: exp.Select, used: dict[str, exp.Table]) -> set[str] | None:
        """The tables of which something is read beside what joins them; None if that is unclear."""
        found = set()
        for part in _outside(tree):
            for column in part.find_all(exp.Column):
                owners = [column.table.lower()] if column.table else [
                    name for name in used if self.has(name, column.name)
                ]  # fmt: skip
                if len(owners) != 1 and column.find_ancestor(exp.Subquery) is None:
                    return None
                found |= set(owners)
        return found

    def has(self, table: str, column: str) -> bool:
        return any(c.name.lower() == column.lower() for c in self._tables[table].columns)

    def _repeats(self, name: str, edges: list[tuple[exp.Column, exp.Column]]) -> bool:
        """Whether a table hangs by one edge, at a column that has a value more than once."""
        mine = [end.name.lower() for edge in edges for end in edge if end.table.lower() == name]
        columns = [c for c in self._tables[name].columns if [c.name.lower()] == mine]
        return bool(columns) and not columns[0].unique

    def spoken_of(self, question: str, name: str, used: Iterable[str]) -> bool:
        """Whether a question has a word of a table that the other tables do not have; a table that
        has none of its own may always be meant."""
        own = self._own(name, used)
        return not own or self._said(question, name, own)

    def named_by(self, question: str, name: str, used: Iterable[str]) -> bool:
        """Whether a question has a word of a table that the other tables do not have."""
        own = self._own(name, used)
        return bool(own) and self._said(question, name, own)

    def _own(self, name: str, used: Iterable[str]) -> set[str]:
        others = {word for other in used if other != name for word in self._english(other)}
        return self._english(name) - others

    def _said(self, question: str, name: str, own: set[str]) -> bool:
        said = {singular(word) for word in _LETTERS.findall(question.lower())}
        return any(
            _begin_alike(word, each) for word in own | _done(self._tables[name]) for each in said
        ) or any(word in question for word in self._chinese(name))  # fmt: skip

    def elsewhere(self, question: str, tree: exp.Expr) -> bool:
        """Whether a statement reads one table, of which the question does not speak, and there is
        another that it does speak of and that has all these columns: states by their population,
        read from their cities. Of 1,926 queries of people two do."""
        place = tree.args["from_"].this if tree.args.get("from_") else None
        if not isinstance(tree, exp.Select) or not isinstance(place, exp.Table):
            return False
        name, columns = place.name.lower(), {c.name for c in tree.find_all(exp.Column)}
        several = tree.args.get("joins") or len(list(tree.find_all(exp.Select))) > 1
        counted = tree.find(exp.Count) is not None  # what is counted need not be named
        if several or counted or not columns or not self.knows([name]):
            return False
        return not self.spoken_of(question, name, self._tables) and any(
            all(self.has(other, column) for column in columns)
            and self.named_by(question, other, (name, other))
            for other in self._tables
            if other != name
        )

    def _english(self, name: str) -> set[str]:
        """The words by which a table is called: its name's, its comment's, people's."""
        from llmtui.trainer.instructions.lexicon import table_words

        if name not in self._words:
            said = table_words(self._tables[name])
            found = {singular(word) for text in said.en for word in _LETTERS.findall(text.lower())}
            people = {"people", "person"} if said.person else set()
            self._words[name] = found | set(name_words(name)) | people
        return self._words[name]

    def _chinese(self, name: str) -> set[str]:
        from llmtui.trainer.instructions.lexicon import table_words

        return {*table_words(self._tables[name]).zh, *_done_in_chinese(self._tables[name])}


def drop(place: exp.Table) -> bool:
    """Take a table that hangs by one edge out of its statement; false when that is not plain."""
    tree = place.find_ancestor(exp.Select)
    name, joins = place.name.lower(), tree.args["joins"] if tree else []
    first = next((join for join in joins if name in _names_in(join.args["on"])), None)
    if first is None or isinstance(first.args["on"], exp.And):
        return False
    if place is not first.this:
        if joins.index(first) != 0:
            return False
        place.replace(first.this)
    first.pop()
    return True


def _names_in(part: exp.Expr) -> set[str]:
    return {column.table.lower() for column in part.find_all(exp.Column)}


def _outside(tree: exp.Select) -> list[exp.Expr]:
    """The parts of a statement beside its tables and what joins them."""
    names = ("distinct", "where", "group", "having", "order", "qualify")
    parts = [tree.args.get(name) for name in names]
    return [*tree.expressions, *(part for part in parts if part is not None)]


def sources_of(tree: exp.Select) -> dict[str, exp.Table] | None:
    """Table name → its place; None when one is no plain table under its own name, or twice."""
    places = [tree.args["from_"].this, *(join.this for join in tree.args["joins"])]
    plain = all(
        isinstance(place, exp.Table) and not place.alias and place.db in ("", "main")
        for place in places
    )
    found = {place.name.lower(): place for place in places} if plain else {}
    return found if len(found) == len(places) else None


def edges_of(tree: exp.Select) -> list[tuple[exp.Column, exp.Column]] | None:
    """What joins the tables; None when a join is no plain equality of their columns."""
    found = []
    for join in tree.args["joins"]:
        condition = join.args.get("on")
        if join.side or join.method or condition is None or join.kind not in ("", "INNER"):
            return None
        for test in condition.flatten() if isinstance(condition, exp.And) else [condition]:
            one, other = test.this, test.args.get("expression")
            if not (isinstance(test, exp.EQ) and _qualified(one) and _qualified(other)):
                return None
            found.append((one, other))
    return found


def _qualified(end: object) -> TypeGuard[exp.Column]:
    return isinstance(end, exp.Column) and bool(end.table)


def _begin_alike(one: str, other: str) -> bool:
    """Whether two words are forms of one, by how they begin."""
    alike = one[:_STEM] == other[:_STEM] and min(len(one), len(other)) >= _STEM - 1
    return one == other or alike


def _deeds(table: Table) -> tuple[str, Deed | None]:
    """What the rows of a table do, as the glossary has it, and what its name says."""
    from llmtui.trainer.instructions.deeds import deed_of_name
    from llmtui.trainer.instructions.lexicon import table_words
    from llmtui.trainer.instructions.templates import data

    deeds, said = data("glossary")["deeds"], table_words(table)
    names = (*said.en, *said.zh, *name_words(table.name))
    words = {word for name in names for word in (name.lower(), *name.lower().split())}
    return " ".join(deeds[word] for word in sorted(words) if word in deeds), deed_of_name(
        table.name
    )


def _done(table: Table) -> set[str]:
    text, deed = _deeds(table)
    return {
        singular(word) for word in _LETTERS.findall(" ".join([text, *(deed.did if deed else ())]))
    }


def _done_in_chinese(table: Table) -> set[str]:
    text, deed = _deeds(table)
    found = {*_HAN.findall(text), *(deed.zh if deed else ())}
    return found | _BUYING if found & {"购买", "订购"} else found
