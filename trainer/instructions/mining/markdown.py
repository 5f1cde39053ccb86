"""SQL in the fenced blocks of a Markdown text, with the words before it."""

from __future__ import annotations

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from llmtui.trainer.instructions.mining.documents import meanings_in
from llmtui.trainer.instructions.mining.finds import Find, Place, after
from llmtui.trainer.instructions.mining.statements import statements_in
from llmtui.trainer.instructions.mining.wording import questions_in

_LANGUAGES = ("sql", "duckdb", "sqlite", "postgres", "postgresql", "psql", "pgsql", "mysql")


def finds_in_markdown(text: str, place: Place) -> Iterator[Find]:
    """Queries of SQL blocks; and meanings of names, from all that is no block of code."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    heading = paragraph = ""
    code: set[int] = set()
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline":
            titled = before is not None and before.type == "heading_open"
            heading = _text(token) if titled else heading
            paragraph = "" if titled else _text(token)
        elif token.type in ("fence", "code_block") and token.map:
            code.update(range(*token.map))
            if _is_sql(token):
                words = questions_in(paragraph, nearest=True) or questions_in(heading)
                first = token.map[0] + 1
                yield from statements_in(token.content, after(place, first), words)
            heading = paragraph = ""
    lines = text.split("\n")
    prose = ["" if number in code else line for number, line in enumerate(lines)]
    yield from meanings_in(prose, place)


def words_of(text: str) -> tuple[str, ...]:
    """The words of a Markdown cell for the SQL that follows: of its end, or of its heading."""
    heading = paragraph = ""
    tokens = MarkdownIt("commonmark").parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline":
            titled = before is not None and before.type == "heading_open"
            heading = _text(token) if titled else heading
            paragraph = "" if titled else _text(token)
    return questions_in(paragraph, nearest=True) or questions_in(heading)


def _is_sql(token: Token) -> bool:
    language = token.info.strip().lower().strip("{}").replace(",", " ").split()
    return bool(language) and language[0] in _LANGUAGES


def _text(token: Token) -> str:
    """The words of a line of Markdown, without its marks."""
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
    return "".join(parts)
