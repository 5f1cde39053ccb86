"""An answer that is no longer wanted stops wherever it is: before, in and after the model."""

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from llmtui.database.execute import Database
from llmtui.inference.answer import Answer
from llmtui.inference.ask import Asker
from llmtui.inference.server import ServerModel
from llmtui.workspace.errors import Interrupted
from tests.inference.served import server, streamed
from tests.inference.test_ask import Scripted

LONG = ("SELECT COUNT(*) FROM orders a, orders b, orders c, orders d, orders e "
        "WHERE a.total + b.total + c.total + d.total + e.total > 5")  # fmt: skip


class Forgetful(Scripted):
    """As an engine: what was cancelled before it begins to answer is forgotten then."""

    stopped, pause = False, 0.0

    def stream(
        self, tokens: Sequence[int], *, max_tokens: int = 256, shared: int = 0
    ) -> Iterator[str]:
        self.stopped = False
        for piece in super().stream(tokens):
            time.sleep(self.pause)
            if self.stopped:
                raise Interrupted("The answer was stopped")
            yield piece

    def cancel(self) -> None:
        self.stopped = True


def after(asker: Asker, work: Callable[..., Any]) -> Callable[..., Any]:
    """The same work, with a cancel while it is done."""

    def both(*arguments: Any, **named: Any) -> Any:
        asker.cancel()
        return work(*arguments, **named)

    return both


def is_stopped(answer: Answer) -> bool:
    return (answer.status, answer.exit_code, answer.rows) == ("failed", 130, ())


@pytest.mark.parametrize("where", ["recall", "linking", "prompt"])
def test_a_cancel_before_the_model_begins_is_not_forgotten(
    shop_database: Database, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Forgetful("SELECT COUNT(*) FROM customers")
    asker = Asker(shop_database, model)
    holder, name = {"recall": (asker.recall, "sql_for"), "linking": (shop_database.linker, "hints"),
                    "prompt": (model, "tokenize")}[where]  # fmt: skip
    monkeypatch.setattr(holder, name, after(asker, getattr(holder, name)))
    assert is_stopped(asker.ask("how many customers?"))
    assert model.asked == []


def test_a_model_that_does_not_heed_a_cancel_is_not_listened_to(shop_database: Database) -> None:
    model, seen = Scripted("SELECT COUNT(*) FROM customers"), list[str]()
    asker = Asker(shop_database, model)

    def grow(text: str) -> None:
        seen.append(text)
        asker.cancel()

    assert is_stopped(asker.ask("how many customers?", on_text=grow))
    assert seen == ["SELEC"]


@pytest.mark.parametrize("step", ["check", "bind"])
def test_a_cancel_between_the_checks_lets_nothing_run(
    shop_database: Database, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = Asker(shop_database, Scripted(LONG), repair=False)
    monkeypatch.setattr(shop_database, step, after(asker, getattr(shop_database, step)))
    said: list[float] = []
    answer = asker.ask("how many?", on_text=lambda _text: said.append(time.monotonic()))
    assert is_stopped(answer)
    assert time.monotonic() - said[-1] < 2


def test_a_cancelled_query_of_ones_own_does_not_go_to_the_model(shop_database: Database) -> None:
    model = Forgetful("SELECT COUNT(*) FROM customers")
    asker = Asker(shop_database, model, settled=[("slow one", LONG)])
    threading.Timer(0.5, asker.cancel).start()
    assert is_stopped(asker.ask("slow one"))
    assert model.asked == []


def test_a_cancel_after_a_hundred_milliseconds_is_heeded_at_once(shop_database: Database) -> None:
    model = Forgetful("SELECT COUNT(*) FROM customers -- " + "x" * 500)
    model.pause = 0.02
    asker = Asker(shop_database, model)
    cancelled: list[float] = []

    def cancel() -> None:
        cancelled.append(time.monotonic())
        asker.cancel()

    shop_database.linker  # noqa: B018  (built before the clock starts)
    threading.Timer(0.1, cancel).start()
    assert is_stopped(asker.ask("how many customers?"))
    assert time.monotonic() - cancelled[0] < 0.5


def test_a_cancel_while_what_was_nearly_said_is_tried_stops_it(shop_database: Database) -> None:
    model = Scripted("SELECT name FROM customers WHERE id < 0")
    asker = Asker(shop_database, model)
    model.others = ["SELECT name FROM customers"]
    model.alternatives = after(asker, model.alternatives)  # type: ignore[method-assign]
    assert is_stopped(asker.ask("customers below"))


@pytest.mark.parametrize("named", ["", "m"])
def test_a_server_that_is_not_reached_yet_is_not_waited_for(
    named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, cancelled = threading.Event(), list[float]()
    monkeypatch.setattr(http.client.HTTPConnection, "connect", lambda _self: free.wait(20))
    model = ServerModel("http://127.0.0.1:9/v1", name=named)

    def cancel() -> None:
        cancelled.append(time.monotonic())
        model.cancel()

    threading.Timer(0.2, cancel).start()
    with pytest.raises(Interrupted):
        list(model.stream(model.tokenize("Hello")))
    assert time.monotonic() - cancelled[0] < 0.5
    free.set()


def test_a_server_is_not_asked_when_the_answer_is_stopped_on_the_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with server(streamed("SELECT 1")) as (url, asked):
        model, connect = ServerModel(url, name="m"), http.client.HTTPConnection.connect

        def connected(connection: http.client.HTTPConnection) -> None:
            model.cancel()
            connect(connection)

        monkeypatch.setattr(http.client.HTTPConnection, "connect", connected)
        with pytest.raises(Interrupted):
            list(model.stream(model.tokenize("Hello")))
        assert asked == []
