"""`llmtui instructions rewrite`: a teacher says rows in other words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from threading import Event as Flag
from threading import Lock
from typing import TYPE_CHECKING, Annotated

import typer

from llmtui.tui.commands.common import (
    JsonOption,
    ProjectOption,
    SourceArgument,
    follow,
    open_database,
    place,
    settings_for,
)
from llmtui.tui.commands.ending import Stop, told
from llmtui.workspace.errors import UsageError
from llmtui.workspace.events import Event
from llmtui.workspace.project import Project
from llmtui.workspace.settings import Settings

if TYPE_CHECKING:
    from llmtui.database.execute import Database
    from llmtui.inference.model import Model
    from llmtui.inference.rewriting.maker import Bench, Maker

    Answering = list[tuple[Model, AbstractContextManager[object] | None]]

STAGE = "rewrite"
_BESIDE = 4
"""Requests that a server gets at once."""
_CONTEXT = 4096
"""Tokens that a teacher reads and writes together."""
_LEAST = 400_000_000
"""Numbers of the smallest model that is taken for a teacher."""

ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server",
        help="A server that speaks OpenAI's protocol (http://host:port/v1) as teacher. It is sent "
        "questions and the schema; its key is read from LLMTUI_SERVER_KEY.",
    ),
]
TeacherOption = Annotated[
    str | None,
    typer.Option(
        "--teacher",
        help="A .gguf file or a name of `models list`; with --server, the model to ask for there.",
    ),
]
WayOption = Annotated[
    list[str] | None,
    typer.Option(
        "--way",
        help="paraphrase (when none is given), back-translation, translation or self-instruct "
        "(new questions like your own). Repeat it for more.",
    ),
]
RowsOption = Annotated[int, typer.Option("--rows", min=1, help="Rows to rewrite in each way.")]
MinutesOption = Annotated[
    float, typer.Option("--minutes", min=0, help="End after so long; 0 is when all are done.")
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model", help="What answers the new questions; else the project's model and the teacher."
    ),
]
SmallOption = Annotated[
    bool, typer.Option("--small", help="Take a teacher that is likely too small to help.")
]


def rewrite(
    source: SourceArgument,
    server: ServerOption = None,
    teacher: TeacherOption = None,
    way: WayOption = None,
    rows: RowsOption = 200,
    minutes: MinutesOption = 0.0,
    model: ModelOption = None,
    small: SmallOption = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a larger model say rows in other words; those that mean the same are kept.

    A new question is kept when it is answered with the very results of its row, on the database and
    on perturbed copies. Run it again to go on where it stopped; Ctrl-C keeps what there is.
    """
    full, kept = place(source, project)
    from llmtui.inference.rewriting.ways import chosen_ways
    from llmtui.tui.commands.rows import existing

    ways = chosen_ways(way or ["paraphrase"])
    if server is None and teacher is None:
        raise UsageError(
            "There is no teacher: give --server or --teacher",
            hint="--server http://host:port/v1 is a server that speaks OpenAI's protocol, --teacher"
            " a .gguf file or a name of `llmtui models list`.",
        )
    existing(kept, source)
    settings = settings_for(kept)
    local = None if server is not None else teacher_file(teacher or "", small)
    stop = Stop()

    def work() -> Iterator[Event]:
        from llmtui.inference.rewriting.stage import Plan
        from llmtui.inference.rewriting.stage import rewrite as stage
        from llmtui.tui.lock import only_one

        with ExitStack() as stack:
            stack.enter_context(only_one(kept, 0, STAGE))
            first, name = (
                _local(local, settings, stack) if local else _remote(server or "", teacher)
            )
            database = stack.enter_context(open_database(full, settings))
            own = _own(kept, model, settings, database, stack)
            plan = Plan(ways, rows, minutes, name)
            yield from stage(database, kept, plan, _makers(first, own), stop)

    follow(told(work(), stop, STAGE), as_json=as_json)


def teacher_file(name: str, small: bool) -> Path:
    """The GGUF of a teacher. Raises ModelError, and UsageError for one that is too small."""
    from math import prod

    from llmtui.quantize.bases import find_base
    from llmtui.quantize.header import read

    file = find_base(name)
    size = sum(prod(tensor.shape) for tensor in read(file).tensors)
    if size < _LEAST and not small:
        raise UsageError(
            f"This model has {size / 1e6:.0f} million parameters; one of fewer than "
            f"{_LEAST / 1e6:.0f} million seldom says the same in other words",
            where=file.name,
            hint="Name a larger one or a server; --small takes it all the same.",
        )
    return file


def _local(
    file: Path, settings: Settings, stack: ExitStack
) -> tuple[Callable[[Flag], Sequence[Model]], str]:
    """A local teacher, who does one thing after the other; and its name."""
    from llmtui.inference.engine import Engine

    engine = stack.enter_context(Engine(file, threads=settings.threads, context=_CONTEXT))
    return (lambda _flag: [engine]), file.stem


def _remote(url: str, name: str | None) -> tuple[Callable[[Flag], Sequence[Model]], str]:
    """A few connections to a server; and the name of its model. Raises ServerError."""
    from llmtui.inference.rewriting.teacher import PatientServer

    first = PatientServer(url, Flag(), name=name or "")
    first.reach()
    model = str(first.path)
    return (lambda flag: [PatientServer(url, flag, name=model) for _ in range(_BESIDE)]), model


def _own(
    project: Project, name: str | None, settings: Settings, database: Database, stack: ExitStack
) -> Answering:
    """The model that is named, or the project's: it answers before the teacher does."""
    from llmtui.tui.commands.asking import choose_model, open_engine

    if name is None and project.model is None:
        return []
    chosen = choose_model(project, name, database.path)
    return [(stack.enter_context(open_engine(chosen, settings, database)), Lock())]


def _makers(
    teachers: Callable[[Flag], Sequence[Model]], own: Answering
) -> Callable[[Bench, Flag], Sequence[Maker]]:
    """A maker for each teacher; the model of one's own is shared, and teachers answer too."""

    def make(bench: Bench, flag: Flag) -> Sequence[Maker]:
        from llmtui.inference.rewriting.maker import Maker

        return [Maker(bench, one, [*own, (one, None)]) for one in teachers(flag)]

    return make
