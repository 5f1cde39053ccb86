"""What other databases let pass and DuckDB does not: grouping, aggregates in WHERE, types."""

from __future__ import annotations

import re

from sqlglot import exp

from llmtui.database.fold import tokens
from llmtui.database.schema import Column, Schema
from llmtui.inference.nearest import name_words
from llmtui.inference.scopes import View, views

_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_ADDED = (exp.Sum, exp.Avg, exp.Stddev, exp.Variance, exp.Round, exp.Median)
_OF_DATES = (exp.Year, exp.Month, exp.Day, exp.Extract, exp.TimeToStr, exp.TimestampTrunc,
             exp.DateTrunc, exp.Quarter, exp.Week, exp.DayOfWeek)  # fmt: skip


_EACH = re.compile(r"\b(?:each|every)\b", re.IGNORECASE)
_EACH_HAN = re.compile(
    r"(?:各|每(?!股|单位|小时|分钟|秒|平方|公里|公斤|千|百)|按(?!.*(?:排|从|算)))(?=(\w{1,5}))"
)
_PERIOD = re.compile(r"个?(?:[年月周天日次]|星期|季度)")
_PERIODS = frozenset(["year", "month", "week", "day", "date", "quarter"])


def mend_strictness(tree: exp.Query, schema: Schema, question: str = "") -> list[str]:
    """Change `tree` in place; what was changed, in sentences without their full stop.

    question: what it is to answer; an extreme "for each" of something is no single row
    """
    changes: list[str] = []
    for view in views(tree, schema):
        _move_to_having(view.select, changes)
        _complete_group(view, question, changes)
        _cast(view, changes)
    return list(dict.fromkeys(changes))


def _aggregates(node: exp.Expr) -> bool:
    """Whether a node aggregates in its own query, not in a window or in a query inside it."""
    for found in node.find_all(exp.AggFunc):
        inside = found.find_ancestor(exp.Window, exp.Subquery, exp.Select)
        if inside is None or inside is node.find_ancestor(exp.Window, exp.Subquery, exp.Select):
            return True
    return False


def _move_to_having(select: exp.Expr, changes: list[str]) -> None:
    """Conditions on aggregates belong after GROUP BY."""
    where = select.args.get("where")
    if where is None or not _aggregates(where.this):
        return
    parts = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
    moved = [part for part in parts if _aggregates(part)]
    left = [part for part in parts if not _aggregates(part)]
    select.set("where", exp.Where(this=exp.and_(*left)) if left else None)
    having = select.args.get("having")
    select.set("having", exp.Having(this=exp.and_(*([having.this] if having else []), *moved)))
    changes.append("a condition on an aggregate was moved after GROUP BY")


def _complete_group(view: View, question: str, changes: list[str]) -> None:
    """Columns that stand beside an aggregate are grouped by.

    One lone extreme beside columns and without GROUP BY means the row that has it, as in SQLite,
    unless the question asks for it for each of them.
    """
    select = view.select
    shown = [item.unalias() for item in select.expressions]
    group = select.args.get("group")
    having = select.args.get("having")
    if not (group or having or any(_aggregates(item) for item in shown)):
        return
    plain = [item for item in shown if not _aggregates(item) and item.find(exp.Column)]
    if any(item.is_star for item in shown):
        return
    extremes = [item for item in shown if isinstance(item, exp.Max | exp.Min)]
    alone = plain and len(extremes) == len(shown) - len(plain) == 1
    if group is None and having is None and alone and not _for_each(plain, view, question):
        _take_row(select, extremes[0], changes)
        return
    known = {item.sql().lower() for item in (group.expressions if group else ())}
    for item in list(group.expressions if group else ()):
        if item.is_int and 0 < int(item.name) <= len(shown):
            known.add(shown[int(item.name) - 1].sql().lower())
    names = {item.alias.lower() for item in select.expressions if item.alias}
    order = select.args.get("order")
    sorted_by = [item.this for item in (order.expressions if order else ())]
    wanted = [*plain, *(c for c in sorted_by if isinstance(c, exp.Column))]
    missing = [
        item for item in wanted
        if item.sql().lower() not in known and item.sql().lower() not in names
    ]  # fmt: skip
    if not missing or not (plain or group):
        return
    group = group or exp.Group(expressions=[])
    for item in dict.fromkeys(missing):
        group.append("expressions", item.copy())
    select.set("group", group)
    told = ", ".join(dict.fromkeys(item.sql() for item in missing))
    changes.append(f"rows were also grouped by {told}")


def _for_each(shown: list[exp.Expr], view: View, question: str) -> bool:
    """Whether a question asks for one of each: "in each department", "by department"."""
    columns = [column for item in shown for column in item.find_all(exp.Column)]
    words = {word for column in columns for word in name_words(column.name)}
    after = re.findall(r"\b(?:by|per) (?:the |their |its )?(\w+)", question.lower())
    if _EACH.search(question) or any(words & set(name_words(word)) for word in after):
        return True
    said = _EACH_HAN.findall(question)
    known = [_column(column, view) for column in columns]
    dated = bool(words & _PERIODS) or any(column and column.kind == "date" for column in known)
    pieces = _han_pieces(columns, view)
    return any(
        dated if _PERIOD.match(what) else not pieces or any(piece in what for piece in pieces)
        for what in said
    )


def _han_pieces(columns: list[exp.Column], view: View) -> set[str]:
    """Two signs each of what columns and their tables are called in Chinese."""
    texts: list[str] = []
    for node in columns:
        source, column = view.owner(node), _column(node, view)
        if source and source.table and column:
            texts += [column.name, column.comment, source.table.name, source.table.comment]
    runs = [token.text for text in texts for token in tokens(text) if token.han]
    return {run[at : at + 2] for run in runs for at in range(max(len(run) - 1, 1))}


def _take_row(select: exp.Expr, extreme: exp.Expr, changes: list[str]) -> None:
    """MAX(x) beside columns: the columns of the row with the largest x."""
    value = extreme.this
    for item in select.expressions:
        if item.unalias() is extreme:
            item.unalias().replace(value.copy())
            break
    down = isinstance(extreme, exp.Max)
    ordered = exp.Ordered(this=value.copy(), desc=down, nulls_first=False)
    select.set("order", exp.Order(expressions=[ordered]))
    select.set("limit", exp.Limit(expression=exp.Literal.number(1)))
    changes.append(f"the row with the {'largest' if down else 'smallest'} {value.sql()} was taken")


def _cast(view: View, changes: list[str]) -> None:
    """Compare like with like: a type that does not fit is cast, cells that cannot be are empty."""
    for node in view.select.find_all(*_COMPARED):
        sides = [node.this, *(node.args.get(n) for n in ("expression", "low", "high"))]
        numbers = [side for side in sides if isinstance(side, exp.Literal) and not side.is_string]
        for side in sides:
            column = _column(side, view)
            if column is None or not numbers or column.kind != "text":
                continue
            if isinstance(node, exp.EQ | exp.NEQ):
                for literal in numbers:
                    literal.replace(exp.Literal.string(literal.name))
            else:
                side.replace(exp.TryCast(this=side.copy(), to=exp.DataType.build("DOUBLE")))
            changes.append(f'"{column.name}" was compared as it is stored, as text')
    for kinds, wanted in ((_ADDED, "DOUBLE"), (_OF_DATES, "TIMESTAMP")):
        for node in view.select.find_all(*kinds):
            inner = node.expression if isinstance(node, exp.Extract) else node.this
            column = _column(inner, view)
            if column is not None and column.kind == "text":
                inner.replace(exp.TryCast(this=inner.copy(), to=exp.DataType.build(wanted)))
                changes.append(f'"{column.name}" is text and was read as {wanted}')
    for node in view.select.find_all(exp.Like, exp.ILike):
        column = _column(node.this, view)
        if column is not None and column.kind != "text":
            node.this.replace(exp.Cast(this=node.this.copy(), to=exp.DataType.build("TEXT")))
            changes.append(f'"{column.name}" was compared as text')


def _column(node: exp.Expr | None, view: View) -> Column | None:
    if not isinstance(node, exp.Column):
        return None
    source = view.owner(node)
    return source.column(node.name) if source else None
