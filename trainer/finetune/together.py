"""Several processes that train one adapter, as `accelerate launch` starts them.

Each takes its share of every batch; losses and gradients are added up, so that the run is that of
one process. The first one decides what depends on the clock, tells events, and writes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from llmtui.trainer.finetune.batches import Example
from llmtui.trainer.finetune.model import device


@dataclass(frozen=True)
class Together:
    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def share(self, batch: Sequence[Example]) -> Sequence[Example]:
        return batch[self.rank :: self.size]

    def add_up(self, weights: Iterable[Tensor], loss: float) -> float:
        """Sum the gradients of all processes in place, and their losses."""
        if self.size == 1:
            return loss
        weights = list(weights)
        for weight in weights:  # a process without rows has none
            weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
        grads = [weight.grad for weight in weights if weight.grad is not None]
        mine = torch.tensor([loss], device=grads[0].device)
        flat = torch.cat([*(grad.flatten() for grad in grads), mine])
        dist.all_reduce(flat)
        parts = torch.split(flat[:-1], [grad.numel() for grad in grads])
        for grad, part in zip(grads, parts, strict=True):
            grad.copy_(part.view_as(grad))
        return float(flat[-1])

    def agreed(self, steps: int, stop: bool) -> tuple[int, bool]:
        """What the first process says: steps of the run, and whether to stop now."""
        if self.size == 1:
            return steps, stop
        said = torch.tensor([steps, int(stop)], device=device())
        dist.broadcast(said, 0)
        return int(said[0]), bool(said[1])

    def same(self, value: Any) -> Any:
        """What the first process has."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, 0)
        return values[0]


def join() -> Together:
    """Meet the other processes when there are any."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Together()
    from accelerate import PartialState

    state = PartialState(cpu=device().type == "cpu")
    return Together(state.process_index, state.num_processes)
