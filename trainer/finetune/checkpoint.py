"""Saved points of a run: whole or not there, with everything that going on needs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from llmtui.workspace.errors import ModelError
from llmtui.workspace.files import whole_folder


@dataclass
class State:
    """Where a run stands.

    step of total are done (total 0 before the plan), with rows and tokens seen in seconds
    at_once: tokens that go through the model together; another number would round otherwise
    recent, lowest: last losses, and the lowest mean of so many
    best_hits, looks, flat_at: most exact held-out answers, looks since, step it went flat
    """

    step: int = 0
    total: int = 0
    at_once: int = 0
    seconds: float = 0.0
    tokens: int = 0
    rows: int = 0
    recent: list[float] = field(default_factory=list)
    lowest: float = 0.0
    best_hits: int = 0
    looks: int = 0
    flat_at: int = 0


def adapter_weights(model: Any) -> dict[str, torch.Tensor]:
    """LoRA tensors by module: `<module>.lora_A` (rank, in) and `<module>.lora_B` (out, rank)."""
    return {
        name: parameter.detach().contiguous()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def load_adapter(model: Any, file: Path) -> None:
    """Copy an adapter into the model's own. Raises ModelError when they are not of one shape."""
    try:
        saved = load_file(str(file))
        for key, weight in adapter_weights(model).items():
            weight.copy_(saved[key])
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"This adapter does not fit the base, or it is damaged ({type(error).__name__})",
            where=str(file),
            hint="It must be of the same base and of the same rank.",
        ) from error


def save_checkpoint(folder: Path, model: Any, optimizer: Any, state: State) -> None:
    """Write the checkpoint folder anew; the old one stays until the new one is whole."""
    with whole_folder(folder) as temporary:
        save_file(adapter_weights(model), str(temporary / "adapter.safetensors"))
        torch.save(
            {"optimizer": optimizer.state_dict(), "rng": torch.get_rng_state()},
            temporary / "optimizer.pt",
        )
        (temporary / "state.json").write_text(json.dumps(asdict(state)), encoding="utf-8")


def load_checkpoint(folder: Path, model: Any, optimizer: Any) -> State:
    """Restore a run. Raises ModelError when the folder is damaged."""
    try:
        state = State(**json.loads((folder / "state.json").read_text(encoding="utf-8")))
        load_adapter(model, folder / "adapter.safetensors")
        saved = torch.load(folder / "optimizer.pt", map_location="cpu", weights_only=True)
        optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["rng"])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelError(
            f"The saved point is damaged ({type(error).__name__})",
            where=str(folder),
            hint="Delete this folder to start the run from its beginning.",
        ) from error
    return state
