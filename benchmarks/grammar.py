"""A grammar in GBNF for the SQL that can be asked of one schema, and decoding that keeps to it."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmtui.database.schema import Schema, quote

_FEW = 256
"""Likeliest tokens that are tried before every other one is."""
FUNCTIONS = (
    "COUNT", "SUM", "AVG", "MIN", "MAX", "MEDIAN", "ROUND", "ABS", "LENGTH", "LOWER", "UPPER",
    "YEAR", "MONTH", "DAY", "QUARTER", "DATE_TRUNC", "DATE_DIFF", "COALESCE", "NULLIF", "RANK",
    "DENSE_RANK", "ROW_NUMBER", "LAG", "LEAD", "LEN", "LIST_CONTAINS",
)  # fmt: skip
TYPES = ("DATE", "DOUBLE", "VARCHAR", "INTEGER", "BIGINT", "TIMESTAMP")
SECOND = "other"
"""What a table is called that is read a second time."""
_RULES = r"""
root ::= query
query ::= select ((" UNION ALL " | " UNION " | " INTERSECT " | " EXCEPT ") select)*
select ::= "SELECT " "DISTINCT "? ("*" | item (", " item)*) " FROM " source join* where? group? having? qualify? order? limit?
item ::= sum (compare sum)?
join ::= " LEFT"? " JOIN " source " ON " pred (" AND " pred)*
where ::= " WHERE " cond
group ::= " GROUP BY " sum (", " sum)*
having ::= " HAVING " cond
qualify ::= " QUALIFY " cond
order ::= " ORDER BY " key (", " key)*
key ::= sum (" DESC" | " ASC")? (" NULLS LAST")?
limit ::= " LIMIT " digits (" OFFSET " digits)?
cond ::= pred ((" AND " | " OR ") pred)*
pred ::= "NOT "? ("EXISTS (" query ")" | "(" cond ")" | sum test?)
test ::= compare sum | " IS " "NOT "? "NULL" | " NOT"? " IN (" (query | sum (", " sum)*) ")" | " NOT"? " BETWEEN " sum " AND " sum | " NOT"? (" LIKE " | " ILIKE ") text
compare ::= " = " | " <> " | " < " | " > " | " <= " | " >= "
sum ::= term ((" + " | " - " | " * " | " / ") term)*
term ::= number | text | call | column | case | "(" query ")" | "(" sum ")" | "CURRENT_DATE" | "DATE " text | "INTERVAL " (digits | text) (" DAY" | " MONTH" | " YEAR")?
source ::= table (" AS " second)?
call ::= "CAST(" sum " AS " type ")" | function "(" ("*" | "DISTINCT "? sum (", " sum)*)? ")" filter? over?
filter ::= " FILTER (WHERE " cond ")"
over ::= " OVER (" ("PARTITION BY " sum (", " sum)*)? " "? ("ORDER BY " key (", " key)*)? ")"
case ::= "CASE" (" WHEN " cond " THEN " sum)+ (" ELSE " sum)? " END"
number ::= "-"? digits ("." [0-9]+)?
digits ::= [0-9]+
text ::= "'" ([^'\n] | "''")* "'"
"""  # noqa: E501


def grammar_of(schema: Schema) -> str:
    """GBNF: a schema's tables and columns; after a table and a dot, the columns of that one."""
    tables = {quote(table.name): table for table in schema.tables}
    bare = {quote(column.name) for table in schema.tables for column in table.columns}
    functions = [*FUNCTIONS, *map(str.lower, FUNCTIONS)]
    owned = []
    lines = [_RULES, f"table ::= {_any(tables)}", f"function ::= {_any(functions)}"]
    lines += [f"type ::= {_any(TYPES)}", f"second ::= {_any([SECOND])}"]
    for number, (name, table) in enumerate(tables.items()):
        lines.append(f"of{number} ::= {_any(quote(column.name) for column in table.columns)}")
        owned.append(f"{_literal(name + '.')} of{number}")
    owned.append(f"{_literal(SECOND + '.')} any")
    lines.append(f"any ::= {_any(sorted(bare))}")
    lines.append(f"column ::= {' | '.join([*owned, 'any'])}")
    return "\n".join(lines)


def _any(names: Any) -> str:
    return " | ".join(map(_literal, names))


def _literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Grammar:
    """llama.cpp's own grammar sampler over one model's tokens. Raises ValueError for bad GBNF."""

    def __init__(self, llama: Any, model: Any, text: str) -> None:
        self._llama = llama
        vocab = llama.llama_model_get_vocab(model)
        self._sampler = llama.llama_sampler_init_grammar(vocab, text.encode(), b"root")
        if not self._sampler:
            raise ValueError("llama.cpp does not take this grammar")

    def begin(self) -> None:
        self._llama.llama_sampler_reset(self._sampler)

    def choose(self, logits: NDArray[np.float32]) -> int:
        """The likeliest token that the grammar lets follow, which it then has read."""
        best = int(logits.argmax())
        if not self.passed([best]):
            few = np.argpartition(logits, -_FEW)[-_FEW:]
            passed = self.passed(few.tolist()) or self.passed(range(len(logits)))
            best = max(passed, key=lambda token: float(logits[token]))
        self.read(best)
        return best

    def read(self, token: int) -> None:
        self._llama.llama_sampler_accept(self._sampler, token)

    def passed(self, tokens: Sequence[int]) -> list[int]:
        """Those of some tokens that may follow."""
        llama = self._llama
        data = (llama.llama_token_data * len(tokens))(*[(token, 0.0, 0.0) for token in tokens])
        array = llama.llama_token_data_array(data, len(tokens), -1, False)
        llama.llama_sampler_apply(self._sampler, ctypes.byref(array))
        return [item.id for item in data if item.logit == 0.0]
