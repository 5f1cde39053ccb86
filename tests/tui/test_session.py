"""Models that a session keeps open."""

import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from llmtui.tui.session import Session


class Opened:
    """In the place of an engine."""

    def __init__(self, path: Path, *, threads: int) -> None:
        self.path, self.closed = path, False

    def expect(self, _statements: Iterable[str]) -> None:
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
