"""The stage: rows of a project in, the same in other words beside them; saved as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event as Flag

from llmtui.database.execute import Database
from llmtui.inference.rewriting.keep import Keep
from llmtui.inference.rewriting.maker import Bench, Maker
from llmtui.inference.rewriting.parents import HeldOut, Journal, Task, tasks
from llmtui.inference.rewriting.trip import open_trip
from llmtui.inference.rewriting.wordings import Known
from llmtui.inference.rewriting.work import STAGE, Work
from llmtui.workspace.errors import UsageError
from llmtui.workspace.events import Event, Finished, Note, Started
from llmtui.workspace.project import Project
from llmtui.workspace.records import load_rows


@dataclass(frozen=True)
class Plan:
    """What to rewrite: so many rows, in these ways, for so many minutes (0: to the end).

    teacher: the name of the model that writes
    """

    ways: tuple[str, ...]
    rows: int
    minutes: float
    teacher: str


def rewrite(
    database: Database,
    project: Project,
    plan: Plan,
    makers: Callable[[Bench, Flag], Sequence[Maker]],
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Rewrite rows of the project; what was tried before with this teacher is left out.

    makers: those that work beside each other; the flag is raised when they are to stop
    stop: asked all the time; when it says yes, what is kept stays, and the stage ends
    Raises UsageError when there is nothing to rewrite, ModelError when a server fails for good,
    LlmtuiError when nothing comes of it, and what opening the copies raises.
    """
    began = time.monotonic()
    rows = load_rows(project.instructions)
    held = HeldOut(rows)
    chosen = tasks(rows, plan.ways, plan.rows, held)
    _require(chosen, plan, project)
    journal = Journal.read(project.rewrites, plan.teacher)
    left = [task for task in chosen if not journal.has(task)]
    yield Started(STAGE, f"{len(left)} of {len(chosen)} rows with {plan.teacher}", of=len(left))
    if not left:
        yield Note(
            f"All of these were tried before: a larger --rows takes more, and without "
            f"{project.rewrites} they are tried anew"
        )
    else:
        flag = Flag()
        with open_trip(database, [task.row.sql for task in chosen]) as trip:
            bench = Bench(trip, database.linker, Known(rows), held, plan.teacher)
            work = Work(Keep(bench, project, journal), makers(bench, flag), left, flag)
            ends = began + plan.minutes * 60 if plan.minutes else float("inf")
            yield from work.through(lambda: stop() or time.monotonic() > ends)
    yield Finished(STAGE, time.monotonic() - began)


def _require(chosen: Sequence[Task], plan: Plan, project: Project) -> None:
    if chosen:
        return
    if plan.ways == ("self-instruct",):
        raise UsageError(
            "There are no rows of your own yet to find more like them", where=str(project.root),
            hint="Accept or correct answers in the app, or import questions with their SQL.",
        )  # fmt: skip
    raise UsageError("There are no rows to train on yet", where=str(project.root))
