"""The whole loop with the real starter model: tune, kill, go on, ask. A few minutes.

It runs without a route to any network where the system lets a test cut it, and in every process
name look-ups are counted.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmtui.tui.lock import holder
from llmtui.workspace.events import Note, Progress, Started, from_line
from llmtui.workspace.project import Project
from tests.conftest import needs_starter, write_lines
from tests.test_command_line import llmtui

pytestmark = [pytest.mark.model, needs_starter]
pytest.importorskip("torch")


LOOKED_UP = """
import os, socket
real = socket.getaddrinfo
def getaddrinfo(host, *rest, **more):
    with open(os.environ["LOOKED_UP"], "a") as file:
        file.write(f"{host}\\n")
    return real(host, *rest, **more)
socket.getaddrinfo = getaddrinfo
"""
"""A sitecustomize module: every Python process writes down the names that it looks up."""


@pytest.fixture(autouse=True)
def looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No process looks up a name, also where no CI variable tells libraries to be quiet."""
    place, file = tmp_path / "site", tmp_path / "looked-up"
    place.mkdir()
    (place / "sitecustomize.py").write_text(LOOKED_UP)
    path = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(place), *([path] if path else [])]))
    monkeypatch.setenv("LOOKED_UP", str(file))
    monkeypatch.delenv("CI", raising=False)
    yield file
    assert not file.exists(), f"looked up: {file.read_text()}"


def cut_off() -> list[str]:
    """The words before a command that take every network from it, [] where that cannot be done."""
    words = ["unshare", "--map-root-user", "--net"]
    if shutil.which(words[0]) and subprocess.run([*words, "true"], check=False).returncode == 0:
        return words
    return []


def start_tune(shop: Path, project: Path, minutes: float) -> subprocess.Popen[str]:
    options = ["--project", str(project), "--rows", "200", "--minutes", str(minutes), "--json"]
    command = [*cut_off(), sys.executable, "-m", "llmtui.tui", "tune", str(shop), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kill_when(process: subprocess.Popen[str], condition) -> None:  # type: ignore[no-untyped-def]
    """Kill -9 the tune at the first event that meets the condition."""
    assert process.stdout is not None
    for line in process.stdout:
        event = from_line(line)
        if event is not None and condition(event):
            os.kill(process.pid, signal.SIGKILL)
            break
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL


def finish(process: subprocess.Popen[str]) -> list[object]:
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    return [event for event in map(from_line, out.splitlines()) if event is not None]


def test_a_tune_killed_at_every_stage_goes_on_and_the_model_answers(
    shop: Path, tmp_path: Path
) -> None:
    project = Project(tmp_path / "p")
    kill_when(
        start_tune(shop, project.root, 0.6),
        lambda e: (isinstance(e, Progress) and e.stage == "instructions") or (isinstance(e, Started)
        and e.stage == "finetune"),
    )  # fmt: skip
    kill_when(
        start_tune(shop, project.root, 0.6),
        lambda e: isinstance(e, Progress) and e.stage == "finetune" and e.step >= 4,
    )
    run = project.latest_run()
    assert run is not None
    assert not (run / "adapter").exists()

    kill_when(
        start_tune(shop, project.root, 0.6),
        lambda e: isinstance(e, Started) and e.stage == "quantize",
    )
    assert (run / "adapter" / "parity.json").is_file()
    assert project.model is None
    events = [from_line(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert any(isinstance(e, Note) and e.text.startswith("Going on from step") for e in events)

    kill_when(
        start_tune(shop, project.root, 0.6),
        lambda e: isinstance(e, Started) and e.stage == "evaluate",
    )
    assert project.model is not None

    finish(start_tune(shop, project.root, 0.6))
    assert project.latest_run() == run
    assert (run / "report.md").is_file()
    assert holder(project) == 0
    unfinished = (".partial", ".candidate", ".merged")
    rest = [p for p in project.root.rglob("*") if p.name.endswith(unfinished)]
    assert rest == []
    asks_and_answers(shop, project, tmp_path)


def asks_and_answers(shop: Path, project: Project, tmp_path: Path) -> None:
    """One question, a file of them, and every answer that is shown holds."""
    file = write_lines(
        tmp_path / "q.jsonl",
        {"id": "1", "question": "how many customers are there?"},
        {"id": "2", "question": "有多少订单"},
        {"id": "3", "question": ""},
        {"id": "4", "question": "Сколько клиентов?"},
    )
    out = tmp_path / "a.jsonl"
    done = llmtui("ask", shop, "--file", file, "--out", out, "--project", project.root)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [answer["id"] for answer in answers] == ["1", "2", "3", "4"]
    for answer in answers:
        held = answer["checks"] == dict.fromkeys(("parsed", "read_only", "bound", "ran"), True)
        assert held or answer["status"] != "ok"
        assert answer["message"] or answer["status"] == "ok"
    assert [answer["status"] for answer in answers[2:]] == ["failed", "failed"]
    one = llmtui("ask", shop, "how many customers are there?", "--project", project.root, "--json")
    assert json.loads(one.stdout)["model"].endswith(".gguf")


def test_ctrl_c_while_training_stops_and_keeps(shop: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    process = start_tune(shop, project.root, 5)
    assert process.stdout is not None
    events = []
    asked = 0.0
    for line in process.stdout:
        event = from_line(line)
        events.append(event)
        if isinstance(event, Progress) and event.stage == "finetune" and event.step == 3:
            process.send_signal(signal.SIGINT)
            asked = time.monotonic()
        if isinstance(event, Started) and event.stage == "evaluate":
            process.kill()
            break
    process.wait()
    assert asked
    assert any(isinstance(event, Started) and event.stage == "quantize" for event in events)
    assert project.model is not None


def test_a_name_that_is_looked_up_would_be_noticed(looked_up: Path) -> None:
    code = "import socket; socket.getaddrinfo('localhost', 80)"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert looked_up.read_text() == "localhost\n"
    looked_up.unlink()
