"""`llmtui adapters list|combine|merge`: what was learnt, as small files on a shared base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmtui.tui.commands.common import JsonOption, data, follow, new_file, say
from llmtui.workspace.errors import ModelError, UsageError
from llmtui.workspace.paths import typed_path
from llmtui.workspace.project import recent

app = typer.Typer(help="Tuned models as adapter files on a shared base.", no_args_is_help=True)


@app.command("list")
def list_adapters(as_json: JsonOption = False) -> None:
    """Adapter files of your projects, each with its base."""
    from llmtui.quantize.adapter import SUFFIX
    from llmtui.quantize.header import read

    found = False
    for project in recent(100):
        for file in sorted(project.models.glob(f"*{SUFFIX}")):
            found = True
            try:
                facts = read(file).facts
            except ModelError as error:
                say(str(error))
                continue
            row = {
                "name": file.name.removesuffix(SUFFIX),
                "in_use": file == project.model,
                "size_mb": round(file.stat().st_size / 1e6, 1),
                "base": facts.get("llmtui.base", ""),
                "prompt": facts.get("llmtui.prompt", ""),
                "source": str(project.source),
                "path": str(file),
            }
            if as_json:
                data(row)
            else:
                print("\t".join(str(value) for value in row.values()))
    if not found:
        say("There is no adapter file. Make one with: llmtui quantize SOURCE --adapter")


@app.command()
def combine(
    target: Annotated[Path, typer.Argument(help="The file to write; it ends in .lora.gguf.")],
    parts: Annotated[
        list[str], typer.Argument(help="FILE.lora.gguf=WEIGHT, two or more, of one base.")
    ],
) -> None:
    """Write the weighted sum of several adapters of one base as one adapter."""
    from llmtui.quantize import adapter as files
    from llmtui.quantize.export import keys_of
    from llmtui.quantize.trusted import remember

    file = new_file(target, files.SUFFIX)
    chosen = [_part(text) for text in parts]
    summed = files.combine([(files.load_adapter(file), weight) for file, weight in chosen])
    files.save_adapter(summed, file, keys_of(summed, "combined"))
    remember(file)
    print(file)


def _part(text: str) -> tuple[Path, float]:
    """ "a.lora.gguf=0.5" → file and weight; the weight is 1 when it is left out."""
    file, _, weight = text.partition("=")
    try:
        return typed_path(file).absolute(), float(weight or 1)
    except ValueError as error:
        raise UsageError(f'"{weight}" is not a weight', where=text) from error


@app.command()
def merge(
    adapter: Annotated[Path, typer.Argument(help="A .lora.gguf file.")],
    target: Annotated[Path, typer.Argument(help="The .gguf file to write.")],
    level: Annotated[str, typer.Option("--level", help="q8_0, q5_k_m, q4_0 …")] = "q8_0",
    as_json: JsonOption = False,
) -> None:
    """Merge an adapter into its base: one model file that needs nothing beside it."""
    from llmtui.quantize.adapter import SUFFIX
    from llmtui.quantize.export import export

    file = new_file(target, ".gguf")
    if file.name.endswith(SUFFIX):
        raise UsageError(f"{SUFFIX} is the ending of adapters, not of models", where=str(file))
    follow(export(typed_path(adapter).absolute(), file, level, "merged"), as_json=as_json)
