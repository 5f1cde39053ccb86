"""Tiny random models of every architecture that llmtui knows, for tests that need no file."""

import random
from pathlib import Path
from typing import Any

from llmtui.trainer.finetune.batches import Example

ARCHITECTURES = ("llama", "qwen2", "qwen3", "gemma3_text")


def tiny_model(kind: str, vocabulary: int = 97) -> Any:
    """Two to four layers with grouped queries; gemma3 with sliding and full layers."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(3)
    sizes = {
        "vocab_size": vocabulary, "hidden_size": 32, "intermediate_size": 48,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
        "max_position_embeddings": 256, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
    }  # fmt: skip
    if kind == "gemma3_text":
        sizes |= {"num_hidden_layers": 4, "sliding_window": 24, "query_pre_attn_scalar": 16}
        sizes["layer_types"] = ["sliding_attention", "full_attention"] * 2
    config = AutoConfig.for_model(kind, **sizes)
    config.tie_word_embeddings = True
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32)


def lora_of(folder: Path, target: Path, rank: int) -> None:
    """Write a small random adapter for the model that transformers saved in `folder`."""
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM

    from llmtui.trainer.finetune.checkpoint import adapter_weights
    from llmtui.trainer.finetune.model import add_lora

    model = add_lora(AutoModelForCausalLM.from_pretrained(str(folder)), rank, 2 * rank, seed=1)
    weights = adapter_weights(model)
    torch.manual_seed(4)
    for weight in weights.values():
        weight.normal_(std=0.02)
    save_file(weights, str(target))


def rows(prefix: int, count: int, longest: int, seed: int = 5) -> list[Example]:
    """Rows that begin with the same `prefix` tokens and go on in their own way."""
    rng = random.Random(seed)
    shared = [rng.randrange(3, 97) for _ in range(prefix)]
    found = []
    for i in range(count):
        question = [3 + i, *(rng.randrange(3, 97) for _ in range(rng.randrange(1, longest // 2)))]
        answer = [rng.randrange(3, 97) for _ in range(rng.randrange(1, longest // 2))]
        found.append(Example((*shared, *question, *answer), prefix + len(question)))
    return found
