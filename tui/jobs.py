"""A tune seen from the app: started as a process of its own, followed through the project's files.

The process outlives the app. Whether it runs is read from the project's lock, which ends with it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field

from llmtui.tui.commands.ending import PAUSE
from llmtui.tui.lock import holder
from llmtui.workspace.errors import Interrupted
from llmtui.workspace.events import (
    Event,
    Failed,
    Finished,
    Planned,
    Progress,
    Scored,
    Started,
    from_line,
)
from llmtui.workspace.machine import lower_priority
from llmtui.workspace.project import Project

STAGES = ("instructions", "finetune", "quantize", "evaluate")


@dataclass
class TuneState:
    """What the events so far come to; states are "", "running" or "done" for each stage."""

    stages: dict[str, str] = field(default_factory=lambda: dict.fromkeys(STAGES, ""))
    progress: Progress | None = None
    losses: list[tuple[int, float]] = field(default_factory=list)
    plan: Planned | None = None
    scores: list[Scored] = field(default_factory=list)
    failed: str = ""
    paused: bool = False
    done: bool = False

    @property
    def told(self) -> bool:
        """Whether the tune has said how it ended."""
        return self.done or self.paused or bool(self.failed)

    @property
    def stage(self) -> str:
        """The stage that runs, '' before the first and after the last."""
        return next((name for name, state in self.stages.items() if state == "running"), "")

    def take(self, event: Event) -> None:
        match event:
            case Started(stage=stage) if stage in self.stages:
                self.stages[stage] = "running"
                self.progress = None
                for earlier in STAGES[: STAGES.index(stage)]:
                    self.stages[earlier] = "done"
            case Finished(stage="tune"):
                self.done = True
                self.stages = dict.fromkeys(STAGES, "done")
            case Finished(stage=stage) if stage in self.stages:
                self.stages[stage] = "done"
            case Failed(exit_code=Interrupted.exit_code):
                self.paused = True
            case Failed(message=message):
                self.failed = message
            case Planned():
                self.plan = event
            case Scored():
                self.scores.append(event)
            case Progress():
                self.progress = event
                if event.loss is not None:
                    self.losses.append((event.step, event.loss))
            case _:
                pass


class TuneJob:
    """The tune of one project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.state = TuneState()
        self.events: list[Event] = []
        """Those of the log that is there now, as far as they were read."""
        self.ran = False
        """Whether it ran when the app last looked at it, or was started since."""
        self.number = 0
        """Grows when another log is begun."""
        self._read = 0
        self._inode = 0
        self._stopped = ""
        """The stage in which the process was asked to end."""
        self._stderr = project.root / "tune.err"
        self._child: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        child = self._child is not None and self._child.returncode is None
        return child or holder(self.project) > 0

    @property
    def died(self) -> bool:
        """Whether the last tune ended without a word."""
        begun = self._child is not None or any(self.state.stages.values())
        return begun and not (self.running or self.state.told)

    async def start(self, command: list[str]) -> None:
        """Start `command` detached: a session of its own, nothing on our terminal; the app goes
        first when both want a core."""
        self.project.tune_log.unlink(missing_ok=True)
        self._child = None
        self._forget()
        with self._stderr.open("wb") as errors:
            self._child = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        self.ran = True
        lower_priority(self._child.pid)

    def stop(self) -> bool:
        """Ask the process, ours or one that was found running, to end; once in a stage.

        Returns whether it trains: what was learnt is kept then, else the stage is broken off.
        """
        stage = self.state.stage
        if self._stopped != (stage or "tune"):
            self._stopped = stage or "tune"
            self._send(signal.SIGINT)
        return stage == "finetune"

    def pause(self) -> None:
        """Ask the process to save where it is and end; a tune started later goes on from there."""
        self._send(PAUSE if holder(self.project) else signal.SIGINT)

    def _send(self, number: int) -> None:
        process = holder(self.project) or (self._child.pid if self._child else 0)
        if process:
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def new_events(self) -> list[Event]:
        """Events since the last call; a new log is read from its beginning."""
        code = self._child.returncode if self._child is not None else None
        events = self._read_log()
        self.events += events
        for event in events:
            self.state.take(event)
        if code and code > 0 and not self.state.told:  # it failed before its log was there
            self.state.failed = self._last_words() or f"It ended unexpectedly (code {code})."
        return events

    def _last_words(self) -> str:
        """The last line that our process wrote to stderr."""
        try:
            lines = self._stderr.read_text(encoding="utf-8", errors="replace").split("\n")
        except OSError:
            return ""
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return last.removeprefix("llmtui: ")

    def _read_log(self) -> list[Event]:
        try:
            with self.project.tune_log.open("rb") as file:
                inode = os.fstat(file.fileno()).st_ino
                size = os.fstat(file.fileno()).st_size
                if inode != self._inode or size < self._read:
                    self._forget()
                    self._inode = inode
                file.seek(self._read)
                raw = file.read()
        except FileNotFoundError:
            return []
        whole = raw[: raw.rfind(b"\n") + 1]
        self._read += len(whole)
        found = [from_line(line) for line in whole.decode("utf-8", "replace").splitlines()]
        return [event for event in found if event is not None]

    def _forget(self) -> None:
        self.state = TuneState()
        self.events = []
        self.number += 1
        self._read = 0
        self._stopped = ""


def tune_command(project: Project) -> list[str]:
    """The command that tunes a project, as a person would type it."""
    source = str(project.source)
    return [sys.executable, "-m", "llmtui.tui", "tune", source, "--project", str(project.root)]
