"""What a query's process may do, enforced by the system and not by DuckDB.

- memory: address space (RLIMIT_AS); processor time (RLIMIT_CPU); no file grows (RLIMIT_FSIZE 0)
- Linux 5.13 and later: Landlock. Only Python's own files and the source can be opened, only for
  reading; from 6.7 on no TCP connection can be made either.

Where the system has no such limit the function does nothing; `protections` says what there is.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None  # type: ignore[assignment]

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # system calls, the same on every architecture
_NO_NEW_PRIVILEGES = 38
_EXECUTE, _READ_FILE, _READ_DIR = 1, 4, 8
_ABI_BITS = ((5, 16), (4, 15), (3, 15), (2, 14), (1, 13))
"""Landlock version → number of file-system rights that it knows."""


_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/proc/self/cgroup", "/proc/self/statm",
           "/proc/meminfo", "/sys/fs/cgroup", "/sys/devices/system/cpu", "/dev/urandom",
           "/usr/share/zoneinfo")  # fmt: skip
"""What shared libraries and DuckDB's look at the machine need; nothing of a person's."""


class _Rules(ctypes.Structure):
    _fields_ = (
        ("file_system", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


def limit_memory(megabytes: int) -> None:
    """Let this process grow by at most this much from what it has now."""
    if resource is None:
        return
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + megabytes * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def limit_files() -> None:
    """No file is written and no core dumped."""
    if resource is None:
        return
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        with suppress(OSError, ValueError):
            resource.setrlimit(limit, (0, 0))


def limit_time(seconds: float | None) -> None:
    """End this process when it uses this much more processor time; None lifts the limit."""
    if resource is None:
        return
    with suppress(OSError, ValueError):
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = hard if seconds is None else int(used.ru_utime + used.ru_stime + seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def confine(readable: Iterable[Path]) -> bool:
    """Close the file system and the network to this thread and those that it starts.

    Python's own folders and `readable` (files, or folders with all below) can still be read.
    Returns whether the system does it.
    """
    version = landlock_version()
    if version <= 0:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    bits = next(bits for known, bits in _ABI_BITS if version >= known)
    rules = _Rules((1 << bits) - 1, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    descriptor = int(libc.syscall(_CREATE, ctypes.byref(rules), size, 0))
    if descriptor < 0:
        return False
    try:
        for path in [*_own_folders(), *readable]:
            _allow(libc, descriptor, path)
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return int(libc.syscall(_RESTRICT, descriptor, 0)) == 0
    finally:
        os.close(descriptor)


def _allow(libc: ctypes.CDLL, rules: int, path: Path) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = _READ_FILE | _READ_DIR | _EXECUTE if path.is_dir() else _READ_FILE
        beneath = _Beneath(rights, opened)
        libc.syscall(_ADD, rules, 1, ctypes.byref(beneath), 0)
    finally:
        os.close(opened)


def _own_folders() -> list[Path]:
    """Where Python, its packages and the system's libraries are."""
    library = Path(os.__file__).parent
    packages = [Path(entry) for entry in sys.path if entry and Path(entry).is_dir()]
    here = Path(__file__).resolve().parent.parent
    return [library, here, *packages, *map(Path, _SYSTEM)]


def landlock_version() -> int:
    """0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        return max(0, int(libc.syscall(_CREATE, None, 0, 1)))
    return 0


def protections() -> str:
    """What holds a query here, in words."""
    found = ["a process of its own, ended at its time limit"]
    if resource is not None:
        found.append("memory and processor time limited by the system")
    version = landlock_version()
    if version:
        network = " and no network" if version >= 4 else ""
        found.append(f"no file but the source{network} (Landlock {version})")
    else:
        found.append("files and network closed by DuckDB alone")
    return "; ".join(found)
