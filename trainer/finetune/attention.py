"""Attention over packed rows: their common beginning is attended by all, and copied for none.

A rest's attention is that over the common beginning and that over itself, two calls of PyTorch's
fused kernel joined by their log-sum-exps (as in FlashAttention, arXiv 2205.14135). The kernel's
backward, given the joined output and log-sum-exp, yields each part's exact gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import AttentionInterface

from llmtui.trainer.finetune import short
from llmtui.trainer.finetune.packed import Packed

NAME = "llmtui_packed"
_forward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_backward = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def packed_attention(
    _module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    _mask: None,
    *,
    packed: Packed,
    scaling: float,
    sliding_window: int | None = None,
    **_unused: Any,
) -> tuple[Tensor, None]:
    """transformers' attention interface: (1, heads, length, width) → (1, length, heads, width).

    The fused kernel is called in fp32 whatever the type is: its backward takes three times as long
    in bf16.
    """
    window = packed.window(sliding_window) if sliding_window else None
    if short.suits(packed) and not window:
        out = short.Short.apply(query, key, value, packed.grid, scaling)  # type: ignore[no-untyped-call]
        return out.transpose(1, 2), None
    wide = query.float(), key.float(), value.float()
    out = _Packed.apply(*wide, packed, scaling, window)  # type: ignore[no-untyped-call]
    return out.to(query.dtype).transpose(1, 2), None


AttentionInterface.register(NAME, packed_attention)


@contextmanager
def packing(model: Any) -> Iterator[None]:
    """Inside, `model` is called with packed rows."""
    before = model.config._attn_implementation
    model.config._attn_implementation = NAME
    try:
        yield
    finally:
        model.config._attn_implementation = before


class _Packed(torch.autograd.Function):
    """Shapes below: H heads in K groups of R that share a key, N tokens of width D in all.

    `grouped` views are (K, R, length, D): keys are not repeated for the heads of a group, since
    the kernel takes a stride of 0. `own` copies are (rows, H, longest, D), one row's rest each.
    """

    @staticmethod
    def forward(
        ctx: Any, q: Tensor, k: Tensor, v: Tensor, packed: Packed, scale: float,
        window: tuple[Tensor, ...] | None,
    ) -> Tensor:  # fmt: skip
        n, masks = packed.prefix, _masks(window)
        _, heads, length, width = q.shape
        out = q.new_empty(1, length, heads, width).transpose(1, 2)
        total = torch.empty(1, length, heads, device=q.device).transpose(1, 2)
        o, lse = _forward(*_own(packed, heads, q, k, v), 0.0, masks[2] is None,
                          attn_mask=masks[2], scale=scale)  # fmt: skip
        o, lse = o.transpose(1, 2)[packed.inside], lse.transpose(1, 2)[packed.inside]
        if n:
            gq, gk, gv, go, gt = _grouped(k.shape[1], q, k, v, out, total)
            prefix = gk[:, :, :n], gv[:, :, :n]
            go[:, :, :n], gt[:, :, :n] = _forward(
                gq[:, :, :n], *prefix, 0.0, masks[0] is None, attn_mask=masks[0], scale=scale
            )
            o2, lse2 = _forward(gq[:, :, n:], *prefix, attn_mask=masks[1], scale=scale)
            o2 = o2.permute(2, 0, 1, 3).reshape(o.shape)
            lse2 = lse2.permute(2, 0, 1).reshape(lse.shape)
            joined = torch.logaddexp(lse, lse2)
            o = o * (lse - joined).exp()[..., None] + o2 * (lse2 - joined).exp()[..., None]
            lse = joined
        out[0, :, n:] = o.transpose(0, 1)
        total[0, :, n:] = lse.transpose(0, 1)
        ctx.save_for_backward(q, k, v, out, total)
        ctx.packed, ctx.scale, ctx.masks = packed, scale, masks
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, out, total = ctx.saved_tensors
        packed, scale, masks = ctx.packed, ctx.scale, ctx.masks
        n, heads, groups = packed.prefix, q.shape[1], k.shape[1]
        dq, dk, dv = (x.new_zeros(x.transpose(1, 2).shape).transpose(1, 2) for x in (q, k, v))
        oq, ok, ov, oo, ot, og = _own(packed, heads, q, k, v, out, total[..., None], grads[0])
        og = og.masked_fill(~packed.inside[:, None, :, None], 0)
        found = _backward(og, oq, ok, ov, oo, ot[..., 0], 0.0, masks[2] is None,
                          attn_mask=masks[2], scale=scale)  # fmt: skip
        for whole, part in zip((dq, dk, dv), found, strict=True):
            rest = part.transpose(1, 2)[packed.inside]
            rest = rest.view(len(rest), whole.shape[1], -1, rest.shape[-1]).sum(2)
            whole[0, :, n:] = rest.transpose(0, 1)
        if n:
            gq, gk, gv, go, gt, gg, gdq = _grouped(groups, q, k, v, out, total, grads[0], dq)
            prefix = gk[:, :, :n], gv[:, :, :n]
            for span, mask, causal in ((slice(n), masks[0], masks[0] is None),
                                       (slice(n, None), masks[1], False)):  # fmt: skip
                found = _backward(
                    gg[:, :, span], gq[:, :, span], *prefix, go[:, :, span], gt[:, :, span],
                    0.0, causal, attn_mask=mask, scale=scale,
                )  # fmt: skip
                gdq[:, :, span] += found[0]
                dk[0, :, :n] += found[1].sum(1)
                dv[0, :, :n] += found[2].sum(1)
        return dq, dk, dv, None, None, None


def _grouped(groups: int, *tensors: Tensor) -> list[Tensor]:
    """(1, H or K, length, ...) seen as (K, R, length, ...); keys and values with a stride of 0."""
    return [
        x[0].view(groups, -1, *x.shape[2:])
        if x.shape[1] > groups
        else x[0][:, None].expand(-1, tensors[0].shape[1] // groups, *x.shape[2:])
        for x in tensors
    ]


def _own(packed: Packed, heads: int, *tensors: Tensor) -> list[Tensor]:
    """(1, H or K, N, ...) → (rows, H, longest, ...): each row's rest, keys repeated for heads."""
    found = []
    for x in tensors:
        rests = x[0].transpose(0, 1)[packed.prefix + packed.gather]
        repeats = heads // x.shape[1]
        rests = rests.repeat_interleave(repeats, 2) if repeats > 1 else rests
        found.append(rests.transpose(1, 2))
    return found


def _masks(window: tuple[Tensor, ...] | None) -> tuple[Tensor | None, ...]:
    return tuple(mask[None, None] for mask in window) if window else (None, None, None)
