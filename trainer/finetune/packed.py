"""Rows of one step as a single sequence: what they begin with alike, once, then each row's rest.

Every token stands once, so a schema that all rows begin with costs no more than one row's, and no
row is padded. `attention.py` lets each rest see the common beginning and itself only, so that the
loss and its gradients are those of the rows one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from llmtui.trainer.finetune.batches import Example

FULL = 64
"""Packed lengths are multiples of it: the matrix library keeps a program and its workspace for each
length that it meets, a gigabyte and more over the many lengths of a run."""
WIDE = 16
"""Grids of rows are multiples of it wide, for much the same reason."""


@dataclass(frozen=True)
class Grid:
    """Packed rows as a grid, the common beginning the first of B rows of L places.

    gather: (B, L) index of each token, past a row's end that of its last
    inside: (B, L) bool, false past a row's end
    place: (N,) where each token stands in the grid
    hidden: (B, L, prefix + L) to be added where a token looks at the beginning and at its own row
    """

    prefix: int
    gather: Tensor
    inside: Tensor
    place: Tensor
    hidden: Tensor


@dataclass(frozen=True)
class Packed:
    """Rows that share their first `prefix` tokens.

    tokens, positions: (length,) ids and their places in their own rows
    lengths: tokens of each row after the prefix
    predicting, targets: (answers,) where an answer token is predicted from, and its id
    gather: (rows, longest) index into the rests, past a row's end that of its last token
    inside: (rows, longest) bool, false past a row's end
    """

    tokens: Tensor
    positions: Tensor
    prefix: int
    lengths: tuple[int, ...]
    predicting: Tensor
    targets: Tensor
    gather: Tensor
    inside: Tensor

    @cached_property
    def grid(self) -> Grid:
        device = self.tokens.device
        lengths = torch.tensor([self.prefix, *self.lengths], device=device)
        own = torch.arange(-(-int(lengths.max()) // WIDE) * WIDE, device=device)
        starts = lengths.cumsum(0) - lengths
        inside = own < lengths[:, None]
        seen = torch.zeros(len(lengths), len(own), self.prefix + len(own), dtype=torch.bool)
        seen[1:, :, : self.prefix] = True
        seen[:, :, self.prefix :] = own <= own[:, None]
        return Grid(
            prefix=self.prefix,
            gather=starts[:, None] + torch.minimum(own, (lengths[:, None] - 1).clamp(min=0)),
            inside=inside,
            place=inside.flatten().nonzero()[:, 0],
            hidden=torch.zeros(seen.shape, device=device).masked_fill_(~seen.to(device), -1e30),
        )

    def window(self, width: int) -> tuple[Tensor, Tensor, Tensor] | None:
        """Where a layer of sliding attention looks, None when `width` is wider than all rows.

        Masks to add: prefix to itself, rests to the prefix, rests to themselves. What is hidden is
        finite, so that a token that sees nothing has a log-sum-exp that weighs nothing.
        """
        if self.prefix + max(self.lengths) <= width:
            return None
        first, rest = self.positions[: self.prefix], self.positions[self.prefix :]
        own = torch.arange(self.gather.shape[1], device=rest.device)
        return _band(first, first, width), _band(rest, first, width), _band(own, own, width)


def _band(queries: Tensor, keys: Tensor, width: int) -> Tensor:
    distance = queries[:, None] - keys[None, :]
    hidden = (distance < 0) | (distance >= width)
    return torch.zeros(distance.shape, device=keys.device).masked_fill_(hidden, -1e30)


def common_prefix(examples: Sequence[Example]) -> int:
    """How many tokens all prompts begin with alike; every row keeps one token of its prompt."""
    first, last = min(e.tokens for e in examples), max(e.tokens for e in examples)
    most = min(e.answer for e in examples) - 1
    alike = (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return max(0, min(next(alike, len(first)), most))


def packed_length(examples: Sequence[Example]) -> int:
    """Tokens that are run for these rows, filled up."""
    prefix = common_prefix(examples)
    length = prefix + sum(len(example.tokens) - prefix for example in examples)
    return -(-length // FULL) * FULL


def pack(examples: Sequence[Example]) -> Packed:
    """Lay rows out after their common beginning."""
    prefix = common_prefix(examples)
    tokens, positions = list(examples[0].tokens[:prefix]), list(range(prefix))
    predicting: list[int] = []
    targets: list[int] = []
    for example in examples:
        shift = len(tokens) - prefix
        predicting += range(shift + example.answer - 1, shift + len(example.tokens) - 1)
        targets += example.tokens[example.answer :]
        tokens += example.tokens[prefix:]
        positions += range(prefix, len(example.tokens))
    rests = [len(example.tokens) - prefix for example in examples]
    if filler := -len(tokens) % FULL:  # one more row, of which nothing is predicted
        tokens += tokens[-1:] * filler
        positions += range(prefix, prefix + filler)
        rests.append(filler)
    lengths = torch.tensor(rests)
    own = torch.arange(int(lengths.max()))
    starts = lengths.cumsum(0) - lengths
    return Packed(
        tokens=torch.tensor(tokens),
        positions=torch.tensor(positions),
        prefix=prefix,
        lengths=tuple(lengths.tolist()),
        predicting=torch.tensor(predicting),
        targets=torch.tensor(targets),
        gather=starts[:, None] + torch.minimum(own, lengths[:, None] - 1),
        inside=own < lengths[:, None],
    )
