"""A project, its model and, if asked for, wheels and source in one zip, for use offline."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution, distributions, version
from pathlib import Path

import tomlkit

from llmtui.tui import unbundle
from llmtui.workspace.errors import ModelError, UsageError
from llmtui.workspace.files import require_space, whole_file
from llmtui.workspace.project import Project

_STORED = (".gguf", ".whl", ".parquet", ".safetensors")
"""Kinds of file that do not get smaller."""


def bundle(project: Project, target: Path, wheels: Path | None, source: Path | None) -> None:
    """Write `target`, whole or not at all: the model in use, rows, glossary, history, reports,
    wheels, the source with what is in its log of changes.

    Raises ModelError when nothing was tuned or the model needs a base beside it, UsageError for a
    folder without wheels.
    """
    files = dict(_files(project, wheels, source))
    require_space(target, sum(file.stat().st_size for file in files.values()))
    facts = tomlkit.parse(project.file.read_text(encoding="utf-8"))
    facts.pop("source", None)
    manifest = {
        "format": unbundle.FORMAT,
        "llmtui": version("llmtui"),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "platform": sys.platform,
        "source": source.name if source else "",
    }
    with whole_file(target) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        text = tomlkit.dumps(facts).encode()
        archive.writestr("project/project.toml", text)
        told = {"project/project.toml": _told(len(text), hashlib.sha256(text))}
        told |= {name: _pack(archive, name, file) for name, file in sorted(files.items())}
        archive.writestr(unbundle.MANIFEST, json.dumps({**manifest, "files": told}, indent=1))
        archive.write(Path(unbundle.__file__), unbundle.MAIN)


def _pack(archive: zipfile.ZipFile, name: str, file: Path) -> dict[str, object]:
    """Add a file; what the manifest says of the bytes that were really packed."""
    item = zipfile.ZipInfo.from_file(file, name, strict_timestamps=False)
    item.compress_type = zipfile.ZIP_STORED if file.suffix in _STORED else zipfile.ZIP_DEFLATED
    size, digest = 0, hashlib.sha256()
    with file.open("rb") as content, archive.open(item, "w") as packed:
        while part := content.read(1 << 20):
            packed.write(part)
            digest.update(part)
            size += len(part)
    return _told(size, digest)


def _told(size: int, digest: hashlib._Hash) -> dict[str, object]:
    return {"size": size, "sha256": digest.hexdigest()}


def _files(
    project: Project, wheels: Path | None, source: Path | None
) -> Iterator[tuple[str, Path]]:
    """Name in the bundle and file of everything but project.toml."""
    from llmtui.quantize.adapter import SUFFIX

    model = project.model
    if model is None:
        raise ModelError("There is no tuned model to bundle", where=str(project.root),
                         hint="Make one with `llmtui tune`.")  # fmt: skip
    if model.name.endswith(SUFFIX):
        raise ModelError("The model in use is an adapter, which needs its base beside it",
                         hint="Make a whole model of it: `llmtui quantize SOURCE`.")  # fmt: skip
    yield f"project/{model.relative_to(project.root).as_posix()}", model
    for kept in (project.instructions, project.glossary, project.rewrites, project.history):
        if kept.is_file():
            yield f"project/{kept.name}", kept
    for file in sorted(project.root.glob("*/*/report.*")):
        yield f"project/{file.relative_to(project.root).as_posix()}", file
    if wheels is not None:
        found = sorted(wheels.glob("*.whl"))
        if not any(file.name.startswith("llmtui-") for file in found):
            raise UsageError("This folder has no wheel of llmtui", where=str(wheels))
        yield from ((f"wheels/{file.name}", file) for file in found)
    if source is not None:
        logs = [source.with_name(source.name + ending) for ending in (".wal", "-wal")]
        parts = [source, *logs] if source.is_file() else sorted(source.rglob("*"))
        for file in filter(Path.is_file, parts):
            yield f"source/{file.relative_to(source.parent).as_posix()}", file


def fetch_wheels(folder: Path) -> None:
    """Collect wheels of llmtui and all it needs, in the versions that are installed, with pip.

    Asks the package index. Raises UsageError with what pip said.
    """
    direct = distribution("llmtui").read_text("direct_url.json")
    here = json.loads(direct)["url"].removeprefix("file://") if direct else ""
    folder.mkdir(parents=True, exist_ok=True)
    pins = folder / "pins.txt"
    installed = {one.name: one.version for one in distributions() if one.name != "llmtui"}
    pins.write_text("".join(f"{name}=={number}\n" for name, number in sorted(installed.items())))
    wanted = here or f"llmtui=={version('llmtui')}"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "-c", str(pins), "-w", str(folder), wanted],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    pins.unlink()
    if done.returncode != 0:
        raise UsageError(f"pip could not collect the wheels: {done.stderr.strip()[-800:]}")
