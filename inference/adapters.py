"""LoRA adapters of one loaded base: swapped, weighted and combined while the model runs."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmtui.quantize.adapter import base_of
from llmtui.quantize.header import read
from llmtui.quantize.trusted import require_unchanged
from llmtui.workspace.errors import ModelError


class Adapters:
    """Adapter files opened on a model; each is loaded once and stays until the model goes."""

    def __init__(self, llama: Any, model: Any, base: Path) -> None:
        self._llama = llama
        self._model = model
        self._base = base
        self._loaded: dict[Path, Any] = {}

    def use(self, context: Any, chosen: Sequence[tuple[Path, float]]) -> dict[str, Any]:
        """Put the chosen adapters, with their weights, on the base; none of them is the bare base.

        Returns the metadata of the first. Raises ModelError when one is for another base, or when
        they were tuned with different prompts.
        """
        facts = [read(path).facts for path, _ in chosen]
        prompts = {str(known.get("llmtui.prompt", "")) for known in facts}
        if len(prompts) > 1:
            told = " and ".join(sorted(prompts))
            raise ModelError(f"These adapters were tuned with different prompts: {told}")
        loaded = [self._load(path) for path, _ in chosen]
        pointers = (self._llama.llama_adapter_lora_p_ctypes * len(loaded))(*loaded)
        scales = (ctypes.c_float * len(loaded))(*(weight for _, weight in chosen))
        if self._llama.llama_set_adapters_lora(context, pointers, len(loaded), scales) != 0:
            raise ModelError("llama.cpp cannot use these adapters together")
        return facts[0] if facts else {}

    def _load(self, path: Path) -> Any:
        if path not in self._loaded:
            require_unchanged(path)
            base = base_of(path)
            if not base.samefile(self._base):
                raise ModelError(f"This adapter is for {base}", where=str(path))
            adapter = self._llama.llama_adapter_lora_init(self._model, str(path).encode())
            if not adapter:
                raise ModelError(
                    "llama.cpp cannot load this adapter: it is damaged or for another base",
                    where=str(path),
                )
            self._loaded[path] = adapter
        return self._loaded[path]
