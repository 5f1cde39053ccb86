"""Whether what a statement shows, and orders by, is of the kind that its question asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from sqlglot import exp

from llmtui.database.keys import singular
from llmtui.database.schema import Schema
from llmtui.inference.nearest import name_words
from llmtui.inference.scopes import tables_called
from llmtui.inference.unasked import shown_by

_ID = re.compile(r"(?:^|_)id$|[a-z]I[dD]$|编号$")
_IDS_ASKED = re.compile(r"\bid(?:s|entif\w*)?\b|\bnumbers?\b|\bcodes?\b|编号|代[码号]|号", re.I)
_EACH = re.compile(r"\b(?:each|every|per)\b|[每各]", re.IGNORECASE)
_NAMES_ASKED = re.compile(
    r"\bnames?\b(?! (?:is|start|begin|contain|end|ha|includ|like))|名[字称]|姓名",
    re.IGNORECASE,
)
_NAMES_OF = re.compile(
    r"\bnames? of (?:(?:the|all|each|every|different|distinct|unique) )*(\w+)", re.IGNORECASE
)
_NAMED = re.compile(r"name|title|label|nick|model|desc|first|_to|_of|country|city|[名称]")
_WHEN = re.compile(r"^\s*when\b|\bwh(?:at|ich) (?:date|day|year|time|month)\b|什么时候|何时"
                   r"|哪一?[年天日月]", re.IGNORECASE)  # fmt: skip
_DATED = re.compile(r"date|time|year|day|month|_(?:at|on|from|to)$|[年日时月]", re.IGNORECASE)
_HOW_MANY = re.compile(r"^\s*how many\b|有多少[个种名位条家座]?|有几", re.IGNORECASE)
_HOW_BIG = re.compile(
    r"\bhow (?:long|tall|large|big|high|heavy|far|deep|wide|old|expensive|populous)\b"
    r"|多[长高大重深宽远贵]", re.IGNORECASE,
)  # fmt: skip
_SIZED = re.compile(
    r"elevation|altitude|length|height|area|depth|width|age|price|cost|population|size|weight"
    r"|duration|distance|time|[长高重深宽价龄积程]", re.IGNORECASE,
)  # fmt: skip
"""Names of columns that hold sizes, though it may be as text."""
_BY_NAME = re.compile(r"alphab|lexico|dictionary|\bnames?\b|字母|拼音|名[字称]|姓名", re.IGNORECASE)
_WHOLE = frozenset(["full", "whole", "the", "their", "his", "her", "its", "and", "all", "whose"])
"""Words before "name" that mean all of it."""
_COUNTED = (exp.Count, exp.Sum)
_OF_THE_FIRST = re.compile(
    r"\b(?:of|for) the (?P<en>\w+est|most \w+|least \w+) [a-z]+"
    r"|最(?P<zh>[大小高低长短早晚新老旧贵])的[^的，,。？?]{1,8}的", re.IGNORECASE,
)  # fmt: skip
"""What is said of the one row that is first by something."""
_FIRST_BY = (
    ("larg|big|great|small|大|小", "area|size|积"),
    ("long|short|长|短", "length|duration|长"),
    ("high|tall|low|short|高|低", "elevation|height|altitude|高|海拔"),
    ("old|young|老|旧", "age|year|birth|龄|年|生"),
    ("heav|light", "weight|重"),
    ("expensive|cheap|cost|贵", "price|cost|fee|amount|价|费"),
    ("late|recent|earl|new|old|晚|早|新|旧", "date|time|year|日|时|年"),
)
"""What a superlative says, and names of columns that hold it: the length of the longest one."""


class Kinds:
    """Of which kind the columns of a schema are, by name: every kind that a name has."""

    def __init__(self, schema: Schema) -> None:
        self._kinds: dict[str, set[str]] = {}
        self._columns = {t.name.lower(): [c.name.lower() for c in t.columns] for t in schema.tables}
        self._called: set[str] = set()
        """Tables of which a column holds names, in lower case."""
        for table in schema.tables:
            for column in table.columns:
                self._kinds.setdefault(column.name.lower(), set()).add(column.kind)
                if column.kind == "text" and _NAMED.search(column.name.lower()):
                    self._called.add(table.name.lower())

    def of(self, column: exp.Column) -> set[str]:
        return self._kinds.get(column.name.lower(), set())

    def others_shown(self, question: str, tree: exp.Expr) -> int:
        """How much of what is shown, or comes first, is not of the kind that is asked for."""
        shown = shown_by(tree)
        wrong = [
            self._first_by_text(question, tree),
            self._unasked_ids(question, tree, shown),
            self._no_name(question, tree, shown),
            self._no_time(question, shown),
            self._no_number(question, tree, shown),
            bool(other_halves(question, tree)),
            self._end_of_all(question, tree, shown),
        ]
        return sum(wrong)

    def _first_by_text(self, question: str, tree: exp.Expr) -> bool:
        """Whether rows are cut after an order by a text of which the question does not speak."""
        for select in tree.find_all(exp.Select):
            if not (select.args.get("limit") and select.args.get("order")):
                continue
            key = select.args["order"].expressions[0].this
            if not isinstance(key, exp.Column) or self.of(key) != {"text"}:
                continue
            words = name_words(key.name)[-1:]
            begins = [rf"\b{word}" if word.isascii() else word for word in map(re.escape, words)]
            spoken = any(re.search(word, question, re.I) for word in begins)
            if not (spoken or _DATED.search(key.name) or _BY_NAME.search(question)):
                return True
        return False

    def _unasked_ids(self, question: str, tree: exp.Expr, shown: Sequence[exp.Expr]) -> bool:
        ids = [item for item in shown if isinstance(item, exp.Column) and _ID.search(item.name)]
        if not ids or _IDS_ASKED.search(question):
            return False
        if len(ids) == len(shown):
            return len(shown) == 1 and _NAMES_ASKED.search(question) is not None
        tables = tables_called(tree)
        owners = {tables.get(item.table.lower(), "") for item in ids if item.table}
        owners = owners or set(tables.values())
        return not _EACH.search(question) and not owners.isdisjoint(self._called)

    def _no_name(self, question: str, tree: exp.Expr, shown: Sequence[exp.Expr]) -> bool:
        """Whether names are asked for, and no column is read that could hold one: one that is
        called so, or else the very thing that is named, "the names of the genres"."""
        if not shown or not _NAMES_ASKED.search(question) or tree.find(exp.Star) is not None:
            return False
        named = _NAMES_OF.search(question)
        texts = [item for item in shown if isinstance(item, exp.Column) and "text" in self.of(item)]
        if named and any(singular(named[1].lower()) in name_words(item.name) for item in texts):
            return False
        return not any(_NAMED.search(part.name.lower()) for part in tree.find_all(exp.Identifier))

    def _end_of_all(self, question: str, tree: exp.Expr, shown: Sequence[exp.Expr]) -> bool:
        """Whether the density of the largest one is asked for, the highest density shown, and
        another column tells which is the largest."""
        found = _OF_THE_FIRST.search(question)
        alone = shown[0] if len(shown) == 1 and not tree.args.get("group") else None
        if not found or not isinstance(alone, exp.Max | exp.Min):
            return False
        first = (found["en"] or found["zh"]).lower()
        held = "|".join(names for said, names in _FIRST_BY if re.search(said, first))
        here = [
            name for table in tables_called(tree).values() for name in self._columns.get(table, ())
        ]
        told = [name for name in here if held and re.search(held, name)]
        return bool(told) and alone.this.name.lower() not in told

    def _no_time(self, question: str, shown: Sequence[exp.Expr]) -> bool:
        columns = [column for item in shown for column in item.find_all(exp.Column)]
        asked = bool(columns) and _WHEN.search(question) is not None
        asked = asked and not any(column.is_star for column in columns)
        return asked and not any(
            self.of(column) & {"date", "time"} or _DATED.search(column.name) for column in columns
        )

    def _no_number(self, question: str, tree: exp.Expr, shown: Sequence[exp.Expr]) -> bool:
        """Whether how many or how long is asked, and neither counted, added up nor held by a
        column."""
        kinds = {"number"} if _HOW_MANY.search(question) else set()
        kinds = kinds or ({"number", "date", "time"} if _HOW_BIG.search(question) else set())
        if not shown or not kinds or tree.find(*_COUNTED) is not None:
            return False
        columns = [column for item in shown for column in item.find_all(exp.Column)]
        return not any(
            column.is_star or kinds & self.of(column) or _SIZED.search(column.name)
            for column in columns
        )


def other_halves(question: str, tree: exp.Expr) -> list[exp.Expr]:
    """What is shown beside the half of a name that alone is asked for: "first name" is no
    last name, unless another name of the same rows is spoken of."""
    shown = [item for item in shown_by(tree) if isinstance(item, exp.Column)]
    words = [name_words(item.name) for item in shown]
    said = [singular(word) for word in re.findall(r"[a-z]+", question.lower())]
    found: list[exp.Expr] = []
    for item, mine in zip(shown, words, strict=True):
        for half, theirs in zip(shown, words, strict=True):
            alike = len(mine) == len(theirs) == 2 and mine[1] == theirs[1] and mine != theirs
            if not alike or half.table != item.table or mine[0] in said:
                continue
            before = [first for first, word in pairwise(said) if word == theirs[1]]
            own = set(name_words(item.table)) | {
                word for table in tree.find_all(exp.Table) for word in name_words(table.name)
                if not item.table
            }  # fmt: skip
            if theirs[0] in before and not (set(before) - {theirs[0]}) & (own | _WHOLE):
                found.append(item)
    return found
