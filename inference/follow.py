"""Questions that go on from the last one: "and in 2023?", "only Berlin", 「按城市呢」.

The model was tuned on whole questions, so what such a question changes is changed in the last SQL:
a value or a year in the place of another, a further condition, a grouping, the number of rows.
Where that is not sure, the question is said whole for the model, or it is not understood.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from llmtui.database.dialects import parse, written
from llmtui.database.execute import Database
from llmtui.database.link import Mention
from llmtui.database.schema import Schema
from llmtui.inference.changing import change_rows, change_value, group, meant
from llmtui.inference.fragment import Fragment, fragment_of, goes_on
from llmtui.inference.repair import binds
from llmtui.inference.scopes import tables_of
from llmtui.inference.whole import narrowed, whole
from llmtui.inference.wording import question_problem
from llmtui.inference.years import change_year


@dataclass(frozen=True)
class Last:
    """The question before: said whole, "" when it cannot be; and its SQL, "" when it was not
    answered. Both are "" when there was none."""

    question: str = ""
    sql: str = ""


@dataclass(frozen=True)
class Followed:
    """whole: the question without need of the one before, "" when that cannot be told
    sql: the last SQL with what the question changes in it, "" when the model is to be asked
    unread: what could not be understood, when there is neither"""

    whole: str = ""
    sql: str = ""
    unread: str = ""


def follow_up(question: str, last: Last, database: Database) -> Followed:
    """What a question means after the last one. Raises Interrupted."""
    if not goes_on(question) or question_problem(question):
        return Followed(question)
    schema = database.schema
    tree = parse(last.sql) if last.sql else None
    select = tree if isinstance(tree, exp.Select) else None
    tables = tables_of(select, schema) if select is not None else []
    said = fragment_of(question, database.linker, tables)
    likely = [max(places, key=lambda m: m.score) for places in said.values]
    values = [meant(p, select, schema) for p in said.values] if select is not None else []
    pieces = [value or other for value, other in zip(values or likely, likely, strict=True)]
    text, worded = whole(last.question, said, pieces, database.linker)
    if select is not None and all(values) and not said.left:
        changed = _changed(select, said, pieces, schema)
        sql = written(select) if changed and all(changed.values()) else ""
        if sql and sql != last.sql and binds(sql, database):
            return Followed(text if worded == changed else "", sql)
    if said.stands_alone(schema.tables, last == Last()):
        return Followed(said.bare if said.refers and last != Last() else question)
    if said.left:
        adds = set(worded.values()) <= {"added"}
        text = narrowed(last.question, said) if adds else ""
    elif worded.get("rows") == "added":
        text = ""
    return Followed(text) if text else Followed(unread=said.bare or question)


def _changed(
    select: exp.Select, said: Fragment, values: list[Mention], schema: Schema
) -> dict[str, str]:
    """Change a query, and tell how for each thing that is said; see `changing`."""
    columns = [f"{m.table}.{m.column}" for m in values]
    if max(map(len, (said.years, said.tops, said.by))) > 1 or len(set(columns)) < len(columns):
        return {}
    how = {
        column: change_value(select, mention, schema, either=said.either)
        for column, mention in zip(columns, values, strict=True)
    }
    for year in said.years:
        how["year"] = "" if said.either else change_year(select, year, schema)
    for top in said.tops:
        how["rows"] = change_rows(select, top.count)
    for by in said.by:
        how["group"] = group(select, by, schema)
    return how
