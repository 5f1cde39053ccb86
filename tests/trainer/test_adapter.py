"""Adapters on tiny random models: going on from one, and what does not fit."""

from pathlib import Path

import pytest

from tests.trainer.tiny import tiny_model

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from llmtui.trainer.finetune.checkpoint import adapter_weights, load_adapter  # noqa: E402
from llmtui.trainer.finetune.model import add_lora  # noqa: E402
from llmtui.workspace.errors import ModelError  # noqa: E402


def test_training_goes_on_from_a_given_adapter(tmp_path: Path) -> None:
    trained = add_lora(tiny_model("llama"), rank=4, alpha=8, seed=1)
    for weight in adapter_weights(trained).values():
        weight.normal_()
    save_file(adapter_weights(trained), str(tmp_path / "adapter.safetensors"))
    fresh = add_lora(tiny_model("llama"), rank=4, alpha=8, seed=2)
    load_adapter(fresh, tmp_path / "adapter.safetensors")
    ids = torch.arange(12).reshape(1, -1)
    assert torch.equal(fresh(input_ids=ids).logits, trained(input_ids=ids).logits)


def test_an_adapter_of_another_rank_or_a_cut_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "adapter.safetensors"
    save_file(adapter_weights(add_lora(tiny_model("llama"), rank=2, alpha=4, seed=1)), str(file))
    model = add_lora(tiny_model("llama"), rank=4, alpha=8, seed=1)
    with pytest.raises(ModelError, match="same rank"):
        load_adapter(model, file)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ModelError, match="damaged"):
        load_adapter(model, file)
