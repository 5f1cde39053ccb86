"""The package as a whole: what is in the wheel, what is imported when, how long files are."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("workspace", "database", "trainer", "quantize", "inference", "tui")
HEAVY = ("torch", "transformers", "peft", "llama_cpp", "duckdb", "sqlglot", "pyarrow", "numpy")


def packages_on_disk() -> set[str]:
    found = set()
    for room in ROOMS:
        for file in (ROOT / room).rglob("__init__.py"):
            found.add("llmtui." + ".".join(file.parent.relative_to(ROOT).parts))
    return found


def test_every_package_is_listed() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert set(config["tool"]["setuptools"]["packages"]) == packages_on_disk()


def test_every_module_and_data_file_is_in_the_wheel(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", str(tmp_path), "."]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        "llmtui/" + file.relative_to(ROOT).as_posix()
        for room in ROOMS
        for file in (ROOT / room).rglob("*")
        if file.suffix in (".py", ".toml", ".jsonl", ".tcss", ".typed")
    }
    assert wanted - inside == set()
    top = {name.split("/")[0] for name in inside}
    assert {name for name in top if not name.endswith(".dist-info")} == {"llmtui"}


@pytest.mark.parametrize("module", ["llmtui.tui.cli", "llmtui.tui.app", "llmtui.tui.screens.home"])
def test_nothing_heavy_is_imported_on_the_way_to_the_first_screen(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_help_answers_within_the_promised_time() -> None:
    """Processor time, which other work on the machine hardly changes; wall time on an idle one."""
    times = []
    for _ in range(5):
        before = os.times()
        command = [sys.executable, "-m", "llmtui.tui", "--help"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        after = os.times()
        used = after.children_user + after.children_system
        times.append(used - before.children_user - before.children_system)
    assert "tune" in done.stdout
    assert min(times) <= 0.4, times


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    folders = (*ROOMS, "tests", "benchmarks")
    long = {
        str(file): count
        for folder in folders
        for file in (ROOT / folder).rglob("*.py")
        if (count := len(file.read_text("utf-8").splitlines())) > 300
    }
    assert long == {}


def test_training_code_never_imports_the_engine() -> None:
    for room in ("trainer", "database", "workspace"):
        for file in (ROOT / room).rglob("*.py"):
            assert "import llama_cpp" not in file.read_text("utf-8"), file


def test_every_picture_and_page_that_the_docs_name_is_there_and_no_picture_is_left_over() -> None:
    named = set()
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            named.add((page.parent / target).resolve())
    assert [file for file in named if not file.is_file()] == []
    assert set((ROOT / "docs" / "screenshots").glob("*.svg")) <= named
