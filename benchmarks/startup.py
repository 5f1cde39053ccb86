"""Start-up beside harlequin, posting and oterm: seconds until the first screen answers a key.

Every program runs in a pseudo-terminal of 120×40 that answers questions about itself as xterm
does, and in a home folder of its own: llmtui and harlequin on the demo database, oterm without its
splash screen. The clock starts before exec. "screen" is when texts of both the body and the footer
of the first screen (PROGRAMS names them) have come out of the terminal; at that moment Ctrl-P is
typed, and "ready" is when the command palette, which all four take from Textual, is drawn. What a
program reads in the background (the schema, a server's models) may still be under way. Then it is
killed, and "cpu" is the processor time that it used, without that of llmtui's database process.
Rounds alternate; the first, which fills caches, is left out. "help" is the whole run of `--help`.

The peers are installed by the person who measures, each into an environment of its own, since they
want different versions of Textual: `python -m venv VENVS/posting`, `VENVS/posting/bin/pip install
posting` and so on, then `--venv VENVS`. Those not found are left out and named. posting 2.11.1
needs `tree-sitter==0.25.*` beside it; with 0.26 it crashes.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from common import arguments, finish

from llmtui.database.demo import write_demo

PALETTE = "earch for commands"
"""What an open palette shows; the cursor stands on the first letter, in another style."""
CTRL_P = b"\x10"
ANSWERS = {
    b"\x1b[c": b"\x1b[?62;22c", b"\x1b[16t": b"\x1b[6;20;10t", b"\x1b[?2026$p": b"\x1b[?2026;2$y",
    b"\x1b[?2048$p": b"\x1b[?2048;0$y",
}  # fmt: skip
"""What the terminal says when it is asked what it is and can; some programs wait for it."""
PATIENCE = 60.0
"""Seconds after which a program that shows nothing ends the benchmark."""
_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;?<>=]*[ -/]*[@-~]|[\]P_^][^\x07\x1b]*(?:\x07|\x1b\\)|.)")


@dataclass(frozen=True)
class Program:
    """screen: texts of body and footer of the first screen; arguments: may hold {source}."""

    name: str
    screen: tuple[str, ...]
    arguments: tuple[str, ...] = ()


PROGRAMS = (
    Program("llmtui", ("5  Ask: ", "Quit"), ("{source}",)),
    Program(
        "harlequin",
        ("Query Editor", "Format Query"),
        ("--locale", "C", "--read-only", "{source}"),
    ),
    Program("posting", ("Collection", "Search requests")),
    Program("oterm", ("Welcome to oterm", "copy message")),
)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--venv", type=Path, help="folder of the peers' environments")
    parser.add_argument("--rounds", type=int, help="rounds that count (3 with --quick, else 7)")
    options = parser.parse_args()
    rounds = options.rounds or (3 if options.quick else 7)
    folder = Path(tempfile.mkdtemp(prefix="llmtui-startup-"))
    write_demo(folder / "company.duckdb")
    commands = installed(options.venv)
    missing = [program.name for program in PROGRAMS if program.name not in commands]
    if missing:
        print(f"Left out, not found in {options.venv}: {', '.join(missing)}", file=sys.stderr)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        for program in PROGRAMS:
            if program.name in commands:
                found = measured(program, commands[program.name], folder)
                runs[program.name] += [found] if turn else []
    results = {name: medians(some) for name, some in runs.items()}
    table(results)
    told = {"rounds": rounds, "left out": missing, "load": os.getloadavg(), "programs": results}
    told["peers"] = {name: release(options.venv, name) for name in commands if name != "llmtui"}
    return finish(options, told | {"runs": runs}, bars(results))


def installed(venv: Path | None) -> dict[str, list[str]]:
    """Command of every program that is there."""
    commands = {"llmtui": [sys.executable, "-m", "llmtui.tui"]}
    for program in PROGRAMS[1:]:
        script = venv.absolute() / program.name / "bin" / program.name if venv else Path()
        if script.is_file():
            commands[program.name] = [str(script)]
    return commands


def release(venv: Path, name: str) -> str:
    """Version of an installed peer."""
    found = (venv / name).glob(f"lib/*/site-packages/{name}-*.dist-info")
    return next((folder.stem.partition("-")[2] for folder in found), "unknown")


def measured(program: Program, command: list[str], folder: Path) -> dict[str, float]:
    """Seconds of one start and of one `--help`."""
    environment = surroundings(folder / program.name)
    began = time.monotonic()
    subprocess.run([*command, "--help"], capture_output=True, check=True, env=environment)
    took = time.monotonic() - began
    source = str(folder / "company.duckdb")
    whole = [*command, *(part.format(source=source) for part in program.arguments)]
    return started(program, whole, environment) | {"help": took}


def surroundings(home: Path) -> dict[str, str]:
    """An environment in which a program finds only its own home."""
    splash = home / ".local" / "share" / "oterm" / "config.json"
    if not splash.exists():
        splash.parent.mkdir(parents=True)
        splash.write_text('{"splash-screen": false}', encoding="utf-8")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "LLMTUI_", "TEXTUAL", "NO_COLOR"))
    }
    return kept | {
        "HOME": str(home), "LLMTUI_HOME": str(home), "LLMTUI_LANG": "en", "LANG": "C.UTF-8",
        "TERM": "xterm-256color", "COLORTERM": "truecolor",
    }  # fmt: skip


def started(program: Program, command: list[str], environment: dict[str, str]) -> dict[str, float]:
    """Seconds from before exec to the full screen and to the palette, and of the processor."""
    began = time.monotonic()
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.execve(command[0], command, environment)
    try:
        screen = until(terminal, program.screen, program)
        os.write(terminal, CTRL_P)
        ready = until(terminal, (PALETTE,), program)
    finally:
        os.kill(child, signal.SIGKILL)
        _, _, used = os.wait4(child, 0)
        os.close(terminal)
    return {
        "screen": screen - began,
        "ready": ready - began,
        "cpu": used.ru_utime + used.ru_stime,
    }


def until(terminal: int, texts: tuple[str, ...], program: Program) -> float:
    """Read what is drawn until every text is there; the time then."""
    shown = b""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                part = os.read(terminal, 1 << 16)
            except OSError as error:  # how Linux tells that the program ended
                raise SystemExit(f"{program.name} ended:\n{plain(shown)[-1000:]}") from error
            for asked, answer in ANSWERS.items():
                os.write(terminal, answer * part.count(asked))
            shown += part
            now = time.monotonic()
            if all(text in plain(shown) for text in texts):
                return now
    raise SystemExit(f"{program.name} never showed {texts}:\n{plain(shown)[-1000:]}")


def plain(shown: bytes) -> str:
    """What was drawn without what moves and colours it."""
    return _ESCAPES.sub(b"", shown).decode("utf-8", "replace")


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: median(run[name] for run in runs) for name in runs[0]}


def table(results: dict[str, dict[str, float]]) -> None:
    print("| program | screen, s | ready, s | processor, s | --help, s |\n|---|---|---|---|---|")
    for name, found in results.items():
        told = " | ".join(f"{found[figure]:.2f}" for figure in ("screen", "ready", "cpu", "help"))
        print(f"| {name} | {told} |")
    print()


def bars(results: dict[str, dict[str, float]]) -> dict[str, Any]:
    mine = results["llmtui"]
    found: dict[str, Any] = {
        "seconds to the first screen that answers": (mine["ready"], 0.9, mine["ready"] <= 0.9),
        "seconds of --help": (mine["help"], 0.35, mine["help"] <= 0.35),
    }
    others = {name: run["ready"] for name, run in results.items() if name != "llmtui"}
    for name, ready in others.items():
        found[f"ready, of the time of {name}"] = (mine["ready"] / ready, 1, mine["ready"] < ready)
    return found


if __name__ == "__main__":
    sys.exit(main())
