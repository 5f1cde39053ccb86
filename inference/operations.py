"""What a question asks to be done and its SQL does not do: order, average, compare, leave out."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from llmtui.inference.unasked import COMPARISONS, has, shown_by

_SETS = (exp.Union, exp.Intersect, exp.Except)


def _names(tree: exp.Expr) -> str:
    """Every name of a statement, in lower case, side by side."""
    return " ".join(part.name.lower() for part in tree.find_all(exp.Identifier))


def _negated(tree: exp.Expr) -> bool:
    """Whether something is left out; OUTER joins and OR may say so too."""
    negative = (exp.Not, exp.NEQ, exp.Except, exp.Is, exp.Or, exp.Case, exp.Filter)
    outer = any(join.side for join in tree.find_all(exp.Join))
    none = any(
        test.expression.name in ("0", "") or test.expression.sql().upper() == "FALSE"
        for test in tree.find_all(exp.EQ, exp.LT)
    )
    return outer or none or tree.find(*negative) is not None


def _both(tree: exp.Expr) -> bool:
    """Two of something: conditions, sets of rows, or columns."""
    both = tree.find(exp.Intersect, exp.In, exp.And, exp.Having, exp.Exists) is not None
    return both or any(len(select.expressions) > 1 for select in tree.find_all(exp.Select))


def _averaged(tree: exp.Expr) -> bool:
    """Whether an average is taken, or a column holds it: `avg_temperature`."""
    named = re.search("avg|average|mean|平均", _names(tree))
    return named is not None or tree.find(exp.Avg) is not None


def _first_or_last(tree: exp.Expr) -> bool:
    """Whether the first or last of something is taken, or a column holds it: `lowest_point`."""
    named = re.search(r"high|low|max|min|least|most|最", _names(tree))
    ways = (exp.Order, exp.Max, exp.Min, exp.ArgMax, exp.ArgMin, exp.Window)
    return named is not None or tree.find(*ways) is not None


_CUTS = (exp.Limit, exp.Fetch, exp.Max, exp.Min, exp.ArgMax, exp.ArgMin, exp.Window)
_AGGREGATES = (exp.Avg, exp.Sum, exp.Count, exp.Max, exp.Min)
_MATCHES = (
    exp.Like, exp.ILike, exp.Contains, exp.StartsWith, exp.EndsWith, exp.RegexpLike,
    exp.RegexpILike, exp.StrPosition, exp.SimilarTo, exp.Left, exp.Right, exp.Substring,
)  # fmt: skip
_SUPERLATIVE = (
    r"most|least|fewest|highest|lowest|largest|smallest|biggest|oldest|youngest|longest|shortest"
    r"|latest|earliest|cheapest|greatest|newest"
)


def _read_or_done(names: str, *kinds: type[exp.Expr]) -> Callable[[exp.Expr], bool]:
    """Whether something is done, or a name of the statement says that a column holds it."""
    return lambda tree: tree.find(*kinds) is not None or re.search(names, _names(tree)) is not None


def _averaged_twice(tree: exp.Expr) -> bool:
    return len(re.findall("avg|average|mean|平均", _names(tree))) + len(
        list(tree.find_all(exp.Avg))
    ) > 1  # fmt: skip


def _cut(tree: exp.Expr) -> bool:
    """Whether rows that are ordered are also cut."""
    return tree.find(exp.Order) is None or tree.find(*_CUTS) is not None


def _grouped(tree: exp.Expr) -> bool:
    """Whether rows that are counted or added up are so for each of something."""
    alone = [item for item in shown_by(tree) if item.find(exp.Select) is None]
    totals = any(item.find(*_AGGREGATES) for item in alone)
    return not totals or tree.find(exp.Group, exp.Window) is not None


def _said(*words: str) -> Callable[[exp.Expr], bool]:
    return lambda tree: any(word in tree.sql(dialect="duckdb").lower() for word in words)


_THAN = r"(?:more|less|fewer|\w+er) than"
"""A bound: what is not more than something is no exception."""


_DONE: tuple[tuple[str, Callable[[exp.Expr], bool]], ...] = (
    (
        r"\bsort(?:ed)?\b|\border(?:ed)? (?:\w+ ){0,3}?by (?:the|their|its|name|date)\b"
        r"|\bin (?:\w+ )?order of\b|\balphabetic"
        r"|\b(?:as|des)cending\b|排序|升序|降序|从[高大多]到[低小少]|从[低小少]到[高大多]",
        has(exp.Order),
    ),
    (r"\b(?:average|mean)\b|平均", _averaged),
    (
        r"\b(?:distinct|different|unique)\b|\bwithout (?:duplicates|repetition)|不同的|去重|不重复",
        has(exp.Distinct, exp.Group, exp.Count, *_SETS),
    ),
    (
        rf"\b(?:never|without|no|neither|except|excluding)\b(?! {_THAN})"
        rf"|(?:\bnot\b|n't\b)(?!(?: \w+){{0,2}} {_THAN})(?! (?:exceed|above|below|over|under))"
        r"|没有(?!超过)|不是|除了|从未",
        _negated,
    ),
    (r"\bboth\b|既.+又", _both),
    (
        r"(?<!at )\b(?:most|least|fewest|highest|lowest|largest|smallest|biggest|oldest|youngest"
        r"|longest|shortest|latest|earliest|cheapest|greatest|newest)\b"
        r"|最[高低大小多少长短早晚新贵](?!\s*[\d一二两三四五六七八九十])",
        _first_or_last,
    ),
    (r"(?:\baverage|平均).*(?:\baverage|平均)", _averaged_twice),
    (
        rf"^(?!.*(?:sort|order|rank|[ad]scend|most recent|[排序]|从最|(?:{_SUPERLATIVE})(?: \w+)?"
        rf" (?:to|first)\b)).*(?:(?<!at )\b(?:{_SUPERLATIVE})\b|最[高低大小多少长短早晚新贵])",
        _cut,
    ),
    (r"\b(?:each|every|per)\b|[每各]", _grouped),
    (
        r"\bhow many\b|(?<!phone )(?<!apartment )(?<!flight )\bnumber of\b|\bcount\b"
        r"|多少[个种名位条家座]|几[个种名位条家座]|数量",
        _read_or_done(
            r"num|count|total|tot_|quant|数|population|amount|capacity|phone|credit|stars|\bno\b",
            exp.Count,
            exp.Sum,
            exp.Window,
        ),
    ),
    (
        r"\b(?:most|least) (?:often|frequent\w*|common\w*)\b|最常|最频繁|次数最[多少]",
        _read_or_done(r"num|count|total|freq|often|times|common|次", exp.Count, exp.Window),
    ),
    (
        r"\btotal\b|\bsum\b|总[和额共计]|合计",
        _read_or_done("tot|sum|amount|[总合]", exp.Sum, exp.Count, exp.Window, exp.Add),
    ),
    (
        r"\bcontain(?:s|ed|ing)?\b|\bsubstring\b|\b(?:start|begin|end)(?:s|ing)? with\b"
        r"|包含|开头|结尾|含有",
        has(*_MATCHES, exp.Join, exp.Having, exp.Max, exp.Min, exp.Order, exp.Group),
    ),
    (
        r"\b(?:more|less|fewer|greater|higher|lower|larger|smaller|older|younger|longer|shorter"
        r"|earlier|later|bigger|heavier|better|worse|expensive|cheaper) than\b"
        r"|\b(?:above|below|exceed\w*)\b|\bat (?:least|most)\b(?! (?:one|once|another)\b)"
        r"|超过|[高低大小多少]于|至[少多]",
        has(*COMPARISONS, exp.Max, exp.Min, exp.Limit),
    ),
    (
        r"\b(?:before|after|since|until)\b|[之以][前后]|以来",
        has(*COMPARISONS, exp.Order, exp.Join),
    ),
    (
        r"\bbetween\b|之间",
        has(*COMPARISONS, exp.Order, exp.Join, exp.And, exp.Sub, exp.DateDiff),
    ),
    (
        r"\b(?:past|last|previous)\b(?: \w+)? (?:day|week|month|year|quarter)s?\b"
        r"|\bthis (?:week|month|year)\b|\bdays? ago\b|(?:最近|过去)\S{0,3}[天周月年]|上个?[月周]"
        r"|去年|今年|本月",
        has(
            exp.Interval,
            exp.CurrentDate,
            exp.CurrentTimestamp,
            exp.Anonymous,
            exp.DateSub,
            exp.DateDiff,
            exp.DateAdd,
        ),
    ),
    (r"\bletters?\b|字母", has(*_MATCHES, exp.Order, exp.Length)),
    (
        r"\bsame (?:\w+ ){1,3}(?:as|with)\b|相同|同一|一样",
        has(exp.Subquery, exp.Join, exp.In, exp.Exists, *_SETS),
    ),
    (
        r"\bthan (?:that of |the \w+ of )?(?:the|any|some|all|every|each|those|that) ",
        has(exp.Subquery, exp.Join, exp.In, exp.Exists, exp.Limit, exp.Having, *_SETS),
    ),
    (r"\bmonthly\b|\b(?:by|per|each|every) month\b|每个?月|按月|各月", _said("month", "月")),
    (r"\b(?:year|annual)ly\b|\b(?:by|per|each|every) year\b|每年|按年|各年", _said("year", "年")),
    (
        r"\bor\b(?! (?:more|less|fewer|after|before|greater|later|higher|lower|equal|over|above"
        r"|at|earlier|not|older|up|she|her)\b)|或(?!以)",
        has(
            exp.Or,
            exp.In,
            exp.Union,
            exp.GTE,
            exp.LTE,
            exp.NEQ,
            exp.Not,
            exp.Between,
            exp.Case,
            exp.RegexpLike,
            exp.Intersect,
        ),
    ),
    (
        r"(?<!\d)(?<!\d )percent|\bratio\b|proportion|fraction|占比"
        r"|百分(?!之[\d一二三四五六七八九十])|比[例率]",
        _read_or_done("percent|ratio|rate|prop|pct|[比率]", exp.Div, exp.Avg),
    ),
)
"""Words, and whether a statement does what they ask for; measured on what people asked."""


_RATE = re.compile(
    r"(?P<bound>\b(?:than|over|under|above|below|exceed\w*|least|most) [$€£]?"
    r"\d[\d.,]*(?: (?:dollars|euros|pounds|yuan|usd|eur|hours|units|times))?)"
    r" (?:per|each|every|an?) (?:hour|day|week|month|year)\b"
    r"|每个?(?:小时|天|日|周|月|年)(?=\D{0,4}(?:超过|[高低大小多少]于|不到)(?!(?:19|20)\d\d年)\d)",
    re.IGNORECASE,
)
"""A bound that is a rate: over 2000 per month is no group."""
_EVERYTHING = re.compile(
    r"\b(?:info|information|details?|data|columns?|fields?|attributes?|records?|rows?|everything"
    r"|select)\b|信息|详情|详细|内容|字段|资料|数据|记录|列(?!出)",
    re.IGNORECASE,
)


def _shows_too_much(question: str, tree: exp.Expr) -> bool:
    """Whether every column is shown though the question asks for no details."""
    shown = tree.expressions if isinstance(tree, exp.Select) else []
    return any(item.is_star for item in shown) and not _EVERYTHING.search(question)


def not_done(question: str, tree: exp.Expr) -> int:
    """How many of the things that a question asks to be done a statement does not do; one more when
    it shows every column unasked.

    A word that a name of the statement has, `lowest_elevation`, asks for that column.
    """
    names = _names(tree)
    missing = int(_shows_too_much(question, tree))
    question = _RATE.sub(lambda rate: rate["bound"] or " ", question)
    for words, done in _DONE:
        found = re.search(words, question, re.IGNORECASE)
        word = re.escape(found[0].lower()) if found else ""
        named = re.search(rf"(?<![a-z]){word}(?![a-z])", names)
        if found and not named and not done(tree):
            missing += 1
    return missing
