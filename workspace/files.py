"""Writes that are whole or not there: temporary file, fsync, rename. Readable by the owner only."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from llmtui.workspace.errors import StorageError


@contextmanager
def whole_file(path: Path, *, first: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends well it becomes `path`.

    first: a file that is there by then stays: others may have it open
    It bears the number of this process, for whoever clears up when that is ended.
    Raises StorageError when it cannot be written.
    """
    temporary = _beside(path, f"{os.getpid()}-{uuid.uuid4().hex[:8]}.partial")
    try:
        with told_when_disk_refuses(path):
            make_dir(path.parent)
            yield temporary
            with temporary.open("rb") as written:
                os.fsync(written.fileno())
            temporary.chmod(0o600)
            if not (first and path.exists()):
                temporary.replace(path)
            sync_folder(path.parent)
    finally:
        with suppress(OSError):  # it never was, or its name is refused too
            temporary.unlink()


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Like `whole_file` for a folder; an older folder of that name is replaced."""
    temporary = _beside(path, f"{uuid.uuid4().hex[:8]}.partial")
    try:
        with told_when_disk_refuses(path):
            make_dir(temporary)
            yield temporary
            for file in temporary.rglob("*"):
                if file.is_file():
                    with file.open("rb") as written:
                        os.fsync(written.fileno())
            if path.exists():
                old = _beside(path, f"{uuid.uuid4().hex[:8]}.old")
                path.rename(old)
                temporary.rename(path)
                shutil.rmtree(old, ignore_errors=True)
            else:
                temporary.rename(path)
            sync_folder(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _beside(path: Path, ending: str) -> Path:
    """A hidden name beside `path`. Raises StorageError for a place without one, such as `.`."""
    if not path.name:
        raise StorageError("This is a folder", where=str(path), hint="Name a file in it.")
    return path.with_name(f".{path.name}.{ending}")


def mark_used(path: Path) -> None:
    """Let `keep_last_used` know that a file of a cache was of use."""
    with suppress(OSError):  # another process has deleted it, or the disk is read-only
        os.utime(path)


def keep_last_used(folder: Path, pattern: str, most: int, most_bytes: int) -> None:
    """Delete what is above `most` files or `most_bytes` of a cache, the last used one never. Other
    processes may do so too."""
    found: list[tuple[int, int, Path]] = []
    for file in folder.glob(pattern):
        with suppress(OSError):
            facts = file.stat()
            found.append((facts.st_mtime_ns, facts.st_size, file))
    held = 0
    for number, (_, size, file) in enumerate(sorted(found, reverse=True)):
        held += size
        if number and (number >= most or held > most_bytes):
            with suppress(OSError):
                file.unlink()


def write_text(path: Path, text: str) -> None:
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def make_dir(path: Path) -> Path:
    """Create a folder that only its owner can read (parents too, with the usual mode)."""
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    return path


def sync_folder(path: Path) -> None:
    """Make a rename in `path` survive a power cut (a no-op where folders cannot be opened)."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def told_when_disk_refuses(path: Path) -> Iterator[None]:
    """Turn what the disk says (full, not allowed …) into one sentence with a next step."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageError(
                "The disk is full; nothing was changed",
                where=str(path),
                hint="Free some space, or set LLMTUI_HOME to a folder on another disk.",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise StorageError(
                "This place cannot be written",
                where=str(path),
                hint="Choose another folder with --project or LLMTUI_HOME.",
            ) from error
        raise StorageError(
            f"It cannot be written ({error.strerror or error})",
            where=str(path),
            hint="Name another file.",
        ) from error


def require_space(path: Path, needed: int) -> None:
    """Raise StorageError unless `needed` bytes (plus a tenth) are free where `path` will be."""
    place = path
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        raise StorageError(
            "This place cannot be written",
            where=str(path),
            hint="Choose another folder with --project or LLMTUI_HOME.",
        )
    free = shutil.disk_usage(place).free
    if free < needed * 1.1:
        raise StorageError(
            f"This needs {needed / 1e6:.0f} MB and the disk has {free / 1e6:.0f} MB free",
            where=str(path),
            hint="Free some space, or set LLMTUI_HOME to a folder on another disk.",
        )
