"""SQL in notebooks and Python programs: magics, and texts that are queries."""

from __future__ import annotations

import ast
import io
import json
import tokenize
import warnings
from collections.abc import Iterator
from typing import Any

from llmtui.trainer.instructions.mining.finds import Fault, Find, Place, always
from llmtui.trainer.instructions.mining.markdown import words_of
from llmtui.trainer.instructions.mining.statements import looks_like_query, statements_in
from llmtui.trainer.instructions.mining.wording import questions_in
from llmtui.workspace.errors import RecordError

MOST_CODE = 200_000
"""Characters of a program or cell that is read."""


def finds_in_notebook(text: str, file: str) -> Iterator[Find]:
    """Queries of all cells. Raises RecordError when it is no notebook."""
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"This notebook is broken: not valid JSON ({error})", where=file) from (
            error
        )
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list):
        raise RecordError("This notebook is broken: it has no list of cells", where=file)
    words: tuple[str, ...] = ()
    for number, cell in enumerate(cells, 1):
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        source = _source(cell) if kind in ("code", "markdown") else ""
        if kind == "markdown":
            words = words_of(source)
        elif source.strip():
            yield from _in_cell(source, f"{file}, cell {number}", words)
            words = ()


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source")
    parts = source if isinstance(source, list) else [source]
    return "".join(part for part in parts if isinstance(part, str))


def _in_cell(source: str, where: str, words: tuple[str, ...]) -> Iterator[Find]:
    head, _, rest = source.lstrip().partition("\n")
    if head.startswith("%%"):
        if head[2:].split(" ")[0] == "sql":
            yield from statements_in(rest, always(where), words)
        return
    program = []
    said: list[str] = []
    for line in source.split("\n"):
        bare = line.strip()
        if bare.startswith("%sql "):
            own = questions_in("\n".join(said))
            yield from statements_in(bare[5:], always(where), own or words)
            words = ()
        magic = bare.startswith(("%", "!")) or bare.endswith("?")
        program.append("" if magic else line)
        said = [*said, bare.lstrip("# ")] if bare.startswith("#") else []
    yield from finds_in_python("\n".join(program), always(where), words)


def finds_in_python(text: str, place: Place, words: tuple[str, ...] = ()) -> Iterator[Find]:
    """Texts that are queries as a whole; one that is put together from pieces is none.

    The comment above the line of a program, or at its end, gives the words.
    """
    if len(text) > MOST_CODE:
        yield Fault(f"{place(1)}: A program of more than {MOST_CODE} characters is not read")
        return
    try:
        with warnings.catch_warnings():  # what the compiler thinks of a foreign program
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        comments = _comments(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        yield Fault(f"{place(1)}: What stands here cannot be read as Python")
        return
    for above, line, query in _texts(tree):
        own = questions_in(_above(comments, above))
        yield from statements_in(query, always(place(line)), own or words)
        words = ()


def _comments(text: str) -> dict[int, tuple[str, bool]]:
    """Line → (its comment, whether the comment is all of it)."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {
        token.start[0]: (token.string.lstrip("# "), not token.line[: token.start[1]].strip())
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _above(comments: dict[int, tuple[str, bool]], line: int) -> str:
    """The comment lines that end above a line, or the comment at its end."""
    block: list[str] = []
    number = line - 1
    while number in comments and comments[number][1]:
        block.insert(0, comments[number][0])
        number -= 1
    return "\n".join(block) or comments.get(line, ("", False))[0]


def _texts(tree: ast.AST) -> Iterator[tuple[int, int, str]]:
    """(line of the statement around it, its own, text) of every text that is a query, in order."""
    waiting: list[tuple[ast.AST, int]] = [(tree, 1)]
    while waiting:
        node, line = waiting.pop()
        if isinstance(node, ast.BinOp | ast.JoinedStr):
            continue  # a part of a query means something else
        if isinstance(node, ast.stmt):
            line = node.lineno
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if looks_like_query(node.value):
                yield line, node.lineno, node.value
            continue
        children = [(child, line) for child in ast.iter_child_nodes(node)]
        waiting += reversed(children)
