"""What benchmarks share: the machine, versions, the result file, a Markdown table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

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


def llmtui(*command: object) -> tuple[subprocess.CompletedProcess[str], float]:
    """Run a command in a process of its own; its result and its wall seconds."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "llmtui.tui", *map(str, command)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done, time.monotonic() - began


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
        told = {n: {"value": v, "bar": b, "ok": ok} for n, (v, b, ok) in bars.items()}
        data = {
            "machine": machine(),
            "versions": versions(),
            "command": sys.argv,
            "results": results,
            "bars": told,
        }
        options.json.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
    return 0 if all(ok for _, _, ok in bars.values()) else 1
