from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from llmtui.database.execute import Database
from llmtui.inference.doubts import in_vain
from llmtui.inference.repair import mend

SUPPLY = """
CREATE TABLE product (product_id INTEGER PRIMARY KEY, title VARCHAR, price INTEGER);
CREATE TABLE supplier (supplier_id INTEGER PRIMARY KEY, name VARCHAR);
CREATE TABLE product_supplier (product_id INTEGER REFERENCES product(product_id),
    supplier_id INTEGER REFERENCES supplier(supplier_id));
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, name VARCHAR);
CREATE TABLE purchase (purchase_id INTEGER PRIMARY KEY, state VARCHAR,
    customer_id INTEGER REFERENCES customer(customer_id));
CREATE TABLE line (purchase_id INTEGER REFERENCES purchase(purchase_id),
    product_id INTEGER REFERENCES product(product_id));
INSERT INTO product SELECT i, 'thing ' || i, i * 10 FROM range(1, 9) t(i);
INSERT INTO supplier SELECT i, 'maker ' || i FROM range(1, 4) t(i);
INSERT INTO product_supplier SELECT 1 + i % 7, 1 + i % 3 FROM range(12) t(i);
INSERT INTO customer SELECT i, 'buyer ' || i FROM range(1, 7) t(i);
INSERT INTO purchase SELECT i, ['open', 'paid'][1 + i % 2], 1 + i % 4 FROM range(1, 13) t(i);
INSERT INTO line SELECT 1 + i % 12, 1 + i % 5 FROM range(20) t(i);
"""


@pytest.fixture
def supply(tmp_path: Path) -> Iterator[Database]:
    file = tmp_path / "supply.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(SUPPLY)
    with Database.open(file) as database:
        yield database


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            "SELECT title FROM product WHERE product_id IN"
            " (SELECT product_id FROM supplier WHERE supplier_id = 2)",
            "SELECT title FROM product WHERE product_id IN"
            " (SELECT product_id FROM product_supplier WHERE supplier_id = 2)",
        ),
        (
            "SELECT name FROM customer WHERE customer_id IN (SELECT customer_id FROM product)",
            "SELECT name FROM customer WHERE customer_id IN (SELECT customer_id FROM purchase)",
        ),
        (
            "SELECT name FROM customer WHERE customer_id IN"
            " (SELECT customer.customer_id FROM purchase)",
            "SELECT name FROM customer WHERE customer_id IN (SELECT customer_id FROM purchase)",
        ),
        (
            "SELECT name FROM customer WHERE customer_id NOT IN"
            " (SELECT purchase_id FROM purchase WHERE state = 'open')",
            "SELECT name FROM customer WHERE customer_id NOT IN"
            " (SELECT customer_id FROM purchase WHERE state = 'open')",
        ),
        (
            "SELECT DISTINCT name FROM customer JOIN product"
            " ON product.product_id = product.product_id WHERE title = 'thing 2'",
            "SELECT DISTINCT name FROM customer JOIN purchase USING (customer_id)"
            " JOIN line USING (purchase_id) JOIN product USING (product_id)"
            " WHERE title = 'thing 2'",
        ),
    ],
)
def test_what_an_inner_query_only_has_from_around_is_joined(
    supply: Database, said: str, meant: str
) -> None:
    mended = mend(said, supply)
    assert mended.changes
    assert sorted(supply.run(mended.sql).rows) == sorted(supply.run(meant).rows)
    assert sorted(supply.run(said).rows) != sorted(supply.run(meant).rows)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name FROM customer AS c WHERE EXISTS"
        " (SELECT 1 FROM purchase AS p WHERE p.customer_id = c.customer_id)",
        "SELECT name, (SELECT COUNT(*) FROM purchase AS p WHERE p.customer_id = c.customer_id)"
        " FROM customer AS c",
        "SELECT title FROM product WHERE product_id IN (SELECT product_id FROM line)",
        "SELECT name FROM customer AS c WHERE c.customer_id IN"
        " (SELECT c.customer_id FROM purchase WHERE purchase.customer_id = c.customer_id)",
        "SELECT a.purchase_id FROM line AS a JOIN line AS b ON a.product_id = b.purchase_id",
    ],
)
def test_what_is_meant_stays(supply: Database, sql: str) -> None:
    assert mend(sql, supply).sql == sql


def test_what_is_ordered_by_a_name_of_its_own_is_tied_to_no_row_around(supply: Database) -> None:
    said = (
        "SELECT name FROM customer WHERE customer_id IN"
        " (SELECT customer_id FROM supplier ORDER BY customer_id LIMIT 3)"
    )
    assert in_vain(said, supply.schema)


def test_what_cannot_be_mended_is_doubted(supply: Database) -> None:
    sql = "SELECT name FROM supplier WHERE name IN (SELECT name FROM line)"
    assert in_vain(sql, supply.schema)
    assert not in_vain("SELECT name FROM supplier WHERE supplier_id = 1", supply.schema)
