"""Make the demo database: a company of eight tables, the same rows for the same seed."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from llmtui.database.demo import values as v
from llmtui.workspace.files import whole_file

Row = tuple[Any, ...]

TABLES: dict[str, tuple[str, tuple[tuple[str, str, str], ...]]] = {
    "departments": (
        "Departments / 部门",
        (
            ("id", "INTEGER PRIMARY KEY", "Department number / 部门编号"),
            ("name", "VARCHAR NOT NULL", "Department name / 部门名称"),
            ("city", "VARCHAR NOT NULL", "City / 所在城市"),
            ("budget", "INTEGER NOT NULL", "Yearly budget in yuan / 年度预算（元）"),
        ),
    ),
    "employees": (
        "Employees / 员工",
        (
            ("id", "INTEGER PRIMARY KEY", "Employee number / 员工编号"),
            ("name", "VARCHAR NOT NULL", "Name / 姓名"),
            ("gender", "VARCHAR NOT NULL", "Gender: male, female / 性别"),
            ("department_id", "INTEGER REFERENCES departments(id)", "Department / 所在部门"),
            ("job_title", "VARCHAR NOT NULL", "Job title / 职位"),
            ("salary", "INTEGER NOT NULL", "Monthly salary in yuan / 薪资（工资，元）"),
            ("hire_date", "DATE NOT NULL", "Hire date / 入职日期"),
            ("manager_id", "INTEGER REFERENCES employees(id)", "Manager / 上级"),
            ("email", "VARCHAR", "Email / 邮箱"),
        ),
    ),
    "projects": (
        "Projects / 项目",
        (
            ("id", "INTEGER PRIMARY KEY", "Project number / 项目编号"),
            ("name", "VARCHAR NOT NULL", "Project name / 项目名称"),
            ("department_id", "INTEGER REFERENCES departments(id)", "Department / 负责部门"),
            ("status", "VARCHAR NOT NULL", "Status / 状态"),
            ("budget", "INTEGER NOT NULL", "Budget in yuan / 预算（元）"),
            ("start_date", "DATE NOT NULL", "Start date / 开始日期"),
            ("end_date", "DATE", "End date, empty while it runs / 结束日期"),
        ),
    ),
    "assignments": (
        "Assignments of employees to projects / 项目分配",
        (
            ("employee_id", "INTEGER REFERENCES employees(id)", "Employee / 员工"),
            ("project_id", "INTEGER REFERENCES projects(id)", "Project / 项目"),
            ("role", "VARCHAR NOT NULL", "Role / 角色"),
            ("hours", "INTEGER NOT NULL", "Hours worked / 工时"),
        ),
    ),
    "customers": (
        "Customers / 客户",
        (
            ("id", "INTEGER PRIMARY KEY", "Customer number / 客户编号"),
            ("name", "VARCHAR NOT NULL", "Name / 姓名"),
            ("city", "VARCHAR NOT NULL", "City / 城市"),
            ("country", "VARCHAR NOT NULL", "Country / 国家"),
            ("level", "VARCHAR NOT NULL", "Membership level / 会员等级"),
            ("phone", "VARCHAR", "Phone / 电话"),
            ("registered_on", "DATE NOT NULL", "Registration date / 注册日期"),
        ),
    ),
    "products": (
        "Products / 产品（商品）",
        (
            ("id", "INTEGER PRIMARY KEY", "Product number / 产品编号"),
            ("name", "VARCHAR NOT NULL", "Product name / 产品名称"),
            ("category", "VARCHAR NOT NULL", "Category / 类别"),
            ("price", "DECIMAL(10, 2) NOT NULL", "Unit price in yuan / 单价（价格，元）"),
            ("stock", "INTEGER NOT NULL", "Pieces in stock / 库存"),
        ),
    ),
    "orders": (
        "Orders / 订单",
        (
            ("id", "INTEGER PRIMARY KEY", "Order number / 订单编号"),
            ("customer_id", "INTEGER REFERENCES customers(id)", "Customer / 客户"),
            ("order_date", "DATE NOT NULL", "Order date / 下单日期"),
            ("status", "VARCHAR NOT NULL", "Status / 状态"),
            ("channel", "VARCHAR NOT NULL", "Sales channel / 渠道"),
            ("total", "DECIMAL(12, 2) NOT NULL", "Order total in yuan / 订单金额（元）"),
        ),
    ),
    "order_items": (
        "Order lines / 订单明细",
        (
            ("order_id", "INTEGER REFERENCES orders(id)", "Order / 订单"),
            ("product_id", "INTEGER REFERENCES products(id)", "Product / 产品"),
            ("quantity", "INTEGER NOT NULL", "Quantity / 数量"),
            ("unit_price", "DECIMAL(10, 2) NOT NULL", "Price paid a piece / 成交单价"),
        ),
    ),
}


def write_demo(path: Path, seed: int = 7) -> None:
    """Write the demo database to `path`, whole or not at all. Raises StorageError."""
    with whole_file(path) as temporary:
        connection = duckdb.connect(str(temporary))
        for table, (comment, columns) in TABLES.items():
            parts = ", ".join(f"{name} {kind}" for name, kind, _ in columns)
            connection.execute(f"CREATE TABLE {table} ({parts})")
            connection.execute(f"COMMENT ON TABLE {table} IS '{comment}'")
            for name, _, note in columns:
                connection.execute(f"COMMENT ON COLUMN {table}.{name} IS '{note}'")
        for table, rows in company(random.Random(seed)).items():
            heads = [row for row in rows if table == "employees" and row[7] is None]
            _insert(connection, table, heads)  # managers before those who refer to them
            _insert(connection, table, [row for row in rows if row not in heads])
        connection.execute("CHECKPOINT")
        connection.close()


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[Row]) -> None:
    """Rows as literals, a few hundred a statement: far faster here than one at a time."""
    for start in range(0, len(rows), 500):
        lines = ", ".join(
            f"({', '.join(_literal(value) for value in row)})" for row in rows[start : start + 500]
        )
        connection.execute(f"INSERT INTO {table} VALUES {lines}")


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def company(rng: random.Random) -> dict[str, list[Row]]:
    """The rows of every table."""
    departments = [(i, *facts) for i, facts in enumerate(v.DEPARTMENTS, 1)]
    employees = list(_employees(rng))
    projects = list(_projects(rng))
    customers = list(_customers(rng))
    products = list(_products(rng))
    orders, items = _orders(rng, customers, products)
    return {
        "departments": departments,
        "employees": employees,
        "projects": projects,
        "assignments": list(_assignments(rng, employees, projects)),
        "customers": customers,
        "products": products,
        "orders": orders,
        "order_items": items,
    }


def _day(rng: random.Random, first: dt.date, last: dt.date) -> dt.date:
    return first + dt.timedelta(days=rng.randrange((last - first).days + 1))


def _people(rng: random.Random, share_chinese: float) -> Iterator[str]:
    """Names without end, none twice."""
    seen: set[str] = set()
    while True:
        if rng.random() < share_chinese:
            name = rng.choice(v.SURNAMES) + rng.choice(v.GIVEN)
        else:
            name = f"{rng.choice(v.FIRST)} {rng.choice(v.LAST)}"
        if name not in seen:
            seen.add(name)
            yield name


def _employees(rng: random.Random) -> Iterator[Row]:
    names, salaries, number = _people(rng, 0.65), _different(rng, 3200, 19800), 0
    for department, count in enumerate(v.HEADCOUNT, 1):
        manager = None
        for place in range(count):
            number += 1
            titles = v.TITLES[v.DEPARTMENTS[department - 1][0]]
            head = place == 0
            name = next(names)
            salary = next(salaries) + (14000 + 700 * department if head else 0)
            hired = _day(rng, dt.date(2012, 3, 1), dt.date(2024, 11, 30))
            title = titles[-1] if head else rng.choice(titles[:-1])
            email = f"user{number}@example.com" if rng.random() < 0.93 else None
            gender = rng.choice(("male", "female"))
            yield (number, name, gender, department, title, salary, hired, manager, email)
            manager = number if head else manager


def _different(rng: random.Random, low: int, high: int) -> Iterator[int]:
    """Whole numbers in a range, most of them low, none twice."""
    seen: set[int] = set()
    while True:
        value = int(low + (high - low) * rng.random() ** 1.6)
        if value not in seen:
            seen.add(value)
            yield value


def _projects(rng: random.Random) -> Iterator[Row]:
    budgets = _different(rng, 80_000, 3_000_000)
    for number, (name, status) in enumerate(v.PROJECTS, 1):
        begun = _day(rng, dt.date(2021, 1, 10), dt.date(2024, 10, 20))
        length = dt.timedelta(days=rng.randrange(90, 600))
        ended = begun + length if status == "completed" else None
        yield (number, name, rng.randint(1, 10), status, next(budgets), begun, ended)


def _assignments(rng: random.Random, employees: list[Row], projects: list[Row]) -> Iterator[Row]:
    running = [project for project in projects if project[3] != "planned"]
    for place, project in enumerate(running):
        team = rng.sample(employees[:-20], 8 + place)
        for member in team:
            yield (member[0], project[0], rng.choice(v.ROLES), rng.randrange(8, 420))


def _customers(rng: random.Random) -> Iterator[Row]:
    names = _people(rng, 0.45)
    for number in range(1, 321):
        city, country = rng.choice(v.CITIES)
        level = rng.choices(v.LEVELS, (6, 3, 1))[0]
        phone = f"1{rng.randrange(3, 10)}{rng.randrange(10**9):09d}" if rng.random() < 0.9 else None
        joined = _day(rng, dt.date(2019, 1, 1), dt.date(2024, 12, 20))
        yield (number, next(names), city, country, level, phone, joined)


def _products(rng: random.Random) -> Iterator[Row]:
    number = 0
    for category, names in v.CATEGORIES.items():
        low, high = v.PRICES[category]
        prices = _different(rng, low * 100, high * 100)
        for name in names:
            number += 1
            stock = 0 if rng.random() < 0.08 else rng.randrange(5, 600)
            yield (number, name, category, next(prices) / 100, stock)


def _orders(
    rng: random.Random, customers: list[Row], products: list[Row]
) -> tuple[list[Row], list[Row]]:
    orders: list[Row] = []
    items: list[Row] = []
    buyers = customers[:-28]
    sold = products[:-2]
    for number in range(1, 1501):
        buyer = buyers[int(len(buyers) * rng.random() ** 1.5)]
        day = _day(rng, max(buyer[6], dt.date(2022, 1, 1)), dt.date(2024, 12, 31))
        total = 0.0
        for product in rng.sample(sold, rng.choices((1, 2, 3, 4, 5), (5, 4, 3, 2, 1))[0]):
            quantity = rng.choices((1, 2, 3, 5, 10), (8, 4, 2, 1, 1))[0]
            paid = round(product[3] * rng.choice((1, 1, 1, 0.95, 0.9)), 2)
            items.append((number, product[0], quantity, paid))
            total += quantity * paid
        status = rng.choices(v.STATUSES, (12, 3, 2, 1))[0]
        channel = rng.choices(v.CHANNELS, (6, 3, 1))[0]
        orders.append((number, buyer[0], day, status, channel, round(total, 2)))
    return orders, items
