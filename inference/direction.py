"""Where a question looks, and its SQL elsewhere: at the least for the most, below for above, at the
end of a text for its beginning.

Only told where the question has words of one direction and the statement one place to look at.
"""

from __future__ import annotations

import re

from sqlglot import exp

from llmtui.inference.nearest import name_words

_LOW = r"(?:affordable|economical|senior|experienced)"
"""What is most so comes first of what is ordered by price or date."""
_UP = re.compile(
    rf"(?<!at )\b(?:most\b(?! {_LOW})|highest|largest|biggest|latest|greatest|longest|maximum"
    r"|newest)\b|最[高大多长晚新]",
    re.IGNORECASE,
)
_DOWN = re.compile(
    r"(?<!at )\b(?:least|lowest|smallest|fewest|earliest|shortest|minimum|cheapest)\b"
    r"|最[低小少短早]",
    re.IGNORECASE,
)
_SORTED = re.compile(r"\brank|\border|\bsort|\bto\b|serv|work|[降升排]", re.IGNORECASE)
"""Words beside which a superlative may say how all rows are sorted, or how long ago."""
_ABOVE = re.compile(
    r"\b(?:more|greater|higher|larger|longer|bigger|heavier|later) than\b"
    r"|\b(?:above|exceed\w*|after)\b|超过|大于|高于|多于",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"\b(?:less|fewer|lower|smaller|shorter|earlier|cheaper) than\b|\b(?:below|under|before)\b"
    r"|小于|低于|少于|不到|不足",
    re.IGNORECASE,
)
_DATED = frozenset(["date", "year", "since", "birth", "birthday", "dob", "hired", "born"])
_BY_DATE = re.compile(r"\b(?:latest|newest|earliest|recent)\b|最[新晚早近]", re.IGNORECASE)
"""What speaks of dates themselves: who is oldest was born first."""
_NOT = re.compile(
    r"(?:\b(?:no|not|never)|n['’]t) (?:\w+ ){0,2}(?:\w+er|more|less) than"
    r"|(?:\b(?:not|never)|n['’]t) (?:exceed\w*|above|below|under|after|before)"
    r"|不[大小高低多少]于|[不没未]有?超过",
    re.IGNORECASE,
)
_AT = re.compile(r"\bat (?:most|least)\b", re.IGNORECASE)
_OTHERWISE = (exp.Sub, exp.Add, exp.Except, exp.Not)


_BEGINS = re.compile(
    r"\b(?:start|begin)(?:s|n?ing)?(?: or end(?:s|ing)?)? with\b|开头|打头", re.IGNORECASE
)
_ENDS = re.compile(r"\bend(?:s|ing)? with\b|结尾", re.IGNORECASE)
_LETTER = re.compile(r"\b(?:the|a) letter ['\"“‘]?([A-Za-z])\b")
_HOLDS = re.compile(r"\bcontain|substring|包含|含有", re.IGNORECASE)


def turned_round(question: str, tree: exp.Expr) -> bool:
    """Whether a statement takes the first for the last, compares the other way, or looks for a text
    at another place."""
    if _wrong_end(_AT.sub("", question), tree) or _wrong_side(_NOT.sub("", question), tree):
        return True
    pattern = _pattern(tree)
    return pattern is not None and pattern.name != _placed(pattern.name, question)


def looked_for_in_place(question: str, tree: exp.Query) -> bool:
    """Move what a text is compared with to where the question says; true when that changed it."""
    pattern = _pattern(tree)
    placed = _placed(pattern.name, question) if pattern is not None else ""
    if pattern is None or placed == pattern.name:
        return False
    pattern.replace(exp.Literal.string(placed))
    return True


def _pattern(tree: exp.Expr) -> exp.Literal | None:
    """The text of the one LIKE that a statement has."""
    tests = list(tree.find_all(exp.Like, exp.ILike))
    text = tests[0].expression if len(tests) == 1 else None
    escaped = bool(tests) and isinstance(tests[0].parent, exp.Escape)
    return text if isinstance(text, exp.Literal) and text.is_string and not escaped else None


def _placed(pattern: str, question: str) -> str:
    """A pattern of LIKE where a question looks; as it is when the question says nothing of that."""
    said = [bool(words.search(question)) for words in (_BEGINS, _ENDS, _HOLDS)]
    text, letter = pattern.strip("%"), _LETTER.search(question)
    if letter is not None:
        text = text if text.lower() == letter[1].lower() else letter[1]
        said[2] = said[2] or not any(said)
    if sum(said) != 1 or not text or set(text) & set("%_"):
        return pattern
    return (f"{text}%", f"%{text}", f"%{text}%")[said.index(True)]


def _wrong_end(question: str, tree: exp.Expr) -> bool:
    up, down = _UP.search(question), _DOWN.search(question)
    if bool(up) == bool(down) or _SORTED.search(question):
        return False
    cut = [s for s in tree.find_all(exp.Select) if s.args.get("limit") and s.args.get("order")]
    ends = list(tree.find_all(exp.Max, exp.Min))
    keys = [*(select.args["order"].expressions[0].this for select in cut), *(e.this for e in ends)]
    if any(map(_dated, keys)) and not _BY_DATE.search(question):
        return False
    if len(cut) == 1 and not ends and tree.find(exp.Window) is None:
        return bool(cut[0].args["order"].expressions[0].args.get("desc")) != bool(up)
    return not cut and len(ends) == 1 and isinstance(ends[0], exp.Max) != bool(up)


def _dated(key: exp.Expr) -> bool:
    named = isinstance(key, exp.Column) and not _DATED.isdisjoint(name_words(key.name))
    return named or key.name.endswith(("日", "日期", "年份"))


def _wrong_side(question: str, tree: exp.Expr) -> bool:
    above, below = _ABOVE.search(question), _BELOW.search(question)
    tests = list(tree.find_all(exp.GT, exp.GTE, exp.LT, exp.LTE))
    if bool(above) == bool(below) or len(tests) != 1 or tree.find(*_OTHERWISE) is not None:
        return False
    up = isinstance(tests[0], (exp.GT, exp.GTE))
    if isinstance(tests[0].this, (exp.Literal, exp.Subquery)):
        up = not up
    return up != bool(above)
