"""`llmtui export`, `llmtui bundle`, `llmtui unbundle`: take what was made elsewhere."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from llmtui.tui.commands.common import ProjectOption, SourceArgument, new_file, place, say
from llmtui.workspace.errors import UsageError
from llmtui.workspace.paths import typed_path
from llmtui.workspace.project import Project


def export(
    source: SourceArgument,
    folder: Annotated[Path, typer.Argument(help="A new folder to write.")],
    model: Annotated[str | None, typer.Option("--model", help="Instead of the one in use.")] = None,
    project: ProjectOption = None,
) -> None:
    """Write a folder that runs in llama.cpp, Ollama and LM Studio: GGUF, Modelfile, card, sums."""
    full, kept = place(source, project)
    from llmtui.quantize.share import share
    from llmtui.tui.commands.asking import choose_model

    target = typed_path(folder).absolute()
    if target.exists():
        raise UsageError("This exists already", where=str(target), hint="Name a new folder.")
    chosen = choose_model(kept, model, full)
    share(chosen, target, model_card(kept, chosen))
    say(f"Written: {', '.join(sorted(file.name for file in target.iterdir()))}")
    print(target)


_WITH_LLMTUI = (
    "This was measured with llmtui, which shows the model the stored values that a question names, "
    "mends SQL that does not bind and tries again; the file alone, in llama.cpp, Ollama or LM "
    "Studio, has none of that, and what it scores there was not measured."
)


def model_card(project: Project, model: Path) -> dict[str, str]:
    """Heading → text: what the model is, what it was tuned on, what it scored."""
    from llmtui.quantize.export import shares
    from llmtui.quantize.header import read
    from llmtui.quantize.levels import mix

    facts = read(model).facts
    base = str(facts.get("llmtui.base", ""))
    about = {
        "base": base,
        "licence of the base": facts.get("general.license") or "see the base",
        "prompt": facts.get("llmtui.prompt", ""),
        "run": facts.get("llmtui.run", ""),
        "llmtui": facts.get("llmtui.version", ""),
        "size": f"{model.stat().st_size / 1e6:.1f} MB; {shares(mix(model))}",
        "exported": date.today().isoformat(),
    }
    return {
        "What it is": "A language model tuned to answer questions about one database with SQL.\n\n"
        + "".join(f"- {name}: {value}\n" for name, value in about.items()),
        "What it was tuned on": _rows(project),
        "What it scored": _scores(project, model),
    }


def _rows(project: Project) -> str:
    """Counts of the instruction rows; none of their text."""
    from llmtui.workspace.records import load_rows

    if not project.instructions.is_file():
        return "The rows are not kept in this project.\n"
    counts = Counter(
        (row.split, row.lang, row.origin)
        for row in load_rows(project.instructions)
        if row.status != "rejected"
    )
    lines = ["| split | language | origin | rows |", "|---|---|---|--:|"]
    lines += [f"| {' | '.join(key)} | {count} |" for key, count in sorted(counts.items())]
    return "\n".join(lines) + "\n"


def _scores(project: Project, model: Path) -> str:
    """The newest scores of this very file, from the project's reports."""
    reports = sorted(project.root.glob("*/*/report.json"), key=lambda file: file.stat().st_mtime)
    for file in reversed(reports):
        report = json.loads(file.read_text(encoding="utf-8"))
        facts = report["facts"]
        for name in (name for name, value in facts.items() if value == model.name):
            # "model" is what older reports call the tuned one
            got = report["scores"].get("tuned" if name == "model" else name)
            if got is not None:
                all_ = got["all"]["strict"]
                return (
                    f"Execution accuracy on {facts['questions']}: {all_['value']:.1%} "
                    f"({all_['hits']}/{all_['of']}; 95 % interval {all_['low']:.1%} to "
                    f"{all_['high']:.1%}). {_WITH_LLMTUI}\n"
                )
    return "This file was not scored.\n"


def bundle(
    source: SourceArgument,
    target: Annotated[Path, typer.Argument(help="The .zip file to write.")],
    wheels: Annotated[
        Path | None, typer.Option("--wheels", help="A folder of wheels to pack, llmtui's too.")
    ] = None,
    fetch_wheels: Annotated[
        bool,
        typer.Option("--fetch-wheels", help="Collect them with pip first: asks the package index."),
    ] = False,
    with_source: Annotated[
        bool, typer.Option("--with-source", help="Pack the database itself too.")
    ] = False,
    project: ProjectOption = None,
) -> None:
    """Pack project, model and wheels for a machine with no network: python BUNDLE.zip FOLDER."""
    full, kept = place(source, project)
    from llmtui.tui import bundling

    file = new_file(target, ".zip")
    folder = wheels
    if fetch_wheels:
        folder = wheels or file.with_suffix(".wheels")
        say("Collecting wheels with pip")
        bundling.fetch_wheels(folder)
    bundling.bundle(kept, file, folder, full if with_source else None)
    packed = "wheels too" if folder else "no wheels: llmtui must be there already"
    say(f"{file.stat().st_size / 1e6:.0f} MB, {packed}. There: python {file.name} NEW_FOLDER")
    print(file)


def unbundle(
    file: Annotated[Path, typer.Argument(help="A bundle.")],
    folder: Annotated[Path, typer.Argument(help="A new folder to unpack into.")],
    install: Annotated[
        bool, typer.Option("--install", help="Install its wheels into FOLDER/venv too.")
    ] = False,
) -> None:
    """Verify every file of a bundle, then unpack it; nothing is written when one is wrong."""
    from llmtui.tui import unbundle as opening

    target = typed_path(folder).absolute()
    try:
        manifest = opening.unpack(typed_path(file), target)
        commands = opening.install(target) if install else None
    except (ValueError, OSError) as error:
        raise UsageError(f"The bundle was not opened: {error}", where=str(file)) from error
    say(f"{len(manifest['files'])} files verified and unpacked")
    if commands:
        say(f"Installed: {commands / 'llmtui'}")
    print(target / "project")
