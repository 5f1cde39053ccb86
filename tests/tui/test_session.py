"""Models that a session keeps open."""

import asyncio
import socket
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from llmtui.tui.app import LlmtuiApp
from llmtui.tui.session import Session
from llmtui.workspace.errors import Interrupted
from tests.tui.waiting import until


class Opened:
    """In the place of an engine."""

    def __init__(self, path: Path, *, threads: int) -> None:
        self.path, self.closed = path, False

    def expect(self, _statements: Iterable[str]) -> None:
        return

    def cancel(self) -> None:
        return

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def session(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setattr("llmtui.inference.engine.Engine", Opened)
    return Session(shop)


def test_the_two_models_that_were_used_last_stay_open(session: Session) -> None:
    a, b, c = (Path(name) for name in "abc")
    first, second = session.engine(a), session.engine(b)
    assert session.engine(a) is first
    third = session.engine(c)
    assert (first.closed, second.closed, third.closed) == (False, True, False)  # type: ignore[attr-defined]
    assert session.engine(a) is first
    assert session.engine(b) is not second


def test_no_model_is_closed_while_one_answers(session: Session) -> None:
    first = session.engine(Path("a"))
    session.engine(Path("b"))
    with session.answering:
        other = threading.Thread(target=session.engine, args=(Path("c"),))
        other.start()
        other.join(0.3)
        assert session.engine(Path("a")) is first  # what is open needs no waiting
        assert other.is_alive()
    other.join(5)
    assert not first.closed  # type: ignore[attr-defined]
    assert not other.is_alive()


def test_an_asker_goes_with_its_model(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmtui.tui.headstart.model_of", lambda *_: Path("a"))
    asker = session.asker()
    assert session.asker() is asker
    session.engine(Path("b"))
    session.engine(Path("c"))
    again = session.asker()
    assert again is not asker
    assert not again.model.closed  # type: ignore[attr-defined]


async def test_the_models_of_a_source_are_closed_when_another_one_is_opened(
    session: Session, shop: Path
) -> None:
    app = LlmtuiApp(shop)
    async with app.run_test():
        assert app.session is not None
        first = app.session
        models = [first.engine(Path(name)) for name in "ab"]
        with first.answering:
            assert app.open_source(shop)
            await asyncio.sleep(0.3)
            assert not any(model.closed for model in models)  # type: ignore[attr-defined]
        await until(lambda: all(model.closed for model in models))  # type: ignore[attr-defined]
        with pytest.raises(Interrupted):
            first.engine(Path("a"))


def test_a_server_that_says_nothing_holds_nobody_up(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("LLMTUI_SERVER", f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        monkeypatch.setenv("LLMTUI_SERVER_MODEL", "big")
        asker = session.asker()
        assert asker.model.path.name == "big"
        monkeypatch.setenv("LLMTUI_SERVER_MODEL", "")
        session.forget_database()
        asker, told = session.asker(), list[str]()
        asking = threading.Thread(target=lambda: told.append(asker.ask("How many?").message))
        asking.start()
        held, _ = silent.accept()
        reading = threading.Thread(target=session.database)
        reading.start()
        reading.join(5)
        assert not reading.is_alive()
        session.stop()
        asking.join(5)
        held.close()
    assert told == ["The answer was stopped."]
