"""Conditions on values that the question does not name.

A small model that finds no value for a word ("in the country") takes one that it has seen often.
Of what people asked about the development databases, one query in a hundred and fifty compares
with a text that neither stands in the question nor is linked to a word of it.
"""

from __future__ import annotations

import re

from sqlglot import exp

from llmtui.database.dialects import parse
from llmtui.database.execute import Database
from llmtui.inference.lacking import what_is_lacking

_SHORTEST = 3
"""Letters of a text that could be said; shorter ones are codes for something."""
_SWITCHES = frozenset(["yes", "no", "true", "false", "none", "unknown"])
_NO_WORDS = re.compile(r"[\d\W_]*")


def invented(question: str, database: Database, tree: exp.Expr) -> list[exp.Expr]:
    """The comparisons of columns with texts of which the question says nothing; none while it has
    a word that nothing in the database is called by, which may mean such a text: "girls"."""
    mentions = database.linker.mentions(question)
    known = {mention.value.casefold() for mention in mentions}
    folded = question.casefold()
    words = set(re.findall(r"\w+", folded))

    def strange(item: exp.Expr) -> bool:
        text = item.name.casefold().strip()
        coded = len(text) < _SHORTEST or text in _SWITCHES
        if not item.is_string or coded or _NO_WORDS.fullmatch(text):
            return False
        return not (text in known or text in folded or words & set(re.findall(r"\w+", text)))

    found: list[exp.Expr] = [
        test
        for test in tree.find_all(exp.EQ, exp.NEQ, exp.In)
        if isinstance(test.this, exp.Column)
        and any(map(strange, test.expressions if isinstance(test, exp.In) else [test.expression]))
    ]
    return [] if not found or what_is_lacking(question, database) else found


def count_invented(question: str, sql: str, database: Database) -> int:
    tree = parse(sql)
    return len(invented(question, database, tree)) if tree is not None else 0
