"""A domain becomes a schema: some tables and columns left out, the rest named in one style."""

from __future__ import annotations

import random
from dataclasses import dataclass

from llmtui.trainer.headstart.plan import (
    ColumnPlan,
    Domain,
    TablePlan,
    Term,
    column_term,
    domains,
    table_term,
)
from llmtui.trainer.headstart.style import Style, draw_style

_MOST_TABLES = 6
_PERSON = Term(("name", "full name"), ("姓名", "名字"))


@dataclass(frozen=True)
class ColumnDesign:
    """A column as it will be made; `english` and `chinese` are what people call it."""

    name: str
    plan: ColumnPlan
    english: str
    chinese: str


@dataclass(frozen=True)
class TableDesign:
    """`key` is the primary key column, None for a table that only links others."""

    name: str
    plan: TablePlan
    english: str
    chinese: str
    key: ColumnDesign | None
    columns: tuple[ColumnDesign, ...]
    rows: int


@dataclass(frozen=True)
class Design:
    domain: str
    style: Style
    tables: tuple[TableDesign, ...]

    def table(self, plan_name: str) -> TableDesign:
        return next(table for table in self.tables if table.plan.name == plan_name)


def draw_design(rng: random.Random, domain: Domain | None = None) -> Design:
    """A schema at random; of `domain`, or of any."""
    domain = domain or rng.choice(domains())
    style = draw_style(rng)
    plans = [_fewer_columns(plan, style, rng) for plan in _some_tables(domain, rng)]
    parents = {column.parent for plan in plans for column in plan.keys}
    tables: list[TableDesign] = []
    for plan in plans:
        link = plan.name not in parents and len(plan.keys) > 1 and bool(plan.columns[0].parent)
        tables.append(_table(plan, tables, style, rng, link=link and rng.random() < 0.6))
    return Design(domain.name, style, tuple(tables))


def _some_tables(domain: Domain, rng: random.Random) -> list[TablePlan]:
    """Tables whose parents are all there: one is drawn, then more that touch those there are."""
    by_name = {plan.name: plan for plan in domain.tables}
    wanted = min(len(by_name), rng.choices(range(1, _MOST_TABLES + 1), (3, 8, 12, 12, 8, 4))[0])
    kept: set[str] = set()
    order = list(domain.tables)
    rng.shuffle(order)
    while len(kept) < wanted:
        touching = [p for p in order if p.name not in kept and (not kept or _touches(p, kept))]
        rest = [p for p in order if p.name not in kept]
        _keep((touching or rest)[0], by_name, kept)
    return [plan for plan in domain.tables if plan.name in kept]


def _touches(plan: TablePlan, kept: set[str]) -> bool:
    return any(column.parent in kept for column in plan.keys)


def _keep(plan: TablePlan, by_name: dict[str, TablePlan], kept: set[str]) -> None:
    """Keep a table with all that it refers to."""
    if plan.name not in kept:
        kept.add(plan.name)
        for column in plan.keys:
            _keep(by_name[column.parent], by_name, kept)


def _fewer_columns(plan: TablePlan, style: Style, rng: random.Random) -> TablePlan:
    """The first column names the row and stays, and so do keys."""
    kept = [
        column
        for place, column in enumerate(plan.columns)
        if place == 0 or column.parent or rng.random() >= style.drop
    ]
    rest = kept[1:]
    if rng.random() < 0.3:
        rng.shuffle(rest)
    return TablePlan(plan.name, (kept[0], *rest))


def _table(
    plan: TablePlan, made: list[TableDesign], style: Style, rng: random.Random, *, link: bool
) -> TableDesign:
    term = table_term(plan.name)
    english, chinese = _said(term, style, rng), _said_zh(term, style, rng)
    name = style.table(_named(term, style, rng), chinese)
    if name.lower() in {table.name.lower() for table in made}:
        english, chinese = term.en[0], term.zh[0]
        name = style.table(english, chinese)
    key = None if link else _key(english, chinese, style)
    taken = {key.name.lower()} if key else set()
    columns: list[ColumnDesign] = []
    for column in plan.columns:
        for part in _split_name(column, style, rng):
            found = _column(part, english, made, style, rng)
            if found.name.lower() not in taken:
                taken.add(found.name.lower())
                columns.append(found)
    rows = rng.randint(*((12, 90), (40, 200), (80, 320))[min(len(plan.keys), 2)])
    return TableDesign(name, plan, english, chinese, key, tuple(columns), rows)


def _split_name(column: ColumnPlan, style: Style, rng: random.Random) -> tuple[ColumnPlan, ...]:
    """A person's name is often kept in two columns."""
    latin = style.values == style.names == "en"
    if column.name == "name" and column.kind == "person" and latin and rng.random() < 0.3:
        return (ColumnPlan("first_name", "first"), ColumnPlan("last_name", "last"))
    return (column,)


def _key(english: str, chinese: str, style: Style) -> ColumnDesign:
    last = {"table_code": "code", "table_no": "no"}.get(style.ids, "id")
    words = [last] if style.ids in ("id", "role") else [*english.split(), last]
    if style.names == "zh":
        name = "编号" if style.ids in ("id", "role") else f"{chinese}编号"
    else:
        name = style.cased(words)
    kind = "code" if last == "code" else "serial"
    return ColumnDesign(name, ColumnPlan("id", kind), f"{english} number", f"{chinese}编号")


def _column(
    plan: ColumnPlan, table: str, made: list[TableDesign], style: Style, rng: random.Random
) -> ColumnDesign:
    if not plan.parent:
        person = plan.kind == "person" and plan.name == "name"
        term = _PERSON if person else column_term(plan.name)
        english, chinese = _said(term, style, rng), _said_zh(term, style, rng)
        name = style.column(_named(term, style, rng), chinese, table)
        return ColumnDesign(name, plan, english, chinese)
    parent = next((t for t in made if t.plan.name == plan.parent), None)
    own = plan.name == plan.parent
    if own and parent is not None:
        english, chinese = parent.english, parent.chinese
    else:
        term = table_term(plan.name)
        english, chinese = term.en[0], term.zh[0]
    if style.names == "zh":
        name = chinese if style.ids == "role" else f"{chinese}编号"
        return ColumnDesign(name, plan, english, chinese)
    if style.ids == "role":
        return ColumnDesign(style.cased(english.split()), plan, english, chinese)
    last = {"table_code": "code", "table_no": "no"}.get(style.ids, "id")
    return ColumnDesign(style.cased([*english.split(), last]), plan, english, chinese)


def _named(term: Term, style: Style, rng: random.Random) -> str:
    """The words that the identifier is made of."""
    return rng.choice(term.en) if rng.random() < style.other else term.en[0]


def _said(term: Term, style: Style, rng: random.Random) -> str:
    """The words that people say, which need not be those of the identifier."""
    return rng.choice(term.en) if rng.random() < style.other / 2 else term.en[0]


def _said_zh(term: Term, style: Style, rng: random.Random) -> str:
    return rng.choice(term.zh) if rng.random() < style.other else term.zh[0]
