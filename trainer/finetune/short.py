"""Attention over packed rows that are short, with its weights kept for the backward.

The fused kernel is made for long rows: of a question and its SQL it spends most of the time on
starting and on copies of keys. Here the heads that share a key are rows of one product. What is
kept grows with the square of a row's length.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from llmtui.trainer.finetune.packed import Grid, Packed

LONGEST = 192
"""Tokens of a row, its beginning included, up to which this is the faster way."""


def suits(packed: Packed) -> bool:
    """Whether rows are short, and their common beginning is no longer than what follows it: in
    the grid it takes the width of the longest."""
    longest = max(packed.lengths)
    return packed.prefix <= longest and packed.prefix + longest <= LONGEST


class Short(torch.autograd.Function):
    """Shapes below: H heads in K groups of R that share a key, N tokens of width D, B rows of at
    most L tokens each; the first is the common beginning, of n tokens, which all others see too.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, grid: Grid, scale: float) -> Tensor:
        queries, keys, values = _queries(q, grid, k.shape[1]), _keys(k, grid), _keys(v, grid)
        seen = queries.float() @ keys.float().transpose(1, 2)
        by_place = seen.view(len(grid.gather), -1, *grid.hidden.shape[1:])
        by_place.mul_(scale).add_(grid.hidden[:, None])
        weights = seen.softmax(-1).to(q.dtype)
        out = _tokens(weights @ values, grid)
        ctx.save_for_backward(q, k, v, out, weights)
        ctx.grid, ctx.scale = grid, scale
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, out, weights = ctx.saved_tensors
        grid, groups, n = ctx.grid, k.shape[1], ctx.grid.prefix
        queries, keys, values = _queries(q, grid, groups), _keys(k, grid), _keys(v, grid)
        grad = _queries(grads[0], grid, groups, fill=0.0)
        along = (grads[0].float() * out).sum(-1, keepdim=True)
        slope = (
            (grad @ values.transpose(1, 2)).float().sub_(_queries(along, grid, groups, fill=0.0))
        )
        slope = slope.mul_(weights).mul_(ctx.scale).to(q.dtype)
        found = []
        for product in (slope.transpose(1, 2) @ queries, weights.transpose(1, 2) @ grad):
            part = product.view(len(grid.gather), groups, *product.shape[1:])
            whole = _tokens(part[:, :, n:].flatten(0, 1), grid)
            whole[0, :, :n] += part[1:, :, :n].sum(0)
            found.append(whole)
        return _tokens(slope @ keys, grid), *found, None, None


def _queries(x: Tensor, grid: Grid, groups: int, fill: float | None = None) -> Tensor:
    """(1, H, N, D) → (B K, R L, D); past a row's end `fill`, else its last token again."""
    rows = x[0].transpose(0, 1)[grid.gather]
    if fill is not None:
        rows = rows.masked_fill_(~grid.inside[..., None, None], fill)
    parted = rows.view(*rows.shape[:2], groups, -1, rows.shape[-1])
    return parted.permute(0, 2, 3, 1, 4).reshape(len(rows) * groups, -1, rows.shape[-1])


def _keys(x: Tensor, grid: Grid) -> Tensor:
    """(1, K, N, D) → (B K, n + L, D)."""
    rows = x[0].transpose(0, 1)[grid.gather].transpose(1, 2)
    first = x[0, :, : grid.prefix].expand(len(rows), -1, -1, -1)
    return torch.cat((first, rows), 2).flatten(0, 1)


def _tokens(x: Tensor, grid: Grid) -> Tensor:
    """(B K, R L, D) → (1, H, N, D), laid out as (1, N, H, D)."""
    count, longest = grid.gather.shape
    parted = x.view(count, -1, longest, x.shape[-1]).transpose(1, 2)
    return parted.reshape(count * longest, -1, x.shape[-1])[grid.place][None].transpose(1, 2)
