"""What a statement does though its question does not ask for it: cut, leave out, average, group.

Each is a thing done, and the words of which a question that asks for it has at least one. Of 2,244
queries that people wrote for the development databases, one in a hundred does something unasked by
these words (`benchmarks/doubting.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeGuard

from sqlglot import exp

_SUPERLATIVE = (
    r"most|least|fewest|\w+est|top|first|last|best|worst|max(?:imum)?|min(?:imum)?|recent"
)
_AGGREGATES = (exp.Avg, exp.Sum, exp.Count)
COMPARISONS = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)


def shown_by(tree: exp.Expr) -> list[exp.Expr]:
    """What a statement shows, without the names that it gives to it; [] for a union."""
    items = tree.expressions if isinstance(tree, exp.Select) else []
    return [item.this if isinstance(item, exp.Alias) else item for item in items]


def has(*kinds: type[exp.Expr]) -> Callable[[exp.Expr], bool]:
    """Whether a statement has something of these kinds."""
    return lambda tree: tree.find(*kinds) is not None


def _adds_up_as_it_goes(tree: exp.Expr) -> bool:
    return any(
        window.args.get("order") and isinstance(window.this, _AGGREGATES)
        for window in tree.find_all(exp.Window)
    )


def _shows_a_count(tree: exp.Expr) -> bool:
    return any(item.find(exp.Count) for item in shown_by(tree))


def _groups(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.Select) and bool(tree.args.get("group"))


def between_ends(item: object) -> TypeGuard[exp.Sub]:
    """Whether an expression is the distance of the highest from the lowest of one thing."""
    if not isinstance(item, exp.Sub) or {type(item.left), type(item.right)} != {exp.Max, exp.Min}:
        return False
    return bool(item.left.this == item.right.this)


def _shows_a_distance(tree: exp.Expr) -> bool:
    return any(between_ends(item) for item in shown_by(tree))


def _compares(tree: exp.Expr) -> bool:
    """Whether something is held to a bound; to be there (above 0) or past (before today) needs no
    word of its own."""
    return any(
        isinstance(test, exp.Between)
        or not (
            test.expression.name in ("0", "1") or test.find(exp.CurrentDate, exp.CurrentTimestamp)
        )
        for test in tree.find_all(*COMPARISONS)
    )


_ASKED: tuple[tuple[Callable[[exp.Expr], bool], str], ...] = (
    (_adds_up_as_it_goes, r"running|cumulat|so far|moving|累|截至|移动"),
    (
        has(exp.Limit),
        rf"\b(?:{_SUPERLATIVE}|recently|one|any|single|leading|bottom|common|popular|expensive"
        r"|example|two|three|four|five|ten)\b|\d|最|前|第|几|任意|[一二三四五六七八九十]",
    ),
    (
        has(exp.Not, exp.NEQ, exp.Except),
        r"\b(?:not?|never|without|neither|nor|except|exclud\w+|none|other|only|all|every|but"
        r"|outside|missing|lack\w*|any|un\w+|different|another|besides|rather|instead|out of"
        r"|zero|still|yet|always|dis\w+|non\w*|remain\w*|ha[sd]|have|is there|null|defined"
        r"|available|known|specified|exist\w*|filled)\b|n['’]t|没|不|除|未|无|非|其[他余它]|外|只"
        r"|所有|别|有",
    ),
    (
        has(exp.Except),
        r"\b(?:not?|never|without|except|exclud\w+|but|other|neither|none|un\w+)\b|n['’]t|nt\b"
        r"|没|不|除|未|无|非",
    ),
    (
        has(exp.Intersect),
        r"\b(?:both|and|also|as well|same|common|with|who|but|or|that)\b|[但又既和且并或]|同时",
    ),
    (has(exp.Union), r"\b(?:or|and|either|all|both)\b|[和或与及]"),
    (
        has(exp.Having),
        rf"\b(?:{_SUPERLATIVE}|than|over|above|below|exceed\w*|multiple|more|less|several"
        r"|exactly|only|two|three|one|any|between|all|both|repeated|average|shared|same)\b"
        r"|\d|duplic|超|[大小高低多少]于|至|以上|不|只|最|平均|[一二两三四五六七八九十]",
    ),
    (has(exp.Avg), r"\baverage|\bavg|\bmean\b|typical|平均|均"),
    (
        has(exp.Sum),
        r"\btotal|\bsum|how (?:much|many)|amount|altogether|overall|combined|number|most|least"
        r"|percent|ratio|share|all|largest|highest|count|总|共|合|和|多少|全部|占|最|累",
    ),
    (
        has(exp.Max, exp.Min),
        rf"\b(?:{_SUPERLATIVE}\w*|range|any|all|every|peak|extreme)\b"
        r"|最|顶|首|末|(?:high|low) point|极",
    ),
    (
        _shows_a_distance,
        r"differ|\brange|\bgap\b|spread|between|minus|span|subtract|distance|exceed|more|less"
        r"|than|how (?:long|far|much)|\bfrom\b.*\bto\b|apart|var(?:y|ies)|last|take|变化"
        r"|差|距|跨度|幅度|范围|间隔|比|多少",
    ),
    (
        _shows_a_count,
        r"how many|number|count|amount|total|frequen|many|quantity|times|percent|ratio"
        r"|proportion|size|most|多少|几|数|总|共|占|比例|次",
    ),
    (
        _compares,
        r"than|\bover\b|above|below|under|exceed|least|most|before|after|since|until|between"
        r"|\d|more|less|greater|higher|lower|within|multiple|several|from|later|earl[iy]|prior"
        r"|big|major|main|large|\bolder|\bpast|beyond|\bsome|\bany\b|two|three|four|five|during"
        r"|twice|follow|high|low|small|maximum|minimum|late|recent|exist|ha[sd]|have|repeated"
        r"|duplic|shared|positive|negative|\ball\b|long|both|started|ended|every|previous|week"
        r"|超|大|小|高|低|多|少|前|后|间|长|短|以上|以下|内|至|主要|重要|[一二三四五六七八九十]",
    ),
    (
        _groups,
        r"each|every|\bper\b|\bby\b|most|least|fewest|\w+est\b|than|different|all|number"
        r"|how many|count|group|exactly|common|popular|any|total|average|top|\d|multiple|and"
        r"|two|three|or more|several|split|多|最|每|各|按|不同|分|哪|平均|总|数",
    ),
)


def unasked(question: str, tree: exp.Expr) -> int:
    """How many things a statement does that its question has no word for."""
    return sum(does(tree) and not re.search(words, question, re.I) for does, words in _ASKED)
