"""Model files held to what is known of them, before llama.cpp reads a byte.

A file that llmtui made or added is known by its SHA-256; size and time of change stand for it as
long as they stay. Any other file is foreign: its header is checked, and it is first loaded in a
child process that may read nothing but this file, and that may crash.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from llmtui.quantize.header import read
from llmtui.workspace import paths
from llmtui.workspace.errors import ModelError
from llmtui.workspace.files import write_text

_LONGEST = 300  # seconds that the child may take
_SAYS = {
    3: "llama.cpp cannot load it",
    4: "llama.cpp cannot run it: memory or its sizes are wrong",
    5: "what it computes are no numbers",
}


def require_sound(file: Path) -> None:
    """Raises ModelError when the file is damaged, was changed, or ends llama.cpp."""
    file = file.absolute()
    if not file.is_file() or not require_unchanged(file):
        read(file)
        try_out(file)
        _note(file, own=False)


def require_unchanged(file: Path) -> bool:
    """Whether the file is known and as it was. Raises ModelError when it was made here and is
    another one now."""
    file = file.absolute()
    known = _known().get(str(file))
    if known is None or not (known["own"] or _same(file, known)):
        return False
    if not _same(file, known):
        if sha256(file) != known["sha256"]:
            raise ModelError(
                "This model file is no longer what was made here: it is damaged or was replaced",
                where=str(file),
                hint="Make or fetch it again; a model of your own is added with "
                "`llmtui models add FILE`.",
            )
        remember(file)
    return True


def remember(file: Path) -> None:
    """Note a file that was made or checked here: from now on it must stay what it is."""
    _note(file.absolute(), own=True)


def sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _manifest() -> Path:
    return paths.models_dir() / "known.json"


def _known() -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(_manifest().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _same(file: Path, known: dict[str, Any]) -> bool:
    facts = file.stat()
    return (facts.st_size, facts.st_mtime_ns) == (known["bytes"], known["changed"])


def _note(file: Path, *, own: bool) -> None:
    facts = file.stat()
    entry = {"sha256": sha256(file), "bytes": facts.st_size, "changed": facts.st_mtime_ns,
             "own": own}  # fmt: skip
    every = {name: item for name, item in _known().items() if Path(name).is_file()}
    write_text(_manifest(), json.dumps({**every, str(file): entry}, indent=1))


def try_out(file: Path) -> None:
    """Load the file in a child that is closed off. Raises ModelError."""
    command = [sys.executable, "-P", "-m", "llmtui.quantize.trial", str(file)]
    try:
        code = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LONGEST, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        code = -1
    if code != 0:
        raise ModelError(
            f"This model file cannot be used: {_SAYS.get(code, 'it ended llama.cpp')}",
            where=str(file),
            hint="It is damaged, incomplete or of an unknown kind. Make or fetch it again.",
        )
