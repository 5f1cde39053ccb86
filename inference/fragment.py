"""What a question says that goes on from another: values, a year, rows, a grouping, or more."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from llmtui.database.fold import is_han, tokens
from llmtui.database.keys import singular, words
from llmtui.database.link import Linker, Mention, without
from llmtui.database.numbers import numbers_in
from llmtui.database.schema import Table
from llmtui.inference.coverage import bounds_in
from llmtui.inference.years import YEAR, Year, with_numbers, years_in

_HAN_NUMBER = "一二两三四五六七八九十百"
_TOP = re.compile(
    r"\btop\s+(\d{1,9}|two|three|four|five|six|seven|eight|nine|ten)\b(?!\s*(?:[%％]|per ?cent))"
    rf"|前\s*(\d{{1,9}}|[{_HAN_NUMBER}]+)"
    rf"(?![\d{_HAN_NUMBER}]|\s*[%％]|\s*个?(?:[天日周月季年分]|小时|星期))",
    re.IGNORECASE,
)
BY = re.compile(
    r"\b(?:by|per|for each)\s+(?:the\s+)?([\w ]+)"
    r"|按照?([\u4e00-\u9fff]+?)(?:呢|分组|统计|排|\W|$)",
    re.IGNORECASE,
)
_REFERS = re.compile(
    r"\s*(?:and|but|only|just|what about|how about|the same|same|now|instead|or|"
    r"那么(?![些个位里多少大高])|那(?=[呢，,\s]|.*呢[\s?？.。!！]*$)|再(?=[按看只加给列查要呢]|$)|只|仅|换成|改成|改为|如果|或者?)(?=[^\w-]|[\u4e00-\u9fff]|\d|$)",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"\s*(?:by|per|top|last year|this year|(?:in|since|before|after) (?:19|20)\d\d|"
    r"按|前|[去今]年)(?=[^\w-]|[\u4e00-\u9fff]|\d|$)",
    re.IGNORECASE,
)
_ENDS = re.compile(r"(?:呢)?[\s?？.。!！]*$")
_ENDS_ON = re.compile(r"呢[\s?？.。!！]*$")
_EITHER = re.compile(r"\s*(?:or\b|或)", re.IGNORECASE)
_KEPT_LEAD = re.compile(r"\s*(?:only|just|只|仅)", re.IGNORECASE)
_ASKS = re.compile(
    r"\b(?:how (?:many|much)|what|which|who|whose|where|when|why|list|show|give|count|find)\b"
    r"|多少|[几哪谁]|什么|何|列出|显示|查询|统计",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:them|those|these|it|they|their|ones?)\b|[他她它]们|其中|这些|那些", re.IGNORECASE
)
_MOST_WORDS, _MOST_HAN = 9, 16
_SMALL = frozenset(re.findall(
    r"\w+",
    "and but only just what about how the same now instead or for each top in of from with "
    "at year one those that are is then show me please first",
))  # fmt: skip
_SMALL_HAN = frozenset("那么再只仅换成改为按照呢的个名前年月在和与或者又是看要请如果了吗条位些")


def goes_on(question: str) -> bool:
    """Whether a question looks like one that only changes the last one."""
    han = sum("\u4e00" <= sign <= "\u9fff" for sign in question)
    short = len(question.split()) <= _MOST_WORDS and han <= _MOST_HAN
    begins = _REFERS.match(question) or _BEGINS.match(question)
    return short and bool(begins or _ENDS_ON.search(question))


@dataclass(frozen=True)
class Top:
    """A number of rows, said at `start`–`end`."""

    count: int
    start: int
    end: int


def tops_in(text: str) -> list[Top]:
    """The numbers of rows that a question asks for: "top 3", 「前十名」."""
    return [Top(_count(m[0], m[1] or m[2]), m.start(), m.end()) for m in _TOP.finditer(text)]


def _count(said: str, number: str) -> int:
    if number.isdecimal():
        return int(number)
    return int(next(chain(numbers_in(said), bounds_in(said)), 0))


@dataclass(frozen=True)
class Fragment:
    """values: for each piece that stands for one, all the columns that hold it
    left: what is said beyond values, years, rows and groupings"""

    text: str
    values: tuple[tuple[Mention, ...], ...]
    years: tuple[Year, ...]
    tops: tuple[Top, ...]
    by: tuple[str, ...]
    left: str

    @property
    def either(self) -> bool:
        """Whether it adds to what was asked for: "or Berlin"."""
        return _EITHER.match(self.text) is not None

    @property
    def refers(self) -> bool:
        """Whether its first word makes no sense without the question before."""
        return _REFERS.match(self.text) is not None

    @property
    def narrows(self) -> bool:
        """Whether it leaves all as it is and asks for less."""
        return _KEPT_LEAD.match(self.text) is not None

    @property
    def bare(self) -> str:
        """Without the words that only tie it to the question before, and without the last mark."""
        lead = None if self.narrows else _REFERS.match(self.text)
        return _ENDS.sub("", self.text[lead.end() if lead else 0 :]).strip(" ,，")

    def stands_alone(self, tables: Sequence[Table], first: bool) -> bool:
        """Whether it is a question of its own all the same.

        tables: all of the database; first: whether no question was asked before
        """
        bare = self.bare
        if _ASKS.search(bare):
            return not _POINTS_BACK.search(bare)
        names = _names(bare, tables)
        more = re.search(r"[^\W\d]", self.left) is not None
        named = names and BY.match(bare) is None
        if first or self.refers:
            return first and (more or named)
        return (names and more) or (named and _BEGINS.match(self.text) is not None)


def fragment_of(question: str, linker: Linker, tables: Sequence[Table]) -> Fragment:
    """tables: those that the last query reads, whose names say nothing new"""
    text = with_numbers(question)
    mentions = linker.mentions(text)
    rest = without(text, mentions)
    years, tops = years_in(rest), tuple(tops_in(rest))
    rest = _TOP.sub(" ", YEAR.sub(" ", rest))
    by = tuple((one or other).strip() for one, other in BY.findall(rest))
    values = tuple(
        tuple(
            _all_places(text[start:end], start, [m for m in mentions if m.start == start], linker)
        )
        for start, end in dict.fromkeys((m.start, m.end) for m in mentions)
    )
    left = _left_over(BY.sub(" ", rest), tables)
    told = tuple(year for year in years if year.sure or not left)
    return Fragment(text, values, told, tops, by, left)


def _all_places(piece: str, start: int, found: list[Mention], linker: Linker) -> list[Mention]:
    """All columns that hold what a piece says: a question's mentions are only the likeliest few."""
    here = {(m.table, m.column): m for m in found if m.end - start == len(piece)}
    for mention in linker.named(piece):
        moved = replace(mention, start=start, end=start + len(piece))
        here.setdefault((mention.table, mention.column), moved)
    return list(here.values())


def _left_over(rest: str, tables: Sequence[Table]) -> str:
    """What a question says that cannot be changed: "top 3 songs" after one about customers."""
    known = {singular(word) for table in tables for word in words(table.name)} | _SMALL
    han = "".join(token.text for table in tables for token in tokens(table.comment) if token.han)
    said = [word for word in re.findall(r"[a-z]+|\d+", rest.lower()) if singular(word) not in known]
    signs = re.findall(r"[\u4e00-\u9fff]", rest)
    return " ".join([*said, *(s for s in signs if s not in _SMALL_HAN and s not in han)])


def _names(text: str, tables: Sequence[Table]) -> bool:
    """Whether a table is named."""
    said = {token.key for token in tokens(text)}
    return any(
        {singular(word) for word in words(table.name)} <= said
        or any(t.text in text for t in tokens(table.comment) if is_han(t.text) and len(t.text) > 1)
        for table in tables
    )
