"""An answer and what was checked of it; one statement on its way through all checks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from llmtui.database.execute import Database
from llmtui.database.text import json_value
from llmtui.workspace.errors import LlmtuiError

CUT = "Only the first {rows} rows are shown."


@dataclass(frozen=True)
class Checks:
    """What was verified of the SQL that is shown."""

    parsed: bool = False
    read_only: bool = False
    bound: bool = False
    ran: bool = False


@dataclass(frozen=True)
class Answer:
    """An answer; the fields, in this order, are the JSON that commands write.

    status: ok; abstained (no SQL that binds was found, the model says that there is none, or it is
    less sure than wanted);
    refused (the guard said no); failed
    confidence: 0 to 1, the share of answers of this likelihood that are right, and less than that
    for each thing that speaks against this one
    likelihood: mean probability of the tokens that the model said, None when it says none
    seconds: wall time of it all
    """

    id: str = ""
    question: str = ""
    sql: str = ""
    status: str = "failed"
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    row_count: int = 0
    truncated: bool = False
    confidence: float | None = None
    likelihood: float | None = None
    checks: Checks = field(default_factory=Checks)
    message: str = ""
    seconds: float = 0.0
    model: str = ""
    exit_code: int = 0

    def to_dict(self, *, asked: bool = True) -> dict[str, Any]:
        """JSON-able; without what only a question has when `asked` is false."""
        data = {name: value for name, value in vars(self).items() if name != "exit_code"}
        data["columns"] = list(self.columns)
        data["rows"] = [[json_value(value) for value in row] for row in self.rows]
        data["checks"] = asdict(self.checks)
        data["seconds"] = round(self.seconds, 3)
        for name in ("confidence", "likelihood"):
            if data[name] is not None:
                data[name] = round(data[name], 4)
        if not asked:
            for name in ("question", "confidence", "likelihood", "model"):
                del data[name]
        return data


def run_sql(
    database: Database, sql: str, *, id: str = "", stopped: Callable[[], bool] = lambda: False
) -> Answer:
    """One statement through guard, binding and limits; errors become the answer's status.

    stopped: whether it is no longer wanted, also when that is so between two of the steps
    """
    began = time.monotonic()
    ends = began + database.access.time_limit
    answer = Answer(id=id, sql=sql)
    verdict = database.check(sql)
    checks = Checks(verdict.parsed, verdict.read_only)
    if not verdict.ok:
        harmful = verdict.parsed and not verdict.read_only
        status = "refused" if harmful else "failed"
        answer = replace(answer, status=status, message=verdict.reason, exit_code=1)
    else:
        try:
            database.bind(sql, seconds=ends - time.monotonic(), stopped=stopped)
            checks = replace(checks, bound=True)
            result = database.run(sql, seconds=ends - time.monotonic(), stopped=stopped)
        except LlmtuiError as error:
            answer = replace(answer, message=str(error), exit_code=error.exit_code)
        else:
            checks = replace(checks, ran=True)
            cut = CUT.format(rows=len(result.rows)) if result.truncated else ""
            answer = replace(
                answer,
                status="ok",
                columns=result.columns,
                rows=result.rows,
                row_count=len(result.rows),
                truncated=result.truncated,
                message=cut,
            )
    return replace(answer, checks=checks, seconds=time.monotonic() - began)


def holds_nothing(answer: Answer) -> bool:
    """Whether a result is empty, or one row without a value: seldom what was asked for."""
    return all(value is None for row in answer.rows for value in row)


def declined(answer: Answer) -> bool:
    """Whether the model itself said that it has no SQL for the question, or asked back."""
    return answer.status == "abstained" and not answer.sql
