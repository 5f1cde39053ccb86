"""The training loop: it goes on as if it had not been stopped, and never learns rubbish."""

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from llmtui.trainer.finetune.config import RunConfig
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.events import Note, Progress
from tests.trainer.tiny import ARCHITECTURES, rows, tiny_model

torch = pytest.importorskip("torch")

from llmtui.trainer.finetune.checkpoint import State, adapter_weights  # noqa: E402
from llmtui.trainer.finetune.loop import Rows, exact, learn, parts  # noqa: E402
from llmtui.trainer.finetune.loss import fast, run_length  # noqa: E402
from llmtui.trainer.finetune.model import TARGETS, add_lora  # noqa: E402
from llmtui.trainer.finetune.pace import gone_flat, healthy, steady  # noqa: E402

CONFIG = RunConfig("b", "i", minutes=0, rows=160, epochs=9, warmup=4, learning_rate=0.01)


def fresh() -> Any:
    torch.set_num_threads(1)
    return add_lora(tiny_model("llama"), rank=4, alpha=8, seed=1)


def some_rows() -> Rows:
    return Rows(rows(9, 40, 12), rows(9, 8, 12, seed=6), 0)


def train(folder: Path, config: RunConfig = CONFIG, until: int = 0, at_once: int = 9999) -> Any:
    """Train a fresh model, or drop the run after `until` steps as a broken pipe does."""
    model, events = fresh(), []
    steps = len(some_rows().batches(config))
    running = learn(model, some_rows(), config, folder, lambda: False, steps, at_once)
    for event in running:
        events.append(event)
        if isinstance(event, Progress) and event.step == until:
            running.close()
            break
    return adapter_weights(model), events


def furthest(one: dict[str, Any], other: dict[str, Any]) -> float:
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def test_twenty_interruptions_change_nothing(tmp_path: Path) -> None:
    wanted, events = train(tmp_path / "whole")
    assert max(e.step for e in events if isinstance(e, Progress)) == 20
    rng, folder, done = random.Random(4), tmp_path / "broken", 0
    for _ in range(20):
        done += rng.randrange(0, 2)
        train(folder, until=max(done, 1))
    found, events = train(folder)
    assert isinstance(events[0], Note)
    assert furthest(found, wanted) < 1e-5


def test_a_batch_in_parts_is_the_batch(tmp_path: Path) -> None:
    assert furthest(train(tmp_path / "8")[0], train(tmp_path / "3", at_once=70)[0]) < 1e-4


def test_parts_are_as_long_as_may_be_and_no_longer() -> None:
    model, batch = fresh(), list(some_rows().learnt[:8])
    for most in (1, 70, 128, 9999):
        found = list(parts(model, batch, most))
        assert [example for part in found for example in part] == batch
        assert all(len(part) == 1 or run_length(model, part) <= most for part in found)
        for one, other in pairwise(found):
            assert run_length(model, [*one, other[0]]) > most
    assert len(list(parts(model, batch, 9999))) == 1


def test_a_loss_that_blows_up_ends_with_advice_and_keeps_the_last_good_point(
    tmp_path: Path,
) -> None:
    good, _ = train(tmp_path, until=10)
    wild = RunConfig("b", "i", minutes=0, rows=160, epochs=9, warmup=4, learning_rate=1e30)
    with pytest.raises(LlmtuiError, match="lower --learning-rate"):
        train(tmp_path, wild)
    kept, _ = train(tmp_path, CONFIG, until=11)
    assert furthest(kept, good) < 0.1


def test_a_loss_far_above_what_it_was_is_not_sound() -> None:
    state = State()
    assert all(healthy(state, 2.0 / (1 + step)) for step in range(30))
    assert healthy(state, 3.0)
    assert not all(healthy(state, 4.0) for _ in range(9))
    assert not steady(state)
    assert not healthy(State(), float("nan"))


def test_a_run_until_it_is_flat_ends_before_its_rows_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmtui.trainer.finetune.loop.exact", lambda *_: 2)
    config = RunConfig("b", "i", minutes=0, epochs=999, until_flat=True, learning_rate=0.01)
    _, events = train(tmp_path, config)
    assert any(isinstance(e, Note) and "no longer better" in e.text for e in events)
    steps = [e for e in events if isinstance(e, Progress)]
    assert steps[-1].step == steps[-1].of < 999 * 5


def test_what_is_flat_shows_later_as_long_as_no_answer_is_exact() -> None:
    state = State()
    assert not any(gone_flat(state, hits) for hits in [0] * 11)
    assert [gone_flat(state, hits) for hits in (2, 2, 2, 2, 2)] == [False] * 4 + [True]
    assert [gone_flat(State(looks=11), hits) for hits in (0, 1)] == [True, False]


def test_a_run_that_goes_on_with_fewer_rows_ends_with_them(tmp_path: Path) -> None:
    config, few = replace(CONFIG, rows=0, epochs=4), Rows(rows(9, 8, 12), [], 0)
    train(tmp_path, config, until=2)
    events = list(learn(fresh(), few, config, tmp_path, lambda: False, 99, 9999))
    steps = [event.step for event in events if isinstance(event, Progress)]
    assert steps[-1] == len(few.batches(config)) == 4 < len(some_rows().batches(config))


def test_exact_answers_grow_with_learning(tmp_path: Path) -> None:
    model, data = fresh(), Rows(rows(9, 8, 12), [], 0)
    config = RunConfig("b", "i", minutes=0, epochs=150, learning_rate=0.02)
    with fast(model):
        before = exact(model, data.learnt, 0)
    list(learn(model, data, config, tmp_path, lambda: False, 150, 9999))
    with fast(model):
        assert exact(model, data.learnt, 0) >= before + 5


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_values_and_gradients_are_those_of_transformers_with_peft(kind: str) -> None:
    peft = pytest.importorskip("peft")
    ours, theirs = add_lora(tiny_model(kind), rank=4, alpha=8, seed=1), tiny_model(kind)
    theirs = peft.get_peft_model(
        theirs, peft.LoraConfig(r=4, lora_alpha=8, target_modules=list(TARGETS), lora_dropout=0.0)
    )
    for name, weight in adapter_weights(ours).items():
        weight.normal_(std=0.1)
        theirs.get_parameter(f"base_model.model.{name}.default.weight").data.copy_(weight)
    ids = torch.arange(20).reshape(2, -1)
    outs = [model(input_ids=ids, labels=ids) for model in (ours, theirs)]
    assert torch.allclose(outs[0].logits, outs[1].logits, atol=1e-5)
    for out in outs:
        out.loss.backward()
    for name, parameter in ours.named_parameters():
        if parameter.requires_grad:
            other = theirs.get_parameter(f"base_model.model.{name}.default.weight")
            assert float((parameter.grad - other.grad).norm() / other.grad.norm()) < 1e-4, name
