"""`--help` of every command ends with examples, and each can be typed as it stands."""

import shlex
from typing import Any

import pytest
import typer

from llmtui.tui.cli import app
from llmtui.tui.commands.examples import EXAMPLES, with_examples

COMMAND: Any = with_examples(typer.main.get_command(app))


def names(command: Any, name: str = "") -> list[str]:
    below = getattr(command, "commands", {}).items()
    return [name, *(n for key, one in below for n in names(one, f"{name} {key}".strip()))]


def test_every_command_has_examples_and_there_are_none_of_others() -> None:
    assert sorted(names(COMMAND)) == sorted(EXAMPLES)


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_an_example_is_understood(line: str) -> None:
    words = shlex.split(line)
    words = words[words.index("llmtui") + 1 :]
    command = COMMAND
    if words[0] not in command.commands:
        words.insert(0, "open")
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert not getattr(command, "commands", {}), "a group, not a command"
    command.make_context("llmtui", words)


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_shows_the_examples_a_line_each(name: str) -> None:
    command = COMMAND
    for word in name.split():
        command = command.commands[word]
    shown = command.get_help(typer.Context(command, info_name="llmtui")).splitlines()
    for line in EXAMPLES[name]:
        assert line in [text.strip() for text in shown]
