"""What speaks against an answer, by its question, its statement and its rows."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace

from llmtui.database.dialects import parse
from llmtui.database.execute import Database
from llmtui.database.link import Mention, without
from llmtui.inference.answer import Answer, holds_nothing
from llmtui.inference.coverage import left_out
from llmtui.inference.detours import detours
from llmtui.inference.direction import turned_round
from llmtui.inference.displayed import Kinds
from llmtui.inference.doubts import in_vain
from llmtui.inference.invented import count_invented
from llmtui.inference.named import Names
from llmtui.inference.needless import Joins
from llmtui.inference.unasked import unasked

_DOUBT = 0.6
"""What is left of an answer's confidence when it is empty, or for each other thing against it."""


@dataclass(frozen=True, order=True)
class Faults:
    """The gravest first; the answer with fewer is the better one.

    wrong: how many things the question asks for and the statement leaves out, does otherwise or
        adds; one more when there is nothing in its result
    """

    failed: bool = False
    vain: bool = False
    wrong: int = 0

    def __bool__(self) -> bool:
        return any(astuple(self))


class Critic:
    """Finds the faults of answers about one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = Names(database.schema)
        self._kinds = Kinds(database.schema)
        self._joins = Joins(database.schema)

    def faults(self, question: str, answer: Answer) -> Faults:
        ran = answer.status == "ok"
        vain = ran and in_vain(answer.sql, self._database.schema, question)
        wrong = sum(self.reasons(question, answer.sql).values())
        return Faults(not ran, vain, wrong + holds_nothing(answer))

    def reasons(self, question: str, sql: str) -> dict[str, int]:
        """What of a statement is not as its question asks, and how often; {} for no query."""
        tree = parse(sql)
        if tree is None:
            return {}
        mentions = self._database.linker.mentions(question)
        rest = without(question, mentions)
        telling = [mention for mention in mentions if not self._everywhere(mention)]
        return {
            "left out": left_out(question, telling, sql, self._names),
            "invented": count_invented(question, sql, self._database),
            "unasked": unasked(question, tree)
            + len(self._joins.needless(question, tree))
            + detours(question, tree, self._joins)
            + self._joins.elsewhere(question, tree),
            "turned round": int(turned_round(rest, tree)),
            "other columns": self._kinds.others_shown(rest, tree),
        }

    def _everywhere(self, mention: Mention) -> bool:
        """Whether every row has a value, so that nothing need be compared with it."""
        columns = (c for t in self._database.schema.tables for c in t.columns
                   if (t.sql_name, c.sql_name) == (mention.table, mention.column))  # fmt: skip
        return any(column.distinct == 1 and not column.nulls for column in columns)


def doubted(answer: Answer, faults: Faults) -> Answer:
    """The answer, less sure for each thing that speaks against it; its likelihood stays. Of one
    that says nothing of how sure it is, as servers do not, only these tell."""
    found = faults.vain + faults.wrong
    if answer.confidence is None and not found:
        return answer
    sure = 1.0 if answer.confidence is None else answer.confidence
    return replace(answer, confidence=sure * _DOUBT**found)
