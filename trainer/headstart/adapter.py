"""The adapter file: fp16 LoRA tensors with what they are for, found by the base they fit."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from llmtui.workspace.errors import LlmtuiError, ModelError
from llmtui.workspace.files import whole_file, whole_folder

FOLDER = Path(__file__).parent / "adapters"
MOST_MB = 20
_MIB = 1 << 20


@dataclass(frozen=True)
class HeadStart:
    """An adapter file and its facts.

    base: identity of the base's GGUF; prompt: identity of the prompt it was trained with
    parity: what PyTorch answered, as JSON (see `finetune.parity`); made: recipe, seed, versions
    """

    file: Path
    base: str
    prompt: str
    rank: int
    alpha: int
    parity: str
    made: str


def base_identity(base: Path) -> str:
    """Of a GGUF's size and its first and last MiB: quick, and different for different weights."""
    size = base.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with base.open("rb") as file:
        digest.update(file.read(_MIB))
        file.seek(max(0, size - _MIB))
        digest.update(file.read(_MIB))
    return digest.hexdigest()[:32]


def find(base: Path, folder: Path | None = None) -> HeadStart | None:
    """The head start for this base among the adapters of the package, None when there is none."""
    files = sorted((folder or FOLDER).glob("*.safetensors"))
    if not files or not base.is_file():
        return None
    identity = base_identity(base)
    return next((head for head in map(read, files) if head.base == identity), None)


def _short_parity(file: Path) -> str:
    """Some of what PyTorch answered: the model is made on the machine of whoever asks first."""
    parity = json.loads(file.read_text("utf-8"))
    parity["strings"], parity["answers"] = parity["strings"][:50], parity["answers"][:6]
    parity.pop("contexts", None)
    return json.dumps(parity, ensure_ascii=False)


def start_for(base: Path, rank: int) -> str:
    """The adapter file that a tune of this base and rank goes on from, "" when there is none."""
    head = find(base)
    return str(head.file) if head is not None and head.rank == rank else ""


@lru_cache(maxsize=16)
def read(file: Path) -> HeadStart:
    """Raises ModelError when the file is damaged."""
    try:
        with file.open("rb") as content:
            length = int.from_bytes(content.read(8), "little")
            facts = json.loads(content.read(min(length, 32 * _MIB)))["__metadata__"]
        return HeadStart(
            file, facts["base"], facts["prompt"], int(facts["rank"]), int(facts["alpha"]),
            facts["parity"], facts["made"],
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"This head start is damaged ({type(error).__name__})",
            where=str(file),
            hint="Install llmtui again.",
        ) from error


def write(trained: Path, target: Path, made: dict[str, Any]) -> Path:
    """Pack a trained adapter folder into `target`. Raises LlmtuiError when it gets too large."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    facts = json.loads((trained / "adapter.json").read_text("utf-8"))
    weights = load_file(str(trained / "adapter.safetensors"))
    told = {
        "base": base_identity(Path(facts["base"])),
        "prompt": str(facts["prompt"]),
        "rank": str(facts["rank"]),
        "alpha": str(facts["alpha"]),
        "parity": _short_parity(trained / "parity.json"),
        "made": json.dumps({"base": Path(facts["base"]).name, **made}, ensure_ascii=False),
    }
    with whole_file(target) as temporary:
        save_file({name: weight.astype(np.float16) for name, weight in weights.items()},
                  str(temporary), told)  # fmt: skip
        size = temporary.stat().st_size / 1e6
        if size > MOST_MB:
            raise LlmtuiError(
                f"The adapter has {size:.1f} MB, more than the {MOST_MB} that may be shipped",
                where=str(target), hint="Train with a smaller rank or base.",
            )  # fmt: skip
    return target


def unpack(head: HeadStart, base: Path, folder: Path) -> None:
    """The adapter as the folder that training leaves, for `base` where it is now."""
    facts = {
        "base": str(base),
        "prompt": head.prompt,
        "rank": head.rank,
        "alpha": head.alpha,
        "schema": "",
    }
    with whole_folder(folder) as temporary:
        shutil.copyfile(head.file, temporary / "adapter.safetensors")
        (temporary / "adapter.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        (temporary / "parity.json").write_text(head.parity, encoding="utf-8")
