"""The year of a question that goes on from another, and the test of a date in the last SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from llmtui.database.dialects import written
from llmtui.database.keys import words
from llmtui.database.schema import Column, Schema, folded
from llmtui.inference.scopes import place, sources_of, tables_of

_DIGITS = r"(?<!\d)(?P<year>(?:19|20)\d\d)(?!\d)"
YEAR = re.compile(
    rf"(?:\b(?P<word>in|of|for|during|from|since|after|before)\s+(?:the\s+year\s+|year\s+)?)?{_DIGITS}"
    r"(?:\s*(?P<called>年)(?P<han>以来|至今|起|[以之]?后|[以之]?前)?"
    r"|\s+(?P<on>on(?:wards?)?|(?:to|until|till) (?:now|today|date))\b)?",
    re.IGNORECASE,
)
_CALLED = re.compile(r"\byears?\s*$", re.IGNORECASE)
_KINDS = {"since": ">=", "以来": ">=", "至今": ">=", "起": ">=", "after": ">", "before": "<"}
_NOW = re.compile(
    r"(?:\b(?:in|for|of|during)\s+(?:the\s+)?)?\b(?P<which>last|this) year\b(?!['’]s)"
    r"|(?P<han>(?<![目以])前(?=年(?![龄级]))|今(?=年(?![轻龄]))|去(?=年(?!龄)))年",
    re.IGNORECASE,
)
_AGO = {"last": 1, "去": 1, "this": 0, "今": 0, "前": 2}
_DATE = re.compile(r"(?:19|20)\d\d(?=-\d\d-\d\d)")
_BOUND = re.compile(r"\d{4}-(?:01-01|12-31)(?: (?:00:00:00|23:59:59))?")
_OF_A_DATE = re.compile(
    r"(?:CAST\()?(?:YEAR\(|DATE_PART\('YEAR',|EXTRACT\(YEAR FROM |STRFTIME\(.+, '%Y'\))",
    re.IGNORECASE,
)
_COMPARED = {">=": exp.GTE, ">": exp.GT, "<": exp.LT, "=": exp.EQ}
_FROM, _UNTIL = (exp.GTE, exp.GT), (exp.LT, exp.LTE)


@dataclass(frozen=True)
class Year:
    """A year as a question says it, at `start`–`end` with the words around it.

    kind: "=" in it, ">=" since its first day, ">" after its last one, "<" before its first one
    sure: whether it is called a year, and not only a number that may be one
    """

    number: int
    kind: str
    start: int
    end: int
    word: str = ""
    sure: bool = True


def years_in(text: str) -> list[Year]:
    """The years of a question with the words that compare them."""
    return [_year(match) for match in YEAR.finditer(text)]


def _year(match: re.Match[str]) -> Year:
    word, han = (match["word"] or "").lower(), match["han"] or ""
    kind = _KINDS.get(word) or _KINDS.get(han) or {"后": ">", "前": "<"}.get(han[-1:], "=")
    kind = ">=" if match["on"] and kind == "=" else kind
    sure = word or match["called"] or _CALLED.search(match.string[: match.start()])
    return Year(int(match["year"]), kind, match.start(), match.end(), word, bool(sure))


def with_numbers(text: str) -> str:
    """A question with the year that "last year" is today."""

    def number(match: re.Match[str]) -> str:
        which = (match["which"] or match["han"]).lower()
        year = date.today().year - _AGO[which]
        return f"{year}年" if match["han"] else f"in {year}"

    return _NOW.sub(number, text)


def change_year(tree: exp.Select, said: Year, schema: Schema) -> str:
    """Put a year in the place of another, or ask for it too of the only date there is.

    "swapped", "opened" when the other was compared as in "since 2020", "added", or "" when unsure.
    """
    dated = [x for x in tree.find_all(exp.Literal) if _is_date(x) or _is_year(x, tree, schema)]
    if not dated:
        return _add(tree, said, schema)
    tests = list(
        {id(test): test for x in dated if (test := x.find_ancestor(exp.Predicate))}.values()
    )
    own = [id(test) for test in _tests(tree)]
    if any(id(test) not in own for test in tests) or not all(map(_stands_bare, dated)):
        return ""
    if len(tests) == 1 and isinstance(tests[0], (*_FROM, *_UNTIL)):
        return "opened" if _replace(tests[0], dated[0], said) else ""
    if len(tests) == 1 and isinstance(tests[0], exp.EQ) and said.kind != "=":
        return "swapped" if not _is_date(dated[0]) and _replace(tests[0], dated[0], said) else ""
    if said.kind != "=" or not (_is_one(tests) or _is_range(tests)):
        return ""
    return "swapped" if _shift(dated, said.number) else ""


def _tests(tree: exp.Select) -> Iterator[exp.Expr]:
    """What every row of the query itself must pass."""
    where = tree.args.get("where")
    waiting = [where.this] if where is not None else []
    for test in waiting:
        inner = test.unnest()
        if isinstance(inner, exp.And):
            waiting += [inner.left, inner.right]
        else:
            yield inner


def _is_date(literal: exp.Literal) -> bool:
    return literal.is_string and _DATE.match(literal.name) is not None


def _is_year(literal: exp.Literal, tree: exp.Select, schema: Schema) -> bool:
    """Whether a number is compared with the year of a date, or with a column that holds years."""
    test = literal.find_ancestor(exp.Predicate)
    if test is None or not re.fullmatch(_DIGITS, literal.name) or test.this is literal:
        return False
    if isinstance(test.this, exp.Column):
        name = test.this.name.lower()
        columns = [c for t in tables_of(tree, schema) for c in t.columns if c.name.lower() == name]
        return bool(columns) and all(map(_holds_years, columns))
    return _OF_A_DATE.match(written(test.this)) is not None


def _holds_years(column: Column) -> bool:
    """Whether a column is called a year, and its numbers can be some."""
    called = "year" in words(column.name) or re.search(r"年[份度]?$", column.name) is not None
    bounds = [b for b in (column.minimum, column.maximum) if isinstance(b, int | float)]
    return called and column.kind == "number" and all(1000 <= bound <= 2200 for bound in bounds)


def _stands_bare(literal: exp.Literal) -> bool:
    """Whether a test compares with the literal itself, not with what is computed of it."""
    parent = literal.parent
    return isinstance(parent.parent if isinstance(parent, exp.Cast) else parent, exp.Predicate)


def _is_one(tests: Sequence[exp.Expr]) -> bool:
    return len(tests) == 1 and isinstance(tests[0], exp.EQ | exp.Between)


def _is_range(tests: Sequence[exp.Expr]) -> bool:
    """Whether two tests are where a range of one column begins and where it ends."""
    begins = [test for test in tests if isinstance(test, _FROM)]
    ends = [test for test in tests if isinstance(test, _UNTIL)]
    return len(tests) == 2 and len(begins) == len(ends) == 1 and begins[0].this == ends[0].this


def _replace(test: exp.Expr, literal: exp.Literal, said: Year) -> bool:
    """Put a comparison with the year in the place of an open one, or of one with another year."""
    left = test.this
    if left.find(exp.Literal) is literal:
        return False
    if not _is_date(literal):
        made = exp.Literal(this=str(said.number), is_string=literal.is_string)
        test.replace(_COMPARED[said.kind](this=left.copy(), expression=made))
        return True
    if not _BOUND.fullmatch(literal.name):
        return False
    test.replace(_test(left.copy(), said))
    return True


def _test(left: exp.Expr, said: Year) -> exp.Expr:
    """A date compared with a year."""
    if said.kind == "=":
        number = exp.Literal.number(said.number)
        return exp.EQ(this=exp.Year(this=left), expression=number)
    first = exp.Literal.string(f"{said.number + (said.kind == '>')}-01-01")
    return _COMPARED["<" if said.kind == "<" else ">="](this=left, expression=first)


def _shift(dated: Sequence[exp.Literal], year: int) -> bool:
    """Move dates by whole years; they are all of one year, or the next year's first day ends it."""
    years = [int(literal.name[:4]) for literal in dated]
    first = min(years)
    if any(
        old != first and not (old == first + 1 and _ends_before(literal))
        for literal, old in zip(dated, years, strict=True)
    ):
        return False
    if len(set(years)) > 1 and not all(x.name[4:].startswith("-01-01") for x in dated):
        return False
    for literal, old in zip(dated, years, strict=True):
        text = f"{year + old - first}{literal.name[4:]}"
        literal.replace(exp.Literal(this=text, is_string=literal.is_string))
    return True


def _ends_before(literal: exp.Literal) -> bool:
    return isinstance(literal.find_ancestor(exp.Predicate), exp.LT) and _is_date(literal)


def _add(tree: exp.Select, said: Year, schema: Schema) -> str:
    tables = tables_of(tree, schema)
    if not said.sure or len(tables) < len(sources_of(tree)):  # another one may have a date too
        return ""
    dates = [
        (table, column) for table in tables for column in table.columns if column.kind == "date"
    ]
    where = tree.args.get("where")
    read = {folded(c.name) for c in where.find_all(exp.Column)} if where is not None else set()
    if len(dates) != 1 or folded(dates[0][1].name) in read:  # in a way that is not known here
        return ""
    left: exp.Expr = exp.maybe_parse(place(*dates[0], tree, schema), dialect="duckdb")
    tree.where(_test(left, said), copy=False)
    return "added"
