"""Time to an answer beside llama-cpp-python's chat completion and the `llm` tool, same GGUF.

A schema of some 400 tokens stands in every prompt, and every contestant writes at most 32 tokens,
greedily. Each runs in a process of its own; rounds alternate. With --project the tuned model of a
project is timed too, from question to checked and executed answer, the way `llmtui ask` gives it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from common import arguments, finish

from llmtui.database.demo import questions_file, write_demo
from llmtui.quantize.bases import find_base

LENGTH = 400
"""Tokens of the schema."""
MOST = 32
SCENES = ("one database", "two in turn")
CONTESTANTS = ("llmtui", "create_chat_completion", "llm")
Ask = Callable[[str, str], Iterator[str]]
"""(schema, question) → pieces of the answer."""


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--base", default="smollm2-135m")
    parser.add_argument("--project", type=Path, help="a project that is tuned already")
    parser.add_argument("--contestant", help="run just this one, in this process")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    count = 40 if options.quick else 200
    if options.contestant:
        print(json.dumps(measured(options.contestant, options.base, options.folder, count)))
        return 0
    folder = Path(tempfile.mkdtemp(prefix="llmtui-ask-"))
    os.environ["LLMTUI_HOME"] = str(folder / "home")
    prepare(folder, options.base)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTESTANTS}
    for _ in range(1 if options.quick else 3):
        for name in CONTESTANTS:
            runs[name].append(in_process(name, options.base, folder, options.quick))
    results = {name: together(some) for name, some in runs.items()}
    table(results)
    bars = ratios(results)
    if options.project:
        bars |= whole_answers(options.project, results)
    return finish(options, {"base": options.base, "runs": results}, bars)


def prepare(folder: Path, base: str) -> None:
    """Two schemas of the same length."""
    from llmtui.database.execute import Database
    from llmtui.inference.engine import Engine

    write_demo(folder / "company.duckdb")
    with (
        Database.open(folder / "company.duckdb") as database,
        Engine(find_base(base)) as engine,
    ):
        text = database.schema.text(3)
        tokens = engine.tokenize(text)
        pieces = b"".join(map(engine._piece, (tokens * (1 + LENGTH // len(tokens)))[:LENGTH]))
        one = pieces.decode("utf-8", "ignore")
        other = one.replace("employees", "workers").replace("orders", "sales")
    (folder / "schemas.json").write_text(json.dumps([one, other]), encoding="utf-8")


def measured(name: str, base: str, folder: Path, count: int) -> dict[str, Any]:
    """Seconds to the first piece and to the end of every answer, by scene."""
    schemas = json.loads((folder / "schemas.json").read_text("utf-8"))
    lines = questions_file().read_text("utf-8").splitlines()
    questions = [json.loads(lines[i % len(lines)])["question"] for i in range(count)]
    began = time.monotonic()
    ask = {"llmtui": ours, "create_chat_completion": completion, "llm": llm_tool}[name](base)
    found: dict[str, Any] = {"scenes": {}}
    timed(ask, schemas[0], questions[0])
    found["start"] = time.monotonic() - began
    for scene in SCENES:
        turns = (
            timed(ask, schemas[i % 2 if scene == SCENES[1] else 0], question)
            for i, question in enumerate(questions)
        )
        found["scenes"][scene] = list(turns)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    found["cpu"] = usage.ru_utime + usage.ru_stime
    found["memory_gb"] = usage.ru_maxrss / 1e6
    return found


def timed(ask: Ask, schema: str, question: str) -> dict[str, float]:
    began, first, pieces = time.monotonic(), 0.0, 0
    for _ in ask(schema, question):
        first = first or time.monotonic() - began
        pieces += 1
    return {"first": first, "whole": time.monotonic() - began, "pieces": pieces}


def ours(base: str) -> Ask:
    from llmtui.inference.engine import Engine
    from llmtui.trainer.prompt import shared_tokens

    engine = Engine(find_base(base))

    def ask(schema: str, question: str) -> Iterator[str]:
        tokens = engine.prompt.tokens(engine.tokenize, question, schema)
        shared = shared_tokens(engine.prompt, engine.tokenize, schema, tokens)
        yield from engine.stream(tokens, max_tokens=MOST, shared=shared)

    return ask


def completion(base: str) -> Ask:
    from llama_cpp import Llama

    model = Llama(str(find_base(base)), n_ctx=2048, verbose=False)

    def ask(schema: str, question: str) -> Iterator[str]:
        chunks: Any = model.create_chat_completion(
            [{"role": "user", "content": message(schema, question)}],
            max_tokens=MOST, temperature=0, stream=True,
        )  # fmt: skip
        yield from (c["choices"][0]["delta"].get("content") or "" for c in chunks)

    return ask


def llm_tool(_base: str) -> Ask:
    """The `llm` tool's own plugin for the same file; it has no limit of tokens, so we stop it."""
    import llm

    model = llm.get_model("SmolLM2")

    def ask(schema: str, question: str) -> Iterator[str]:
        for number, piece in enumerate(model.prompt(message(schema, question))):
            yield piece
            if number >= MOST:
                return

    return ask


def message(schema: str, question: str) -> str:
    from llmtui.trainer.prompt import TASK

    return f"{TASK}\n\n{schema}\n\n{question}"


def in_process(name: str, base: str, folder: Path, quick: bool) -> dict[str, Any]:
    command = [sys.executable, __file__, "--contestant", name, "--base", base, "--folder", folder]
    command += ["--quick"] if quick else []
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def together(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over rounds; percentiles over all answers. The first round reads the schema anew."""
    scenes = {}
    for scene in SCENES:
        turns = [turn for run in runs for turn in run["scenes"][scene]]
        whole = [turn["whole"] for turn in turns]
        scenes[scene] = {
            "first": median(turn["first"] for turn in turns),
            "p50": median(whole),
            "p95": quantiles(whole, n=20)[18],
            "rate": sum(turn["pieces"] for turn in turns) / sum(whole),
        }
    return {
        "scenes": scenes,
        "start": runs[-1]["start"],
        "cpu": median(run["cpu"] for run in runs),
        "memory_gb": median(run["memory_gb"] for run in runs),
    }


def table(results: dict[str, Any]) -> None:
    print("| contestant | scene | first piece, s | answer p50, s | p95, s | pieces a second |\n"
          "|---|---|---|---|---|---|")  # fmt: skip
    for name, found in results.items():
        for scene, s in found["scenes"].items():
            print(f"| {name} | {scene} | {s['first']:.3f} | {s['p50']:.3f} | {s['p95']:.3f} "
                  f"| {s['rate']:.0f} |")  # fmt: skip
    print("\n| contestant | start to first answer, s | CPU seconds | peak memory, GB |\n"
          "|---|---|---|---|")  # fmt: skip
    for name, found in results.items():
        print(f"| {name} | {found['start']:.2f} | {found['cpu']:.0f} | {found['memory_gb']:.2f} |")
    print()


def ratios(results: dict[str, Any]) -> dict[str, tuple[float, float, bool]]:
    mine, peer = results["llmtui"], results["create_chat_completion"]
    bars = {}
    for scene, bar in zip(SCENES, (2.0, 5.0), strict=True):
        ratio = peer["scenes"][scene]["first"] / mine["scenes"][scene]["first"]
        bars[f"{scene}: first piece, times create_chat_completion"] = (ratio, bar, ratio >= bar)
    bars["start to first answer, seconds"] = (mine["start"], 1.5, mine["start"] <= 1.5)
    return bars


def whole_answers(project: Path, results: dict[str, Any]) -> dict[str, tuple[float, float, bool]]:
    """Question to checked and executed answer with a tuned model."""
    from llmtui.database.execute import Database
    from llmtui.inference.ask import Asker
    from llmtui.inference.engine import Engine
    from llmtui.workspace.project import Project

    kept = Project(project)
    if kept.source is None or kept.model is None:
        raise SystemExit(f"{project} has no source or no tuned model")
    lines = questions_file().read_text("utf-8").splitlines()
    with Database.open(kept.source) as database, Engine(kept.model) as engine:
        asker = Asker(database, engine)
        seconds = [asker.ask(json.loads(line)["question"]).seconds for line in lines]
    p50, p95 = median(seconds), quantiles(seconds, n=20)[18]
    results["checked answers"] = {"p50": p50, "p95": p95, "of": len(seconds)}
    return {
        "checked answer, p50 seconds": (p50, 0.35, p50 <= 0.35),
        "checked answer, p95 seconds": (p95, 0.9, p95 <= 0.9),
    }


if __name__ == "__main__":
    sys.exit(main())
