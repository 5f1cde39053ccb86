"""What a question names and its SQL leaves out: stored values, numbers, years, tables, columns.

A small model drops one of two conditions, or a number, more often than it makes one up. A statement
that holds everything the question names is the better one of two that run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import isclose

from sqlglot import exp

from llmtui.database.dialects import parse
from llmtui.database.link import Mention, without
from llmtui.database.numbers import measures_in, number_of
from llmtui.inference.named import Names
from llmtui.inference.operations import not_done

_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_BOUND = re.compile(
    r"\b(?:at least|at most|(?:more|less|fewer|greater) than|over|under|exactly|only|top|first)"
    rf" ({'|'.join(_WORDS)})\b"
    rf"|\b({'|'.join(_WORDS)}) (?:or more|or fewer|or less|different|distinct)\b",
    re.IGNORECASE,
)
"""Numbers in words that bound something; others ("the two of them") mean many things."""
_SEVERAL = re.compile(
    r"\b(?:multiple|more than (?:one|1)(?! ?[%.\d]))\b|不止(?:一|1)|多于(?:一|1)[个次种]", re.I
)
_COMPARED = (exp.GT, exp.GTE, exp.LT, exp.LTE)
_DIGITS = re.compile(r"\d+")


def left_out(
    question: str, mentions: Sequence[Mention], sql: str, names: Names | None = None
) -> int:
    """How many of the values, numbers and `names` that a question has are not in a statement, and
    of the things that it asks to be done; one more when it asks for several and nothing is counted;
    and of the statement's comparisons, how many compare a column with itself."""
    tree = parse(sql)
    if tree is None:
        return 0
    texts, numbers = held_by(tree)
    spans: dict[tuple[int, int], set[str]] = {}
    for mention in mentions:
        spans.setdefault((mention.start, mention.end), set()).add(mention.value.casefold())
    missing = sum(1 for values in spans.values() if not values & texts)
    missing += sum(1 for item in tree.find_all(exp.EQ) if item.this == item.expression)
    counted = tree.find(exp.Having) or any(
        test.find(exp.Count) for test in tree.find_all(exp.Where)
    )
    missing += 1 if _SEVERAL.search(question) and not counted else 0
    near = {n for test in tree.find_all(*_COMPARED) for n in held_by(test)[1]}
    missing += sum(1 for n in bounds_in(question) if n not in numbers and not {n - 1, n + 1} & near)
    rest = without(question, mentions)
    missing += not_done(rest, tree) + (names.left_out(rest, tree) if names else 0)
    return missing + sum(
        1
        for number, units in measures_in(rest)
        if not any(isclose(n, number * unit) for n in numbers for unit in (1, *units))
    )


def held_by(tree: exp.Expr) -> tuple[set[str], set[float]]:
    """Texts (in lower case) and numbers of a statement; those within texts, as in dates, too."""
    texts, numbers = set(), set()
    for literal in tree.find_all(exp.Literal):
        if literal.is_string:
            texts.add(literal.name.strip("%").casefold())
            numbers |= {float(digits) for digits in _DIGITS.findall(literal.name)}
        else:
            numbers |= {number} if (number := number_of(literal.name)) is not None else set()
    return texts, numbers


def bounds_in(question: str) -> Iterator[int]:
    """The numbers in English words that bound something: "at least two" may be `> 1`."""
    for before, after in _BOUND.findall(question):
        yield _WORDS.index((before or after).lower()) + 2
