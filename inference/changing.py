"""What a question that goes on from another changes in the last SQL.

Each function changes a tree and tells how: "swapped" for what stood there, "joined" to it by an or,
"added", or "" when it is not sure what is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from llmtui.database.fold import tokens
from llmtui.database.keys import singular, words
from llmtui.database.link import Mention
from llmtui.database.schema import Column, Schema, Table, folded, quote
from llmtui.inference.scopes import place, tables_called, tables_of

_COMPARING = (exp.Predicate, exp.Case, exp.Where, exp.Having, exp.Qualify, exp.Filter)


def meant(found: Sequence[Mention], tree: exp.Select, schema: Schema) -> Mention | None:
    """Which of the values that a piece may stand for the query is about: one of a column that it
    tests, else of one of its tables; None when two are as likely."""
    tested = [mention for mention in found if _tests_of(tree, mention, schema)]
    names = {table.sql_name for table in tables_of(tree, schema)}
    ranked = sorted(
        tested or [mention for mention in found if mention.table in names], key=lambda m: -m.score
    )
    if len(ranked) > 1 and ranked[0].score == ranked[1].score:
        return None
    return ranked[0] if ranked else None


def change_value(tree: exp.Select, mention: Mention, schema: Schema, *, either: bool) -> str:
    """Put a value in the place of another of its column, or ask for it too.

    either: whether a row may have the one or the other
    """
    tests = _tests_of(tree, mention, schema)
    if not tests and not either:
        return _add_value(tree, mention, schema)
    if len(tests) != 1 or tests[0].find_ancestor(exp.Or, exp.Not):
        return ""
    new, column = exp.Literal.string(mention.value), tests[0].this
    old = _texts_of(tests[0])
    if not old or not isinstance(column, exp.Column):
        return ""
    if either and isinstance(tests[0], exp.EQ | exp.In):
        tests[0].replace(exp.In(this=column.copy(), expressions=[*old, new]))
        return "joined"
    if either or isinstance(tests[0], exp.In):
        return ""
    tests[0].replace(exp.EQ(this=column.copy(), expression=new))
    return "swapped"


def _texts_of(test: exp.Predicate) -> list[exp.Literal]:
    """The texts of which a column must be one, [] when a test is of another kind."""
    found = list(test.expressions) if isinstance(test, exp.In) else [test.args.get("expression")]
    known = isinstance(test, exp.In | exp.EQ | exp.Like | exp.ILike)
    texts = [x.copy() for x in found if isinstance(x, exp.Literal) and x.is_string]
    return texts if known and len(texts) == len(found) else []


def _add_value(tree: exp.Select, mention: Mention, schema: Schema) -> str:
    if any(
        column.find_ancestor(*_COMPARING) is not None and _is_of(column, mention, tree, schema)
        for column in tree.find_all(exp.Column)
    ):
        return ""  # compared elsewhere than in what every row must pass
    for table in tables_of(tree, schema):
        for column in table.columns:
            if (table.sql_name, quote(column.name)) == (mention.table, mention.column):
                name = place(table, column, tree, schema)
                value = exp.Literal.string(mention.value).sql(dialect="duckdb")
                tree.where(f"{name} = {value}", copy=False, dialect="duckdb")
                return "added"
    return ""


def _tests_of(tree: exp.Select, mention: Mention, schema: Schema) -> list[exp.Predicate]:
    """The query's own tests of the column that a value was found in."""
    where = tree.args.get("where")
    return [
        test
        for column in (where.find_all(exp.Column) if where is not None else ())
        if _is_of(column, mention, tree, schema)
        and (test := column.find_ancestor(exp.Predicate)) is not None
        and column.find_ancestor(exp.Select) is tree
    ]


def _is_of(column: exp.Column, mention: Mention, tree: exp.Select, schema: Schema) -> bool:
    """Whether a column is the one that a value was found in."""
    if folded(quote(column.name)) != folded(mention.column):
        return False
    owner = column.table.lower()
    owners = {tables_called(tree).get(owner, owner)} if owner else {
        table.name.lower()
        for table in tables_of(tree, schema)
        if any(folded(other.name) == folded(column.name) for other in table.columns)
    }  # fmt: skip
    return any(
        table.sql_name == mention.table and table.name.lower() in owners for table in schema.tables
    )


def change_rows(tree: exp.Select, count: int) -> str:
    """Another number of rows of a query that orders them."""
    if tree.args.get("order") is None or tree.args.get("offset") is not None or count < 1:
        return ""
    how = "swapped" if tree.args.get("limit") is not None else "added"
    tree.limit(count, copy=False)
    return how


def group(tree: exp.Select, said: str, schema: Schema) -> str:
    """The same numbers for each value of a column."""
    numbers = all(item.find(exp.AggFunc) is not None for item in tree.expressions)
    found = list(_columns_called(said, tables_of(tree, schema)))
    kept = any(tree.args.get(part) is not None for part in ("group", "order", "limit"))
    if not numbers or kept or len(found) != 1:
        return ""
    name = place(*found[0], tree, schema)
    tree.set("expressions", [exp.maybe_parse(name, dialect="duckdb"), *tree.expressions])
    tree.group_by(name, copy=False, dialect="duckdb")
    return "added"


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
