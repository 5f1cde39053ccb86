"""Open a bundle: verify every file, unpack, install the wheels. Standard library only, since this
file is also the `__main__.py` of each bundle: `python BUNDLE.zip FOLDER` needs no llmtui.
"""

import errno
import hashlib
import json
import lzma
import shutil
import subprocess
import sys
import venv
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

FORMAT = 1
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, json.JSONDecodeError,
    UnicodeDecodeError, AttributeError, KeyError, TypeError,
)  # fmt: skip
"""What Python's zipfile raises, and a manifest of another make."""
_MOST_MANIFEST = 100_000_000
MANIFEST = "manifest.json"
MAIN = "__main__.py"


def verify(archive: zipfile.ZipFile) -> dict[str, Any]:
    """The manifest, when every file is the one it names and nothing else is there.

    Raises ValueError saying which file is wrong.
    """
    names = [item.filename for item in archive.infolist()]
    if MANIFEST not in names:
        raise ValueError("this is not a bundle: it has no manifest")
    if archive.getinfo(MANIFEST).file_size > _MOST_MANIFEST:
        raise ValueError("its manifest is too large")
    manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    if manifest.get("format") != FORMAT:
        raise ValueError(f"the bundle has the format {manifest.get('format')}, not {FORMAT}")
    files = manifest["files"]
    if sorted(names) != sorted([*files, MANIFEST, MAIN]):
        raise ValueError("its files are not those that the manifest lists")
    for name, told in files.items():
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts or "\\" in name or ":" in name:
            raise ValueError(f"the file name {name!r} leads elsewhere")
        if archive.getinfo(name).file_size != told["size"]:
            raise ValueError(f"{name} has another size than the manifest says")
        with archive.open(name) as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != told["sha256"]:  # type: ignore[arg-type]
                raise ValueError(f"{name} is damaged: its sha256 is another one")
    return manifest


def unpack(bundle: Path, folder: Path) -> dict[str, Any]:
    """Verify the bundle, then write its files below `folder`, which must be new.

    Raises ValueError; nothing is written then.
    """
    if folder.exists():
        raise ValueError(f"{folder} exists already")
    temporary = folder.with_name(f".{folder.name}.partial")
    try:
        with zipfile.ZipFile(bundle) as archive:
            manifest = verify(archive)
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True, mode=0o700)
            archive.extractall(temporary, manifest["files"])
        if manifest.get("source"):
            facts = temporary / "project" / "project.toml"
            source = json.dumps(str(folder / "source" / manifest["source"]), ensure_ascii=False)
            facts.write_text(f"source = {source}\n" + facts.read_text("utf-8"), "utf-8")
        temporary.rename(folder)
    except _DAMAGED as error:
        raise ValueError(f"the bundle is damaged ({error or type(error).__name__})") from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a place before the beginning of the file
            raise
        raise ValueError("the bundle is damaged: a place in it is wrong") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return manifest


def install(folder: Path) -> Path | None:
    """Install the bundle's wheels, and nothing from a network, into `folder/venv`.

    Returns the folder of its commands, None when the bundle has no wheels. Raises ValueError;
    `folder` is gone then, so that the bundle can be opened again.
    """
    wheels = folder / "wheels"
    if not wheels.is_dir():
        return None
    commands = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    asked = ["-m", "pip", "install", "--quiet", "--no-index", "--find-links", str(wheels)]
    try:
        venv.create(folder / "venv", with_pip=True)
        done = subprocess.run(
            [str(commands / "python"), *asked, "llmtui"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ValueError(f"the wheels do not fit this machine: {done.stderr.strip()[-500:]}")
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, (subprocess.CalledProcessError, OSError)):
            raise ValueError(f"no Python environment can be made here ({error})") from error
        raise
    return commands


def main(bundle: Path, arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(f"usage: python {bundle.name} NEW_FOLDER", file=sys.stderr)
        return 2
    folder = Path(arguments[0]).expanduser().absolute()
    try:
        unpack(bundle, folder)
        commands = install(folder)
    except (ValueError, OSError) as error:
        print(f"unbundle: {error}", file=sys.stderr)
        return 1
    print(f"Unpacked into {folder}", file=sys.stderr)
    command = commands / "llmtui" if commands else "llmtui"
    print(f"{command} ask SOURCE QUESTION --project {folder / 'project'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[0]), sys.argv[1:]))
