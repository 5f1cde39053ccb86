"""What a word of SQL may go on to, from the schema: names of the tables that are named first."""

from __future__ import annotations

import re

from llmtui.database.schema import Schema

_WORDS = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "JOIN", "LEFT JOIN", "ON",
    "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL", "DISTINCT",
    "COUNT(", "SUM(", "AVG(", "MIN(", "MAX(", "CASE WHEN", "EXISTS", "UNION", "WITH", "DESC", "ASC",
)  # fmt: skip
_LAST = re.compile(r"(?:([\w]+)\.)?([\w]*)$")


def complete(before: str, whole: str, schema: Schema | None) -> str:
    """The rest of the word before the cursor, '' when nothing fits or one letter says too little.

    before: the text up to the cursor; whole: the whole statement
    """
    found = _LAST.search(before)
    owner, start = (found[1] or "", found[2]) if found else ("", "")
    if in_text(before) or (len(start) < 2 and not owner):
        return ""
    for name in candidates(whole, owner, schema):
        if name.casefold().startswith(start.casefold()) and len(name) > len(start):
            rest = name[len(start) :]
            return rest.lower() if start.islower() and name.isupper() else rest
    return ""


def candidates(whole: str, owner: str, schema: Schema | None) -> list[str]:
    """Columns of `owner`; else columns of the tables named in the statement, tables, the others."""
    tables = schema.tables if schema is not None else ()
    if owner:
        return [c.sql_name for t in tables if t.name.casefold() == owner.casefold()
                for c in t.columns]  # fmt: skip
    named = set(re.findall(r"\w+", whole.casefold()))
    near = [t for t in tables if t.name.casefold() in named]
    far = [t for t in tables if t not in near]
    names = [c.sql_name for t in near for c in t.columns]
    names += [t.sql_name for t in tables] + [c.sql_name for t in far for c in t.columns]
    return [*names, *_WORDS]


def in_text(before: str) -> bool:
    """Whether the cursor stands inside a quoted text or name."""
    return before.count("'") % 2 == 1 or before.count('"') % 2 == 1
