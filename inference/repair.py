"""Mend what a model wrote before it is shown, without asking the model.

A statement that binds keeps its meaning: only texts that no row holds are replaced. One that does
not bind gets the names, joins, grouping and types that were meant. One that the guard refuses is
left as it is. Every change is told, for the answer is then to a slightly different statement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from llmtui.database.dialects import from_dialects, parse, written
from llmtui.inference.literals import mend_literals
from llmtui.inference.names import mend_names, mend_whole_rows
from llmtui.inference.statement import closed, drop_doubles, statement_in
from llmtui.inference.strays import mend_joins, mend_strays
from llmtui.inference.strict import mend_strictness
from llmtui.inference.ways import Ways, follow_keys
from llmtui.workspace.errors import LlmtuiError, QueryError

if TYPE_CHECKING:
    from llmtui.database.execute import Database

_FOREIGN = 'The function "'
_UNREAD = "The second parser cannot read it"
"""How the guard's reason begins when the statement may only be another dialect's: it is then
written as DuckDB's, and the guard looks at that."""


@dataclass
class Mended:
    """The statement as it will be checked, and what was changed in it, in sentences."""

    sql: str
    changes: list[str] = field(default_factory=list)


def mend(text: str, database: Database, question: str = "") -> Mended:
    """The statement in a model's answer, mended when that makes it bind. Raises Interrupted.

    question: what it is to answer; its words decide which of several ways between tables is meant
    """
    sql = statement_in(text)
    try:
        return _mended(sql, database, question)
    except LlmtuiError:
        raise
    except Exception:  # a tree that is not as those of statements are: it stays as it was said
        return Mended(sql)


def _mended(sql: str, database: Database, question: str) -> Mended:
    if binds(sql, database):
        return _with_values(Mended(sql), database, question)
    verdict = database.check(sql)
    foreign = verdict.reason.startswith(_FOREIGN)
    refused = verdict.parsed and not verdict.ok and not verdict.read_only
    if refused and not verdict.reason.startswith((_FOREIGN, _UNREAD)):
        return Mended(sql)
    for tried in _tries(sql, database, foreign, question):
        if binds(tried.sql, database):
            return _with_values(tried, database, question)
    return Mended(sql)


def binds(sql: str, database: Database) -> bool:
    """Whether a statement passes the guard and DuckDB knows every name and type in it."""
    if not database.check(sql).ok:
        return False
    try:
        database.bind(sql)
    except QueryError:
        return False
    return True


def _tries(sql: str, database: Database, foreign: bool, question: str) -> Iterator[Mended]:
    """Versions of a statement that does not bind, those with fewer changes first."""
    whole = closed(sql)
    readings: list[tuple[str, exp.Query]] = []
    tree = None if foreign else parse(whole)
    if tree is not None:
        readings.append(("", tree))
    readings += from_dialects(whole)
    for dialect, reading in readings:
        told = [f"it was read as {dialect}"] if dialect else []
        if whole != sql:
            told.append("a bracket or quotation mark was closed")
        yield Mended(written(reading), told or ["it was written as DuckDB writes it"])
        changes = mend_names(reading, Ways(database.schema, question))
        if changes:
            yield Mended(written(reading), [*told, *changes])
        strict = mend_strictness(reading, database.schema, question)
        if strict:
            yield Mended(written(reading), [*told, *changes, *strict])
        values = mend_literals(reading, database, question)
        if values:
            yield Mended(written(reading), [*told, *changes, *strict, *values])


def _with_values(mended: Mended, database: Database, question: str) -> Mended:
    """Texts that no row holds replaced, columns that are there twice once, no rows as one value,
    and keys compared with their own kind, when the statement binds after that too."""
    tree = parse(mended.sql)
    changes: list[str] = []
    if tree is not None:
        ways = Ways(database.schema, question)
        changes += [*mend_joins(tree, ways), *mend_strays(tree, ways)]
        changes += follow_keys(tree, ways, strangers=True)
        changes += [*mend_whole_rows(tree, database.schema), *drop_doubles(tree)]
        changes += mend_literals(tree, database, question)
    if tree is None or not changes or not binds(written(tree), database):
        return mended
    return Mended(written(tree), [*mended.changes, *changes])


def along_keys(sql: str, database: Database, question: str = "") -> Mended | None:
    """The statement with tables compared by their keys where it compares them by columns that hold
    different things: for one that finds nothing. None when nothing is to be changed.

    Raises Interrupted.
    """
    tree = parse(sql)
    changes = follow_keys(tree, Ways(database.schema, question)) if tree is not None else []
    if tree is None or not changes or not binds(written(tree), database):
        return None
    return Mended(written(tree), changes)
