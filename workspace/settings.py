"""Settings: a flag beats `LLMTUI_*` in the environment, which beats project, user and default.

The user's file is `settings.toml` in the config folder; a project's are under `[settings]` in its
`project.toml`. One dataclass declares every setting with its default and its meaning.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from llmtui.workspace import paths
from llmtui.workspace.errors import UsageError
from llmtui.workspace.files import write_text

_RESERVED = {"LLMTUI_HOME", "LLMTUI_LANG"}
_OF_SERVERS = {"server", "server_model"}


@dataclass(frozen=True)
class Settings:
    base: str = "smollm2-135m"
    """Base model: a name that `llmtui models list` shows, or a path to a .gguf file."""
    languages: str = "en,zh"
    """Languages of the constructed questions, separated by commas."""
    minutes: float = 8.0
    """Time that fine-tuning may take, in minutes."""
    rows: int = 0
    """Most instruction rows to construct; 0 goes on until more of them show little that is new."""
    contrast: str = "off"
    """Whether rows get twins, and questions without an answer stand among them: off or on."""
    schema: str = "weights"
    """Where the model learns the schema from: weights, prompt or mixed."""
    level: str = "q8_0"
    """Quantization level of the model that is used."""
    least_confidence: float = 0.5
    """Confidence, 0 to 1, below which an answer is not shown, only its SQL; 0 shows every one."""
    server: str = ""
    """Address of a server that speaks OpenAI's protocol and answers in the app and `ask` instead of
    a local model."""
    server_model: str = ""
    """Name of the model to ask for there; without one the first that the server offers."""
    threads: int = 0
    """Threads for training and inference; 0 means every core."""
    max_rows: int = 1000
    """Rows of a result that are shown or written; the rest is cut and the cut is told."""
    time_limit: float = 10.0
    """Seconds that one query may run."""
    memory_mb: int = 1024
    """Memory that DuckDB may use for one query, in MB."""
    import_mb: int = 4096
    """Largest source, in MB, that is copied into a private snapshot without being asked."""
    large: str = "sample"
    """What is done with a larger source: sample, import (copy it once) or in-place."""
    exclude: str = ""
    """Tables and columns kept from the model and from every query: "salaries, *.email"."""
    secrets: str = "mask"
    """Whether likely secrets and personal data are kept out of samples and rows: mask or keep."""
    theme: str = "llmtui-dark"
    """Theme of the app."""
    keys: str = ""
    """Keys of one's own: "ask.copy=f10; tune.stop=x". F1 in the app lists the names."""


def load(project_file: Path | None = None, **flags: Any) -> Settings:
    """Settings in force; a flag that is None counts as not given.

    Raises UsageError naming the file, the key and the nearest valid key.
    """
    values: dict[str, Any] = {}
    values |= _from_file(paths.settings_file(), table=None)
    if project_file is not None:
        values |= _from_file(project_file, table="settings")
    values |= _from_environment(os.environ)
    given = {key: value for key, value in flags.items() if value is not None}
    values |= _checked(given, where="command line")
    return Settings(**values)


def origins(project_file: Path | None = None) -> dict[str, str]:
    """Where the value of each setting comes from: "default", a file, or the variable's name."""
    found = dict.fromkeys(dataclasses.asdict(Settings()), "default")
    found |= dict.fromkeys(
        _from_file(paths.settings_file(), table=None), str(paths.settings_file())
    )
    if project_file is not None:
        found |= dict.fromkeys(_from_file(project_file, table="settings"), str(project_file))
    return found | {name: f"LLMTUI_{name.upper()}" for name in _from_environment(os.environ)}


def save_user(**changes: Any) -> None:
    """Write changes into the user's settings file; comments and order there survive.

    A setting that is None is taken out of the file.
    """
    _save(paths.settings_file(), None, changes)


def save_project(file: Path, **changes: Any) -> None:
    """Write changes under `[settings]` in a project's file; the rest survives."""
    _save(file, "settings", changes)


def _save(file: Path, table: str | None, changes: dict[str, Any]) -> None:
    document = _document(file)
    place = document.setdefault(table, tomlkit.table()) if table else document
    given = {key: value for key, value in changes.items() if value is not None}
    for key, value in _checked(given, where=str(file)).items():
        place[key] = value
    for key in changes.keys() - given.keys():
        place.pop(key, None)
    write_text(file, tomlkit.dumps(document))


def _document(file: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except ValueError as error:
        raise UsageError(f"Not valid TOML ({error})", where=str(file)) from error


def _from_file(file: Path, table: str | None) -> dict[str, Any]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        raise UsageError(f"Not valid TOML ({error})", where=str(file)) from error
    given = content.get(table, {}) if table else content
    if table and (barred := _OF_SERVERS & given.keys()):
        raise UsageError(
            f'The setting "{min(barred)}" may not stand in a project', where=str(file),
            hint="A project can come from elsewhere, and this one says where questions are sent.",
        )  # fmt: skip
    return _checked(given, where=str(file))


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    fields = {f"LLMTUI_{field.name.upper()}": field.name for field in dataclasses.fields(Settings)}
    given = {
        fields[key]: value
        for key, value in environment.items()
        if key in fields and key not in _RESERVED
    }
    return _checked(given, where="environment")


def _checked(values: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    defaults = dataclasses.asdict(Settings())
    checked: dict[str, Any] = {}
    for key, value in values.items():
        if key not in defaults:
            near = difflib.get_close_matches(key, defaults, n=1)
            hint = f'Did you mean "{near[0]}"?' if near else f"Known: {', '.join(defaults)}."
            raise UsageError(f'There is no setting "{key}"', where=where, hint=hint)
        wanted = type(defaults[key])
        if key in _CHOICES and value not in _CHOICES[key]:
            choices = ", ".join(_CHOICES[key])
            raise UsageError(
                f'The setting "{key}" is "{value}"', where=where, hint=f"Choose one of: {choices}."
            )
        try:
            checked[key] = wanted(value)
        except (TypeError, ValueError) as error:
            raise UsageError(
                f'The setting "{key}" is "{value}"; it must be {_WANTED[wanted]}', where=where
            ) from error
        if wanted is not str and checked[key] < 0:
            raise UsageError(f'The setting "{key}" is {value}; it cannot be negative', where=where)
    return checked


_CHOICES = {
    "contrast": ("off", "on"),
    "schema": ("weights", "prompt", "mixed"),
    "secrets": ("mask", "keep"),
    "large": ("sample", "import", "in-place"),
}
_WANTED: dict[type, str] = {str: "text", int: "a whole number", float: "a number"}
