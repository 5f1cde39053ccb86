"""The base GGUF as a PyTorch model with LoRA, and its tokenizer (child process only)."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
from transformers.utils import logging as transformers_logging

from llmtui.trainer.finetune import lora
from llmtui.trainer.finetune.batches import Tokenize
from llmtui.trainer.finetune.fused import fuse
from llmtui.trainer.finetune.loss import PACKABLE
from llmtui.trainer.prompt import Prompt, prompt_of_base
from llmtui.workspace.errors import ModelError
from llmtui.workspace.machine import cores

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_ROOM = 0.7
"""Share of a GPU's free memory that the weights of a base may take."""


def use_threads(threads: int) -> int:
    """Set PyTorch's threads (0: every core this process may use) and return their number."""
    count = threads or cores()
    torch.set_num_threads(count)
    return count


@cache
def device() -> torch.device:
    """Where training runs: a GPU for which this PyTorch has programs, else the processor.

    LLMTUI_DEVICE=cpu leaves a GPU alone.
    """
    if torch.cuda.is_available() and os.environ.get("LLMTUI_DEVICE") != "cpu":
        with suppress(RuntimeError):  # an old GPU, or one whose memory others have
            torch.ones(8, 8, device="cuda").square().sum().item()
            return torch.device("cuda")
    return torch.device("cpu")


def place(model: Any) -> None:
    """Bring a model to `device()` when there is room for it."""
    size = sum(p.numel() * p.element_size() for p in model.parameters())
    if device().type == "cuda" and size < _ROOM * torch.cuda.mem_get_info()[0]:
        model.to(device())


def load_base(base: Path) -> tuple[Any, Any]:
    """Model in fp32 (dequantized) and tokenizer. Raises ModelError for what cannot be loaded."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    source = {"gguf_file": base.name, "local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(base.parent), **source)
        model = AutoModelForCausalLM.from_pretrained(
            str(base.parent),
            dtype=torch.float32,
            quantization_config=GgufConfig(dequantize=True),
            **source,
        )
    except (ValueError, OSError, RuntimeError, KeyError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"The base model cannot be loaded for training ({reason})",
            where=str(base),
            hint="Choose another base: `llmtui models list`.",
        ) from error
    return model, tokenizer


def tokenizer_of(tokenizer: Any) -> Tokenize:
    """`tokenize(text, control)`: special tokens are parsed in control text only."""

    def tokenize(text: str, control: bool) -> list[int]:
        ids: list[int] = tokenizer(
            text, add_special_tokens=False, split_special_tokens=not control
        )["input_ids"]
        return ids

    return tokenize


def prompt_for_training(tokenizer: Any, schema: str) -> Prompt:
    tokenize = tokenizer_of(tokenizer)
    return prompt_of_base(
        str(tokenizer.chat_template or ""), lambda text: len(tokenize(text, True)) == 1, schema
    )


def add_lora(model: Any, rank: int, alpha: int, seed: int) -> Any:
    """LoRA on every linear layer of the body; the adapter is fp32, the base is frozen."""
    model = lora.add_lora(model, TARGETS, rank, alpha, seed)
    return fuse(model) if model.config.model_type in PACKABLE else model
