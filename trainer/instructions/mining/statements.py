"""The queries in a text of SQL, each with the words of the comments beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.simplify import simplify_parens
from sqlglot.tokenizer_core import Token, TokenType

from llmtui.database.dialects import parse, with_plain_names, written
from llmtui.database.guard import MOST_CHARACTERS
from llmtui.trainer.instructions.mining.finds import Fault, Find, Meaning, Place, Statement, after
from llmtui.trainer.instructions.mining.wording import question_of_name, questions_in

_BEGINS = (TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.L_PAREN, TokenType.VALUES)
_OPEN = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE)
_CLOSE = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE)
_COMMAND = re.compile(r"^\s*[.\\][A-Za-z].*$", re.MULTILINE)
"""A line that a client takes for itself: .mode, \\timing."""
_BLANK = re.compile(r"\n[ \t\r]*\n")
_READ_AS = ("duckdb", "postgres", "mysql", "sqlite")


def statements_in(text: str, place: Place, before: tuple[str, ...] = ()) -> Iterator[Find]:
    """Queries, the queries of views, and what comments on tables and columns mean.

    before: the words that stand before the text, for the first query without words of its own
    What is cut off or no SQL gives a Fault and takes nothing else with it.
    """
    text = _COMMAND.sub("", text)
    tokens = _tokens(text)
    if tokens is not None:
        yield from _Reader(text, tokens, place, before).finds()
        return
    start = lines = 0
    unread: list[int] = []
    for end in [*(match.end() for match in _BLANK.finditer(text)), len(text)]:
        piece, first, start = text[start:end], lines, end
        lines += piece.count("\n")
        tokens = _tokens(piece)
        if tokens is None:
            unread.append(first + 1)
            continue
        reader = _Reader(piece, tokens, after(place, first), before)
        yield from reader.finds()
        before = reader.before
    if unread:
        more = f", and {len(unread) - 1} more places" if unread[1:] else ""
        yield Fault(f"{place(unread[0])}{more}: What stands here cannot be read as SQL")


def looks_like_query(text: str) -> bool:
    """Whether a text in a program is a query: it begins as one, and is one as a whole."""
    head = text.lstrip()[:1]
    if head not in tuple("sSwWfF(-/") or len(text) > MOST_CHARACTERS or " " not in text.strip():
        return False
    tokens = _tokens(text)
    begins = bool(tokens) and tokens[0].token_type in _BEGINS[:3]  # type: ignore[index]
    return begins and parse(text) is not None


def _tokens(text: str) -> list[Token] | None:
    """The tokens of a text; names in backticks are read as MySQL reads them."""
    found: list[Token] | None = None
    for dialect in ("duckdb", "mysql"):
        try:
            tokens = sqlglot.tokenize(text, dialect=dialect)
        except (sqlglot.errors.SqlglotError, RecursionError, ValueError):
            continue
        if all(token.token_type is not TokenType.UNKNOWN for token in tokens):
            return tokens
        found = found or tokens
    return found


class _Reader:
    """One text, cut into statements."""

    def __init__(
        self, text: str, tokens: list[Token], place: Place, before: tuple[str, ...]
    ) -> None:
        self.text = text
        self.tokens = tokens
        self.place = place
        self.before = before

    def finds(self) -> Iterator[Find]:
        for first, last in self._pieces():
            yield from self._find(first, last)

    def _pieces(self) -> Iterator[tuple[int, int]]:
        """(first, last) token of each statement, without its semicolon."""
        start = 0
        for number, token in enumerate(self.tokens):
            if token.token_type is TokenType.SEMICOLON:
                if number > start:
                    yield from self._apart(start, number - 1)
                start = number + 1
        if start < len(self.tokens):
            yield from self._apart(start, len(self.tokens) - 1)

    def _apart(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Queries that only an empty line parts; what is one query as a whole stays one."""
        if self.tokens[first].token_type not in _BEGINS or parse(self._plain(first, last)):
            yield first, last
            return
        depth = 0
        for number in range(first, last + 1):
            kind = self.tokens[number].token_type
            depth += (kind in _OPEN) - (kind in _CLOSE)
            begins = kind in (TokenType.SELECT, TokenType.WITH) and number > first
            if begins and depth == 0 and _BLANK.search(self._gap(number)):
                yield first, number - 1
                first = number
        yield first, last

    def _find(self, first: int, last: int) -> Iterator[Find]:
        where = self.place(self.tokens[first].line)
        if self.tokens[last].end - self.tokens[first].start > MOST_CHARACTERS:
            if self.tokens[first].token_type in _BEGINS:
                yield Fault(f"{where}: This statement is longer than {MOST_CHARACTERS} characters")
            return
        kind, sql, name = self.tokens[first].token_type, self._plain(first, last), ""
        if kind is TokenType.CREATE or kind is TokenType.COMMENT:
            tree = _definition(self.text[self.tokens[first].start : self.tokens[last].end + 1])
            yield from _comments(tree, where)
            name, sql = _view(tree)
        if kind in _BEGINS or name:
            words = self._words(first, last, bool(name)) or self.before or question_of_name(name)
            self.before = ()
            yield Statement(sql, words, where)

    def _words(self, first: int, last: int, view: bool) -> tuple[str, ...]:
        """Words of the comment above, of one behind the AS of a view, or at the end."""
        gap = self._gap(first)
        above = gap if first == 0 else gap.partition("\n")[2]
        gaps = [above]
        if view:
            body = range(first, last + 1)
            gaps += [self._gap(n) for n in body if self.tokens[n].token_type in _BEGINS[:2]][:1]
        following = self.tokens[last + 1 : last + 2]
        if following and following[0].token_type is TokenType.SEMICOLON:
            gaps += [self._gap(last + 1), self._gap(last + 2).partition("\n")[0]]
        else:
            gaps.append(self._gap(last + 1).partition("\n")[0])
        return next(filter(None, (questions_in(_last_block(gap)) for gap in gaps)), ())

    def _gap(self, number: int) -> str:
        """What stands before a token: spaces and comments, nothing else."""
        start = self.tokens[number - 1].end + 1 if number else 0
        end = self.tokens[number].start if number < len(self.tokens) else len(self.text)
        return self.text[start:end]

    def _plain(self, first: int, last: int) -> str:
        """The statement as it is written, on one line and without comments."""
        tokens: Sequence[Token] = self.tokens[first : last + 1]
        parts = [self.text[tokens[0].start : tokens[0].end + 1]]
        for one, other in pairwise(tokens):
            parts += [" " * (other.start > one.end + 1), self.text[other.start : other.end + 1]]
        return "".join(parts)


def _last_block(gap: str) -> str:
    """The text of the comment that ends a gap; what an empty line parts from it is another's."""
    block: list[str] = []
    if gap[len(gap.rstrip()) :].count("\n") > 1:
        return ""
    for line in reversed(gap.strip().splitlines()):
        said = line.strip().lstrip("-#/*! ").rstrip("*/-= ")
        if not said and block:
            break
        block += [said] if said else []
    return "\n".join(reversed(block))


def _definition(text: str) -> exp.Expr | None:
    for dialect in _READ_AS:
        try:
            tree = sqlglot.parse_one(text, dialect=dialect)
        except (sqlglot.errors.SqlglotError, RecursionError, ValueError):
            continue
        if isinstance(tree, exp.Create | exp.Comment):
            return tree
    return None


def _view(tree: exp.Expr | None) -> tuple[str, str]:
    """(name, query) of a view that is created, ("", "") for anything else."""
    if not isinstance(tree, exp.Create) or tree.kind != "VIEW":
        return "", ""
    body = tree.expression
    named = tree.find(exp.Table)
    if not isinstance(body, exp.Query) or named is None:
        return "", ""
    return named.name, written(with_plain_names(body.transform(_as_people_write)))


def _as_people_write(node: exp.Expr) -> exp.Expr:
    """Without the brackets and names that DuckDB adds to the statements that it keeps."""
    if isinstance(node, exp.Anonymous) and node.name.lower() == "count_star":
        return exp.Count(this=exp.Star(), big_int=True)
    return simplify_parens(node, "duckdb") if isinstance(node, exp.Paren) else node


def _comments(tree: exp.Expr | None, where: str) -> Iterator[Meaning]:
    """What COMMENT ON and the columns of CREATE TABLE say of names."""
    if isinstance(tree, exp.Comment) and isinstance(tree.expression, exp.Literal):
        parts = [tree.this.args.get("table"), tree.this.this]
        name = ".".join(part.name for part in parts if isinstance(part, exp.Identifier))
        yield Meaning(name, tree.expression.name, where)
    if isinstance(tree, exp.Create) and tree.kind == "TABLE":
        table = tree.find(exp.Table)
        for column in tree.this.find_all(exp.ColumnDef):
            said = column.find(exp.CommentColumnConstraint)
            texts = [said.this.name] if said is not None else column.comments or []
            if table is not None and texts:
                yield Meaning(f"{table.name}.{column.name}", texts[-1], where)
