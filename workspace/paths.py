"""Every place llmtui writes to. `LLMTUI_HOME` moves all of them below one folder."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from llmtui.workspace.errors import UsageError

_APP = "llmtui"


def typed_path(text: str | Path) -> Path:
    """A path as a person types it, with `~` spelt out; whether it is there is another matter.

    Raises UsageError when nothing can be called so.
    """
    try:
        path = Path(text).expanduser()
        path.exists()
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"This cannot be a path ({why})", where=str(text)[:60], hint="Name another one."
        ) from error
    return path


def full_path(path: Path) -> Path:
    """The full path of a file or folder, without `..`; links keep their names where they can."""
    given = typed_path(path).absolute()
    plain = Path(os.path.normpath(given))
    if ".." in given.parts and given.exists() and not (plain.exists() and given.samefile(plain)):
        return given.resolve()  # `..` after a link to a folder leads elsewhere
    return plain


def home() -> Path | None:
    """The folder named by `LLMTUI_HOME`, or None when the platform's own folders are used."""
    value = os.environ.get("LLMTUI_HOME")
    return Path(value).expanduser().absolute() if value else None


def config_dir() -> Path:
    root = home()
    return root / "config" if root else platformdirs.user_config_path(_APP)


def data_dir() -> Path:
    root = home()
    return root / "data" if root else platformdirs.user_data_path(_APP)


def cache_dir() -> Path:
    root = home()
    return root / "cache" if root else platformdirs.user_cache_path(_APP)


def log_file() -> Path:
    root = home()
    return (root / "log" if root else platformdirs.user_log_path(_APP)) / "llmtui.log"


def settings_file() -> Path:
    return config_dir() / "settings.toml"


def projects_dir() -> Path:
    return data_dir() / "projects"


def models_dir() -> Path:
    """Base models shared by all projects."""
    return data_dir() / "models"


def snapshots_dir() -> Path:
    """Private read-only copies of sources that are not DuckDB files."""
    return cache_dir() / "snapshots"


def headstart_dir() -> Path:
    """Bases with their head start merged in, made when they are first asked."""
    return cache_dir() / "headstart"


def values_dir() -> Path:
    """Indices of the text values of sources, to find those that a question mentions."""
    return cache_dir() / "values"


def copies_dir() -> Path:
    """Perturbed copies of sources, which answers are scored on."""
    return cache_dir() / "copies"


def prefixes_dir() -> Path:
    """States of models that have read the beginning of a prompt."""
    return cache_dir() / "prefixes"


def demo_file() -> Path:
    return data_dir() / "demo" / "company.duckdb"


def everything() -> dict[str, Path]:
    """Name → place, as `llmtui paths` shows them."""
    return {
        "settings": settings_file(),
        "projects": projects_dir(),
        "models": models_dir(),
        "snapshots": snapshots_dir(),
        "values": values_dir(),
        "copies": copies_dir(),
        "prefixes": prefixes_dir(),
        "demo": demo_file(),
        "log": log_file(),
    }
