"""Conversations as text: safe to show, their code, their export."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from llmtui.database.text import safe_text
from llmtui.inference.chat import Turn
from llmtui.workspace.files import write_text
from llmtui.workspace.history import Message

_FENCED = re.compile(r"```[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL)


def safe_prose(text: str) -> str:
    """Text of several lines without anything that a terminal would obey."""
    return "\n".join(safe_text(line.replace("\t", "    ")) for line in text.split("\n"))


def as_said(text: str) -> str:
    """What a person typed, for a Markdown widget: every mark of Markdown shown as it is."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~&])", r"\\\1", safe_prose(text))


def code_of(text: str) -> str:
    """The fenced code of an answer, blocks after one another; '' when it has none."""
    return "\n\n".join(block.rstrip() for block in _FENCED.findall(text))


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    """Messages as turns; what was never answered stands last or is left out."""
    turns: list[Turn] = []
    for place, message in enumerate(messages):
        if message.role == "user":
            following = messages[place + 1] if place + 1 < len(messages) else None
            answer = following.text if following and following.role == "assistant" else ""
            if answer or following is None:
                turns.append(Turn(message.text, answer))
    return turns


def title_of(text: str) -> str:
    """A conversation's name: the beginning of its first message."""
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:39]}…"


def export_chat(file: Path, title: str, system: str, messages: Sequence[Message]) -> None:
    """Write a conversation as .jsonl (chat messages) or Markdown. Raises StorageError."""
    if file.suffix.lower() == ".jsonl":
        said = [{"role": "system", "content": system}] if system else []
        said += [{"role": m.role, "content": m.text} for m in messages]
        write_text(file, json.dumps({"messages": said}, ensure_ascii=False) + "\n")
        return
    parts = [f"# {title}", *([f"> {system}"] if system else [])]
    parts += [f"**{m.role}**\n\n{m.text}" for m in messages]
    write_text(file, "\n\n".join(parts) + "\n")
