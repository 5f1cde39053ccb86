"""The runs of a project: what each was asked to do, how its loss went, what it scored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from llmtui.tui.modellist import score_of
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.project import Project


@dataclass(frozen=True)
class Run:
    """right, base_right: (right, asked) of the tuned model and of its base, (0, 0) unscored."""

    name: str
    base: str
    minutes: float
    languages: str
    level: str
    steps: int
    loss: float | None
    right: tuple[int, int]
    base_right: tuple[int, int]
    state: str
    """"scored", "trained" or "unfinished"."""


def runs_of(project: Project) -> list[Run]:
    """Newest first; a folder that is no run is left out."""
    if not project.runs.is_dir():
        return []
    found = (read_run(folder) for folder in sorted(project.runs.iterdir(), reverse=True))
    return [run for run in found if run is not None]


def read_run(folder: Path) -> Run | None:
    from llmtui.trainer.evaluate.report import losses_of
    from llmtui.trainer.finetune.config import load_config

    try:
        config = load_config(folder)
    except LlmtuiError:
        return None
    losses = losses_of(folder / "events.jsonl")
    last = losses[-20:]
    trained = (folder / "adapter").is_dir()
    scored = (folder / "report.json").is_file()
    return Run(
        name=folder.name,
        base=Path(config.base).stem,
        minutes=config.minutes,
        languages=config.languages,
        level=config.level,
        steps=len(losses),
        loss=sum(last) / len(last) if last else None,
        right=score_of(folder),
        base_right=score_of(folder, "base"),
        state="scored" if scored else "trained" if trained else "unfinished",
    )


def share_text(share: tuple[int, int]) -> str:
    """ "63 % (76/120)", '' when nothing was asked."""
    hits, of = share
    return f"{hits / of:.0%} ({hits}/{of})" if of else ""


def difference(one: Run, other: Run) -> list[tuple[str, str, str]]:
    """(field, value of one, value of the other) of everything known, for a table."""
    rows = []
    for field in ("name", "base", "minutes", "languages", "level", "steps", "loss", "right",
                  "base_right"):  # fmt: skip
        pair = []
        for run in (one, other):
            value = getattr(run, field)
            if isinstance(value, tuple):
                pair.append(share_text(value))
            else:
                pair.append(f"{value:.3f}" if field == "loss" and value is not None else str(value))
        rows.append((field, pair[0], pair[1]))
    return rows
