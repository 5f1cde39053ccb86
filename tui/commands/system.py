"""`llmtui demo`, `llmtui doctor`, `llmtui paths`."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer

from llmtui.tui.commands.common import JsonOption, data, say
from llmtui.tui.commands.tuning import BaseOption, MinutesOption, tune
from llmtui.workspace import paths
from llmtui.workspace import settings as settings_of
from llmtui.workspace.errors import LlmtuiError

QUESTIONS = (
    "查询工资大于5000的员工姓名和所在部门名称",
    "How many employees are there in each department?",
    "哪个部门的员工最多？",
)
_PACKAGES = ("duckdb", "sqlglot", "textual", "llama-cpp-python", "gguf", "torch", "transformers",
             "accelerate")  # fmt: skip
_MEMORY_GB = 6


def demo(minutes: MinutesOption = None, base: BaseOption = None) -> None:
    """Make the demo database, tune a model on it, and ask it three questions."""
    from llmtui.database.demo import write_demo
    from llmtui.tui.commands.asking import (
        choose_model,
        narrate,
        open_engine,
        print_table,
    )
    from llmtui.tui.commands.common import open_database, place, settings_for

    file = paths.demo_file()
    if not file.is_file():
        write_demo(file)
    say(f"The demo database: {file}")
    tune(file, minutes=minutes, base=base)
    from llmtui.inference.ask import Asker

    full, project = place(file, None)
    settings = settings_for(project)
    model = choose_model(project, None, full)
    with (
        open_database(full, settings) as database,
        open_engine(model, settings, database) as engine,
    ):
        asker = Asker(database, engine)
        for question in QUESTIONS:
            say(f"\n? {question}")
            answer = asker.ask(question)
            narrate(answer, asked=True)
            if answer.status == "ok":
                print_table(answer.columns, answer.rows[:8])
    say(f'\nAsk your own: llmtui ask {file} "…"   or open the app: llmtui {file}')


def doctor(as_json: JsonOption = False) -> None:
    """Say what this machine has and what is missing; exits with 1 when something is."""
    findings = list(_findings())
    for name, found, good in findings:
        if as_json:
            data({"check": name, "found": found, "ok": good})
        else:
            print(f"{'✓' if good else '✗'} {name}: {found}")
    if not all(good for _, _, good in findings):
        raise typer.Exit(1)


def _findings() -> list[tuple[str, str, bool]]:
    found = [
        ("Python", platform.python_version(), sys.version_info >= (3, 11)),
        ("Cores", str(os.cpu_count()), True),
    ]
    for name in _PACKAGES:
        try:
            found.append((name, version(name), True))
        except PackageNotFoundError:
            hint = "pip install 'llmtui[train]'" if name in _PACKAGES[5:] else "pip install llmtui"
            found.append((name, f"missing; {hint}", False))
    memory = _memory_gb()
    if memory:
        told = f"{memory:.1f} GB (tuning the starter needs about {_MEMORY_GB} GB)"
        found.append(("Memory", told, memory >= _MEMORY_GB))
    home = paths.data_dir()
    while not home.exists():
        home = home.parent
    free = shutil.disk_usage(home).free / 1e9
    found.append(("Disk", f"{free:.1f} GB free for {paths.data_dir()}", free > 2))
    found.append(_settings())
    from llmtui.database.harden import protections
    from llmtui.quantize.bases import list_bases

    found.append(("Queries", protections(), True))
    bases = ", ".join(base.name for base in list_bases())
    found.append(("Base models", bases or "none; pip install 'llmtui[starter]'", bool(bases)))
    return found


def _settings() -> tuple[str, str, bool]:
    try:
        settings_of.load()
    except LlmtuiError as error:
        return "Settings", str(error), False
    return "Settings", str(paths.settings_file()), True


def _memory_gb() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (ValueError, OSError, AttributeError):
        return 0.0


def show_paths(as_json: JsonOption = False) -> None:
    """Show where everything is kept. LLMTUI_HOME moves it all below one folder."""
    places: dict[str, Path] = paths.everything()
    if as_json:
        data({name: str(place) for name, place in places.items()})
        return
    for name, place in places.items():
        print(f"{name}\t{place}")
