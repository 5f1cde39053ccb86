"""`llmtui instructions …`: build, list, check, import, mine, export, look over and rewrite."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from llmtui.database.text import json_line, safe_text
from llmtui.tui.commands import rewriting
from llmtui.tui.commands.common import (
    ExcludeOption,
    JsonOption,
    LargeOption,
    ProjectOption,
    SourceArgument,
    follow,
    keep,
    narrated,
    open_database,
    place,
    say,
    settings_for,
)
from llmtui.tui.commands.tuning import ContrastOption, LangOption, RowsOption
from llmtui.workspace.errors import RecordError, UsageError
from llmtui.workspace.events import Event, Saved
from llmtui.workspace.project import Project
from llmtui.workspace.records import Instruction, load_rows, save_rows, to_line

app = typer.Typer(
    help="Instruction rows: build, list, check, import, mine, export, rewrite and more.",
    no_args_is_help=True,
)
app.command("rewrite")(rewriting.rewrite)


SeedOption = Annotated[int, typer.Option(help="The same seed gives the same rows.")]


@app.command()
def build(
    source: SourceArgument,
    rows: RowsOption = None,
    lang: LangOption = None,
    seed: SeedOption = 7,
    contrast: ContrastOption = False,
    exclude: ExcludeOption = None,
    large: LargeOption = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Construct rows from the database; rows of your own and verdicts stay.

    `tune` and `train` learn from them: the project remembers --rows, --lang and --contrast.
    """
    full, kept = place(source, project)
    keep(kept, full, exclude, large)
    settings = settings_for(kept, rows=rows, languages=lang, contrast="on" if contrast else None)
    from llmtui.trainer.instructions.build import build as stage
    from llmtui.trainer.instructions.construct import Options
    from llmtui.tui.pipeline import note_rows, parse_languages
    from llmtui.workspace.project import start
    from llmtui.workspace.settings import save_project

    options = Options(
        parse_languages(settings.languages),
        settings.rows,
        seed,
        contrast=settings.contrast == "on",
    )
    start(kept, full)
    remembered = {"rows": rows, "languages": lang, "contrast": "on" if contrast else None}
    save_project(kept.file, **{name: value for name, value in remembered.items() if value})
    with open_database(full, settings) as database:
        follow(stage(database, kept, options), as_json=as_json)
        note_rows(database, kept, options)


@app.command("list")
def list_rows(
    source: SourceArgument,
    search: Annotated[str | None, typer.Option("--search", help="Text in question or SQL.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1)] = 20,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show rows, and on stderr how many there are of each kind."""
    _, kept = place(source, project)
    rows = existing(kept, source)
    needle = (search or "").casefold()
    found = [row for row in rows if needle in f"{row.question}\n{row.target}".casefold()]
    for row in found[:limit]:
        parts = (row.id, row.lang, row.question, row.target)
        print(json_line(to_line(row)) if as_json else "\t".join(map(safe_text, parts)))
    counts = Counter(f"{row.origin} {row.lang} {row.split}" for row in found)
    say(f"{len(found)} rows: " + ", ".join(f"{n} {name}" for name, n in counts.most_common()))


@app.command()
def check(
    source: SourceArgument, project: ProjectOption = None, as_json: JsonOption = False
) -> None:
    """Run every row's SQL again; exits with 1 when a row no longer holds."""
    full, kept = place(source, project)
    rows = existing(kept, source)
    kept_rows, events = checked(full, kept, rows)
    follow(iter(events), as_json=as_json)
    if len(kept_rows) < len(rows):
        raise typer.Exit(1)


@app.command("import")
def import_file(
    source: SourceArgument,
    file: Annotated[Path, typer.Argument(help="JSONL, JSON or CSV; Alpaca and chats too.")],
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add rows of your own, after the same checks as constructed ones."""
    full, kept = place(source, project)
    from llmtui.trainer.instructions.exchange import import_rows, joined
    from llmtui.workspace.project import start

    new, events = checked(full, kept, import_rows(file))
    start(kept, full)
    old = load_rows(kept.instructions) if kept.instructions.is_file() else []
    rows = joined(new, old)
    save_rows(kept.instructions, rows)
    follow(iter([*events, Saved("instructions", str(kept.instructions))]), as_json=as_json)
    if as_json:
        return
    replaced = len(new) + len(old) - len(rows)
    say(f"{len(new)} rows added, {replaced} replaced, {len(rows)} in all")


@app.command()
def mine(
    source: SourceArgument,
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders: SQL, notebooks, documents.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be added; write nothing.")
    ] = False,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add rows and words that are there already: SQL with comments, views, data dictionaries.

    A query becomes a row when words stand beside it: a comment, a heading, a cell of text. What
    documents say of tables and columns goes into glossary.toml. Nothing of yours is replaced.
    """
    full, kept = place(source, project)
    from llmtui.trainer.instructions.mining.stage import mine as stage
    from llmtui.workspace.project import start

    with open_database(full, settings_for(kept)) as database:
        if not dry_run:
            start(kept, full)
        follow(stage(database, kept, paths or [], dry_run=dry_run), as_json=as_json)


@app.command()
def export(
    source: SourceArgument,
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    shape: Annotated[
        str,
        typer.Option(
            "--shape", help="jsonl, json, csv, alpaca or messages; else as the file is called."
        ),
    ] = "",
    project: ProjectOption = None,
) -> None:
    """Write the rows for other tools."""
    _, kept = place(source, project)
    from llmtui.trainer.instructions.exchange import export_rows

    rows = existing(kept, source)
    count = export_rows(out, rows, shape)
    left = f"; {len(rows) - count} rejected or dead ones left out" if count < len(rows) else ""
    say(f"{count} rows written to {out}{left}")


@app.command()
def coverage(
    source: SourceArgument, project: ProjectOption = None, as_json: JsonOption = False
) -> None:
    """What the rows show of what could be asked: seen and possible, and what is missing."""
    full, kept = place(source, project)
    rows = existing(kept, source)
    settings = settings_for(kept)
    from llmtui.trainer.instructions.coverage import coverage as shares_of
    from llmtui.tui.pipeline import parse_languages

    with open_database(full, settings) as database:
        shares = shares_of(rows, database.schema, parse_languages(settings.languages))
    if as_json:
        told = {s.aspect: {"possible": len(s.possible), "missing": s.missing} for s in shares}
        print(json.dumps(told, ensure_ascii=False))
        return
    for share in shares:
        missing = safe_text(", ".join(share.missing))
        print(f"{share.aspect}\t{share.seen}\t{len(share.possible)}\t{missing}")


@app.command()
def contrast(
    source: SourceArgument,
    out: Annotated[Path, typer.Option("--out", help="The file of JSON lines to write.")],
    each: Annotated[
        int, typer.Option("--each", min=0, max=9, help="Near misses of a question at most.")
    ] = 2,
    shape: Annotated[str, typer.Option("--shape", help="text or messages.")] = "text",
    seed: SeedOption = 7,
    project: ProjectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write preference pairs: right answers beside near misses that run and are proven wrong.

    Lines of {"prompt", "chosen", "rejected", "change", "why", "id", "lang"} of the rows that are
    trained on; twins and questions without an answer are among them when the rows were built with
    --contrast. How many there are of each kind goes to stdout.
    """
    full, kept = place(source, project)
    rows = existing(kept, source)
    from llmtui.trainer.instructions.contrast import write_pairs

    with open_database(full, settings_for(kept)) as database:
        counts = narrated(
            write_pairs(database, rows, out.absolute(), each=each, shape=shape, seed=seed)
        )
    if as_json:
        print(json.dumps(dict(counts.most_common()), ensure_ascii=False))
        return
    for kind, count in counts.most_common():
        print(f"{kind}\t{count}")


@app.command()
def glossary(source: SourceArgument, project: ProjectOption = None) -> None:
    """Write glossary.toml to edit: what people call your tables, columns and values.

    Its words come first when rows are built, in English and Chinese.
    """
    full, kept = place(source, project)
    from llmtui.trainer.instructions.glossary import read_glossary, template
    from llmtui.workspace.files import write_text
    from llmtui.workspace.project import start

    if kept.glossary.is_file():
        read_glossary(kept.glossary)
        say("The glossary is there already; edit it, then build or tune again.")
    else:
        start(kept, full)
        with open_database(full, settings_for(kept)) as database:
            write_text(kept.glossary, template(database.schema))
    print(kept.glossary)


def existing(project: Project, source: Path) -> list[Instruction]:
    """The project's rows. Raises UsageError when none were built yet."""
    if not project.instructions.is_file():
        raise UsageError(
            "There are no rows for this source yet",
            where=str(source),
            hint=f"Build some with: llmtui instructions build {source}",
        )
    return load_rows(project.instructions)


def checked(
    source: Path, project: Project, rows: list[Instruction]
) -> tuple[list[Instruction], list[Event]]:
    from llmtui.trainer.instructions.check import check_rows

    events: list[Event] = []
    with open_database(source, settings_for(project)) as database:
        kept = check_rows(database, rows, events.append)
    if rows and not kept:
        raise RecordError("No row passes the checks", where=str(source), hint=reasons(events))
    return kept, events


def reasons(events: list[Event]) -> str:
    found: Iterator[str] = (getattr(event, "reason", "") for event in events)
    return "The reasons: " + "; ".join(dict.fromkeys(reason for reason in found if reason))
