"""Values for columns by kind, in the language that a database is filled in."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from llmtui.trainer.headstart.plan import ColumnPlan, vocabulary
from llmtui.trainer.headstart.style import Style

_BLANK = re.compile(r"\{(\w+)\}")
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_YES = {"number": (1, 0), "BOOLEAN": (True, False)}
_SAID_YES = {
    ("letter", "en"): ("Y", "N"),
    ("letter", "zh"): ("Y", "N"),
    ("word", "en"): ("yes", "no"),
    ("word", "zh"): ("是", "否"),
}


@cache
def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """ "Red/红 Blue/蓝" → (("Red", "红"), …); `_` is a blank, a word alone is both languages."""
    parts = [item.replace("_", " ").split("/") for item in text.split()]
    return tuple((part[0], part[-1]) for part in parts)


class Filler:
    """Values for the columns of one table. The same generator state gives the same values."""

    def __init__(self, rng: random.Random, style: Style, rows: int) -> None:
        self.rng, self.style, self.rows = rng, style, rows
        self.last = 1 if style.values == "zh" else 0
        first = rng.randint(1995, 2019)
        self.years = (first, rng.randint(first + 4, 2025))
        self.days: dict[str, list[dt.datetime]] = {}
        self._places: list[list[str]] | None = None

    def column(self, plan: ColumnPlan) -> list[Any]:
        """`rows` values of a column that is not a key, with gaps where some may be missing."""
        make: Callable[..., list[Any]] = getattr(self, f"of_{plan.kind}")
        values = make(*plan.args)
        if plan.kind in ("date", "datetime"):
            self.days[plan.name] = values
        share = self.rng.uniform(0.08, 0.35) if plan.missing else self.style.nulls
        if share and (plan.missing or self.rng.random() < 0.5):
            values = [None if self.rng.random() < share else value for value in values]
        if plan.kind in ("date", "datetime", "after"):
            values = [None if day is None else self.stored(day) for day in values]
        return values

    # people and places

    def of_person(self) -> list[Any]:
        if self.last:
            return self.unique(lambda: self.word("surname") + self.word("given"))
        return self.unique(lambda: f"{self.word('first')} {self.word('surname')}")

    def of_first(self) -> list[Any]:
        return [self.word("first") for _ in self.each]

    def of_last(self) -> list[Any]:
        return [self.word("surname") for _ in self.each]

    def of_city(self) -> list[Any]:
        return [place[0 + self.last] for place in self.places]

    def of_country(self) -> list[Any]:
        return [place[2 + self.last] for place in self.places]

    @property
    def places(self) -> list[list[str]]:
        """City, 城市, country, 国家 of each row: a dozen places, some of them often."""
        if self._places is None:
            texts = vocabulary("pools")["places"]["cities"].split()
            some = self.rng.sample(texts, self.rng.randint(5, 16))
            split = [text.replace("_", " ").split("/") for text in some]
            self._places = self.skewed(split)
        return self._places

    def of_address(self) -> list[Any]:
        streets = [(self.word("street"), self.rng.randint(1, 320)) for _ in self.each]
        return [f"{road}{house}号" if self.last else f"{house} {road}" for road, house in streets]

    def of_email(self) -> list[Any]:
        where = self.rng.choice(("example.com", "mail.test", "post.example", "corp.example"))
        return [f"user{n * 7 + self.rng.randint(0, 6)}@{where}" for n in range(1, self.rows + 1)]

    def of_phone(self) -> list[Any]:
        numbers = [f"{self.rng.randrange(10**9):09d}" for _ in self.each]
        return [f"13{n}" if self.last else f"555-{n[:3]}-{n[3:7]}" for n in numbers]

    def of_url(self) -> list[Any]:
        return [f"https://www.{c.lower()}.example" for c in self.of_code("s", "4")]

    # words

    def of_one(self, *choices: str) -> list[Any]:
        """One of a list, some far more often than others."""
        some = list(choices)
        if len(some) > 4 and self.rng.random() < 0.5:
            some = self.rng.sample(some, self.rng.randint(4, len(some)))
        return self.skewed([self.said(choice) for choice in some])

    def of_all(self, *choices: str) -> list[Any]:
        """Each of a list once: the table has a row for each."""
        values = [self.said(choice) for choice in choices]
        self.rng.shuffle(values)
        return values

    def of_name(self, theme: str) -> list[Any]:
        """Names composed from the patterns of a theme, none twice."""
        patterns = vocabulary("pools")["patterns"][theme].split("; ")
        return self.unique(lambda: self.composed(self.rng.choice(patterns)))

    def composed(self, pattern: str) -> str:
        text = (pattern.split("/") * 2)[self.last]
        return _BLANK.sub(lambda found: self.word(found[1]), text)

    def of_text(self) -> list[Any]:
        return self.of_name("remark")

    def of_code(self, prefix: str = "", digits: str = "4") -> list[Any]:
        head = prefix or "".join(self.rng.choices(_LETTERS, k=2))
        count = max(int(digits), len(str(self.rows)) + 1)
        values = self.rng.sample(range(10 ** (count - 1), 10**count), self.rows)
        return [f"{head}{value}" for value in values]

    def of_bool(self) -> list[Any]:
        way = self.style.bools
        yes, no = _YES[way] if way in _YES else _SAID_YES[way, self.style.values]
        share = self.rng.uniform(0.2, 0.8)
        return [yes if self.rng.random() < share else no for _ in self.each]

    # numbers

    def of_int(self, low: str, high: str) -> list[Any]:
        """Whole numbers, more of them small when the range is wide."""
        first, last = int(float(low)), int(float(high))
        bend = 1.0 if last - first < 30 else self.rng.choice((1.0, 1.5, 2.2))
        values = [int(first + (last + 1 - first) * self.rng.random() ** bend) for _ in self.each]
        round_to = 10 ** max(0, len(str(last)) - 3) if last > 5000 else 1
        return [value // round_to * round_to for value in values]

    def of_real(self, low: str, high: str, digits: str = "2") -> list[Any]:
        first, last, bend = float(low), float(high), self.rng.choice((1.0, 1.4, 2.0))
        values = [first + (last - first) * self.rng.random() ** bend for _ in self.each]
        return [round(value, int(digits)) for value in values]

    def of_money(self, low: str, high: str) -> list[Any]:
        if self.style.money == "INTEGER":
            return self.of_int(low, high)
        values = self.of_real(low, high)
        exact = self.style.money.startswith("DECIMAL")
        return [Decimal(str(value)) for value in values] if exact else values

    def of_year(self, low: str = "1960", high: str = "2024") -> list[Any]:
        return [self.rng.randint(int(low), int(high)) for _ in self.each]

    # times

    def of_date(self, low: str = "", high: str = "") -> list[Any]:
        first, last = int(low or self.years[0]), int(high or self.years[1])
        start = dt.datetime(first, 1, 1)
        length = (last + 1 - first) * 365
        return [start + dt.timedelta(days=self.rng.randrange(length)) for _ in self.each]

    def of_datetime(self) -> list[Any]:
        days = self.of_date()
        return [day + dt.timedelta(minutes=self.rng.randrange(420, 1320)) for day in days]

    def of_after(self, of: str, low: str, high: str) -> list[Any]:
        """Days after those of another column of the table, which may have been left out."""
        days = self.days.get(of) or self.of_date()
        days = [day or self.of_date()[0] for day in days]
        return [day + dt.timedelta(days=self.rng.randint(int(low), int(high))) for day in days]

    def of_time(self) -> list[Any]:
        return [f"{self.rng.randint(6, 22):02d}:{self.rng.choice((0, 15, 30, 45)):02d}"
                for _ in self.each]  # fmt: skip

    def stored(self, day: dt.datetime) -> Any:
        way = self.style.dates
        if day.hour or way == "TIMESTAMP":
            return day.strftime("%Y-%m-%d %H:%M:%S") if way == "text" else day
        return day.strftime("%Y-%m-%d") if way == "text" else day.date()

    # how they are drawn

    @property
    def each(self) -> range:
        return range(self.rows)

    def said(self, choice: str) -> str:
        return (choice.split("/") * 2)[self.last]

    def word(self, pool: str) -> str:
        return self.rng.choice(_pairs(vocabulary("pools")["words"][pool]))[self.last]

    def skewed(self, choices: list[Any]) -> list[Any]:
        self.rng.shuffle(choices)
        bend = self.rng.choice((0.0, 0.5, 1.0))
        weights = [1 / (place + 1) ** bend for place in range(len(choices))]
        return self.rng.choices(choices, weights, k=self.rows)

    def unique(self, draw: Callable[[], str]) -> list[Any]:
        """Values none of which comes twice; where words run out, with a number behind."""
        values: dict[str, None] = {}
        tries = 0
        while len(values) < self.rows:
            tries += 1
            value = draw()
            values[value if tries < 8 * self.rows else f"{value} {tries % 997}"] = None
        return list(values)


def column_type(plan: ColumnPlan, style: Style) -> str:
    """DuckDB's type for a column of this kind."""
    days = "VARCHAR" if style.dates == "text" else style.dates
    return {
        "int": "INTEGER",
        "year": "INTEGER",
        "serial": "INTEGER",
        "money": style.money,
        "real": "DOUBLE",
        "date": days,
        "after": days,
        "datetime": "VARCHAR" if style.dates == "text" else "TIMESTAMP",
        "bool": {"BOOLEAN": "BOOLEAN", "number": "INTEGER"}.get(style.bools, "VARCHAR"),
    }.get(plan.kind, "VARCHAR")
