"""Cross-entropy over the answers alone, packed or plain, and what it needs of the output head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from llmtui.trainer.finetune.attention import NAME as PACKED
from llmtui.trainer.finetune.attention import packing
from llmtui.trainer.finetune.batches import Example
from llmtui.trainer.finetune.packed import FULL, pack, packed_length

_CHUNK = 1 << 24
"""Logits that are held at once."""


PACKABLE = ("llama", "qwen2", "qwen3", "gemma3_text")
"""Architectures whose packed loss the tests hold to the plain one."""


@contextmanager
def fast(model: Any) -> Iterator[None]:
    """Inside, rows go through the model packed where that is known to be exact, else padded."""
    with packing(model) if _packable(model) else nullcontext():
        yield


def _packable(model: Any) -> bool:
    return model.config.model_type in PACKABLE and model.device.type == "cpu"


def run_length(model: Any, examples: Sequence[Example]) -> int:
    """Tokens that go through the model, inside `fast`, for these rows."""
    if _packable(model):
        return packed_length(examples)
    return len(examples) * max(len(example.tokens) for example in examples)


def loss_sum(model: Any, examples: Sequence[Example], pad: int) -> Tensor:
    """Sum of the cross-entropy in nats of all answer tokens, to be called inside `fast`."""
    hidden, targets = _hidden(model, examples, pad)
    found: Tensor = _HeadLoss.apply(  # type: ignore[no-untyped-call]
        hidden, model.lm_head.weight, targets, _cap(model)
    )
    return found


@torch.no_grad()
def first_choices(model: Any, examples: Sequence[Example], pad: int) -> list[bool]:
    """For each row whether all tokens of its answer are the model's first choice."""
    hidden, targets = _hidden(model, examples, pad)
    weight = model.lm_head.weight
    right = torch.cat(
        [(h @ weight.t()).argmax(-1) == wanted for h, wanted in _chunks(hidden, targets, weight)]
    )
    lengths = [len(example.tokens) - example.answer for example in examples]
    return [bool(row.all()) for row in torch.split(right, lengths)]


def _hidden(model: Any, examples: Sequence[Example], pad: int) -> tuple[Tensor, Tensor]:
    """Hidden states (answers, width) that predict the answer tokens, and their ids (answers,)."""
    if model.config._attn_implementation != PACKED:
        return _plain(model, examples, pad)
    packed = pack(examples)
    out = model.model(
        input_ids=packed.tokens[None],
        position_ids=packed.positions[None],
        use_cache=False,
        packed=packed,
    )
    return out.last_hidden_state[0][packed.predicting], packed.targets


def _plain(model: Any, examples: Sequence[Example], pad: int) -> tuple[Tensor, Tensor]:
    """For any architecture: rows padded at the right, the model's own attention.

    No attention mask is needed: what stands at the end cannot be seen by what stands before it.
    """
    device = model.device
    longest = max(len(example.tokens) for example in examples)
    tokens = torch.tensor([[*e.tokens, *[pad] * (longest - len(e.tokens))] for e in examples])
    wanted = torch.zeros(tokens.shape, dtype=torch.bool)
    for i, example in enumerate(examples):
        wanted[i, example.answer : len(example.tokens)] = True
    tokens, wanted = tokens.to(device), wanted.to(device)
    hidden = model.model(input_ids=tokens, use_cache=False).last_hidden_state
    return hidden[:, :-1][wanted[:, 1:]], tokens[:, 1:][wanted[:, 1:]]


def _cap(model: Any) -> float:
    return float(getattr(model.config, "final_logit_softcapping", None) or 0.0)


def _capped(logits: Tensor, cap: float) -> Tensor:
    return torch.tanh(logits / cap) * cap if cap else logits


def _chunks(hidden: Tensor, targets: Tensor, weight: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    size = max(1, _CHUNK // weight.shape[0] // FULL) * FULL
    return zip(torch.split(hidden, size), torch.split(targets, size), strict=True)


class _HeadLoss(torch.autograd.Function):
    """Loss and gradient in one pass over a frozen head, so that no logits are kept.

    Products are taken over full heights: for each new one oneDNN keeps a program and a workspace.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, cap: float) -> Tensor:
        total, grads = torch.zeros((), device=hidden.device), []
        for states, wanted in _chunks(hidden, targets, weight):
            count = len(wanted)
            full = nn.functional.pad(states, (0, 0, 0, -count % FULL))
            logits = _capped(full @ weight.t(), cap)[:count].float()
            sums = logits.logsumexp(-1, keepdim=True)
            total += (sums[:, 0] - logits.gather(1, wanted[:, None])[:, 0]).sum()
            if not ctx.needs_input_grad[0]:
                continue
            slope = 1 - (logits / cap).square() if cap else None
            grad = logits.sub_(sums).exp_()
            grad[torch.arange(len(wanted)), wanted] -= 1
            grad = grad * slope if slope is not None else grad
            grad = nn.functional.pad(grad.to(weight.dtype), (0, 0, 0, -count % FULL))
            grads.append((grad @ weight)[:count])
        if grads:
            ctx.save_for_backward(torch.cat(grads))
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return ctx.saved_tensors[0] * grads[0], None, None, None
