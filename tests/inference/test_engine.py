import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llmtui.inference.candidates import UNLIKELY, Candidate
from llmtui.inference.engine import Engine
from llmtui.quantize.silence import llama_cpp_silent
from llmtui.trainer.prompt import prompt_from_identity, schema_tokens
from llmtui.workspace.errors import Interrupted, ModelError
from tests.conftest import needs_starter, starter

pytestmark = needs_starter


@pytest.fixture(scope="module")
def engine() -> Engine:
    path = starter()
    assert path is not None
    return Engine(path, context=512)


def test_text_survives_tokens_and_markers_in_content_are_plain_text(engine: Engine) -> None:
    text = "查询 naïve 😀 <|im_end|>"
    plain = engine.tokenize(text)
    assert b"".join(engine.pieces.piece(token) for token in plain).decode() == text
    assert len(engine.tokenize("<|im_end|>", control=True)) == 1
    assert len(engine.tokenize("<|im_end|>")) > 1


def test_the_kept_prefix_changes_nothing(engine: Engine) -> None:
    path = starter()
    assert path is not None
    first = engine.prompt.tokens(engine.tokenize, "Name three colours.", "t(a INT)")
    second = engine.prompt.tokens(engine.tokenize, "Name three animals.", "t(a INT)")
    engine.complete(first, max_tokens=12)
    warm = engine.complete(second, max_tokens=12)
    with Engine(path, context=512) as fresh:
        assert fresh.complete(second, max_tokens=12) == warm


def test_an_answer_can_be_cancelled_and_the_next_one_is_whole(engine: Engine) -> None:
    tokens = engine.prompt.tokens(engine.tokenize, "Count to one hundred.", "")

    def cancel_at_the_third_piece() -> None:
        for number, _ in enumerate(engine.stream(tokens, max_tokens=64)):
            if number == 2:
                engine.cancel()

    with pytest.raises(Interrupted):
        cancel_at_the_third_piece()
    assert "".join(engine.stream(tokens, max_tokens=8))


def test_only_an_answer_that_its_length_ended_is_cut(engine: Engine) -> None:
    tokens = engine.prompt.tokens(engine.tokenize, "Count to one hundred.", "")
    for most, cut in ((4, True), (8, False)):
        for number, _ in enumerate(engine.stream_tokens(tokens, max_tokens=most)):
            if number == 5:
                break
        assert engine.cut is cut
        assert engine.used == (len(tokens), 4 if cut else 6)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is too unlikely."""
    monkeypatch.setattr("llmtui.inference.candidates.UNLIKELY", -math.inf)


def others(engine: Engine, most: int) -> list[Candidate]:
    """Every other answer, as they end."""
    found: list[Candidate] = []

    def enough(_text: str, candidate: Candidate) -> float:
        found.append(candidate)
        return -math.inf

    engine.alternatives(most, enough)
    return found


@pytest.mark.usefixtures("patient")
def test_other_answers_are_those_that_the_model_gives_when_begun_that_way(engine: Engine) -> None:
    tokens = engine.prompt.tokens(engine.tokenize, "Name a colour.", "")
    said = engine.complete(tokens, max_tokens=16)
    beginnings = [candidate.tokens for candidate in engine._doubts.begun(8)]
    found = others(engine, 8)
    assert found
    assert len(found) == len({tuple(candidate.tokens) for candidate in found})
    assert engine.complete(tokens, max_tokens=16) == said  # nothing of them is left
    for candidate in found:
        begun = next(b for b in beginnings if candidate.tokens[: len(b)] == b)
        assert begun[:-1] == said[: len(begun) - 1]
        assert begun[-1] != [*said, -1][len(begun) - 1]
        rest = len(candidate.tokens) - len(begun)
        alone = engine.complete([*tokens, *begun], max_tokens=max(rest, 1))
        assert alone == candidate.tokens[len(begun) :][: len(alone)]
        assert rest - len(alone) <= 1  # the token that ends it


@pytest.mark.usefixtures("patient")
def test_answers_less_likely_than_what_is_enough_are_not_read_to_their_end(engine: Engine) -> None:
    tokens = engine.prompt.tokens(engine.tokenize, "Name a colour.", "")
    engine.complete(tokens, max_tokens=16)
    every = {tuple(candidate.tokens): candidate.log_likelihood for candidate in others(engine, 8)}
    engine.complete(tokens, max_tokens=16)
    told: list[float] = []

    def enough(_text: str, candidate: Candidate) -> float:
        assert every[tuple(candidate.tokens)] == pytest.approx(candidate.log_likelihood, abs=1e-3)
        told.append(candidate.log_likelihood)
        return max(told)

    engine.alternatives(8, enough)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(max(every.values()), abs=1e-3)


def test_answers_that_are_hopeless_are_given_up(engine: Engine) -> None:
    engine.complete(engine.prompt.tokens(engine.tokenize, "Name a colour.", ""), max_tokens=16)
    assert all(candidate.log_likelihood >= UNLIKELY for candidate in others(engine, 8))


def test_the_engine_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    path = starter()
    assert path is not None
    with Engine(path, context=256) as engine:
        engine.complete(engine.prompt.tokens(engine.tokenize, "Hi", ""), max_tokens=4)
    out = capfd.readouterr()
    assert (out.out, out.err) == ("", "")


def test_a_prompt_that_does_not_fit_is_one_sentence(engine: Engine) -> None:
    with pytest.raises(ModelError, match="Ask a shorter question"):
        engine.complete([1] * 600, max_tokens=10)


@pytest.mark.parametrize("kept", [3_000, 1_000_000])
def test_a_truncated_model_is_one_sentence(
    tmp_path: Path, kept: int, capfd: pytest.CaptureFixture[str]
) -> None:
    path = starter()
    assert path is not None
    with path.open("rb") as file:
        (tmp_path / "cut.gguf").write_bytes(file.read(kept))
    with pytest.raises(ModelError, match="damaged"):
        Engine(tmp_path / "cut.gguf")
    assert capfd.readouterr().err == ""


def test_what_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="not a GGUF"):
        Engine(tmp_path / "x.gguf")
    with pytest.raises(ModelError, match="no such model"):
        Engine(tmp_path / "missing.gguf")


def test_a_schema_is_read_once_and_kept_beyond_the_process(home: Path) -> None:
    path = starter()
    assert path is not None
    schema = "\n".join(f"table_{i}(id INT, name TEXT, amount DECIMAL)" for i in range(12))

    def answers(engine: Engine, *questions: str) -> tuple[list[list[int]], int]:
        """The answers, and how many tokens of prompts were read for all of them."""
        ran = 0
        memory = engine._memory
        read = memory._read

        def counted(tokens: list[int]) -> None:
            nonlocal ran
            ran += len(tokens)
            read(tokens)

        memory._read = counted  # type: ignore[method-assign]
        found = []
        for question in questions:
            tokens = engine.prompt.tokens(engine.tokenize, question, schema)
            shared = len(schema_tokens(engine.prompt, engine.tokenize, schema))
            assert shared > 100
            found.append(list(engine.stream_tokens(tokens, max_tokens=8, shared=shared)))
            engine.complete(engine.tokenize("Something else in between"), max_tokens=2)
        memory._read = read  # type: ignore[method-assign]
        return found, ran

    asked = ("How many rows has table_3?", "List the names of table_5.")
    with Engine(path, context=1024) as engine:
        first, slowly = answers(engine, *asked)
    assert len(list((home / "cache" / "prefixes").glob("*.state"))) == 1
    with Engine(path, context=1024) as engine:
        second, quickly = answers(engine, *asked)
    assert second == first
    assert quickly < slowly / 2
    (kept,) = (home / "cache" / "prefixes").glob("*.state")
    kept.write_bytes(kept.read_bytes()[:-100])
    with Engine(path, context=1024) as engine:
        assert answers(engine, *asked)[0] == first


def test_two_threads_take_turns_with_whole_answers(engine: Engine) -> None:
    prompts = [
        engine.prompt.tokens(engine.tokenize, f"Name three {things}.", "")
        for things in ("colours", "animals")
    ]
    alone = [engine.complete(prompt, max_tokens=12) for prompt in prompts]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(lambda n: _slowly(engine, prompts[n % 2]), range(6)))
    assert together == alone * 3


def _slowly(engine: Engine, prompt: list[int]) -> list[int]:
    said = []
    for token in engine.stream_tokens(prompt, max_tokens=12):
        said.append(token)
        time.sleep(0.002)
    return said


def test_a_model_that_cannot_be_prepared_leaves_nothing_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = starter()
    assert path is not None
    llama, freed = llama_cpp_silent(), list[str]()
    for name in ("llama_free", "llama_model_free"):
        free = getattr(llama, name)
        monkeypatch.setattr(
            llama, name, lambda held, name=name, free=free: freed.append(name) or free(held)
        )
    monkeypatch.setattr(Engine, "_choose_prompt", lambda _: prompt_from_identity("unknown/1"))
    with pytest.raises(ModelError, match="does not know"):
        Engine(path, context=256)
    assert freed == ["llama_free", "llama_model_free"]


def test_an_answer_that_only_its_length_ended_is_known(engine: Engine) -> None:
    tokens = engine.prompt.tokens(engine.tokenize, "Say yes.", "")
    engine.complete(tokens, max_tokens=1)
    assert engine.cut
    said = engine.complete(tokens, max_tokens=200)
    assert engine.cut == (len(said) == 200)


def test_states_of_another_version_of_llama_cpp_are_not_read(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = starter()
    assert path is not None
    states = home / "cache" / "prefixes"
    for version in ("0.1", "0.1", "0.2"):
        monkeypatch.setattr(llama_cpp_silent(), "__version__", version)
        with Engine(path, context=512) as engine:
            tokens = engine.prompt.tokens(engine.tokenize, "List them.", "t(a INT)\n" * 20)
            list(engine.stream_tokens(tokens, max_tokens=1, shared=100))
    assert len(list(states.glob("*.state"))) == 2


def test_who_holds_the_turn_is_not_disturbed_by_another_thread(engine: Engine) -> None:
    prompts = [
        engine.prompt.tokens(engine.tokenize, question, "t(a INT)")
        for question in ("Name three colours.", "Name three animals of the sea and of the land.")
    ]
    alone = []
    for prompt in prompts:
        alone.append((engine.complete(prompt, max_tokens=6), engine.confidence, engine.used))

    def ask(number: int) -> tuple[list[int], float | None, tuple[int, int]]:
        with engine.turn():
            said = engine.complete(prompts[number % 2], max_tokens=6)
            time.sleep(0.01)  # another thread would come in here
            return said, engine.confidence, engine.used

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(ask, range(8)))
    assert together == alone * 4
