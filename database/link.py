"""Which stored values does a question mention? A few sure mentions rather than many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from llmtui.database.fold import Token, fold, is_han, key_of, same_words, tokens
from llmtui.database.keys import singular, words
from llmtui.database.question import Question, Spoken, forms_of
from llmtui.database.schema import Column, Schema, Table, quote
from llmtui.database.values import Found, ValueIndex, places, value_index
from llmtui.database.vocabulary import endings, question_words

if TYPE_CHECKING:
    from llmtui.database.execute import Database

MOST_MENTIONS = 4
_MOST_COLUMNS = 2
"""Columns that are named for one piece of a question."""
_MOST_TEXT = 400
_RECENT = 8
"""Questions whose mentions are kept: one answer asks for them several times."""
_BEHIND = 0.08
"""A column whose score is further behind the best one of the same piece is not named."""
_LABELS = {"name", "title", "label", "名称", "姓名", "标题"}
_CODED = {"state", "country", "region", "province", "nation", "nationality", "location", "gender",
          "sex", "code", "territory", "flag"}  # fmt: skip
_OPEN = 300
"""Columns with more values hold titles and names, in which any word may occur by chance."""


@dataclass(frozen=True)
class Mention:
    """A stored value that the piece `start`–`end` of a question stands for.

    score: how well value and column fit; sure: whether the very words are stored
    guessed: whether it is spelt in another way, or only in part, so that another may be meant
    """

    table: str
    column: str
    value: str
    score: float
    sure: bool = False
    start: int = 0
    end: int = 0
    guessed: bool = False

    @property
    def hint(self) -> str:
        """As SQL compares it; `table` and `column` are written as SQL writes them."""
        value = self.value.replace("'", "''")
        return f"{self.table}.{self.column} = '{value}'"


@dataclass(frozen=True)
class _Place:
    """An indexed column with what speaks for it."""

    table: Table
    column: Column
    spoken: Spoken
    owner: frozenset[str]
    label: bool
    target: bool

    @classmethod
    def of(cls, table: Table, column: Column, schema: Schema) -> _Place:
        owner = frozenset(singular(word) for word in words(table.name))
        own = [singular(word) for word in words(column.name)]
        return cls(
            table,
            column,
            Spoken(
                frozenset(own) - owner - _LABELS - {"id", "code"},
                tuple(token.text for token in tokens(column.comment) if token.han),
            ),
            owner,
            bool(own) and own[-1] in _LABELS,
            any(key.to_table == table.name for key in schema.foreign_keys),
        )

    def ends(self, text: str, length: int) -> bool:
        """Whether a Chinese name, the first `length` signs of a text, has this place's ending."""
        kinds = self.spoken.words | (self.owner if self.label else frozenset())
        marks = [mark for noun, known in endings().items() if noun in kinds for mark in known]
        return any(text[:length].endswith(m) or text.startswith(m, length) for m in marks)


def without(question: str, mentions: Iterable[Mention]) -> str:
    """A question with blanks in the place of its mentions."""
    signs = list(question)
    for mention in mentions:
        signs[mention.start : mention.end] = " " * (mention.end - mention.start)
    return "".join(signs)


class Linker:
    """Links questions to the values of one database. Use it from any thread."""

    def __init__(self, database: Database) -> None:
        self._index: ValueIndex = value_index(database)
        schema = database.schema
        self._places = [_Place.of(table, column, schema) for table, column in places(database)]
        self._constant = {  # one value selects nothing
            (place.table.sql_name, quote(place.column.name))
            for place in self._places
            if place.column.distinct == 1
        }
        names = [table.name for table in schema.tables]
        names += [column.name for table in schema.tables for column in table.columns]
        self._schema_words = {singular(word) for name in names for word in words(name)}
        self._mentions = lru_cache(maxsize=_RECENT)(self._found)

    def hints(self, question: str) -> tuple[str, ...]:
        """The mentions of a question as a prompt shows them."""
        return tuple(dict.fromkeys(mention.hint for mention in self.mentions(question)))

    def mentions(self, question: str) -> list[Mention]:
        """The best few mentions, in the order of the question."""
        return list(self._mentions(question[:_MOST_TEXT]))

    def _found(self, text: str) -> list[Mention]:
        said = Question(text)
        found = list(self._whole(said))
        found += self._near(said, found)
        found += self._partial(said, found)
        found = [m for m in found if (m.table, m.column) not in self._constant]
        best: list[Mention] = []
        for span in self._longest(found, said):
            here = {(m.table, m.column): m for m in sorted(span, key=lambda m: m.score)}
            ranked = sorted(here.values(), key=lambda m: -m.score)
            top = ranked[0].score - _BEHIND
            best += [m for m in ranked if m.score >= top][:_MOST_COLUMNS]
        best = sorted(best, key=lambda m: -m.score)[:MOST_MENTIONS]
        return sorted(best, key=lambda m: (m.start, -m.score))

    def named(self, text: str) -> list[Mention]:
        """Columns that hold `text`, as stored, the surest first: as written, else in another
        case, translated, under another name, or spelt nearly so."""
        said = Question(text)
        found = [self._mention(item, 0.95, said, 0, len(text)) for item in self._same(text)]
        if not found:
            forms = forms_of(text)
            items = self._index.with_keys(key_of(form) for form in forms)
            found = [self._mention(i, 0.85, said, 0, len(text)) for i in items if self._coded(i)]
        found = found or list(self._near(said, [], whole=True))
        return sorted(found, key=lambda m: -m.score)

    def may_hold(self, table: Table, column: Column, text: str) -> bool:
        """Whether a column holds just this text, or is not indexed so that nobody knows."""
        for number, place in enumerate(self._places):
            if (place.table.sql_name, place.column.name) == (table.sql_name, column.name):
                found = self._index.with_keys([key_of(text)])
                return any(i.place == number and i.value == text for i in found)
        return True

    def _same(self, text: str) -> list[Found]:
        items = self._index.with_keys([key_of(text)])
        return [item for item in items if fold(item.value) == fold(text)] or items

    def _whole(self, said: Question) -> Iterator[Mention]:
        """Pieces that are a whole value, or another form or a translation of one."""
        keys = {**said.latin(), **said.han()}
        for item in self._index.with_keys(keys):
            for start, end in keys[item.key]:
                score = self._accepts(item, said, start, end)
                if score:
                    yield self._mention(item, score, said, start, end)
        forms = defaultdict(list)
        for start, end in {span for spans in keys.values() for span in spans}:
            piece = said.text[start:end]
            if (
                piece.isupper()
                or (len(piece) > 3 and piece not in question_words())
                or is_han(piece)
            ):
                for form in forms_of(piece):
                    forms[key_of(form)].append((start, end))
        for item in self._index.with_keys(forms):
            for start, end in forms[item.key]:
                if self._coded(item) and not self._by_chance(item, said, start, end):
                    yield self._mention(item, 0.85, said, start, end)

    def _accepts(self, item: Found, said: Question, start: int, end: int) -> float:
        """How sure it is that this piece means that value; 0 when it more likely does not."""
        piece, place = said.text[start:end], self._places[item.place]
        marked, exact = said.is_quoted(start, end), piece == item.value
        if is_han(item.key):
            few = len(item.key) > 1 or marked or place.column.distinct <= 3
            return 0.95 if few and item.key not in place.spoken.han else 0.0
        if marked:
            return 1.0 if exact else 0.95
        if not self._says_something(item, said, start, end):
            return 0.0
        if same_words(piece, item.value):
            return 0.95 if exact else 0.9
        many = len(piece) > len(item.value) > 3 or item.words > 1
        return 0.85 if many else 0.0

    def _says_something(self, item: Found, said: Question, start: int, end: int) -> bool:
        """Whether a piece without quotes is more than a short word or one that any question has."""
        piece = said.text[start:end]
        exact = piece == item.value
        plain = all(self._is_plain(part) for part in tokens(piece))
        named = exact and start > 0 and piece != piece.lower()
        if len(item.value) <= 2:
            sure = exact and (named or not plain)
            return sure and (len(piece) > 1 or said.names(self._places[item.place].spoken))
        return (named or not plain) and not self._by_chance(item, said, start, end)

    def _is_plain(self, token: Token) -> bool:
        return token.folded in question_words() or token.key in self._schema_words

    def _by_chance(self, item: Found, said: Question, start: int, end: int) -> bool:
        """Whether a plain word only happens to be one of very many titles or names."""
        piece, place = said.text[start:end], self._places[item.place]
        plain = item.words == 1 and piece == piece.lower() and piece != item.value
        return (
            plain
            and not is_han(piece)
            and place.column.distinct > _OPEN
            and not said.names(place.spoken)
        )

    def _coded(self, item: Found) -> bool:
        """Whether a short form may stand for a word in this column."""
        place = self._places[item.place]
        return len(item.value) > 2 or bool(place.spoken.words & _CODED)

    def _near(
        self, said: Question, found: list[Mention], *, whole: bool = False
    ) -> Iterator[Mention]:
        """Long words that are a misspelt value; `whole` when all the text is one value."""
        for place, token in enumerate(said.tokens):
            if len(token.key) < 6 or token.han or self._taken(token, found, said):
                continue
            for word in self._index.near_words(token.key, 2 if len(token.key) > 9 else 1):
                keys = said.latin({place: word})
                for item in self._index.with_keys(keys):
                    for start, end in keys[item.key]:
                        fits = (start, end) == said.extent() if whole else True
                        if fits and (whole or not self._by_chance(item, said, start, end)):
                            yield self._mention(item, 0.65, said, start, end)

    def _partial(self, said: Question, found: list[Mention]) -> Iterator[Mention]:
        """Names of which a part is said, when only one value of a column has that part."""
        for token in said.tokens:
            first = token.start == 0 and not said.is_quoted(token.start, token.end)
            if first or token.han or token.text == token.text.lower() or len(token.key) < 4:
                continue
            if self._taken(token, found, said):
                continue
            by_place: dict[int, list[Found]] = defaultdict(list)
            for item in self._index.with_word(token.key):
                by_place[item.place].append(item)
            for items in by_place.values():
                if len(items) == 1 and items[0].words <= 4:
                    yield self._mention(items[0], 0.6, said, token.start, token.end)

    def _longest(self, found: list[Mention], said: Question) -> list[list[Mention]]:
        """Mentions by their piece; a piece inside a longer one is left out, unless the rest of the
        longer one names a table or column ("the Ohio river")."""
        spans: dict[tuple[int, int], list[Mention]] = defaultdict(list)
        for mention in found:
            spans[mention.start, mention.end].append(mention)

        def hidden(start: int, end: int, a: int, b: int) -> bool:
            rest = said.text[a:start] + " " + said.text[end:b]
            named = all(t.key in self._schema_words or len(t.key) == 1 for t in tokens(rest))
            return a <= start and end <= b and b - a > end - start and not named

        return [
            _surest(mentions)
            for (start, end), mentions in spans.items()
            if not any(hidden(start, end, a, b) for a, b in spans)
        ]

    def _taken(self, token: Token, found: Iterable[Mention], said: Question) -> bool:
        covered = any(m.start <= token.start and token.end <= m.end for m in found)
        return covered or (self._is_plain(token) and not said.is_quoted(token.start, token.end))

    def _mention(self, item: Found, score: float, said: Question, start: int, end: int) -> Mention:
        place = self._places[item.place]
        table, column = place.table.sql_name, quote(place.column.name)
        bonus = 0.12 * said.names(place.spoken) + 0.06 * said.holds(place.owner)
        bonus += 0.05 * (place.label and place.target) + 0.02 * (place.label or place.target)
        bonus += 0.03 * place.column.unique + 0.12 * place.ends(said.text[start:], end - start)
        sure, guessed = score >= 0.9, score < 0.85
        return Mention(table, column, item.value, score + bonus, sure, start, end, guessed)


def _surest(mentions: list[Mention]) -> list[Mention]:
    """Without plurals and misspellings where the very words are stored too."""
    return [mention for mention in mentions if mention.sure] or mentions
