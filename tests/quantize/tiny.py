"""Tiny random models of every architecture, as transformers saves them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from llmtui.inference.compared import ComparedEngine
from llmtui.quantize.convert import HEAD_SIZES
from llmtui.quantize.sample_strings import sample_strings

CACHE_NOISE = 0.03
"""Logits here spread over about 10; llama.cpp keeps keys and values in 16 bits."""
ARCHITECTURES = ("llama", "qwen2", "qwen3", "gemma3")
_QWEN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def tiny_folder(folder: Path, name: str, **changes: Any) -> Path:
    """Save a random model of the architecture, with a tokenizer of its kind, into `folder`."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    folder.mkdir()
    size = save_tokenizer(folder, sentencepiece=name == "gemma3")
    shape: dict[str, Any] = {
        "vocab_size": size, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256,
        "tie_word_embeddings": name in ("gemma3", "qwen3"),
        "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1, "initializer_range": 0.2,
    }  # fmt: skip
    kind = name
    shape["head_dim"] = HEAD_SIZES.get(name, 16)
    if name == "gemma3":
        kind = "gemma3_text"
        shape |= {"num_hidden_layers": 6, "sliding_window": 8}
    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **shape | changes))
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if parameter_name.endswith(("norm.weight", "bias")):
                parameter.add_(torch.randn_like(parameter) * 0.2)
    model.float().save_pretrained(folder)
    return folder


def save_tokenizer(folder: Path, *, sentencepiece: bool) -> int:
    """Train and save a tokenizer with ChatML markers; the size of its vocabulary."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer

    marks = ["<|im_start|>", "<|im_end|>"]
    bytes_ = [f"<0x{value:02X}>" for value in range(256)] if sentencepiece else []
    tokenizer = Tokenizer(BPE(byte_fallback=sentencepiece, unk_token=None))
    if sentencepiece:
        tokenizer.normalizer = normalizers.Replace(" ", "▁")
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
        alphabet = []
    else:
        cut = pre_tokenizers.Split(Regex(_QWEN), "isolated")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        )
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = BpeTrainer(
        vocab_size=800, initial_alphabet=alphabet, limit_alphabet=400, show_progress=False,
        special_tokens=[AddedToken(mark, special=True) for mark in marks] + bytes_,
    )  # fmt: skip
    tokenizer.train_from_iterator(sample_strings(300), trainer)
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [item for item in data["added_tokens"] if item["content"] in marks]
    (folder / "tokenizer.json").write_text(json.dumps(data), encoding="utf-8")
    config = {"bos_token": marks[0], "eos_token": marks[1], "pad_token": marks[1],
              "tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": False,
              "chat_template": "<|im_start|>{{ messages[0].content }}<|im_end|>"}  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return int(tokenizer.get_vocab_size())


def loaded(folder: Path, gguf: str = "") -> Any:
    """The model of a folder, or of a GGUF in it, in fp32."""
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    how = {"gguf_file": gguf, "quantization_config": GgufConfig(dequantize=True)} if gguf else {}
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **how).eval()


def logits_of(model: Any, tokens: list[int]) -> Any:
    import torch

    with torch.no_grad():
        return model(input_ids=torch.tensor([tokens])).logits[0].numpy()


def tokens_for(model: Any) -> list[int]:
    return np.random.default_rng(3).integers(2, model.config.vocab_size, 24).tolist()  # type: ignore[no-any-return]


def lora_folder(place: Path, base: Path, model: Any, size: float) -> tuple[Path, Any]:
    """An adapter folder as training leaves it, and the model with that adapter."""
    import torch
    from safetensors.torch import save_file

    from llmtui.trainer.finetune.checkpoint import adapter_weights
    from llmtui.trainer.finetune.model import add_lora

    tuned = add_lora(model, 4, 8, 1)
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            parameter.data = torch.randn_like(parameter) * size
    place.mkdir()
    save_file(adapter_weights(tuned), str(place / "adapter.safetensors"))
    facts = {"base": str(base), "prompt": "chatml/weights/1", "rank": 4, "alpha": 8, "schema": "s"}
    (place / "adapter.json").write_text(json.dumps(facts))
    return place, tuned


def assert_same_logits(gguf: Path, wanted: Any, tokens: list[int]) -> None:
    with ComparedEngine(gguf) as engine:
        for length in (1, 5, len(tokens)):
            got = engine.next_logits(tokens[:length])
            assert np.allclose(got, wanted[length - 1], atol=CACHE_NOISE), length
