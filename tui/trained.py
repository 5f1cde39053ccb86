"""Runs that were trained to their end, and their rounds: which is meant, and how it is called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from llmtui.workspace.errors import ModelError
from llmtui.workspace.project import Project

_ROUND = "round-"
_CHANCE = 0.2
"""How likely, at most, a split of gained and lost answers is by chance that speaks for a round."""
Answers = Mapping[str, bool]
"""Id of a dev row → whether it was answered right."""


def trained_run(project: Project, source: Path, name: str = "") -> Path:
    """The folder of the named or newest run: of its best round, when it has several.

    name: "RUN", or "RUN/round-2" for that very round. Raises ModelError when there is none.
    """
    runs = sorted(project.runs.glob("*/adapter"), reverse=True)
    if not (runs or name):
        raise ModelError(
            "Nothing was trained on this source yet",
            where=str(source),
            hint=f"Train with: llmtui tune {source}",
        )
    run, _, part = (name or runs[0].parent.name).partition("/")
    folder = project.runs / run
    known = {one.name: one for one in rounds(folder)} | {f"{_ROUND}1": folder}
    if not (folder / "adapter").is_dir() or (part and part not in known):
        raise ModelError(f'There is no trained run "{name}"', where=str(project.runs))
    return known[part] if part else best_round(folder)


def base_of(project: Project, source: Path, run: str = "") -> Path:
    """The base that a run, or the newest, was trained on. Raises as `trained_run`."""
    from llmtui.trainer.finetune.config import load_config

    return Path(load_config(trained_run(project, source, run)).base)


def rounds(run: Path) -> list[Path]:
    """The folders of a run's rounds that were trained to their end, the run's own first."""
    return [run, *sorted(adapter.parent for adapter in run.glob(f"{_ROUND}*/adapter"))]


def best_round(run: Path) -> Path:
    """The round that was kept last; the run itself when none helped."""
    best, before = run, answers_of(run)
    for folder in rounds(run)[1:]:
        now = answers_of(folder)
        if helped(before, now):
            best, before = folder, now
    return best


def answers_of(folder: Path) -> Answers:
    """What the model of a round answered right among the dev rows; {} when it was not asked."""
    try:
        known = json.loads((folder / "dev.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def gained_and_lost(before: Answers, now: Answers) -> tuple[int, int]:
    """Dev rows that only the later model answers right, and only the earlier one."""
    both = before.keys() & now.keys()
    return sum(now[i] > before[i] for i in both), sum(now[i] < before[i] for i in both)


def helped(before: Answers, now: Answers) -> bool:
    """Whether a round answers more of the same dev rows, and not by one or two that chance gives:
    four gained and none lost are enough, or nine and three (exact sign test, p at most 0.2)."""
    from llmtui.trainer.evaluate.statistics import sign_test

    gained, lost = gained_and_lost(before, now)
    return gained > lost and sign_test(gained, lost) <= _CHANCE


def run_of(folder: Path) -> Path:
    """The run that a round belongs to; a run itself."""
    return folder.parent if folder.name.startswith(_ROUND) else folder


def name_of(folder: Path) -> str:
    """What `trained_run` finds this very folder by."""
    if run_of(folder) != folder:
        return f"{folder.parent.name}/{folder.name}"
    return f"{folder.name}/{_ROUND}1" if len(rounds(folder)) > 1 else folder.name


def label(folder: Path) -> str:
    """A run, or a round of it, in the names of files: "RUN" or "RUN-round-2"."""
    return folder.name if run_of(folder) == folder else f"{folder.parent.name}-{folder.name}"
