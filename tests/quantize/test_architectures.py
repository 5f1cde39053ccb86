"""transformers ⇄ GGUF for every architecture, on tiny random models."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmtui.inference.engine import Engine
from llmtui.quantize.adapter import load_adapter
from llmtui.quantize.gguf import values
from llmtui.quantize.header import read
from llmtui.quantize.levels import LEVELS, quantize_file
from llmtui.quantize.merge import merge
from tests.quantize.tiny import assert_same_logits, loaded, logits_of, lora_folder, tokens_for

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")


def test_a_converted_folder_has_the_logits_of_transformers(made: Any) -> None:
    _, folder, gguf = made
    model = loaded(folder)
    tokens = tokens_for(model)
    assert_same_logits(gguf, logits_of(model, tokens), tokens)


def test_transformers_loads_the_same_weights_back_from_the_gguf(made: Any) -> None:
    _, folder, gguf = made
    there, back = loaded(folder).state_dict(), loaded(gguf.parent, gguf.name).state_dict()
    assert there.keys() == back.keys()
    for name, weight in there.items():
        assert torch.allclose(weight, back[name], atol=1e-6), name


def test_a_zero_delta_leaves_every_tensor_byte_for_byte(made: Any, tmp_path: Path) -> None:
    _, folder, gguf = made
    adapter, _ = lora_folder(tmp_path / "adapter", gguf, loaded(folder), 0.0)
    merge(load_adapter(adapter), tmp_path / "same.gguf", {})
    old, new = read(gguf), read(tmp_path / "same.gguf")
    assert len(old.tensors) == len(new.tensors)
    for one, two in zip(old.tensors, new.tensors, strict=True):
        assert (one.name, one.kind) == (two.name, two.kind)
        assert one.data.tobytes() == two.data.tobytes(), one.name


def test_a_known_delta_gives_the_logits_of_pytorch(made: Any, tmp_path: Path) -> None:
    _, _, gguf = made
    model = loaded(gguf.parent, gguf.name)
    tokens = tokens_for(model)
    before = logits_of(model, tokens)
    adapter, merged = lora_folder(tmp_path / "adapter", gguf, model, 0.1)
    wanted = logits_of(merged, tokens)
    assert np.abs(wanted - before).max() > 0.1
    merge(load_adapter(adapter), tmp_path / "tuned.gguf", {})
    assert_same_logits(tmp_path / "tuned.gguf", wanted, tokens)


def test_the_tokenizer_splits_as_the_folder_says(made: Any) -> None:
    from tokenizers import Tokenizer

    _, folder, gguf = made
    own = Tokenizer.from_file(str(folder / "tokenizer.json"))
    text = "SELECT name FROM 客户 WHERE it's  42 😀\n"
    with Engine(gguf) as engine:
        assert engine.tokenize(text) == own.encode(text, add_special_tokens=False).ids
        assert engine.tokenize("<|im_end|>", control=True) == [1]
        assert len(engine.tokenize("<|im_end|>")) > 1


def test_importance_is_the_mean_square_of_what_a_matrix_reads(made: Any) -> None:
    from llmtui.trainer.finetune import importance
    from llmtui.trainer.finetune.batches import Example
    from llmtui.trainer.finetune.model import TARGETS, add_lora

    _, _, gguf = made
    model = add_lora(loaded(gguf.parent, gguf.name), 4, 8, 1)
    examples = [Example((5, 6, 7, 8, 9), 2), Example((30, 31, 32), 1)]
    read_by: list[Any] = []
    down = model.model.layers[1].mlp.down_proj
    found = importance.record(model, examples)
    down.register_forward_pre_hook(lambda _module, inputs: read_by.append(inputs[0][0]))
    for example in examples:
        logits_of(model, list(example.tokens))
    wanted = torch.cat(read_by).square().mean(0)
    assert torch.allclose(found["model.layers.1.mlp.down_proj"], wanted, rtol=1e-4)
    assert len(found) == len(TARGETS) * model.config.num_hidden_layers


def test_importance_makes_rounding_better_where_it_matters(made: Any, tmp_path: Path) -> None:
    _, _, gguf = made
    name = "blk.0.ffn_up.weight"
    whole = {tensor.name: tensor for tensor in read(gguf).tensors}[name]
    weight = np.where(np.arange(whole.shape[1]) % 4 == 0, 100.0, 0.01).astype(np.float32)
    errors = {}
    for told in (None, {name: weight}):
        file = tmp_path / f"{told is None}.gguf"
        quantize_file(gguf, file, LEVELS["q4_0"], told)
        rounded = {tensor.name: tensor for tensor in read(file).tensors}[name]
        assert rounded.kind.name == "Q4_0"
        errors[told is None] = float(((values(rounded) - values(whole)) ** 2 @ weight).sum())
    assert errors[False] < 0.9 * errors[True]


def test_answers_to_many_prompts_at_once_are_those_to_each_alone(made: Any) -> None:
    from llmtui.trainer.finetune.parity import greedy

    _, _, gguf = made
    model = loaded(gguf.parent, gguf.name)
    rng = np.random.default_rng(4)
    prompts = [rng.integers(2, model.config.vocab_size, n).tolist() for n in (3, 12, 7)]
    end = set(range(60))
    together = greedy(model, prompts, end, 16)
    for ids, answer in zip(prompts, together, strict=True):
        said: list[int] = []
        while len(said) < 16:
            token = int(logits_of(model, ids + said)[-1].argmax())
            if token in end:
                break
            said.append(token)
        assert answer == said
