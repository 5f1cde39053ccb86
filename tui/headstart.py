"""The head start: built once by whoever maintains llmtui, used where nothing was tuned yet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from llmtui.trainer.headstart import adapter
from llmtui.tui import exporting, pipeline
from llmtui.workspace import paths
from llmtui.workspace.errors import ModelError
from llmtui.workspace.events import Event, Note, Saved
from llmtui.workspace.files import make_dir

if TYPE_CHECKING:
    from llmtui.trainer.headstart.rows import Recipe
    from llmtui.workspace.settings import Settings


@dataclass(frozen=True)
class Build:
    """An adapter to build: where to, from what, for how long."""

    out: Path
    recipe: Recipe
    settings: Settings
    start: Path | None = None
    """An adapter of the same base to go on from."""

    @property
    def folder(self) -> Path:
        """What is made on the way; delete it to start anew."""
        return self.out.with_name(f"{self.out.stem}-build")


def build(job: Build, stopped: Callable[[], bool]) -> Iterator[Event]:
    """Construct, train and pack; run again after an interruption, it goes on where it was.

    Raises what the stages raise.
    """
    from llmtui.quantize.bases import find_base
    from llmtui.trainer.finetune.config import RunConfig
    from llmtui.trainer.headstart.rows import TOGETHER, construct_rows

    run = make_dir(make_dir(job.folder) / "run")
    config = RunConfig(
        base=str(find_base(job.settings.base)),
        instructions=str(job.folder / "instructions.jsonl"),
        schema=job.recipe.schema,
        minutes=job.settings.minutes,
        threads=job.settings.threads,
        batch=TOGETHER if job.recipe.schema == "prompt" else RunConfig.batch,
        seed=job.recipe.seed,
        start=str(job.start or ""),
    )
    if not (run / "adapter").is_dir():
        yield from construct_rows(job.folder, job.recipe)
        config.save(run)
        yield from pipeline.finetune_in_child(run, stopped, -1)
    made = {"recipe": asdict(job.recipe), "minutes": config.minutes, "llmtui": version("llmtui")}
    adapter.write(run / "adapter", job.out, made)
    yield Note(f"{job.out.stat().st_size / 1e6:.1f} MB")
    yield Saved("head start", str(job.out))


def model_of(settings: Settings, tell: Callable[[Event], None]) -> Path | None:
    """The base with its head start as a GGUF, made once and kept in the cache.

    None when the base is not here, or has no head start that reads schemas. Raises ModelError when
    the file made does not answer as it did in training.
    """
    from llmtui.quantize.bases import find_base

    try:
        base = find_base(settings.base)
    except ModelError:
        return None
    head = adapter.find(base)
    if head is None or "/prompt/" not in head.prompt:
        return None
    told = f"{head.base} {head.made} {settings.level}"
    key = hashlib.sha256(told.encode()).hexdigest()[:12]
    folder = paths.headstart_dir() / key
    model = folder / f"{base.stem}-headstart.gguf"
    if not model.is_file():
        tell(Note("Preparing the head start of this base, once"))
        adapter.unpack(head, base, folder / "adapter")
        for event in exporting.quantize(folder, model, settings.level):
            tell(event)
    return model
