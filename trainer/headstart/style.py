"""How the people who made a database name and store things; one style a database, drawn at random.

The shares below follow what public collections of databases look like at a glance: mostly snake
case, some camel case, some blanks, some names glued together; keys declared in two of three.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from llmtui.database.keys import singular
from llmtui.trainer.headstart.plan import vocabulary
from llmtui.trainer.instructions.naming import plural

_CASES = {"snake": 46, "Pascal": 14, "camel": 8, "Title_Snake": 7, "UPPER": 8, "glued": 9,
          "Blank": 4, "Capital_snake": 4}  # fmt: skip
_IDS = {"id": 34, "table_id": 40, "table_code": 10, "table_no": 6, "role": 10}
_DATES = {"DATE": 70, "TIMESTAMP": 14, "text": 16}
_BOOLS = {"BOOLEAN": 45, "number": 30, "letter": 15, "word": 10}
_MONEY = {"DECIMAL(10, 2)": 45, "DOUBLE": 35, "INTEGER": 20}
_PREFIXES = {"": 86, "t": 5, "tbl": 5, "dim": 2, "sys": 2}
_LANGUAGES = {"en/en": 56, "en/zh": 20, "zh/zh": 24}


@dataclass(frozen=True)
class Style:
    """One database's habits.

    names, values: the language of identifiers and of what is stored, "en" or "zh"
    ids: what a key is called; "role" has keys named by their bare role, as `customer`
    own: columns carry their table's name, as `customer_name`
    drop: share of columns left out; other: chance of a synonym for a name; nulls: share of gaps
    """

    names: str
    values: str
    case: str
    plural: bool
    prefix: str
    ids: str
    own: bool
    short: bool
    declared: bool
    dates: str
    bools: str
    money: str
    drop: float
    other: float
    nulls: float

    def table(self, english: str, chinese: str) -> str:
        """The identifier of a table from its words."""
        if self.names == "zh":
            return chinese + ("表" if self.prefix else "")
        words = english.split()
        if self.plural:
            words = plural(" ".join(words)).split()
        return self.cased(([self.prefix] if self.prefix else []) + words)

    def column(self, english: str, chinese: str, table: str) -> str:
        """The identifier of a column from its words and its table's English words."""
        if self.names == "zh":
            return chinese
        words = english.split()
        if self.own and words[0] not in table.split() and len(words) < 3:
            words = [singular(table.split()[-1]), *words]
        return self.cased(words)

    def cased(self, words: list[str]) -> str:
        if self.short:
            words = [vocabulary("tables")["short"].get(word, word) for word in words]
        caps = [word[:1].upper() + word[1:] for word in words]
        keyed = ["ID" if word == "Id" else word for word in caps]
        return {
            "Pascal": "".join(keyed),
            "camel": words[0] + "".join(caps[1:]),
            "Title_Snake": "_".join(keyed),
            "Capital_snake": "_".join([caps[0], *words[1:]]),
            "UPPER": "_".join(words).upper(),
            "glued": "".join(words),
            "Blank": " ".join(caps),
        }.get(self.case, "_".join(words))


def draw_style(rng: random.Random) -> Style:
    names, values = _one(rng, _LANGUAGES).split("/")
    ids = _one(rng, _IDS)
    return Style(
        names=names,
        values=values,
        case=_one(rng, _CASES),
        plural=rng.random() < 0.4,
        prefix=_one(rng, _PREFIXES),
        ids=ids,
        own=rng.random() < 0.1,
        short=rng.random() < 0.12,
        declared=ids == "role" or rng.random() < 0.68,
        dates=_one(rng, _DATES),
        bools=_one(rng, _BOOLS),
        money=_one(rng, _MONEY),
        drop=rng.uniform(0.05, 0.35),
        other=rng.choice((0.0, 0.15, 0.35)),
        nulls=rng.choice((0.0, 0.0, 0.03, 0.1)),
    )


def _one(rng: random.Random, shares: dict[str, int]) -> str:
    return rng.choices(list(shares), list(shares.values()))[0]
