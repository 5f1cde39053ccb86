"""Fetch a base model from the Hugging Face hub: only when asked, resumable, sha256 checked."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from llmtui.quantize.bases import add_file, check_sha256, model_name, place_for
from llmtui.workspace import paths
from llmtui.workspace.errors import ModelError, UsageError
from llmtui.workspace.files import make_dir, require_space

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_PREFERRED = ("q8_0", "f16", "bf16", "q4_k_m")


def is_repository(text: str) -> bool:
    """Whether `text` looks like `owner/name` on a hub."""
    return _REPOSITORY.fullmatch(text) is not None


def add_from_hub(repository: str, file: str = "", name: str = "") -> Path:
    """Download one GGUF of `repository` and add it to the base models.

    A download that was cut off goes on where it stopped. Raises UsageError when the repository has
    no GGUF or several that fit equally, or the name is taken, ModelError when it cannot be reached
    or the file is not what the hub says it is, StorageError when the disk is full.
    """
    for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        os.environ.pop(variable, None)
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        siblings = HfApi().model_info(repository, files_metadata=True).siblings or []
        chosen = choose(siblings, file, repository)
        target = place_for(name or Path(chosen.rfilename).stem)
        part = paths.models_dir() / ".downloads" / model_name(repository)
        make_dir(part.parent)
        require_space(part, 2 * (chosen.size or 0))
        got = Path(hf_hub_download(repository, chosen.rfilename, local_dir=part))
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(
            f"The hub did not give this model ({reason})",
            where=repository,
            hint="What was fetched is kept; the same command goes on from there. "
            "Without a network, add a file: `llmtui models add FILE.gguf`.",
        ) from error
    try:
        if chosen.lfs is not None:
            check_sha256(got, chosen.lfs.sha256)
        add_file(got, target.stem)
    except ModelError:
        got.unlink(missing_ok=True)  # or the next try would go on with the damaged one
        raise
    got.unlink(missing_ok=True)
    return target


def choose(siblings: list[Any], file: str, repository: str) -> Any:
    """The GGUF to fetch: the one named, the only one, or the first of the preferred levels."""
    files = [s for s in siblings if s.rfilename.lower().endswith(".gguf")]
    if file:
        named = [s for s in files if s.rfilename == file]
        if named:
            return named[0]
    elif len(files) == 1:
        return files[0]
    else:
        for level in _PREFERRED:
            fitting = [s for s in files if level in s.rfilename.lower()]
            if len(fitting) == 1:
                return fitting[0]
    names = ", ".join(s.rfilename for s in files[:8]) or "no GGUF file"
    raise UsageError(f"Name one file with --file. There is: {names}", where=repository)
