"""What benchmarks share: the machine, versions, the result file, a Markdown table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from llmtui.workspace.files import write_text
from llmtui.workspace.project import Project

PACKAGES = ("llmtui", "duckdb", "sqlglot", "torch", "transformers", "peft", "llama-cpp-python")


def arguments(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="at most ten minutes on two cores")
    parser.add_argument("--json", type=Path, help="write the results here too")
    return parser


def machine() -> dict[str, Any]:
    model = platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(": ")[1] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.platform()}


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


AS_IT_COMES = ("-m", "llmtui.tui")


def llmtui(
    *command: object, home: Path | None = None, program: Sequence[str] = AS_IT_COMES
) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run a command in a process of its own; its result and its wall seconds.

    home: where it keeps everything, instead of where LLMTUI_HOME says
    program: what Python runs, for a program that is llmtui but for something
    """
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, *program, *map(str, command)],
        capture_output=True, text=True, check=False,
        env={**os.environ, "LLMTUI_HOME": str(home)} if home else None,
    )  # fmt: skip
    return done, time.monotonic() - began


def evaluate(
    source: Path,
    questions: Path,
    *options: object,
    home: Path | None = None,
    program: Sequence[str] = AS_IT_COMES,
) -> dict[str, Any]:
    """The report of `llmtui eval` as data. Ends the benchmark when the command fails."""
    command = ("eval", source, "--questions", questions, "--json", *options)
    done, _ = llmtui(*command, home=home, program=program)
    if done.returncode:
        raise SystemExit(f"llmtui eval {source}: {done.stdout[-500:]}{done.stderr[-500:]}")
    report = Path(json.loads(done.stdout.splitlines()[-1])["detail"])
    data: dict[str, Any] = json.loads(report.with_suffix(".json").read_text("utf-8"))
    return data


def tuned(folder: Path) -> tuple[Project, Path, Path]:
    """A project, its source and its tuned model. Ends the benchmark when it has them not."""
    kept = Project(folder)
    if kept.source is None or kept.model is None:
        raise SystemExit(f"{folder} has no source or no tuned model")
    return kept, kept.source, kept.model


def finish(
    options: argparse.Namespace, results: dict[str, Any], bars: dict[str, tuple[float, float, bool]]
) -> int:
    """Print the table, write the file; the exit code is 1 when a bar is missed.

    bars: name → (value, bar, whether it holds)
    """
    print("| figure | value | bar | holds |\n|---|---|---|---|")
    for name, (value, bar, ok) in bars.items():
        print(f"| {name} | {value:.3g} | {bar:.3g} | {'yes' if ok else 'NO'} |")
    if options.json:
        write(options.json, results, bars)
    return 0 if all(ok for _, _, ok in bars.values()) else 1


def write(file: Path, results: dict[str, Any], bars: dict[str, tuple[float, float, bool]]) -> None:
    """Write the result file, whole or not at all."""
    told = {n: {"value": v, "bar": b, "ok": ok} for n, (v, b, ok) in bars.items()}
    data = {
        "machine": machine(),
        "versions": versions(),
        "command": sys.argv,
        "results": results,
        "bars": told,
    }
    write_text(file.absolute(), json.dumps(data, ensure_ascii=False, indent=1))
