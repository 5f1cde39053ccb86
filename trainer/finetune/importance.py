"""How much each column of each matrix matters on the user's own rows: an importance matrix.

The mean of the squared inputs of a column, over all positions of a sample of rows, as the
quantization of llama.cpp wants it. Recorded at the end of training, with the adapter in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from llmtui.trainer.finetune.batches import Example
from llmtui.trainer.finetune.model import TARGETS

_TOGETHER = 16


@torch.no_grad()
def record(model: Any, examples: Sequence[Example], most: int = 64) -> dict[str, torch.Tensor]:
    """Module → mean squared input (in,), fp32, over `most` of the examples, evenly chosen."""
    sums: dict[str, torch.Tensor] = {}
    real = torch.empty(0, dtype=torch.bool)

    def listen(name: str) -> Any:
        def hook(_module: Any, inputs: tuple[torch.Tensor, ...]) -> None:
            flat = inputs[0].detach()[real].float()
            sums[name] = sums.get(name, torch.zeros(flat.shape[-1])) + flat.square().sum(0)

        return hook

    handles = [
        module.register_forward_pre_hook(listen(name))
        for name, module in model.named_modules()
        if name.rsplit(".", 1)[-1] in TARGETS
    ]
    step = max(1, len(examples) // most)
    chosen = sorted((one.tokens for one in examples[::step][:most]), key=len)
    model.eval()
    try:
        for start in range(0, len(chosen), _TOGETHER):
            rows = [torch.tensor(tokens) for tokens in chosen[start : start + _TOGETHER]]
            padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1)
            real = padded >= 0
            model(input_ids=padded.clamp(min=0), use_cache=False, logits_to_keep=1)
    finally:
        for handle in handles:
            handle.remove()
    positions = sum(len(tokens) for tokens in chosen)
    return {name: total / positions for name, total in sums.items()}
