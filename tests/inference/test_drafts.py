"""Answers that are guessed from statements, and are what the model says all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from llmtui.inference.candidates import Candidate
from llmtui.inference.drafts import MOST, Drafts
from llmtui.inference.engine import Engine
from llmtui.workspace.errors import Interrupted
from tests.conftest import needs_starter, starter

QUESTION = "Count from one to twelve in words."


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    path = starter()
    assert path is not None
    with Engine(path, context=512) as opened:
        yield opened


def letters(text: str) -> list[int]:
    return [ord(letter) for letter in text]


@pytest.mark.parametrize(
    ("statements", "said", "guessed"),
    [
        (["SELECT a FROM b"], "SELECT a", " FROM b"),
        (["SELECT a FROM b"], "SE", "LECT a "),  # no more at once
        (["SELECT a FROM b"], "S", "ELECT a"),  # as statements begin
        (["SELECT a FROM b"], "SELECT a FROM b", ""),
        (["SELECT a FROM b"], "xy", ""),
        (["SELECT a FROM b"], "", ""),
        ([], "SELECT", ""),
        (["abc1", "abc2"], "ab", "c"),  # then either could come
        (["abc1", "abc1", "abc1", "abc2"], "ab", "c1"),
        (["xabc1", "yabc2"], "yab", "c2"),  # the longest piece tells
        (["ab", "bc"], "ab", ""),  # never from one statement into the next
    ],
)
def test_an_answer_goes_on_as_statements_did(
    statements: Sequence[str], said: str, guessed: str
) -> None:
    drafts = Drafts(map(letters, statements))
    assert "".join(map(chr, drafts.after(letters(said)))) == guessed
    assert len(guessed) <= MOST


def reads_of(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by how many tokens are read, each time that the model says some."""
    reads: list[int] = []
    read = engine._memory.read
    monkeypatch.setattr(
        engine._memory, "read", lambda tokens: (reads.append(len(tokens)), read(tokens))[1]
    )
    return reads


@needs_starter
@pytest.mark.parametrize("change", ["", "five", "two"])
def test_the_answer_stays_and_comes_in_fewer_steps(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    prompt = engine.prompt.tokens(engine.tokenize, QUESTION, "")
    engine.expect(())
    alone = engine.complete(prompt, max_tokens=40)
    text = engine.pieces.text(alone)
    engine.expect([text.replace(change, "wrong") if change else text])
    reads = reads_of(engine, monkeypatch)
    assert engine.complete(prompt, max_tokens=40) == alone
    assert len(reads) < len(alone) / 2
    assert max(reads) == MOST + 1


@needs_starter
def test_what_was_guessed_and_not_said_is_not_kept(engine: Engine) -> None:
    prompt = engine.prompt.tokens(engine.tokenize, QUESTION, "")
    other = engine.prompt.tokens(engine.tokenize, "Name a colour.", "")
    engine.expect(())
    alone, alone_other = (engine.complete(each, max_tokens=24) for each in (prompt, other))

    def nearly() -> list[list[int]]:
        found: list[Candidate] = []
        engine.alternatives(4, lambda _text, candidate: (found.append(candidate), -9e9)[1])
        return [candidate.tokens for candidate in found]

    engine.complete(prompt, max_tokens=24)
    others = nearly()
    engine.expect([engine.pieces.text(alone) + " and so on and on and on"])
    assert engine.complete(prompt, max_tokens=24) == alone
    assert nearly() == others
    for stopped in range(1, 12):
        told = engine.stream_tokens(prompt, max_tokens=24)
        assert [next(told) for _ in range(stopped)] == alone[:stopped]
        told.close()  # type: ignore[attr-defined]
        assert engine.complete(other, max_tokens=24) == alone_other


@needs_starter
def test_statements_are_read_after_the_first_answer() -> None:
    path, read = starter(), list[str]()
    assert path is not None

    def statements() -> Iterator[str]:
        read.append("begun")
        yield "one two three"

    with Engine(path, context=256) as engine:
        engine.expect(statements())
        prompt = engine.prompt.tokens(engine.tokenize, "Name a colour.", "")
        first = engine.complete(prompt, max_tokens=4)
        assert read == []
        assert engine.complete(prompt, max_tokens=4) == first
        assert read == ["begun"]


@needs_starter
def test_a_cancel_while_statements_are_read_is_heeded_and_the_rest_is_read_later() -> None:
    path, read = starter(), list[int]()
    assert path is not None

    def statements() -> Iterator[str]:
        for number in range(100):
            if number == 7:
                engine.cancel()
            read.append(number)
            yield f"one two {number}"

    with Engine(path, context=256) as engine:
        prompt = engine.prompt.tokens(engine.tokenize, "Name a colour.", "")
        first = engine.complete(prompt, max_tokens=4)
        engine.expect(statements())
        with pytest.raises(Interrupted):
            engine.complete(prompt, max_tokens=4)
        assert read == list(range(8))
        assert engine.complete(prompt, max_tokens=4) == first
        assert read == list(range(100))
