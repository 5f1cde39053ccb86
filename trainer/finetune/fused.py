"""Normalisation and gated layers that keep for their backward what it needs, and no more.

transformers' own keep every step's result; on a CPU, writing those costs a quarter of a step.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

_ACTIVATIONS = ("silu", "gelu_pytorch_tanh")


def fuse(model: Any) -> Any:
    """Replace the RMS norms and the gated layers of a model whose base is frozen, in place."""
    activation = getattr(model.config, "hidden_activation", None) or model.config.hidden_act
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            kind = type(child).__name__
            if kind.endswith("RMSNorm"):
                setattr(parent, name, Norm(child, plus=1.0 if kind.startswith("Gemma") else 0.0))
            elif kind.endswith("MLP") and activation in _ACTIVATIONS:
                setattr(parent, name, Gated(child, activation))
    return model


class Norm(nn.Module):
    """x / rms(x) · (weight + plus)."""

    def __init__(self, norm: Any, plus: float) -> None:
        super().__init__()
        self.weight, self.plus = norm.weight, plus
        self.eps = float(getattr(norm, "variance_epsilon", 0.0) or norm.eps)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = _Norm.apply(x, self.weight, self.eps, self.plus)  # type: ignore[no-untyped-call]
        return y


class Gated(nn.Module):
    """down(act(gate(x)) · up(x))."""

    def __init__(self, mlp: Any, activation: str) -> None:
        super().__init__()
        self.gate_proj, self.up_proj, self.down_proj = mlp.gate_proj, mlp.up_proj, mlp.down_proj
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.down_proj(
            _Gate.apply(self.gate_proj(x), self.up_proj(x), self.activation)  # type: ignore[no-untyped-call]
        )
        return y


class _Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float, plus: float) -> Tensor:
        wide = x.float()
        inverse = (wide.square().mean(-1, keepdim=True) + eps).rsqrt_()
        scale = weight.float() + plus if plus else weight.float()
        ctx.save_for_backward(x, scale, inverse)
        return (wide * inverse).mul_(scale).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, scale, inverse = ctx.saved_tensors
        grad, wide = grads[0].float() * scale, x.float()
        along = (grad * wide).mean(-1, keepdim=True) * inverse.pow(3)
        return grad.mul_(inverse).addcmul_(wide, along, value=-1).to(x.dtype), None, None, None


class _Gate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor, activation: str) -> Tensor:
        ctx.save_for_backward(gate, up)
        ctx.activation = activation
        return _act(gate, activation).mul_(up)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        gate, up = ctx.saved_tensors
        inner = grads[0] * up
        if ctx.activation == "silu":
            grad_gate = torch.ops.aten.silu_backward(inner, gate)
        else:
            grad_gate = torch.ops.aten.gelu_backward(inner, gate, approximate="tanh")
        return grad_gate, _act(gate, ctx.activation).mul_(grads[0]), None


def _act(x: Tensor, activation: str) -> Tensor:
    if activation == "silu":
        return nn.functional.silu(x)
    return nn.functional.gelu(x, approximate="tanh")
