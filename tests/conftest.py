import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Access, Database

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, city VARCHAR, joined DATE);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id),
    total DECIMAL(10, 2), status VARCHAR, placed DATE
);
COMMENT ON TABLE customers IS 'Customers / 客户';
COMMENT ON COLUMN customers.name IS 'Name / 姓名';
COMMENT ON COLUMN customers.city IS 'City / 城市';
COMMENT ON TABLE orders IS 'Orders / 订单';
INSERT INTO customers SELECT i, 'Customer ' || i, ['Paris', 'Rome', 'Oslo'][1 + i % 3],
    DATE '2020-01-01' + CAST(i * 17 AS INTEGER) FROM range(1, 41) t(i);
UPDATE customers SET city = NULL WHERE id = 40;
INSERT INTO orders SELECT i, 1 + i % 35, i * 3.25, ['open', 'paid', 'sent'][1 + i % 3],
    DATE '2023-01-01' + CAST(i AS INTEGER) FROM range(1, 201) t(i);
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything llmtui writes goes below a folder of the test; there is no head start."""
    place = tmp_path / "home"
    monkeypatch.setenv("LLMTUI_HOME", str(place))
    monkeypatch.setenv("LLMTUI_LANG", "en")
    monkeypatch.setattr("llmtui.trainer.headstart.adapter.FOLDER", tmp_path / "adapters")
    return place


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A DuckDB file with customers and their orders."""
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(SHOP)
    return path


@pytest.fixture
def shop_database(shop: Path) -> Iterator[Database]:
    with Database.open(shop, Access(time_limit=5)) as database:
        yield database


def write_lines(path: Path, *items: object) -> Path:
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items), "utf-8")
    return path


def starter() -> Path | None:
    """The starter model of the installed package, None when it is not installed."""
    from llmtui.quantize.bases import STARTERS, _folder

    folder = _folder(STARTERS[0].package)
    found = sorted(folder.glob("*.gguf")) if folder else []
    return found[0] if found else None


needs_starter = pytest.mark.skipif(starter() is None, reason="the starter model is not installed")
