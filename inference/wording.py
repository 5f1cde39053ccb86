"""The words of a prompt: whether a question can be asked, what of it matters, the schema."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from llmtui.inference.relevance import part_of

if TYPE_CHECKING:
    from llmtui.database.schema import Schema

_SENTENCE_ENDS = re.compile(
    r"(?<=[?？!！。])\s*|(?<=\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bNo\.)"
    r"(?<!\bMrs\.)(?<!\bProf\.)(?<!\b[A-Z]\.)\s+|[;；]"
)
MOST_QUESTION = 2000
"""Characters of a question."""


def core_of(question: str) -> str:
    """The question without brackets, what follows its first sentence, and its last mark."""
    plain = re.sub(r"\s*[（(][^）)]*[）)]", "", question).strip()
    first = _SENTENCE_ENDS.split(plain, maxsplit=1)[0]
    return (first.rstrip(" ?？!！.。,，") or question).strip()


def question_problem(question: str) -> str:
    """Why a question cannot be asked, '' when it can."""
    if not question.strip():
        return "The question is empty."
    if len(question) > MOST_QUESTION:
        return f"The question has {len(question)} characters; {MOST_QUESTION} are allowed."
    if any("\ud800" <= character <= "\udfff" for character in question):
        return "The question holds what is no character."
    letters = [character for character in question if character.isalpha()]
    known = sum(_english_or_chinese(character) for character in letters)
    if letters and known < len(letters) / 2:
        return "Questions are understood in English and Chinese only."
    if not any(character.isalnum() for character in question):
        return "The question has no words."
    return ""


def schema_texts(schema: Schema) -> Iterator[str]:
    """The schema, each time shorter: with fewer values, then with fewer tables and their keys."""
    yield schema.text(3)
    names = [table.name for table in schema.tables]
    while names:
        yield part_of(schema, names).text(0)
        names = names[: len(names) * 3 // 4]
    yield ""


def _english_or_chinese(character: str) -> bool:
    return unicodedata.name(character, "").startswith(("LATIN", "CJK", "FULLWIDTH LATIN"))
