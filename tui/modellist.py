"""The models that are here: bases and tuned ones, with what is known of each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from llmtui.tui.trained import label, name_of, run_of
from llmtui.workspace import paths
from llmtui.workspace.errors import LlmtuiError, UsageError
from llmtui.workspace.project import Project, recent


@dataclass(frozen=True)
class Model:
    """kind: "base" or "tuned"; `path` is None for a starter that was not put together yet.

    run: the folder of the run, or round, that made a tuned model, None when it is gone
    score: strict execution accuracy of its run's report, None when it was not scored
    """

    name: str
    kind: str
    path: Path | None
    size: int
    origin: str
    licence: str = ""
    project: Project | None = None
    score: float | None = None
    asked: int = 0
    run: Path | None = None


def models_here(project: Project | None) -> list[Model]:
    """Tuned models, those of the open project first, then bases."""
    from llmtui.quantize.bases import list_bases

    projects = [project] if project is not None else []
    projects += [p for p in recent(100) if project is None or p.root != project.root]
    found = [
        tuned(one, file)
        for one in projects
        for file in sorted(one.models.glob("*.gguf"), reverse=True)
    ]
    for base in list_bases():
        found.append(Model(base.name, "base", base.path, base.size, base.origin, base.licence))
    return found


def tuned(project: Project, file: Path) -> Model:
    """A tuned model, with its run and, when it is the file that was scored there, its score."""
    fitting = [run for run in _runs(project) if label(run) in file.stem]
    run = max(fitting, key=lambda one: len(label(one)), default=None)
    hits, of = score_of(run_of(run), file=file.name) if run is not None else (0, 0)
    source = str(project.source or "")
    return Model(
        file.stem, "tuned", file, file.stat().st_size, source,
        project=project, run=run, score=hits / of if of else None, asked=of,
    )  # fmt: skip


def _runs(project: Project) -> list[Path]:
    """Every run, and every round of one."""
    return [*project.runs.glob("*"), *project.runs.glob("*/round-*")]


def score_of(run: Path, name: str = "tuned", file: str = "") -> tuple[int, int]:
    """(right, asked) of a run's report, strict; (0, 0) when there is none, or not of `file`."""
    try:
        data = json.loads((run / "report.json").read_text(encoding="utf-8"))
        if file and file != data["facts"][name]:
            return 0, 0
        share = data["scores"][name]["all"]["strict"]
        return int(share["hits"]), int(share["of"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, 0


def mix_text(path: Path) -> str:
    """The types that the weights are really stored in: "Q8_0 82 %, F32 18 %". Raises ModelError."""
    from llmtui.quantize.levels import mix

    return _shares(mix(path))


def _shares(counts: Mapping[str, int]) -> str:
    total = sum(counts.values()) or 1
    shares = ((name, count / total) for name, count in counts.items())
    return ", ".join(f"{name} {share:.0%}" if share >= 0.005 else name for name, share in shares)


def predicted(run: Path) -> Iterator[tuple[str, int, str]]:
    """(level, bytes, mix) of the file that each level would give of a run. Raises LlmtuiError."""
    from llmtui.quantize.adapter import load_adapter
    from llmtui.quantize.levels import LEVELS, predict

    adapter = load_adapter(run / "adapter")
    for name, level in LEVELS.items():
        expected = predict(adapter.base, level, adapter.importance)
        yield name, expected.size, _shares(expected.mix)


def quantize_command(model: Model, level: str) -> list[str]:
    """The command that makes another file of a tuned model, as a person would type it."""
    assert model.project is not None
    assert model.run is not None
    where = ["--project", str(model.project.root), "--run", name_of(model.run)]
    start = [sys.executable, "-m", "llmtui.tui", "quantize", str(model.project.source)]
    return [*start, *where, "--level", level, "--json"]


def use(project: Project, model: Model) -> None:
    """Make a tuned model the one that answers, or a base the one that is tuned next."""
    from llmtui.workspace.settings import save_project

    if model.kind == "base":
        save_project(project.file, base=model.name)
    elif model.project is None or model.project.root != project.root or model.path is None:
        raise UsageError(
            "This model was tuned on another source", where=model.name, hint=f"Open {model.origin}."
        )
    else:
        project.update(model=str(model.path.relative_to(project.root)))


def delete(model: Model) -> None:
    """Delete a tuned model or a base that was added. Raises UsageError for one of a package."""
    added = model.path is not None and model.path.parent == paths.models_dir()
    if model.path is None or (model.kind == "base" and not added):
        raise UsageError(
            "This model belongs to an installed package", hint="Remove it with pip uninstall."
        )
    try:
        model.path.unlink()
    except OSError as error:
        raise LlmtuiError(f"It could not be deleted ({error})", where=str(model.path)) from error


def fetched() -> int:
    """Bytes of the downloads that are not whole yet."""
    size = 0
    for file in (paths.models_dir() / ".downloads").rglob("*"):
        with suppress(OSError):  # moved away since it was listed
            size += file.stat().st_size if file.is_file() else 0
    return size
