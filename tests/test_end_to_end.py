"""The whole loop with the real starter model: tune, kill, go on, ask. A few minutes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmtui.tui.lock import holder
from llmtui.workspace.events import Note, Progress, Started, from_line
from llmtui.workspace.project import Project
from tests.conftest import needs_starter, write_lines
from tests.test_command_line import llmtui

pytestmark = [pytest.mark.model, needs_starter]
pytest.importorskip("torch")


def start_tune(shop: Path, project: Path, minutes: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "llmtui.tui", "tune", str(shop), "--project", str(project),
               "--rows", "200", "--minutes", str(minutes), "--json"]  # fmt: skip
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
        assert held == (answer["status"] == "ok")
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
