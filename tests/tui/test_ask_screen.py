import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest
from pyarrow import parquet
from textual.app import App

from llmtui.database.execute import Database
from llmtui.database.text import show_value
from llmtui.tui.app import LlmtuiApp
from llmtui.tui.charts import bars, chart_of
from llmtui.tui.completion import complete
from llmtui.tui.screens.ask import AskScreen
from llmtui.tui.session import Session
from llmtui.tui.takeaway import edit_outside, tab_separated, write_result
from llmtui.tui.widgets.chart import ChartView
from llmtui.tui.widgets.question import QuestionField, walk
from llmtui.tui.widgets.results import Results, arrow_table
from llmtui.tui.widgets.sqlarea import SqlArea
from llmtui.workspace.errors import UsageError
from llmtui.workspace.records import load_rows
from tests.tui.test_app import FakeAsker
from tests.tui.waiting import until

GROUPS = "SELECT status, count(*) AS n FROM orders GROUP BY status ORDER BY status"


async def run(app: LlmtuiApp, sql: str) -> AskScreen:
    """Put a statement into the editor of the ask screen and run it."""
    app.go("ask")
    await until(lambda: isinstance(app.screen, AskScreen) and app.screen.is_mounted)
    screen = app.screen
    assert isinstance(screen, AskScreen)
    screen.query_one(SqlArea).load_text(sql)
    screen.action_run_sql()
    await until(lambda: screen.answer is not None)
    return screen


async def test_questions_are_there_again_after_the_app_was_left(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "asker", lambda self: FakeAsker(self.database()))
    app = LlmtuiApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a", *"who", "enter")
        await until(lambda: app.screen.query_one("#result", Results).count == 1)
        await pilot.press("ctrl+y")
        assert app.session is not None
        await until(lambda: app.session.history().questions()[0].verdict == "accepted")  # type: ignore[union-attr]
    again = LlmtuiApp(shop)
    async with again.run_test(size=(80, 24)) as pilot:
        await pilot.press("a")
        field = again.screen.query_one(QuestionField)
        await until(lambda: field.asked == ["who"])
        await pilot.press("up")
        assert field.value == "who"


def test_walking_back_takes_what_begins_as_typed() -> None:
    asked = ["list cities", "how many", "list names"]
    assert walk(asked, 3, -1, "list") == 2
    assert walk(asked, 2, -1, "list") == 0
    assert walk(asked, 0, -1, "list") is None
    assert walk(asked, 0, 1, "list") == 2
    assert walk(asked, 2, 1, "list") == 3


async def test_corrected_sql_is_kept_as_corrected_and_a_wrong_one_as_rejected(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "asker", lambda self: FakeAsker(self.database()))
    app = LlmtuiApp(shop)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("a", *"who", "enter")
        screen = app.screen
        assert isinstance(screen, AskScreen)
        assert app.session is not None
        await until(lambda: screen.answer is not None)
        screen.query_one(SqlArea).load_text("SELECT name FROM customers WHERE id = 2")
        await pilot.press("f5")
        await until(lambda: screen.answer is not None and "= 2" in screen.answer.sql)
        history = app.session.history()
        await pilot.press("ctrl+y")
        await until(lambda: history.questions()[0].verdict == "corrected")
        rows = load_rows(app.session.project.instructions)
        assert [(row.sql[-1], row.status) for row in rows] == [("2", "accepted")]
        await pilot.press("ctrl+n")
        await until(lambda: history.questions()[0].verdict == "rejected")
        rows = load_rows(app.session.project.instructions)
        assert [row.status for row in rows] == ["rejected"]


async def test_f6_shows_groups_as_bars_and_a_series_as_a_line(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await run(app, GROUPS)
        assert screen.chart is not None
        assert screen.chart.kind == "bars"
        await pilot.press("f6")
        assert screen.query_one(ChartView).display
        assert "paid" in str(screen.query_one("#bar-text").content)  # type: ignore[attr-defined]
        await pilot.press("f6")
        assert not screen.query_one(ChartView).display
        screen.answer = None
        screen = await run(app, 'SELECT placed, total AS "weight [kg] [/kg]" FROM orders')
        await pilot.press("f6")
        assert screen.query_one("#line").display
        screen.answer = None
        await run(app, "SELECT name FROM customers")
        await until(lambda: screen.query_one("#result").display)


def test_a_chart_is_drawn_only_of_what_makes_one() -> None:
    days = [(dt.date(2024, 1, n), Decimal(n)) for n in (3, 1, 2)]
    line = chart_of(("day", "n"), days)
    assert line is not None
    assert (line.kind, line.values) == ("line", (1.0, 2.0, 3.0))
    assert chart_of(("name",), [("a",), ("b",)]) is None
    hours = [(dt.datetime(2024, 1, 5, hour), hour) for hour in range(5)]
    drawn = chart_of(("hour", "n"), hours)
    assert drawn is not None
    assert (drawn.kind, len(set(drawn.places))) == ("line", 5)
    again = chart_of(("day", "n"), [(dt.date(2024, 1, 5), n) for n in range(4)])
    assert again is not None
    assert again.kind == "bars"
    named = chart_of(("name", "total", "customer_id"), [("a", 5, 71), ("b", 7, 93)])
    assert named is not None
    assert named.values == (5, 7)
    assert chart_of(("name", "customer_id"), [("a", 71), ("b", 93)]) is None
    assert chart_of(("name", "city"), [("a", "b"), ("c", "d")]) is None
    assert chart_of(("name", "n"), [("a", 1)]) is None
    assert chart_of(("name", "n"), [("a", float("nan")), ("b", 1.0)]) is None
    gap = chart_of(("day", "n"), [*days, (dt.date(2024, 1, 4), None)])
    assert gap == line
    some = chart_of(("city", "n"), [("Rome", None), ("Oslo", 2)])
    assert some is not None
    assert [text.rstrip() for text in bars(some, 20).plain.splitlines()[1:]] == [
        "Rome  ∅", "Oslo ████████████ 2",
    ]  # fmt: skip
    hostile = chart_of(("x", "n"), [("[/]\x1b[31m", 2), (None, -1)])
    assert hostile is not None
    assert "\x1b" not in bars(hostile, 40).plain
    assert all(len(text) <= 41 for text in bars(hostile, 40).plain.splitlines())


def test_a_result_is_written_as_csv_json_and_parquet(tmp_path: Path) -> None:
    columns = ("name", "n")
    rows = (("Ann, B", 1), (None, 2))
    for ending in ("csv", "json", "parquet"):
        write_result(tmp_path / f"r.{ending}", columns, rows)
    assert (tmp_path / "r.csv").read_text("utf-8").splitlines() == ["name,n", '"Ann, B",1', ",2"]
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))[1] == {"name": None, "n": 2}
    assert parquet.read_table(tmp_path / "r.parquet").to_pylist()[0] == {"name": "Ann, B", "n": 1}
    write_result(tmp_path / "two.json", ("n", "n_2", "n"), ((1, 2, 3),))
    assert json.loads((tmp_path / "two.json").read_text("utf-8")) == [{"n": 1, "n_2": 2, "n_3": 3}]
    assert tab_separated(columns, rows) == "name\tn\nAnn, B\t1\n\t2"
    with pytest.raises(UsageError, match="cannot be written"):
        write_result(tmp_path / "r.exe", columns, rows)


async def test_f9_writes_the_result_to_the_named_file(shop: Path, tmp_path: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await run(app, GROUPS)
        await pilot.press("f9")
        await pilot.pause()
        app.screen.query_one("#line").value = str(tmp_path / "out.csv")  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until((tmp_path / "out.csv").exists)
    assert "open,66" in (tmp_path / "out.csv").read_text("utf-8")


async def test_f8_and_f7_copy_the_sql_and_the_result(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await run(app, GROUPS)
        await pilot.press("f8")
        assert app.clipboard == GROUPS
        await pilot.press("f7")
        assert app.clipboard.startswith("status\tn\nopen\t66")


async def test_the_rest_of_a_name_is_offered_and_taken_with_the_right_arrow(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("a")
        area = app.screen.query_one(SqlArea)
        await until(lambda: area.schema is not None)
        area.focus()
        await pilot.press(*"select name from cus")
        assert area.suggestion == "tomers"
        await pilot.press("right")
        assert area.text == "select name from customers"


def test_completion_knows_owners_near_columns_and_words(shop_database: Database) -> None:
    schema = shop_database.schema
    assert complete("SELECT orders.sta", "SELECT orders.sta", schema) == "tus"
    assert complete("select pl", "select pl from orders", schema) == "aced"
    assert complete("SELECT 1 WH", "SELECT 1 WH", schema) == "ERE"
    assert complete("select 1 wh", "select 1 wh", schema) == "ere"
    assert complete("SELECT 'cus", "SELECT 'cus", schema) == ""
    assert complete("SELECT c", "SELECT c", schema) == ""
    assert complete("SELECT na", "SELECT na", None) == ""


def test_an_editor_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Here(App[None]):
        def suspend(self):  # type: ignore[no-untyped-def]
            from contextlib import nullcontext

            return nullcontext()

    monkeypatch.setenv("VISUAL", "no-such-editor-here")
    with pytest.raises(UsageError, match="no-such-editor-here"):
        edit_outside(Here(), "SELECT 1", ".sql")
    monkeypatch.setenv("VISUAL", "sed -i s/1/2/")
    assert edit_outside(Here(), "SELECT 1", ".sql") == "SELECT 2"


async def test_where_no_editor_can_be_opened_that_is_told(shop: Path) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await run(app, GROUPS)
        await pilot.press("f4")
        await until(lambda: app._notifications)
        assert "needs a terminal" in next(iter(app._notifications)).message


async def test_a_large_result_is_on_the_screen_at_once(shop: Path) -> None:
    """Processor time, which other work hardly changes, of the best of three.
    benchmarks/screens.py measures the wall."""
    import time

    app = LlmtuiApp(shop)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("a")
        result = app.screen.query_one("#result", Results)
        rows = [(n, f"name {n}", n / 7, dt.date(2024, 1, 1), "客户") for n in range(100_000)]
        took = []
        for _ in range(3):
            began = time.process_time()
            await result.show(("a", "b", "c", "d", "e"), rows)
            await pilot.pause()
            took.append(time.process_time() - began)
        assert min(took) < 0.5
        assert result.table is not None
        assert result.table.row_count == 100_000


def test_cells_are_shown_the_same_whichever_way_they_are_taken() -> None:
    columns = {
        "int": [1, None, 3],
        "big": [1 << 70, 2, None],
        "text": ["a", "客户", None],
        "hostile": ["a\x1b[31m", "\u202eb", "\u3164"],
        "day": [dt.date(1, 2, 3), None, dt.date(2024, 1, 1)],
        "moment": [dt.datetime(2024, 1, 1, 5), None, None],
        "decimal": [Decimal("1E+3"), Decimal("0.10"), None],
        "mixed": [True, "x", 1.5],
    }
    rows = list(zip(*columns.values(), strict=True))
    table = arrow_table(list(columns), rows)
    for name, shown in zip(columns, table.columns, strict=True):
        for value, cell in zip(columns[name], shown.to_pylist(), strict=True):
            assert (None if value is None else show_value(value)) == (
                None if cell is None else str(cell)
            )


async def test_why_a_statement_is_refused_is_said_in_chinese(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTUI_LANG", "zh")
    app = LlmtuiApp(shop)
    async with app.run_test(size=(80, 24)):
        for sql, said in (
            ("DROP TABLE customers", "只能执行 SELECT，不能执行 DROP"),
            ("SELECT 1; SELECT 2", "只能有一条语句，这里有 2 条"),
            ("SELECT * FROM nothing", "没有表“nothing”"),
            ("SELECT getenv('HOME')", "不允许使用函数“getenv”"),
        ):
            screen = await run(app, sql)
            assert said in str(screen.query_one("#message").content), sql  # type: ignore[attr-defined]
            screen.answer = None
