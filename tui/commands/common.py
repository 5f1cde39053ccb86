"""What commands share: the source's project, settings, narration on stderr, data on stdout."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from llmtui.database.text import json_line, safe_text
from llmtui.workspace import settings as settings_of
from llmtui.workspace.errors import Interrupted, SourceError, UsageError
from llmtui.workspace.events import (
    Event,
    Failed,
    Finished,
    Mined,
    Note,
    Planned,
    Progress,
    RowDropped,
    RowsKept,
    Saved,
    Scored,
    Started,
    to_line,
)
from llmtui.workspace.paths import full_path, typed_path
from llmtui.workspace.project import Project, project_for
from llmtui.workspace.settings import Settings

if TYPE_CHECKING:
    from llmtui.database.execute import Database

Result = TypeVar("Result")
SourceArgument = Annotated[
    Path, typer.Argument(help="A database, a data file, or a folder of data files.")
]
ProjectOption = Annotated[
    Path | None, typer.Option("--project", help="Folder that keeps what is made for this source.")
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        help="A table, or table.column, kept from the model and from queries; * is any part of a "
        "name. Repeat it for more; the project remembers it, and '' forgets all of it.",
    ),
]
LargeOption = Annotated[
    str | None,
    typer.Option("--large", help="A source above import_mb: sample, import (once) or in-place."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Write JSON to stdout.")]


def place(source: Path, project: Path | None) -> tuple[Path, Project]:
    """The source's full path and its project. Raises SourceError when the source is missing."""
    full = full_path(source)
    if not full.exists():
        raise SourceError("There is no such file or folder", where=str(full))
    return full, project_for(full, project)


def new_file(path: Path, ending: str) -> Path:
    """The full path of a file to write. Raises UsageError when it exists or ends otherwise."""
    full = typed_path(path).absolute()
    if not full.name.endswith(ending):
        raise UsageError(f"The name must end in {ending}", where=str(full))
    if full.exists():
        raise UsageError("This exists already", where=str(full), hint="Name a new file.")
    return full


def settings_for(project: Project, **flags: Any) -> Settings:
    return settings_of.load(project.file if project.file.is_file() else None, **flags)


def open_database(source: Path, settings: Settings) -> Database:
    """Open the source as the settings allow, narrating its import."""
    from llmtui.database.execute import Access, Database

    return Database.open(source, Access.of(settings), tell=Narrator().tell)


def keep(project: Project, source: Path, exclude: list[str] | None, large: str | None) -> None:
    """Write what may be read of the source into the project, so that every command heeds it.

    Raises UsageError, and writes nothing, when it names what is not there.
    """
    from llmtui.workspace.project import start

    given = {"exclude": None if exclude is None else _joined(project, exclude), "large": large}
    changes = {name: value for name, value in given.items() if value is not None}
    if changes:
        with open_database(source, settings_for(project, **changes)):
            pass
        start(project, source)
        settings_of.save_project(project.file, **changes)
        if exclude is not None:
            say(f"Excluded: {changes['exclude'] or 'nothing'}")


def _joined(project: Project, exclude: list[str]) -> str:
    """What is excluded already and what is named now; "" alone excludes nothing any more."""
    if not any(name.strip() for name in exclude):
        return ""
    before = settings_for(project).exclude.split(",")
    names = (name.strip() for given in [*before, *exclude] for name in given.split(","))
    return ", ".join(dict.fromkeys(name for name in names if name))


def say(text: str) -> None:
    """A line of narration."""
    print("\n".join(map(safe_text, text.split("\n"))), file=sys.stderr, flush=True)


def data(item: Any) -> None:
    """One JSON line of data."""
    print(json_line(json.dumps(item, ensure_ascii=False)), flush=True)


def follow(events: Iterable[Event], *, as_json: bool) -> None:
    """Run a stage to its end, telling its events: JSON lines on stdout or text on stderr."""
    narrator = Narrator()
    for event in events:
        if as_json:
            print(json_line(to_line(event)), flush=True)
        else:
            narrator.tell(event)
    narrator.clear()


def narrated(events: Generator[Event, None, Result]) -> Result:
    """What a stage returns; its events are told on stderr."""
    narrator = Narrator()
    while True:
        try:
            narrator.tell(next(events))
        except StopIteration as end:
            narrator.clear()
            result: Result = end.value
            return result


class Narrator:
    """Events as text; on a terminal the progress stays on one line."""

    def __init__(self) -> None:
        self.live = sys.stderr.isatty()
        self.width = 0
        self.told = 0.0

    def tell(self, event: Event) -> None:
        if isinstance(event, Progress):
            self.progress(event)
            return
        self.clear()
        text = describe(event)
        if text:
            say(text)

    def progress(self, event: Progress) -> None:
        now = time.monotonic()
        last = event.step >= event.of > 0
        if now - self.told < (0.1 if self.live else 20.0) and not last:
            return
        self.told = now
        text = "  " + describe_progress(event)
        if self.live:
            text = safe_text(text)
            print("\r" + text.ljust(self.width), end="", file=sys.stderr, flush=True)
            self.width = len(text)
        else:
            say(text)

    def clear(self) -> None:
        if self.live and self.width:
            print("\r" + " " * self.width + "\r", end="", file=sys.stderr, flush=True)
            self.width = 0


def describe_progress(event: Progress) -> str:
    steps = f"{event.step}/{event.of}" if event.of else f"{event.step} {event.unit}"
    parts = [f"{event.stage} {steps.strip()}"]
    if event.loss is not None:
        parts.append(f"loss {event.loss:.3f}")
    if event.rate is not None:
        parts.append(f"{event.rate:.1f} {event.unit}/s")
    if event.seconds_left is not None:
        parts.append(f"{duration(event.seconds_left)} left")
    return "  ".join(parts)


def describe_plan(event: Planned) -> str:
    text = (
        f"  plan: {event.rows} rows in {event.steps} steps, "
        f"{event.tokens_per_second:.0f} tokens/s, {duration(event.minutes * 60)}, "
        f"{event.memory_gb:.1f} GB of memory, "
        f"{event.disk_gb:.2f} GB of disk"
    )
    text += f" ({event.detail})" if event.detail else ""
    return text if event.fits else f"{text}\n  this does not fit. {event.advice}"


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"


def describe(event: Event) -> str:
    """One line for a person, '' for what needs no line."""
    text = ""
    match event:
        case Started(stage="tune", detail=detail):
            text = f"Tuning a model on {detail}"
        case Started(stage=stage, detail=detail):
            text = f"▸ {stage}: {detail}"
        case Planned():
            text = describe_plan(event)
        case RowDropped(reason=reason, count=count, example=example):
            text = f"  dropped {count}: {reason}" + (f" ({example})" if example else "")
        case RowsKept(count=count, where=where):
            text = f"  kept {count} rows" + (f" of {where}" if where else "")
        case Mined(kind=kind, name=name, text=found, where=where):
            text = f"  {kind}: {name} = {found} ({where})"
        case Scored():
            share = event.hits / event.of if event.of else 0.0
            text = (
                f"  {event.name}: {share:.1%} {event.metric} "
                f"({event.hits}/{event.of}, 95 % {event.low:.0%}–{event.high:.0%})"
            )
        case Saved(kind=kind, path=path):
            text = f"  saved {kind}: {path}"
        case Note(text=note):
            text = f"  {note}"
        case Finished(stage=stage, seconds=seconds, detail=detail):
            text = f"✓ {stage} in {duration(seconds)}" + (f": {detail}" if detail else "")
        case Failed(exit_code=Interrupted.exit_code, message=message):
            text = f"‖ {message}"
        case Failed(stage=stage, message=message):
            text = f"✗ {stage}: {message}"
        case _:
            pass
    return text
