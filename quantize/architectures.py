"""The architectures whose tensors llmtui can lay out in a GGUF, and what is special about each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, TensorNameMap, get_tensor_name_map
from numpy.typing import NDArray

from llmtui.workspace.errors import ModelError


@dataclass(frozen=True)
class Architecture:
    """name: in GGUF; model_class: in transformers' config.json.

    rotated_pairs: GGUF stores q and k rows so that rotary embedding turns neighbouring pairs, while
    transformers turns the two halves of a head.
    norm_shift: added to norm weights, which transformers stores around 0 and GGUF around 1.
    """

    name: str
    model_class: str
    rotated_pairs: bool = False
    norm_shift: float = 0.0

    def tensor_names(self, blocks: int) -> TensorNameMap:
        """Module names of transformers → tensor names of GGUF, from the `gguf` package."""
        kinds: dict[str, MODEL_ARCH] = {name: kind for kind, name in MODEL_ARCH_NAMES.items()}
        return get_tensor_name_map(kinds[self.name], blocks)


ARCHITECTURES = (
    Architecture("llama", "LlamaForCausalLM", rotated_pairs=True),
    Architecture("qwen2", "Qwen2ForCausalLM"),
    Architecture("qwen3", "Qwen3ForCausalLM"),
    Architecture("gemma3", "Gemma3ForCausalLM", norm_shift=1.0),
)


def architecture_named(name: str, where: Path) -> Architecture:
    """By its name in GGUF or its class in transformers. Raises ModelError naming those known."""
    for architecture in ARCHITECTURES:
        if name in (architecture.name, architecture.model_class):
            return architecture
    known = ", ".join(architecture.name for architecture in ARCHITECTURES)
    raise ModelError(
        f'The architecture "{name}" is not supported', where=str(where), hint=f"Supported: {known}."
    )


def to_gguf_rows(matrix: NDArray[np.generic], heads: int) -> NDArray[np.generic]:
    """Rows (out, in) of a q or k projection from transformers' order to GGUF's for llama.

    transformers rotates the two halves of a head, GGUF its neighbouring pairs.
    """
    out, *width = matrix.shape
    halves = matrix.reshape(heads, 2, out // heads // 2, *width)
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(out, *width))
