"""Texts that no row holds become the stored value that was meant, in the column that holds it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from llmtui.database.dialects import parse
from llmtui.database.link import Mention
from llmtui.database.schema import Column, Table, quote
from llmtui.inference.coverage import held_by
from llmtui.inference.scopes import Source, View, column_node, views
from llmtui.inference.ways import Ways
from llmtui.workspace.errors import QueryError, TimeLimitError

if TYPE_CHECKING:
    from llmtui.database.execute import Database

_SCAN = 1.0
"""Seconds in which a pattern is looked for; in a table that takes longer it stays as it is."""


def mend_literals(tree: exp.Query, database: Database, question: str = "") -> list[str]:
    """Change `tree` in place; what was changed, in sentences without their full stop."""
    changes: list[str] = []
    ways = Ways(database.schema, question)
    for view in views(tree, database.schema):
        for literal in list(view.select.find_all(exp.Literal)):
            compared = _compared(literal, view)
            if compared is None:
                continue
            node, side, source, column = compared
            if isinstance(node, exp.Like | exp.ILike):
                _as_written(literal, question, changes)
            if isinstance(node, exp.Like):
                _ignore_case(node, source, column, database, changes)
            elif not isinstance(node, exp.ILike):
                _mend(literal, node, side, view, (source, column), database, ways, changes)
    return changes


_Place = tuple[Source, Column]


def _compared(
    literal: exp.Literal, view: View
) -> tuple[exp.Expr, exp.Column, Source, Column] | None:
    """(comparison, column node, its source, its column) of a text in this scope."""
    node = literal.parent
    if not literal.is_string or not isinstance(
        node, exp.EQ | exp.NEQ | exp.In | exp.Like | exp.ILike
    ):
        return None
    side = node.this if node.this is not literal else node.args.get("expression")
    if not isinstance(side, exp.Column) or side.find_ancestor(exp.Select) is not view.select:
        return None
    source = view.owner(side)
    column = source.column(side.name) if source else None
    return (node, side, source, column) if source and source.table and column else None


def _mend(
    literal: exp.Literal, node: exp.Expr, side: exp.Column, view: View, place: _Place,
    database: Database, ways: Ways, changes: list[str],
) -> None:  # fmt: skip
    source, column = place
    text = str(literal.this)
    if not any(character.isalpha() for character in text) or column.kind not in ("text", "number"):
        return
    if source.table is None or _may_hold(source.table, column, text, database):
        return
    named = database.linker.named(text)
    here = [m for m in named if _is(m, source.table, column)]
    if here and (len(here) == 1 or here[0].score > here[1].score):
        changes.append(f"'{text}' was read as '{here[0].value}'")
        literal.set("this", here[0].value)
    elif not here and isinstance(node, exp.EQ) and not _negated(node):
        _move(literal, side, view, [m for m in named if m.sure], ways, changes)


def guessed(question: str, sql: str, database: Database) -> list[str]:
    """The stored values of a statement that the question does not quite name, in sentences without
    their full stop: "Martin" may be another one than the Martinez who is stored."""
    tree = parse(sql)
    texts = held_by(tree)[0] if tree is not None else set()
    said = [
        (question[mention.start : mention.end], mention.value)
        for mention in database.linker.mentions(question)
        if mention.guessed and mention.value.casefold() in texts
    ]
    return [f"'{name}' was read as '{value}'" for name, value in dict.fromkeys(said)]


def _may_hold(table: Table, column: Column, text: str, database: Database) -> bool:
    """Whether a column has a value, or has so many that nobody knows."""
    if column.kind != "text":
        return False
    if column.complete:
        return text in column.values
    return database.linker.may_hold(table, column, text)


def _is(mention: Mention, table: Table, column: Column) -> bool:
    return (mention.table, mention.column) == (table.sql_name, quote(column.name))


def _negated(node: exp.Expr) -> bool:
    """Whether moving a condition to another column would turn what it means."""
    return node.find_ancestor(exp.Not, exp.Or, exp.Case) is not None


def _move(
    literal: exp.Literal, side: exp.Column, view: View, named: list[Mention], ways: Ways,
    changes: list[str],
) -> None:  # fmt: skip
    """Compare another column, one that holds the value, joining its table when that is plain."""
    read = [s for s in view.here if s.table]
    inside = [(m, s) for m in named for s in read if s.table and m.table == s.table.sql_name]
    if inside:
        mention, alias = inside[0][0], inside[0][1].alias
        if len(inside) > 1 and inside[1][0].score >= mention.score:
            return
    else:
        mention_or_none = named[0] if named else None
        if mention_or_none is None or (len(named) > 1 and named[1].score >= named[0].score):
            return
        mention = mention_or_none
        table = next(t for t in ways.schema.tables if t.sql_name == mention.table)
        if not ways.join(view, table):
            return
        alias = table.name
        changes.append(f'"{table.name}" was joined')
    name = mention.column.strip('"').replace('""', '"')
    changes.append(f"'{literal.this}' was looked for in {mention.table}.{mention.column}")
    literal.set("this", mention.value)
    side.replace(column_node(alias, name))


def _as_written(literal: exp.Literal, question: str, changes: list[str]) -> None:
    """A pattern that is a piece of a word in capitals of the question becomes that word: a model
    that copies TN may write N."""
    part = str(literal.this).strip("%")
    words = set(re.findall(r"[A-Za-z0-9_]+", question))  # in Chinese a sentence is no word
    if not part or part in {*words, *(word.lower() for word in words)} or "%" in part:
        return
    whole = [w for w in words if w.isupper() and len(w) > 1 and part.upper() in w and w != "ID"]
    if len(whole) == 1:
        literal.set("this", str(literal.this).replace(part, whole[0]))
        changes.append(f"'{part}' was read as '{whole[0]}'")


def _ignore_case(
    node: exp.Like, source: Source, column: Column, database: Database, changes: list[str]
) -> None:
    """A pattern that nothing fits as it is written is tried without regard to case."""
    pattern = node.expression.sql(dialect="duckdb")
    if column.kind != "text" or source.table is None or node.args.get("escape"):
        return
    found = f"SELECT 1 FROM {source.table.sql_name} WHERE {quote(column.name)}"
    try:
        fits = database.run(f"{found} LIKE {pattern}", max_rows=1, seconds=_SCAN).rows
        if fits:
            return
        if database.run(f"{found} ILIKE {pattern}", max_rows=1, seconds=_SCAN).rows:
            changes.append(f"{pattern} was looked for in any case")
            node.replace(exp.ILike(this=node.this.copy(), expression=node.expression.copy()))
    except (QueryError, TimeLimitError):
        return
