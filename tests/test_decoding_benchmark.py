"""What the decoding benchmark compares: a grammar takes good SQL and no invented name."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from llmtui.database.execute import Database
from llmtui.inference.engine import Engine
from llmtui.trainer.instructions.construct import Options, construct
from tests.conftest import needs_starter, starter
from tests.test_accuracy_benchmark import BENCHMARKS

WRONG = (
    "SELECT nme FROM customers",
    "SELECT name FROM clients",
    "SELECT customers.total FROM customers",
    "DROP TABLE customers",
)


@pytest.fixture
def decoding(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import decoding

    return decoding


@pytest.fixture
def engine() -> Iterator[Engine]:
    model = starter()
    assert model is not None
    with Engine(model, threads=1) as engine:
        yield engine


def taken(rule: Any, engine: Engine, sql: str) -> str:
    """How far a rule lets a statement be said."""
    import numpy as np

    rule.begin()
    said = b""
    for token in engine.tokenize(sql):
        logits = np.zeros(engine.pieces.count, np.float32)
        logits[token] = 9.0
        if rule.choose(logits) != token:
            return said.decode()
        said += engine.pieces.piece(token)
    return sql


@needs_starter
def test_rules_take_constructed_sql_and_no_invented_name(
    decoding: ModuleType, engine: Engine, shop_database: Database
) -> None:
    rows = construct(shop_database, Options(("en",), 300), lambda _event: None)
    rules = decoding.rules(engine, shop_database.schema)
    for name in ("grammar", "checked words"):
        for sql in {row.shape: row.sql for row in rows}.values():
            assert taken(rules[name], engine, sql) == sql, name
        for sql in WRONG:
            assert taken(rules[name], engine, sql) != sql, name
    assert taken(rules["as it says"], engine, WRONG[0]) == WRONG[0]
