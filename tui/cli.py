"""The command `llmtui`: `llmtui SOURCE` opens the app, everything else is a command.

stdout is data, stderr is narration. Exit codes: 0 fine, 1 the question failed, 2 usage, 3 a source
or model cannot be opened, 4 out of time, 130 interrupted.
"""

from __future__ import annotations

import difflib
import errno
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from llmtui.tui.commands import (
    adapters,
    asking,
    headstart,
    models,
    rows,
    serving,
    sharing,
    system,
    tuning,
    web,
)
from llmtui.tui.commands.common import ProjectOption, say
from llmtui.tui.commands.examples import with_examples
from llmtui.workspace.errors import LlmtuiError, SourceError, UsageError
from llmtui.workspace.log import log_failure
from llmtui.workspace.paths import typed_path
from llmtui.workspace.private import keep_private

app = typer.Typer(
    name="llmtui",
    help="Point it at your database: it fine-tunes a small model on it and answers questions with "
    "checked SQL, offline, on a laptop CPU.\n\n`llmtui SOURCE` opens the app on a database, a "
    "data file or a folder of them.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("open")
def open_app(
    source: Annotated[Path | None, typer.Argument(help="A database, file or folder.")] = None,
    project: ProjectOption = None,
) -> None:
    """Open the app (the same as `llmtui SOURCE`)."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not terminal and "TEXTUAL_DRIVER" not in os.environ:  # which a browser's app runs with
        raise UsageError("The app needs a terminal", hint="See `llmtui --help` for commands.")
    from llmtui.tui.app import run_app

    raise typer.Exit(run_app(source, project))


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"llmtui {version('llmtui')}")
        raise typer.Exit()


@app.callback()
def main_options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options before the command."""


app.command("tune")(tuning.tune)
app.command("ask")(asking.ask)
app.command("sql")(asking.sql)
app.add_typer(rows.app, name="instructions")
app.command("train")(tuning.train)
app.command("quantize")(tuning.quantize)
app.command("eval")(tuning.evaluate)
app.add_typer(models.app, name="models")
app.command("export")(sharing.export)
app.command("bundle")(sharing.bundle)
app.command("unbundle")(sharing.unbundle)
app.add_typer(adapters.app, name="adapters")
app.add_typer(headstart.app, name="headstart", hidden=True)
app.command("demo")(system.demo)
app.command("doctor")(system.doctor)
app.command("paths")(system.show_paths)
app.command("web")(web.web)
app.command("serve")(serving.serve)


def main() -> None:
    """Run the command line; no traceback reaches a person."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of a command line."""
    keep_private()
    command = with_examples(typer.main.get_command(app))
    names = getattr(command, "commands", {})
    if not arguments or (arguments[0] not in names and not arguments[0].startswith("-")):
        arguments = ["open", *arguments]
    try:
        _known(arguments, names)
        code = command.main(arguments, prog_name="llmtui", standalone_mode=False)
    except LlmtuiError as error:
        say(f"llmtui: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _failed(error)
    return code if isinstance(code, int) else 0


def _known(arguments: list[str], commands: Iterable[str]) -> None:
    """Raise UsageError for a word that is neither a command nor a file."""
    word = arguments[1] if arguments[0] == "open" and len(arguments) > 1 else "--"
    if word.startswith("-") or typed_path(word).exists():
        return
    if not Path(word).suffix and Path(word).name == word:
        near = difflib.get_close_matches(word, commands, n=1)
        hint = f"Did you mean `llmtui {near[0]}`?" if near else "See `llmtui --help`."
        raise UsageError(f'There is no command or file "{word}"', hint=hint)
    raise SourceError("There is no such file or folder", where=word)


def _failed(error: Exception) -> int:
    """Turn what is left into one sentence and an exit code."""
    show = getattr(error, "show", None)
    if show is not None:  # a mistake on the command line, told by the library that parses it
        show()
        return int(getattr(error, "exit_code", 2))
    if type(error).__name__ == "Abort":
        say("Stopped.")
        return 130
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        say("llmtui: The disk is full; nothing was damaged. Free some space and try again.")
        return 1
    log = log_failure(error)
    say(f"llmtui: Something went wrong that should not have ({type(error).__name__}). "
        f"The details are in {log}.")  # fmt: skip
    return 1


if __name__ == "__main__":
    main()
