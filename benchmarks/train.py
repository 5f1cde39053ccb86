"""Fine-tuning beside TRL (as it comes, and tuned) and transformers' Trainer: the same loss, sooner.

The schema of the demo database, cut to a number of tokens, stands in every prompt. Peers run in a
virtual environment of their own, which is made on the first run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from itertools import product
from math import inf, isfinite
from pathlib import Path
from statistics import median
from typing import Any

from common import arguments, finish, llmtui

from llmtui.database.demo import write_demo
from llmtui.quantize.bases import find_base
from llmtui.workspace import paths

HERE = Path(__file__).parent
PEERS = ("trl", "trl-tuned", "trl-bf16", "trainer")
OURS = ("llmtui", "llmtui-bf16")
SIZES = (8, 16, 32)
SAME = 8
"""Rows a step where losses are compared, and where the peers are timed."""
CLOSE = {"llmtui": 0.01, "llmtui-bf16": 0.03}
"""How far a loss may be from that of TRL in the same number format, as a share of it."""


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--base", default="smollm2-135m")
    parser.add_argument("--venv", type=Path, default=paths.cache_dir() / "bench-train")
    parser.add_argument("--lengths", type=int, nargs="+", help="tokens of schema in every prompt")
    parser.add_argument("--repeats", type=int, help="alternated runs of each contestant")
    options = parser.parse_args()
    python = peers_python(options.venv)
    folder = Path(tempfile.mkdtemp(prefix="llmtui-train-"))
    lengths = options.lengths or ((400,) if options.quick else (70, 200, 400, 800))
    steps, repeats = (2, 1) if options.quick else (3, options.repeats or 3)
    prepare(folder, str(find_base(options.base)), lengths)
    results: dict[str, Any] = {"base": options.base, "runs": {}}
    for length in lengths:
        runs: dict[str, list[dict[str, Any]]] = {}
        for _ in range(repeats):
            for peer in PEERS:
                runs.setdefault(peer, []).append(timed(python, peer, folder, length, SAME, steps))
            for ours, size in product(OURS, SIZES):
                found = timed(sys.executable, ours, folder, length, size, steps + 1)
                runs.setdefault(f"{ours}, {size} a group", []).append(found)
        results["runs"][str(length)] = {name: summary(name, some) for name, some in runs.items()}
        table(length, results["runs"][str(length)])
    return finish(
        options, results, bars(results["runs"][str(400 if 400 in lengths else lengths[0])])
    )


def peers_python(venv: Path) -> str:
    """Python of the peers' environment, made and filled when it is not there yet."""
    python = venv / "bin" / "python"
    if not (venv / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "-c", HERE.parent / "constraints.txt",
             "-r", HERE / "requirements-train.txt"], check=True,
        )  # fmt: skip
        (venv / "ready").touch()
    return str(python)


def prepare(folder: Path, base: str, lengths: tuple[int, ...]) -> None:
    """Write model, adapter and rows that every contestant loads."""
    from safetensors.torch import save_file

    from llmtui.trainer.finetune.batches import encode
    from llmtui.trainer.finetune.checkpoint import adapter_weights
    from llmtui.trainer.finetune.model import (
        add_lora,
        load_base,
        prompt_for_training,
        tokenizer_of,
    )
    from llmtui.workspace.records import load_rows

    source, project = folder / "company.duckdb", folder / "project"
    write_demo(source)
    done, _ = llmtui("instructions", "build", source, "--project", project, "--rows", 400)
    if done.returncode:
        raise SystemExit(done.stderr)
    rows = [r for r in load_rows(project / "instructions.jsonl") if r.split == "train"]
    model, tokenizer = load_base(Path(base))
    model.save_pretrained(folder / "model")
    tokenizer.save_pretrained(folder / "model")
    tokenize, prompt = tokenizer_of(tokenizer), prompt_for_training(tokenizer, "prompt")
    schema = tokenize(schema_text(source), False)
    for length in lengths:
        place = folder / str(length)
        place.mkdir()
        text = tokenizer.decode((schema * (1 + length // len(schema)))[:length])
        examples = [encode(row, prompt, tokenize, text) for row in rows]
        told = [{"tokens": e.tokens, "answer": e.answer} for e in examples]
        (place / "rows.json").write_text(json.dumps(told), encoding="utf-8")
        (place / "model").symlink_to(folder / "model")
    model = add_lora(model, 16, 32, 7)
    for length in lengths:
        save_file(adapter_weights(model), folder / str(length) / "adapter.safetensors")


def schema_text(source: Path) -> str:
    from llmtui.database.execute import Database

    with Database.open(source) as database:
        return database.schema.text(3)


def timed(python: str, name: str, folder: Path, length: int, size: int, steps: int) -> Any:
    out = folder / "out.json"
    command = [python, HERE / "train_contestant.py", name, folder / str(length), size, steps, out]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    return json.loads(out.read_text("utf-8")) | {"size": size}


def summary(name: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the runs; a process's first step, which warms up, is left out."""
    seconds = [s for run in runs for s in run["seconds"][1:]]
    return {
        "name": name,
        "rows_per_second": runs[0]["size"] / median(seconds),
        "memory_gb": median(run["memory_gb"] for run in runs),
        "losses": runs[0]["losses"],
    }


def table(length: int, runs: dict[str, dict[str, Any]]) -> None:
    print(f"\nSchema of {length} tokens\n")
    print("| contestant | rows a second | peak memory, GB | losses |\n|---|---|---|---|")
    for name, run in runs.items():
        losses = " ".join(f"{loss:.4f}" for loss in run["losses"])
        print(f"| {name} | {run['rows_per_second']:.3f} | {run['memory_gb']:.1f} | {losses} |")
    print()


def bars(runs: dict[str, dict[str, Any]]) -> dict[str, tuple[float, float, bool]]:
    """The fastest llmtui that takes the promised memory, against the fastest TRL of any format."""
    peers = [runs[name] for name in PEERS if name.startswith("trl")]
    room = min(runs[name]["memory_gb"] for name in ("trl-tuned", "trl-bf16"))
    mine = [run for name, run in runs.items() if name not in PEERS]
    small = [run for run in mine if run["memory_gb"] <= 0.4 * room]
    chosen = max(small or mine, key=rate)
    best = rate(chosen) / max(map(rate, peers))
    default, plain = (rate(chosen) / rate(runs[name]) for name in ("trl", "trainer"))
    memory = chosen["memory_gb"] / room
    apart = {
        f"largest relative difference of the loss, {ours}": (far, CLOSE[ours], far <= CLOSE[ours])
        for ours, peer in zip(OURS, ("trl-tuned", "trl-bf16"), strict=True)
        for far in [furthest(runs[f"{ours}, {SAME} a group"]["losses"], runs[peer]["losses"])]
    }
    return apart | {
        f"rows a second, times the best TRL ({chosen['name']})": (best, 8.0, best >= 8.0),
        "rows a second, times TRL as it comes": (default, 10.0, default >= 10.0),
        "rows a second, times transformers' Trainer": (plain, 0.0, True),
        "memory, of TRL without checkpointing": (memory, 0.4, memory <= 0.4),
    }


def rate(run: dict[str, Any]) -> float:
    return float(run["rows_per_second"])


def furthest(mine: list[float], theirs: list[float]) -> float:
    """The largest relative difference; infinite when one is no number."""
    apart = [abs(a - b) / b for a, b in zip(mine, theirs, strict=False)]
    return max(apart) if all(map(isfinite, apart)) else inf


if __name__ == "__main__":
    sys.exit(main())
