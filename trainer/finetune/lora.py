"""LoRA for a frozen base: y = x Wᵀ + (alpha / rank) · (x Aᵀ) Bᵀ, with a backward made for it.

Against a general implementation: the low-rank part is added in place by the matrix product
itself, no copy of the sum is kept, and nothing is computed for frozen weights. The tests hold
values and gradients to autograd's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class LoraLinear(nn.Module):
    """A frozen linear layer (out, in) with trainable `lora_A` (rank, in), `lora_B` (out, rank).

    These are fp32 whatever the base's type is: in bf16 small updates are lost.
    """

    def __init__(self, linear: nn.Linear, rank: int, alpha: int) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias
        self.scale = alpha / rank
        device = linear.weight.device
        self.lora_A = nn.Parameter(torch.empty(rank, linear.in_features, device=device))
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank, device=device))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., in) → (..., out)."""
        y: Tensor = _Lora.apply(x, self.weight, self.lora_A, self.lora_B, self.scale)  # type: ignore[no-untyped-call]
        return y if self.bias is None else y + self.bias


class _Lora(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, a: Tensor, b: Tensor, scale: float) -> Tensor:
        rows = x.reshape(-1, x.shape[-1])
        a, b = a.to(rows.dtype), b.to(rows.dtype)
        low = rows @ a.t()
        y = rows @ weight.t()
        y.addmm_(low, b.t(), alpha=scale)
        ctx.save_for_backward(x, weight, a, b, low)
        ctx.scale = scale
        return y.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, a, b, low = ctx.saved_tensors
        grad = grads[0].reshape(-1, grads[0].shape[-1])
        rows = x.reshape(-1, x.shape[-1])
        grad_low = grad @ b
        grad_low *= ctx.scale
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = (grad @ weight).addmm_(grad_low, a).view(x.shape)
        grad_b = (grad.t() @ low).float().mul_(ctx.scale)
        return grad_x, None, (grad_low.t() @ rows).float(), grad_b, None


def add_lora(model: nn.Module, targets: tuple[str, ...], rank: int, alpha: int, seed: int) -> Any:
    """Freeze `model` and give every linear layer named in `targets` a LoRA, in place."""
    torch.manual_seed(seed)
    model.requires_grad_(False)
    found = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if name in targets and isinstance(child, nn.Linear)
    ]
    for parent, name, child in found:
        setattr(parent, name, LoraLinear(child, rank, alpha))
    return model


@contextmanager
def adapter_off(model: nn.Module) -> Iterator[None]:
    """Inside, the model is its base."""
    layers = [module for module in model.modules() if isinstance(module, LoraLinear)]
    scales = [layer.scale for layer in layers]
    try:
        for layer in layers:
            layer.scale = 0.0
        yield
    finally:
        for layer, scale in zip(layers, scales, strict=True):
            layer.scale = scale
