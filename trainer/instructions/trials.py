"""Drafts on trial: each query is run once; what gives nothing or says something in vain goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from llmtui.database.dialects import parse
from llmtui.database.execute import Database
from llmtui.database.secrets import find
from llmtui.trainer.instructions.draft import Draft
from llmtui.trainer.instructions.pointless import pointless, without_cuts
from llmtui.trainer.instructions.virtues import NOT_ONE_FORM, in_one_form
from llmtui.workspace.errors import LlmtuiError

_MOST_FETCHED = 20
"""Rows looked at of one result."""


class Trials:
    """Why drafts about one database cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ran: dict[str, str] = {}
        """SQL → why it was dropped, '' when it was kept."""
        self._probed: dict[str, tuple[Any, ...]] = {}

    @property
    def kept(self) -> int:
        """Queries that can be used."""
        return sum(not why for why in self._ran.values())

    def problem(self, draft: Draft) -> str:
        """Why a draft cannot be used, '' when it can. Each SQL is run once."""
        if draft.sql not in self._ran:
            self._ran[draft.sql] = self._run(draft)
        return self._ran[draft.sql]

    def _run(self, draft: Draft) -> str:
        secret = find(draft.sql) if self._database.access.secrets == "mask" else ""
        if secret:
            return f"a likely {secret} is in it"
        if in_one_form(draft.sql) != draft.sql:
            return NOT_ONE_FORM
        if pointless(parse(draft.sql)):
            return "asks for what it says"
        try:
            if problem := self._aimless(draft):
                return problem
            result = self._database.run(draft.sql, max_rows=_MOST_FETCHED)
        except LlmtuiError as error:
            return f"does not run: {str(error)[:60]}"
        return "" if draft.may_be_empty else empty(result.rows)

    def _aimless(self, draft: Draft) -> str:
        """What a query says in vain, "" for nothing. Raises what running raises."""
        if draft.probe and not self._matters(draft):
            return "a condition changes nothing"
        if draft.probe and self._probed[draft.probe][0] == 1 and _of_many(draft.sql):
            return "orders or adds up one row"
        for what, cut, whole in () if draft.may_be_empty else without_cuts(draft.sql):
            counts = [
                self._database.run(f"SELECT COUNT(*) FROM ({sql})").rows for sql in (cut, whole)
            ]
            if counts[0] == counts[1]:
                return f"a {what} changes nothing"
        return ""

    def _matters(self, draft: Draft) -> bool:
        """Whether the rows change when a condition is left out."""
        if draft.probe not in self._probed:
            self._probed[draft.probe] = self._database.run(draft.probe, max_rows=1).rows[0]
        chosen, *others = self._probed[draft.probe]
        if draft.either:
            return bool(all(n < chosen for n in others[:-1]) and chosen < others[-1])
        return bool(0 < chosen < min(others))


def _of_many(sql: str) -> bool:
    """Whether a query orders, groups or computes, which makes sense with several rows."""
    return sql.count("SELECT") == 1 and bool(
        re.search(r"\b(ORDER BY|GROUP BY|SELECT DISTINCT|(AVG|SUM|MIN|MAX)\()", sql)
    )


def empty(rows: Sequence[tuple[Any, ...]]) -> str:
    if not rows or all(value is None for row in rows for value in row):
        return "gives no rows"
    nothing = tuple(rows) == ((0,),) and rows[0][0] is not False
    return "counts nothing" if nothing else ""
