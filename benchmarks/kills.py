"""Kill -9 at random moments: a training run that goes on each time ends with the same weights.

    python benchmarks/kills.py --json kills.json

The starter base learns rows about the demo database twice, with a saved point after every step:
once in one go, and once killed 20 times: every other time anywhere from the start of Python on,
else within seconds after its first step. Looked at are the steps that each saved point has, which
must never become fewer, and the weights in the end. --quick kills five times.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

from common import arguments, finish, llmtui

from llmtui.database.demo import write_demo
from llmtui.quantize.bases import find_base
from llmtui.trainer.finetune.config import RunConfig
from llmtui.workspace.events import Progress, from_line
from llmtui.workspace.machine import cores

KILLS, QUICK_KILLS = 20, 5
STEPS_A_KILL, LATE = 5, 6.0
"""Steps of the run for each kill, and seconds after a step up to which a late one comes."""


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    kills = QUICK_KILLS if options.quick else KILLS
    moments = random.Random(options.seed)
    folder = Path(tempfile.mkdtemp(prefix="llmtui-kills-"))
    rows = kills * STEPS_A_KILL * RunConfig.batch
    config = RunConfig(
        str(find_base("smollm2-135m")), str(instructions(folder)), minutes=0.0, rows=rows,
        save_seconds=0.0, threads=cores(),
    )  # fmt: skip
    for name in ("whole", "killed"):
        (folder / name).mkdir()
        config.save(folder / name)
    first = until_first_step(folder / "whole")
    print(f"{rows // RunConfig.batch} steps, the first after {first:.1f} s", flush=True)
    steps, found = [0], Counter[str]()
    while sum(found.values()) < kills:
        late = bool(sum(found.values()) % 2)
        seconds = moments.uniform(0.0, LATE if late else first + LATE)
        found[killed(folder / "killed", seconds, late=late)] += 1
        steps.append(saved_step(folder / "killed"))
        print(f"{sum(found.values())} kills, {steps[-1]} steps are saved", flush=True)
    run(folder / "killed").communicate()
    far = apart(folder / "whole", folder / "killed")
    lost = sum(max(0, before - after) for before, after in pairwise(steps))
    results = {"kills": dict(found), "saved steps": steps, "rows": rows}
    print(results)
    return finish(
        options,
        results,
        {
            "saved steps that were lost": (lost, 0, lost == 0),
            "largest difference of a weight": (far, 1e-5, far <= 1e-5),
            "kills while it learnt": (
                found["learning"],
                kills // 4,
                found["learning"] >= kills // 4,
            ),
        },
    )


def instructions(folder: Path) -> Path:
    """Rows about the demo database."""
    source, project = folder / "company.duckdb", folder / "project"
    write_demo(source)
    done, _ = llmtui("instructions", "build", source, "--project", project, "--rows", 600)
    if done.returncode:
        raise SystemExit(done.stderr)
    return project / "instructions.jsonl"


def run(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "llmtui.trainer", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def until_first_step(folder: Path) -> float:
    """Run to the end; seconds until its first step was done."""
    began, first = time.monotonic(), 0.0
    child = run(folder)
    assert child.stdout is not None
    for line in child.stdout:
        if not first and isinstance(from_line(line), Progress):
            first = time.monotonic() - began
    if child.wait():
        raise SystemExit(f"The run failed: {folder}")
    return first


def killed(folder: Path, seconds: float, *, late: bool) -> str:
    """Run, and kill so many seconds after the start, or late, after a step; what it was doing."""
    before = saved_step(folder)
    child = run(folder)
    assert child.stdout is not None
    if late:
        steps = (line for line in child.stdout if isinstance(from_line(line), Progress))
        if next(steps, None) is None:
            raise SystemExit("The run ended before it was killed")
    time.sleep(seconds)
    if child.poll() is not None:
        raise SystemExit("The run ended before it was killed")
    child.kill()
    child.communicate()
    return "learning" if saved_step(folder) > before else "before the first step"


def saved_step(folder: Path) -> int:
    file = folder / "checkpoint" / "state.json"
    return int(json.loads(file.read_text("utf-8"))["step"]) if file.is_file() else 0


def apart(one: Path, other: Path) -> float:
    """The largest difference between two runs' adapters."""
    from safetensors.torch import load_file

    a, b = (load_file(str(f / "adapter" / "adapter.safetensors")) for f in (one, other))
    return max(float((a[name] - b[name]).abs().max()) for name in a)


if __name__ == "__main__":
    sys.exit(main())
