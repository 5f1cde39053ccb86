"""The ways in which a row is rewritten, and what a teacher is asked for each."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from llmtui.workspace.errors import UsageError

WAYS = ("paraphrase", "back-translation", "translation", "self-instruct")
OTHER = {"en": "zh", "zh": "en"}
_SLOT = re.compile(r"{(\w+)}")
_MARK = re.compile(
    r"^(?:[-*•]+\s|\(?\d{1,2}[.)、:：）]\s*|(?:question|问题|q)\s*\d*\s*[.:：]\s*)", re.IGNORECASE
)
"""What a teacher puts before a question in a list."""
_THOUGHT = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
_AROUND = {'"': '"', "“": "”", "「": "」", "'": "'", "`": "`"}


def chosen_ways(names: Sequence[str]) -> tuple[str, ...]:
    """The ways of these names, each once, in the order of WAYS. Raises UsageError."""
    for name in names:
        if name not in WAYS:
            raise UsageError(
                f'There is no way "{name}" to rewrite rows', hint=f"Known: {', '.join(WAYS)}."
            )
    return tuple(way for way in WAYS if way in names)


def language_after(way: str, lang: str) -> str:
    """The language of what a way makes of a question."""
    return OTHER[lang] if way == "translation" else lang


def reworded(
    way: str, lang: str, question: str, keep: Sequence[str], write: Callable[[str], str]
) -> list[str]:
    """A question said otherwise in one of the ways but self-instruct; [] when nothing was said.

    lang: the question's; keep: what must stay as it is written
    """
    if way == "paraphrase":
        return _wanted(way, write(prompt(way, lang, keep, question=question)))
    there = _wanted("translation", write(prompt("translation", lang, keep, question=question)))
    if way == "translation" or not there:
        return there
    back = prompt("translation", OTHER[lang], keep, question=there[0])
    return _wanted(way, write(back))


def proposed(
    lang: str, schema: str, examples: Sequence[str], write: Callable[[str], str]
) -> list[str]:
    """New questions about a schema, like those that a person has asked."""
    return _wanted("self-instruct", write(self_instruct(lang, schema, examples)))


def self_instruct(lang: str, schema: str, examples: Sequence[str]) -> str:
    return prompt("self-instruct", lang, (), schema=schema, examples="\n".join(examples))


def prompt(way: str, lang: str, keep: Sequence[str], **slots: str) -> str:
    """What a teacher is asked, in the language `lang`."""
    listed = _prompts()
    kept = listed["keep"][lang].replace("{values}", ", ".join(keep)) if keep else ""
    filled = {"keep": kept, "count": str(listed["count"][way]), **slots}
    return _SLOT.sub(lambda match: filled[match[1]], listed[way][lang]).strip()


@cache
def _prompts() -> dict[str, Any]:
    text = files("llmtui.inference.rewriting").joinpath("prompts.toml").read_text("utf-8")
    return tomllib.loads(text)


def _wanted(way: str, said: str) -> list[str]:
    return questions_in(said)[: _prompts()["count"][way]]


def questions_in(said: str) -> list[str]:
    """The lines of what a teacher said, without its thoughts, headings, numbers and quotes."""
    lines = [_bare(line) for line in _THOUGHT.sub("", said).splitlines()]
    return [line for line in dict.fromkeys(lines) if line and not line.endswith((":", "："))]


def _bare(line: str) -> str:
    line = _MARK.sub("", line.strip()).strip().strip("*").strip()
    end = _AROUND.get(line[:1], "")
    whole = end and len(line) > 2 and line.endswith(end) and end not in line[1:-1]
    return line[1:-1].strip() if whole else line
