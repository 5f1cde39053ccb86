"""Time to an answer beside llama-cpp-python's chat completion and the `llm` tool, same GGUF.

A schema of some 400 tokens stands in every prompt but those of a chat in turn, and every contestant
writes at most 32 tokens, greedily. Each runs in a process of its own; rounds alternate. The chat
completion is run as it comes and with every core. `llmtui ask` is timed as a command, with Python's
start. With --project the tuned model of a project is timed too, from question to checked and
executed answer: 200 of the demo's questions, the second time with other numbers, or those of
--questions FILE. At most an hour; --quick six minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from common import arguments, finish, llmtui, tuned
from contestants import CONTESTANTS, PEER, TUNED, Ask

from llmtui.database.demo import questions_file, write_demo
from llmtui.quantize.bases import find_base

LENGTH = 400
"""Tokens of the schema."""
SCENES = {"one database": 2.0, "two in turn": 5.0, "chat in turn": 5.0}
"""What is asked, and how many times longer the peer is to take to the first piece."""
AFTER_START, AFTER_START_BAR = "after a start, schema read before", 5.0
CHAT = "Tell me something about the weather in spring."
WARM = 5
"""Answers that are not counted."""
PARTS, SHARES = ("first", "whole"), ("p50", "p95")


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--base", default="smollm2-135m")
    parser.add_argument("--project", type=Path, help="a project that is tuned already")
    parser.add_argument("--questions", type=Path, help="lines with a question, for --project")
    parser.add_argument("--began", type=float, help="when the process was started")
    parser.add_argument("--contestant", help="run just this one, in this process")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    count = 12 if options.quick else 50
    if options.contestant:
        load = CONTESTANTS[options.contestant]
        found = measured(load, options.base, options.folder, count)
        found["start"] -= options.began
        print(json.dumps(found))
        return 0
    folder = Path(tempfile.mkdtemp(prefix="llmtui-ask-"))
    os.environ["LLMTUI_HOME"] = str(folder / "home")
    prepare(folder, options.base)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTESTANTS}
    for _ in range(2 if options.quick else 4):
        for name in CONTESTANTS:
            runs[name].append(in_process(name, options.base, folder, options.quick))
    results = {name: together(some) for name, some in runs.items()}
    table(results)
    bars = ratios(results) | command_start(options, folder)
    if options.project:
        bars |= whole_answers(options, results)
    return finish(options, {"base": options.base, "runs": results}, bars)


def prepare(folder: Path, base: str) -> None:
    """Two schemas of the same length that begin with other tables."""
    from llmtui.database.execute import Database
    from llmtui.inference.engine import Engine

    write_demo(folder / "company.duckdb")
    with (
        Database.open(folder / "company.duckdb") as database,
        Engine(find_base(base)) as engine,
    ):
        text = database.schema.text(3)
        tokens = engine.tokenize(text)
        pieces = b"".join(map(engine.pieces.piece, (tokens * (1 + LENGTH // len(tokens)))[:LENGTH]))
        one = pieces.decode("utf-8", "ignore")
        other = "\n".join(reversed(one.splitlines()))
    (folder / "schemas.json").write_text(json.dumps([one, other]), encoding="utf-8")


def measured(load: Callable[[str], Ask], base: str, folder: Path, count: int) -> dict[str, Any]:
    """Seconds to the first piece and the end of every answer, by scene and of the first answer;
    when that ended. A message of a chat, which is not timed, stands between some."""
    schemas = json.loads((folder / "schemas.json").read_text("utf-8"))
    questions = asked(None, count)
    ask = load(base)
    found: dict[str, Any] = {"scenes": {}, "after a start": timed(ask, schemas[0], questions[0])}
    found["start"] = time.time()
    _, two, chat = SCENES
    for scene in SCENES:
        found["scenes"][scene] = []
        for i, question in enumerate(questions):
            if scene == chat:
                timed(ask, "", CHAT)
            schema = schemas[i % 2 if scene == two else 0]
            found["scenes"][scene].append(timed(ask, schema, question))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    found["cpu"] = usage.ru_utime + usage.ru_stime
    found["memory_gb"] = usage.ru_maxrss / 1e6
    return found


def asked(file: Path | None, count: int) -> list[str]:
    """Questions of a file or the demo; when they are asked again, it is with other numbers."""
    lines = (file or questions_file()).read_text("utf-8").splitlines()
    known = [json.loads(line)["question"] for line in lines]

    def other(question: str, times: int) -> str:
        return re.sub(r"\d+", lambda found: str(int(found[0]) + times), question)

    return [other(known[i % len(known)], i // len(known)) for i in range(count)]


def timed(ask: Ask, schema: str, question: str) -> dict[str, float]:
    began, first, pieces = time.monotonic(), 0.0, 0
    for piece in ask(schema, question):
        if piece:
            first = first or time.monotonic() - began
            pieces += 1
    return {"first": first, "whole": time.monotonic() - began, "pieces": pieces}


def in_process(name: str, base: str, folder: Path, quick: bool) -> dict[str, Any]:
    command = [sys.executable, __file__, "--contestant", name, "--base", base, "--folder", folder]
    command += ["--began", time.time(), *(["--quick"] if quick else [])]
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
        first, whole = ([turn[part] for turn in turns] for part in ("first", "whole"))
        scenes[scene] = {
            "first p50": median(first),
            "first p95": quantiles(first, n=20)[18],
            "whole p50": median(whole),
            "whole p95": quantiles(whole, n=20)[18],
            "rate": sum(turn["pieces"] for turn in turns) / sum(whole),
        }
    return {
        "scenes": scenes,
        # what the first run read is on disk for the others
        "after a start": median(run["after a start"]["first"] for run in runs[1:]),
        "start": median(run["start"] for run in runs),
        "cpu": median(run["cpu"] for run in runs),
        "memory_gb": median(run["memory_gb"] for run in runs),
    }


def table(results: dict[str, Any]) -> None:
    print("| contestant | scene | first piece p50, s | p95, s | answer p50, s | p95, s "
          "| pieces a second |\n|---|---|---|---|---|---|---|")  # fmt: skip
    for name, found in results.items():
        for scene, s in found["scenes"].items():
            seconds = " | ".join(f"{s[f'{part} {p}']:.3f}" for part in PARTS for p in SHARES)
            print(f"| {name} | {scene} | {seconds} | {s['rate']:.0f} |")
    print(f"\n| contestant | start to first answer, s | first piece {AFTER_START}, s | CPU seconds "
          "| peak memory, GB |\n|---|---|---|---|---|")  # fmt: skip
    for name, found in results.items():
        print(f"| {name} | {found['start']:.2f} | {found['after a start']:.3f} "
              f"| {found['cpu']:.0f} | {found['memory_gb']:.2f} |")  # fmt: skip
    print()


def ratios(results: dict[str, Any]) -> dict[str, tuple[float, float, bool]]:
    """How many times longer the peers take; the first piece has a bar, without every core."""
    mine, bars = results["llmtui"]["scenes"], {}
    for peer in (PEER, TUNED):
        for scene, bar in SCENES.items():
            for part in PARTS:
                for share in SHARES:
                    name = f"{part} {share}"
                    ratio = results[peer]["scenes"][scene][name] / mine[scene][name]
                    least = bar if (peer, name) == (PEER, "first p50") else 0.0
                    bars[f"{scene}: {name}, times {peer}"] = (ratio, least, ratio >= least)
        ratio = results[peer]["after a start"] / results["llmtui"]["after a start"]
        least = AFTER_START_BAR if peer == PEER else 0.0
        bars[f"{AFTER_START}: first, times {peer}"] = (ratio, least, ratio >= least)
    return bars


def command_start(
    options: argparse.Namespace, folder: Path
) -> dict[str, tuple[float, float, bool]]:
    """`llmtui ask` from the start of Python to the end of the process, the median of three."""
    source, chosen = folder / "company.duckdb", ["--model", options.base]
    if options.project:
        source, chosen = tuned(options.project)[1], ["--project", options.project]
    question = asked(options.questions, 1)[0]
    seconds = [llmtui("ask", source, question, *chosen)[1] for _ in range(4)][1:]
    took = median(seconds)
    return {"llmtui ask, the whole command, seconds": (took, 1.5, took <= 1.5)}


def whole_answers(
    options: argparse.Namespace, results: dict[str, Any]
) -> dict[str, tuple[float, float, bool]]:
    """Question to checked answer with a tuned model, also without guesses from its rows."""
    from llmtui.database.execute import Database
    from llmtui.inference.ask import Asker
    from llmtui.inference.engine import Engine
    from llmtui.tui.verdicts import usual

    kept, source, model = tuned(options.project)
    questions = asked(options.questions, WARM + (40 if options.quick else 200))
    with Database.open(source) as database, Engine(model) as one, ExitStack() as more:
        two = more.enter_context(Engine(model))
        askers = Asker(database, one, usual=usual(kept)), Asker(database, two)
        pairs = [[asker.ask(question) for asker in askers] for question in questions][WARM:]
    times, plain = ([pair[place].seconds for pair in pairs] for place in (0, 1))
    p50, p95 = median(times), quantiles(times, n=20)[18]
    found = {"p50": p50, "p95": p95, "p50 without guesses": median(plain), "of": len(times)}
    found["shown"] = sum(a.status == "ok" for a, _ in pairs)
    found |= {"another SQL": sum(a.sql != b.sql for a, b in pairs), "asked": len(questions) - WARM}
    print(results.setdefault("checked answers", found))
    return {
        "checked answer or none, p50 seconds": (p50, 0.35, p50 <= 0.35),
        "checked answer or none, p95 seconds": (p95, 0.9, p95 <= 0.9),
    }


if __name__ == "__main__":
    sys.exit(main())
