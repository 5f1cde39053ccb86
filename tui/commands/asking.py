"""`llmtui ask` and `llmtui sql`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmtui.tui.commands.common import (
    ExcludeOption,
    JsonOption,
    LargeOption,
    Narrator,
    ProjectOption,
    SourceArgument,
    data,
    follow,
    keep,
    open_database,
    place,
    say,
    settings_for,
)
from llmtui.workspace.errors import ModelError, UsageError
from llmtui.workspace.project import Project
from llmtui.workspace.settings import Settings

if TYPE_CHECKING:
    from llmtui.database.execute import Database
    from llmtui.inference.answer import Answer
    from llmtui.inference.engine import Engine
    from llmtui.inference.model import Model

FileOption = Annotated[Path | None, typer.Option("--file", help="JSON lines in.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="JSON lines out.")]
ModelOption = Annotated[str | None, typer.Option("--model", help="A .gguf file or a model's name.")]
ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server",
        help="Ask a server that speaks OpenAI's protocol (http://host:port/v1) instead of a local "
        "model. It is sent the question and the schema; its key is read from LLMTUI_SERVER_KEY.",
    ),
]


def ask(
    source: SourceArgument,
    question: Annotated[str | None, typer.Argument(help="In English or Chinese.")] = None,
    file: FileOption = None,
    out: OutOption = None,
    model: ModelOption = None,
    server: ServerOption = None,
    exclude: ExcludeOption = None,
    large: LargeOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question, or every question of a file, with SQL that was checked and run."""
    full, kept = place(source, project)
    keep(kept, full, exclude, large)
    settings = settings_for(kept, server=server)
    _one_of(question, file, out, "QUESTION")
    from llmtui.inference.wording import question_problem

    problem = question_problem(question) if question is not None else ""
    if problem:
        from llmtui.inference.answer import Answer

        show(
            Answer(question=question or "", message=problem, exit_code=1),
            as_json=as_json,
            asked=True,
        )
    chosen = None if settings.server else choose_model(kept, model, full, settings)
    if file is not None:
        from llmtui.inference.batch import read_items

        read_items(file, "question")
    if chosen is not None:
        _load_meanwhile()
    with (
        open_database(full, settings) as database,
        _answering(chosen, model, settings, database) as answering,
    ):
        from llmtui.inference.ask import Asker
        from llmtui.inference.batch import answer_file
        from llmtui.tui.verdicts import settled, usual

        least, known = settings.least_confidence, settled(kept)
        asker = Asker(database, answering, least=least, settled=known, usual=usual(kept))
        if file is not None and out is not None:
            events = answer_file(file, out, "question", lambda id, text: asker.ask(text, id=id))
            follow(events, as_json=as_json)
            return
        answer = asker.ask(question or "")
    show(answer, as_json=as_json, asked=True)


def _load_meanwhile() -> None:
    """Load what answering needs while the process that opens the database starts. What cannot be
    loaded is told where it is needed, in its turn."""

    def load() -> None:
        with suppress(Exception):
            import llmtui.inference.ask
            import llmtui.inference.engine  # noqa: F401

    threading.Thread(target=load, daemon=True).start()


def sql(
    source: SourceArgument,
    statement: Annotated[str | None, typer.Argument(help="One query.")] = None,
    file: FileOption = None,
    out: OutOption = None,
    exclude: ExcludeOption = None,
    large: LargeOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a statement of your own through the same guard and limits."""
    full, kept = place(source, project)
    keep(kept, full, exclude, large)
    settings = settings_for(kept)
    _one_of(statement, file, out, "STATEMENT")
    from llmtui.inference.answer import run_sql
    from llmtui.inference.batch import answer_file

    with open_database(full, settings) as database:
        if file is not None and out is not None:
            events = answer_file(file, out, "sql", lambda id, text: run_sql(database, text, id=id))
            follow(events, as_json=as_json)
            return
        answer = run_sql(database, statement or "")
    show(answer, as_json=as_json, asked=False)


def _one_of(text: str | None, file: Path | None, out: Path | None, name: str) -> None:
    if (text is None) == (file is None):
        raise UsageError(f"Give either {name} or --file")
    if (file is None) != (out is None):
        raise UsageError("--file and --out belong together")


def choose_model(
    project: Project, name: str | None, source: Path, settings: Settings | None = None
) -> Path:
    """The GGUF to use: the one named, else the project's, else the head start of `settings.base`.

    Raises ModelError when there is none of them.
    """
    if name is not None:
        own = project.models / f"{name.removesuffix('.gguf')}.gguf"
        if own.is_file():
            return own
        from llmtui.quantize.bases import find_base

        return find_base(name)
    if project.model is not None:
        return project.model
    from llmtui.tui.headstart import model_of

    model = model_of(settings, Narrator().tell) if settings is not None else None
    if model is None:
        raise ModelError(
            "There is no tuned model for this source yet",
            where=str(source),
            hint=f"Make one with: llmtui tune {source}",
        )
    say(f"Not tuned on this source yet; a model of its own answers better: llmtui tune {source}")
    return model


@contextmanager
def _answering(
    chosen: Path | None, name: str | None, settings: Settings, database: Database
) -> Iterator[Model]:
    """The engine with the chosen model; without one, the server of the settings."""
    if chosen is None:
        from llmtui.inference.server import ServerModel

        model = ServerModel(settings.server, name=name or settings.server_model)
        model.reach()
        yield model
        return
    with open_engine(chosen, settings, database) as engine:
        yield engine


def open_engine(model: Path, settings: Settings, database: Database) -> Engine:
    from llmtui.inference.engine import Engine

    engine = Engine(model, threads=settings.threads)
    tuned_for = engine.metadata("llmtui.schema")
    if tuned_for and tuned_for != database.schema.fingerprint:
        say("The tables have changed since this model was tuned; `llmtui tune` teaches it anew.")
    return engine


def show(answer: Answer, *, as_json: bool, asked: bool) -> None:
    """Data on stdout, the SQL and its checks on stderr; exits with the answer's code."""
    if as_json:
        data(answer.to_dict(asked=asked))
    else:
        narrate(answer, asked=asked)
        if answer.status == "ok":
            print_table(answer.columns, answer.rows)
    code = 0 if answer.status == "ok" else answer.exit_code or 1
    raise typer.Exit(code)


def narrate(answer: Answer, *, asked: bool) -> None:
    if answer.sql and asked and (answer.status == "ok" or answer.checks.ran):
        from llmtui.tui.answers import read_back

        say(answer.sql)
        if told := read_back(answer):
            say(told)
    marks = {"parsed": answer.checks.parsed, "read-only": answer.checks.read_only,
             "bound": answer.checks.bound, "ran": answer.checks.ran}  # fmt: skip
    checks = " ".join(f"{'✓' if good else '✗'} {name}" for name, good in marks.items())
    if answer.status == "ok":
        rows = "1 row" if answer.row_count == 1 else f"{answer.row_count} rows"
        say(f"{checks}   {rows}   {answer.seconds:.2f} s")
    else:
        say(f"{answer.status}: {answer.message}")
        return
    if answer.message:
        say(answer.message)


def print_table(columns: tuple[str, ...], rows: tuple[tuple[Any, ...], ...]) -> None:
    """A table on a terminal, tab-separated lines elsewhere; values made safe to print."""
    from llmtui.database.text import safe_text, show_value

    if not sys.stdout.isatty():
        print("\t".join(safe_text(name) for name in columns))
        for row in rows:
            print("\t".join(show_value(value) for value in row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for name in columns:
        table.add_column(Text(safe_text(name)))
    for row in rows:
        table.add_row(*(Text(show_value(value)) for value in row))
    Console().print(table)
