"""Questions that go on from the last one: "and in 2023?", "only Berlin", 「按城市呢」.

The model was tuned on whole questions, so what such a question changes is changed in the last SQL:
a value or a year in the place of another, a further condition, a grouping, the number of rows.
What is not understood for sure is asked as a question of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sqlglot import exp

from llmtui.database.dialects import parse, written
from llmtui.database.execute import Database
from llmtui.database.fold import tokens
from llmtui.database.keys import singular, words
from llmtui.database.link import Mention, without
from llmtui.database.schema import Column, Schema, Table, quote
from llmtui.inference.repair import binds
from llmtui.inference.scopes import tables_called
from llmtui.inference.wording import question_problem

_BEGINS = re.compile(
    r"^\s*(?:and|but|only|just|what about|how about|the same|same|now|instead|or|by|per|top|"
    r"那么?|再|只|仅|换成|改成|改为|按|如果|前)(?=\W|[\u4e00-\u9fff]|\d|$)",
    re.IGNORECASE,
)
_ENDS = re.compile(r"呢\s*[?？]?\s*$")
_MOST_WORDS, _MOST_HAN = 9, 16
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_DATE = re.compile(r"(?:19|20)\d\d(?=-\d\d-\d\d)")
_TOP = re.compile(r"\btop\s+(\d{1,9})(?!\d)|前\s*(\d{1,9})(?!\d)", re.IGNORECASE)
_SMALL = frozenset(re.findall(
    r"\w+",
    "and but only just what about how the same now instead or by per for each top in of from with "
    "to at on year one those that are is then show me please first",
))  # fmt: skip
_SMALL_HAN = frozenset("那么再只仅换成改为按照呢的个名前年月在和与又是看要请如果了吗条位些")
_BY = re.compile(
    r"\b(?:by|per|for each)\s+(?:the\s+)?([\w ]+)"
    r"|按照?([\u4e00-\u9fff]+?)(?:呢|分组|统计|排|\W|$)",
    re.IGNORECASE,
)


def goes_on(question: str) -> bool:
    """Whether a question looks like one that only changes the last one."""
    han = sum("\u4e00" <= sign <= "\u9fff" for sign in question)
    short = len(question.split()) <= _MOST_WORDS and han <= _MOST_HAN
    return short and bool(_BEGINS.search(question) or _ENDS.search(question))


def follow_up(question: str, last_sql: str, database: Database) -> str:
    """The last SQL with what the question changes in it; '' when it is a question of its own."""
    fits = goes_on(question) and not question_problem(question)
    tree = parse(last_sql) if fits else None
    if not isinstance(tree, exp.Select):
        return ""
    schema = database.schema
    mentions = database.linker.mentions(question)
    said = without(question, mentions)
    if _left_over(said, _tables(tree, schema)):
        return ""
    changed = [
        *(_change_value(tree, mention, schema) for mention in _one_each(mentions)),
        *(_change_year(tree, int(year), schema) for year in _YEAR.findall(said)[:1]),
        *(_change_rows(tree, int(one or other)) for one, other in _TOP.findall(said)[:1]),
        *(_group(tree, (one or other).strip(), schema) for one, other in _BY.findall(said)[:1]),
    ]
    if not changed or not all(changed):
        return ""
    sql = written(tree)
    return sql if sql != last_sql and binds(sql, database) else ""


def _left_over(said: str, tables: Sequence[Table]) -> bool:
    """Whether a question says more than can be changed: "top 3 songs" after one about customers."""
    rest = _TOP.sub(" ", _BY.sub(" ", _YEAR.sub(" ", said)))
    known = {singular(word) for table in tables for word in words(table.name)} | _SMALL
    han = "".join(token.text for table in tables for token in tokens(table.comment) if token.han)
    return any(singular(word) not in known for word in re.findall(r"[a-z]+", rest.lower())) or any(
        sign not in _SMALL_HAN and sign not in han for sign in re.findall(r"[\u4e00-\u9fff]", rest)
    )


def _one_each(mentions: Sequence[Mention]) -> list[Mention]:
    """The surest mention of each piece of the question."""
    found: dict[tuple[int, int], Mention] = {}
    for mention in sorted(mentions, key=lambda m: -m.score):
        found.setdefault((mention.start, mention.end), mention)
    return list(found.values())


def _tables(tree: exp.Select, schema: Schema) -> list[Table]:
    """The tables of the query itself, without those of its subqueries."""
    first = tree.args.get("from_") or tree.args.get("from")
    sources = [first.this] if first is not None else []
    sources += [join.this for join in tree.args.get("joins") or ()]
    names = {s.name.lower() for s in sources if isinstance(s, exp.Table) and not s.alias}
    return [table for table in schema.tables if table.name.lower() in names]


def _place(table: Table, column: Column, tree: exp.Select, schema: Schema) -> str:
    """A column as the query writes it: with its table where there are several."""
    several = len(_tables(tree, schema)) > 1
    return f"{table.sql_name}.{quote(column.name)}" if several else quote(column.name)


def _change_value(tree: exp.Select, mention: Mention, schema: Schema) -> bool:
    """Put a value in the place of another of its column, or ask for it too."""
    where = tree.args.get("where")
    tests = [
        test
        for column in (where.find_all(exp.Column) if where is not None else ())
        if _is_of(column, mention, tree, schema)
        and (test := column.find_ancestor(exp.Predicate)) is not None
        and column.find_ancestor(exp.Select) is tree
    ]
    if len(tests) > 1 or any(test.find_ancestor(exp.Or, exp.Not) for test in tests):
        return False
    for test in tests:
        column, value = test.this, test.args.get("expression")
        plain = isinstance(test, exp.EQ | exp.Like | exp.ILike) and isinstance(column, exp.Column)
        if not plain or not isinstance(value, exp.Literal) or not value.is_string:
            return False
        test.replace(exp.EQ(this=column.copy(), expression=exp.Literal.string(mention.value)))
        return True
    for table in _tables(tree, schema):
        for column in table.columns:
            if (table.sql_name, quote(column.name)) == (mention.table, mention.column):
                name = _place(table, column, tree, schema)
                value = exp.Literal.string(mention.value).sql(dialect="duckdb")
                tree.where(f"{name} = {value}", copy=False, dialect="duckdb")
                return True
    return False


def _is_of(column: exp.Column, mention: Mention, tree: exp.Select, schema: Schema) -> bool:
    """Whether a column is the one that a value was found in."""
    if quote(column.name) != mention.column:
        return False
    owner = column.table.lower()
    owners = {tables_called(tree).get(owner, owner)} if owner else {
        table.name.lower()
        for table in _tables(tree, schema)
        if any(other.name == column.name for other in table.columns)
    }  # fmt: skip
    return any(
        table.sql_name == mention.table and table.name.lower() in owners for table in schema.tables
    )


def _change_year(tree: exp.Select, year: int, schema: Schema) -> bool:
    """Put a year in the place of another, or ask for it too, of the only date there is."""
    where = tree.args.get("where")
    literals = list(where.find_all(exp.Literal)) if where is not None else []
    dated = [literal for literal in literals if literal.is_string and _DATE.match(literal.name)]
    dated += [literal for literal in literals if _is_year(literal)]
    years = [int(literal.name[:4]) for literal in dated]
    if len(set(years)) > 1 and not _is_one_year(dated):
        return False
    for literal, old in zip(dated, years, strict=True):
        text = f"{year + old - min(years)}{literal.name[4:]}"
        made = exp.Literal.string(text) if literal.is_string else exp.Literal.number(text)
        literal.replace(made)
    if dated:
        return True
    dates = [
        (table, column)
        for table in _tables(tree, schema)
        for column in table.columns
        if column.kind == "date"
    ]
    read = {column.name for column in where.find_all(exp.Column)} if where is not None else set()
    if len(dates) != 1 or dates[0][1].name in read:  # read in a way that is not known here
        return False
    place = _place(*dates[0], tree, schema)
    tree.where(f"year({place}) = {year}", copy=False, dialect="duckdb")
    return True


def _is_year(literal: exp.Literal) -> bool:
    """Whether a number is compared with the year of a date, or with a column that holds years."""
    test = literal.find_ancestor(exp.Predicate)
    if literal.is_string or not _YEAR.fullmatch(literal.name) or test is None:
        return False
    return re.search("year|年|%Y", test.sql(dialect="duckdb"), re.IGNORECASE) is not None


def _is_one_year(dated: Sequence[exp.Literal]) -> bool:
    """Whether dates are the first day of a year and that of the next, which is left out."""
    tests = {type(literal.parent): literal for literal in dated}
    if len(dated) != 2 or tests.keys() != {exp.GTE, exp.LT}:
        return False
    first, next_year = tests[exp.GTE], tests[exp.LT]
    same = first.parent.this == next_year.parent.this  # type: ignore[union-attr]
    begins = first.name[4:] == next_year.name[4:] == "-01-01"
    return same and begins and int(next_year.name[:4]) - int(first.name[:4]) == 1


def _change_rows(tree: exp.Select, count: int) -> bool:
    if tree.args.get("order") is None or count < 1:
        return False
    tree.limit(count, copy=False)
    return True


def _group(tree: exp.Select, said: str, schema: Schema) -> bool:
    """The same numbers for each value of a column."""
    numbers = all(item.find(exp.AggFunc) is not None for item in tree.expressions)
    found = list(_columns_called(said, _tables(tree, schema)))
    if not numbers or tree.args.get("group") is not None or len(found) != 1:
        return False
    name = _place(*found[0], tree, schema)
    tree.set("expressions", [exp.maybe_parse(name, dialect="duckdb"), *tree.expressions])
    tree.group_by(name, copy=False, dialect="duckdb")
    return True


def _columns_called(said: str, tables: Sequence[Table]) -> Iterator[tuple[Table, Column]]:
    """Columns whose name, or Chinese comment, is what was said."""
    spoken = [singular(word) for word in words(said)]
    for table in tables:
        owner = {singular(word) for word in words(table.name)}
        for column in table.columns:
            own = [singular(word) for word in words(column.name)]
            short = [word for word in own if word not in owner]
            han = [token.text for token in tokens(column.comment) if token.han]
            if spoken in (own, short) or any(text == said or said in text for text in han):
                yield table, column
