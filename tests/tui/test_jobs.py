import os
import sys
from pathlib import Path

import pytest

from llmtui.tui.jobs import TuneJob
from llmtui.tui.lock import holder, only_one
from llmtui.workspace.errors import UsageError
from llmtui.workspace.events import Failed, Progress, Started, to_line
from llmtui.workspace.project import Project, start
from tests.tui.waiting import until

CHILD = """
import signal, sys, time
from pathlib import Path
from llmtui.tui.lock import only_one
from llmtui.workspace.project import Project
from llmtui.workspace.events import Finished, Started, to_line
project = Project(Path(sys.argv[1]))
with only_one(project), project.tune_log.open("w") as log:
    def stop(*_):
        log.write(to_line(Finished("tune", 1.0)) + "\\n"); log.flush(); sys.exit(0)
    signal.signal(signal.SIGINT, stop)
    log.write(to_line(Started("finetune")) + "\\n"); log.flush()
    time.sleep(60)
"""
TRAINER = f"""#!{sys.executable}
import sys, time
from pathlib import Path
from llmtui.workspace.events import Progress, to_line
try:
    for step in range(1, 600):
        print(to_line(Progress("finetune", step, 600, 1.0)), flush=True)
        time.sleep(0.05)
except BrokenPipeError:
    time.sleep(0.3)
    Path(sys.argv[3], "saved").write_text(str(step))
"""
"""Stands for the training process: saves when nobody reads its steps any more."""
PAUSED = """
import sys
from pathlib import Path
from types import SimpleNamespace
from llmtui.tui import pipeline
from llmtui.tui.commands.common import follow
from llmtui.tui.commands.ending import Stop, told
from llmtui.workspace.events import Started
from llmtui.workspace.project import Project
from llmtui.workspace.settings import Settings
project = Project(Path(sys.argv[1]))
(project.runs / "one").mkdir(parents=True)
pipeline.instructions = lambda job: iter([Started("finetune")])
pipeline.choose_run = lambda job: project.runs / "one"
pipeline.sys = SimpleNamespace(executable=sys.argv[2])
stop = Stop()
job = pipeline.Job(Path(sys.argv[3]), project, Settings())
follow(told(pipeline.tune(job, stop), stop), as_json=False)
"""


@pytest.fixture
def project(shop: Path, tmp_path: Path) -> Project:
    made = Project(tmp_path / "p")
    start(made, shop)
    return made


def started(job: TuneJob) -> bool:
    job.new_events()
    return job.state.stages["finetune"] == "running"


async def test_a_tune_is_started_followed_from_elsewhere_and_stopped(project: Project) -> None:
    job = TuneJob(project)
    await job.start([sys.executable, "-c", CHILD, str(project.root)])
    await until(lambda: started(job))
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, holder(project)) >= min(own + 1, 19)
    reopened = TuneJob(project)
    await until(lambda: started(reopened))
    assert reopened.running
    reopened.stop()
    await until(lambda: not reopened.running)
    reopened.new_events()
    assert reopened.state.done
    assert not reopened.died


async def test_a_tune_is_paused_and_what_it_learnt_is_saved_before_another_may_go_on(
    project: Project, shop: Path, tmp_path: Path
) -> None:
    trainer = tmp_path / "trainer"
    trainer.write_text(TRAINER)
    trainer.chmod(0o755)
    job = TuneJob(project)
    await job.start([sys.executable, "-c", PAUSED, str(project.root), str(trainer), str(shop)])
    await until(lambda: job.new_events() and job.state.losses)
    job.pause()
    await until(lambda: not job.running)
    job.new_events()
    assert job.state.paused
    assert not job.died
    assert not job.state.failed
    assert int((project.runs / "one" / "saved").read_text()) >= job.state.losses[-1][0]


async def test_a_tune_that_was_killed_is_told(project: Project) -> None:
    job = TuneJob(project)
    await job.start([sys.executable, "-c", CHILD, str(project.root)])
    await until(lambda: started(job))
    assert job._child is not None
    job._child.kill()
    await job._child.wait()
    assert not job.running
    assert job.died


def test_a_second_tune_waits_no_longer_than_it_should(project: Project) -> None:
    def take() -> None:
        with only_one(project, wait=0.1):
            pass

    with only_one(project), pytest.raises(UsageError, match="already running"):
        take()
    assert holder(project) == 0


def test_half_a_line_is_read_when_it_is_whole(project: Project) -> None:
    job = TuneJob(project)
    line = to_line(Progress("finetune", 1, 2, 0.5)) + "\n"
    project.tune_log.write_text(to_line(Started("finetune")) + "\n" + line[:20])
    job.new_events()
    assert job.state.progress is None
    with project.tune_log.open("a") as file:
        file.write(line[20:])
    job.new_events()
    assert job.state.losses == [(1, 0.5)]


def test_a_failure_is_kept(project: Project) -> None:
    project.tune_log.write_text(to_line(Failed("tune", "The disk is full", 1)) + "\n")
    job = TuneJob(project)
    job.new_events()
    assert job.state.failed == "The disk is full"
