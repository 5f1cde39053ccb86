"""What rows show of what could be asked of a database."""

from llmtui.database.execute import Database
from llmtui.trainer.instructions.coverage import ASPECTS, Share, coverage
from llmtui.workspace.records import Instruction


def shares(database: Database, *queries: str, **fields: str) -> dict[str, Share]:
    rows = [Instruction(str(n), "q", sql, **fields) for n, sql in enumerate(queries)]  # type: ignore[arg-type]
    return {share.aspect: share for share in coverage(rows, database.schema)}


def shown(share: Share) -> set[str]:
    return set(share.possible) - set(share.missing)


def test_without_rows_nothing_is_seen_and_all_that_is_possible_is_named(
    shop_database: Database,
) -> None:
    found = shares(shop_database)
    assert tuple(found) == ASPECTS
    assert [share.seen for share in found.values()] == [0] * len(ASPECTS)
    assert found["tables"].missing == ("customers", "orders")
    assert found["joins"].missing == ("orders.customer_id = customers.id",)
    assert set(found["values"].missing) == {
        f"{column} = {value}"
        for column, values in (
            ("customers.city", ("Paris", "Rome", "Oslo")),
            ("orders.status", ("open", "paid", "sent")),
        )
        for value in values
    }
    assert len(found["columns"].possible) == 9


def test_names_are_found_through_aliases_subqueries_and_in_any_case(
    shop_database: Database,
) -> None:
    found = shares(
        shop_database,
        "SELECT C.Name FROM Customers AS C JOIN orders o ON c.ID = o.customer_id "
        "WHERE o.status IN ('PAID', 'nothing') AND c.city LIKE '%Rome%'",
        "SELECT total FROM orders WHERE customer_id NOT IN (SELECT id FROM customers)",
    )
    assert shown(found["columns"]) == {
        "customers.name", "customers.id", "customers.city", "orders.customer_id", "orders.status",
        "orders.total",
    }  # fmt: skip
    assert shown(found["values"]) == {"orders.status = paid", "customers.city = Rome"}
    assert shown(found["operators"]) == {"JOIN", "IN", "AND", "LIKE", "NOT", "subquery"}
    assert found["joins"].share == 1.0


def test_a_key_is_seen_in_a_subquery_and_not_by_tables_side_by_side(
    shop_database: Database,
) -> None:
    apart = shares(shop_database, "SELECT name FROM customers, orders WHERE orders.id = 1")
    assert apart["joins"].seen == 0
    within = shares(
        shop_database,
        "SELECT name FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)",
    )
    assert within["joins"].seen == 1
    assert shown(within["columns"]) == {"customers.name", "customers.id", "orders.customer_id"}


def test_rows_that_are_not_learnt_or_not_sql_count_for_nothing(shop_database: Database) -> None:
    found = shares(shop_database, "SELECT name FROM customers", status="rejected")
    assert all(share.seen == 0 for share in found.values())
    found = shares(shop_database, "SELECT FROM WHERE (", "SELECT 1", lang="zh", shape="count")
    assert shown(found["languages"]) == {"zh"}
    assert shown(found["shapes"]) == {"count"}
    assert found["tables"].seen == 0


def test_what_the_constructor_writes_beside_the_plain_operators_is_seen_too(
    shop_database: Database,
) -> None:
    assert {"CASE", "FILTER", "OVER", "QUALIFY", "LEFT JOIN"} <= set(
        shares(shop_database)["operators"].missing
    )
    found = shares(
        shop_database,
        "SELECT CASE WHEN total > 5 THEN 'a' ELSE 'b' END FROM orders",
        "SELECT COUNT(*) FILTER (WHERE total > 5) FROM orders",
        "SELECT id FROM orders QUALIFY ROW_NUMBER() OVER (ORDER BY total) <= 2",
        "SELECT name FROM customers LEFT JOIN orders ON customer_id = customers.id",
        "SELECT year(placed), date_trunc('week', placed) FROM orders WHERE month(placed) = 2",
        "SELECT id FROM orders WHERE placed > CURRENT_DATE - INTERVAL 3 DAY",
    )
    assert {"CASE", "FILTER", "OVER", "QUALIFY", "LEFT JOIN", "year()", "month()", "date_trunc()",
            "CURRENT_DATE"} <= shown(found["operators"])  # fmt: skip
    inner = shares(
        shop_database, "SELECT 1 FROM orders JOIN customers ON customer_id = customers.id"
    )
    assert "LEFT JOIN" in inner["operators"].missing
