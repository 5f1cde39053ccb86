"""The fast way gives the loss and the gradients of the plain way, for every architecture."""

from typing import Any

import pytest

from llmtui.trainer.finetune.batches import Example, encode
from llmtui.workspace.records import Instruction
from tests.conftest import needs_starter, starter
from tests.trainer.tiny import ARCHITECTURES, rows, tiny_model

torch = pytest.importorskip("torch")

from llmtui.trainer.finetune import short  # noqa: E402
from llmtui.trainer.finetune.checkpoint import adapter_weights  # noqa: E402
from llmtui.trainer.finetune.loss import fast, first_choices, loss_sum  # noqa: E402
from llmtui.trainer.finetune.model import (  # noqa: E402
    add_lora,
    load_base,
    prompt_for_training,
    tokenizer_of,
)
from llmtui.trainer.finetune.packed import common_prefix, pack  # noqa: E402


def trained(kind: str) -> Any:
    """A model whose adapter is not at its start, where half of the gradients are zero."""
    model = add_lora(tiny_model(kind), rank=4, alpha=8, seed=1)
    for weight in adapter_weights(model).values():
        weight.normal_(std=0.1)
    return model


def gradients(model: Any, loss: Any) -> dict[str, Any]:
    model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.requires_grad}


def assert_close(one: Any, other: Any) -> None:
    assert float((one - other).norm() / other.norm()) < 1e-4


@pytest.mark.parametrize("kind", ARCHITECTURES)
@pytest.mark.parametrize("way", ["short", "fused"])
@pytest.mark.parametrize(
    ("prefix", "count", "longest"),
    [(40, 6, 16), (7, 3, 12), (0, 4, 20), (25, 1, 20), (12, 3, 90)],
)
def test_loss_and_gradients_are_those_of_the_plain_way(
    monkeypatch: pytest.MonkeyPatch, kind: str, way: str, prefix: int, count: int, longest: int
) -> None:
    monkeypatch.setattr(short, "suits", lambda _packed: way == "short")
    model, examples = trained(kind), rows(prefix, count, longest)
    plain = loss_sum(model, examples, pad=0)
    wanted = gradients(model, plain)
    with fast(model):
        shared = loss_sum(model, examples, pad=0)
    found = gradients(model, shared)
    assert_close(shared, plain)
    assert set(found) == set(wanted)
    for name, grad in wanted.items():
        assert_close(found[name], grad)


@pytest.mark.model
@needs_starter
def test_the_starter_model_gives_the_loss_and_gradients_of_the_plain_way() -> None:
    base, schema = starter(), "\n".join(f"table{i}(id, name, city, total)" for i in range(20))
    assert base is not None
    model, tokenizer = load_base(base)
    model = add_lora(model, rank=4, alpha=8, seed=1)
    for weight in adapter_weights(model).values():
        weight.normal_(std=0.02)
    prompt = prompt_for_training(tokenizer, "prompt")
    asked = [("how many tables?", "SELECT 1"), ("有多少城市", "SELECT COUNT(*) FROM table1")]
    examples = [
        encode(Instruction(question, question, sql), prompt, tokenizer_of(tokenizer), schema)
        for question, sql in asked
    ]
    assert common_prefix(examples) > 200
    plain = loss_sum(model, examples, pad=0)
    wanted = gradients(model, plain)
    with fast(model):
        shared = loss_sum(model, examples, pad=0)
    found = gradients(model, shared)
    assert_close(shared, plain)
    for name, grad in wanted.items():
        assert_close(found[name], grad)


def test_what_all_rows_begin_with_stands_once() -> None:
    examples = rows(30, 5, 10)
    assert common_prefix(examples) == 30
    packed = pack(examples)
    needed = 30 + sum(len(e.tokens) - 30 for e in examples)
    assert needed <= len(packed.tokens) < needed + 64
    assert len(packed.tokens) % 64 == 0
    assert len(packed.predicting) == sum(len(e.tokens) - e.answer for e in examples)
    again = [Example((*examples[0].tokens,), examples[0].answer)] * 2
    assert common_prefix(again) == examples[0].answer - 1


def test_an_answer_is_exact_when_greedy_decoding_gives_it() -> None:
    model, examples = trained("llama"), rows(10, 4, 20)
    decoded = []
    for example in examples:
        ids = torch.tensor([example.tokens[: example.answer]])
        count = len(example.tokens) - example.answer
        out = model.generate(ids, max_new_tokens=count, do_sample=False, eos_token_id=None)
        decoded.append(Example(tuple(out[0].tolist()), example.answer))
    mixed = [examples[0], decoded[1], examples[2], decoded[3]]
    with fast(model):
        assert first_choices(model, mixed, 0) == [False, True, False, True]
