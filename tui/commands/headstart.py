"""`llmtui headstart build`, for those who maintain llmtui: what it makes comes with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmtui.tui.commands.common import JsonOption, follow
from llmtui.tui.commands.ending import Stop, told
from llmtui.tui.commands.tuning import BaseOption, MinutesOption, ThreadsOption
from llmtui.workspace import settings as settings_of

app = typer.Typer(no_args_is_help=True, help="The adapter that comes with llmtui (maintainers).")


@app.command()
def build(
    out: Annotated[Path, typer.Option("--out", help="The adapter file, .safetensors.")],
    schemas: Annotated[int, typer.Option("--schemas", help="Databases to construct.", min=2)] = 400,
    minutes: MinutesOption = None,
    base: BaseOption = None,
    threads: ThreadsOption = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed, the same rows.")] = 7,
    schema: Annotated[
        str, typer.Option("--schema", help="prompt, or weights: rows that show no schema.")
    ] = "prompt",
    start: Annotated[
        Path | None, typer.Option("--start", help="An adapter to go on from, with another seed.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Construct databases and rows, train on them, and pack the adapter.

    Run it again after an interruption and it goes on; Ctrl-C while it trains keeps what was learnt.
    To ship the adapter, give it a place in trainer/headstart/adapters.
    """
    from llmtui.trainer.headstart.rows import Recipe
    from llmtui.tui import headstart

    settings = settings_of.load(None, minutes=minutes, base=base, threads=threads)
    job = headstart.Build(
        out.absolute(), Recipe(schemas=schemas, seed=seed, schema=schema), settings, start
    )
    stop = Stop()
    follow(told(headstart.build(job, stop), stop), as_json=as_json)


@app.callback()
def group() -> None:
    """Keep `build` a command of its own name."""
