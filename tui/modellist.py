"""The models that are here: bases and tuned ones, with what is known of each."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from llmtui.workspace import paths
from llmtui.workspace.errors import LlmtuiError, UsageError
from llmtui.workspace.project import Project, recent


@dataclass(frozen=True)
class Model:
    """kind: "base" or "tuned"; `path` is None for a starter that was not put together yet.

    run: the folder of the run that made a tuned model, None when it is gone
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
    run = next((r for r in _runs(project) if r.name in file.stem), None)
    scored = run is not None and file.stem.endswith(run.name)
    hits, of = score_of(run) if run is not None and scored else (0, 0)
    source = str(project.source or "")
    return Model(
        file.stem, "tuned", file, file.stat().st_size, source,
        project=project, run=run, score=hits / of if of else None, asked=of,
    )  # fmt: skip


def _runs(project: Project) -> list[Path]:
    return sorted(project.runs.iterdir()) if project.runs.is_dir() else []


def score_of(run: Path, name: str = "tuned") -> tuple[int, int]:
    """(right, asked) of a run's report, strict; (0, 0) when there is none."""
    try:
        data = json.loads((run / "report.json").read_text(encoding="utf-8"))
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
    from llmtui.quantize.levels import LEVELS, predict
    from llmtui.trainer.finetune.config import load_config

    base = Path(load_config(run).base)
    for name, level in LEVELS.items():
        expected = predict(base, level)
        yield name, expected.size, _shares(expected.mix)


def quantize_command(model: Model, level: str) -> list[str]:
    """The command that makes another file of a tuned model, as a person would type it."""
    assert model.project is not None
    assert model.run is not None
    where = ["--project", str(model.project.root), "--run", model.run.name]
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
    folder = paths.models_dir() / ".downloads"
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
