"""A project: the folder that keeps everything made for one source.

project.toml          source, schema fingerprint, languages, model in use
instructions.jsonl    one row a line
rewrites.jsonl        which rows were rewritten, or tried, in which way and by which model
runs/<time>/          run.toml  events.jsonl  checkpoint/  adapter/  report.md  report.html
tune.jsonl            events of the last tune
evaluations/<time>/   report.md  report.html  report.json, of `llmtui eval`
models/<name>.gguf    carries prompt identity, schema fingerprint, run, base
history.db            questions asked, SQL, verdicts, chats
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import tomlkit

from llmtui.workspace import paths
from llmtui.workspace.errors import SourceError
from llmtui.workspace.files import make_dir, write_text


@dataclass(frozen=True)
class Project:
    """A project folder; reading and writing its small file of facts."""

    root: Path

    @property
    def file(self) -> Path:
        return self.root / "project.toml"

    @property
    def instructions(self) -> Path:
        return self.root / "instructions.jsonl"

    @property
    def rewrites(self) -> Path:
        """What was tried of rewriting rows, a line each, so that it is not tried again."""
        return self.root / "rewrites.jsonl"

    @property
    def glossary(self) -> Path:
        """What people call things in this database; written by the person."""
        return self.root / "glossary.toml"

    @property
    def schema_text(self) -> Path:
        """The schema as a prompt shows it, for training that learns from it."""
        return self.root / "schema.txt"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def tune_log(self) -> Path:
        """Events of the tune that runs, or ran last: the app follows it."""
        return self.root / "tune.jsonl"

    @property
    def history(self) -> Path:
        return self.root / "history.db"

    def facts(self) -> dict[str, Any]:
        """What project.toml holds; {} when it is new. Raises SourceError when it is damaged."""
        try:
            return tomllib.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (ValueError, OSError) as error:
            raise SourceError(
                f"The project file is damaged ({error})",
                where=str(self.file),
                hint="Mend it with an editor, or name another folder with --project.",
            ) from error

    def update(self, **changes: str) -> None:
        """Write facts; other keys, order and comments in the file survive."""
        try:
            document = tomlkit.parse(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            document = tomlkit.document()
        for key, value in changes.items():
            document[key] = value
        write_text(self.file, tomlkit.dumps(document))

    @property
    def source(self) -> Path | None:
        value = self.facts().get("source")
        return Path(str(value)) if value else None

    @property
    def model(self) -> Path | None:
        """The GGUF in use, when one was made and is still there."""
        value = self.facts().get("model")
        path = self.root / value if value else None
        return path if path is not None and path.is_file() else None

    def latest_run(self) -> Path | None:
        """The newest run folder by name (names are times)."""
        if not self.runs.is_dir():
            return None
        found = sorted(p for p in self.runs.iterdir() if p.is_dir() and not p.name.startswith("."))
        return found[-1] if found else None

    def new_run(self) -> Path:
        return self._new(self.runs)

    def new_evaluation(self) -> Path:
        """A folder for the report of `llmtui eval`."""
        return self._new(self.root / "evaluations")

    def _new(self, folder: Path) -> Path:
        """A new folder below `folder`, named after the time."""
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        made = folder / stamp
        number = 2
        while made.exists():
            made = folder / f"{stamp}-{number}"
            number += 1
        make_dir(self.root)
        make_dir(folder)
        return make_dir(made)


def project_for(source: Path, folder: Path | None = None) -> Project:
    """The project of `source`: in `folder`, else in its place under the data folder.

    Two sources never share a default folder: its name ends in a hash of the source's full path.
    """
    full = paths.full_path(source)
    if folder is not None:
        project = Project(paths.typed_path(folder).absolute())
        kept = project.source
        if kept is not None and kept != full:
            raise SourceError(
                f"This project belongs to {kept}, not to {full}",
                where=str(project.root),
                hint="Name another folder with --project.",
            )
    else:
        stem = re.sub(r"[^\w-]+", "_", full.stem)[:40] or "source"
        digest = hashlib.sha256(str(full).encode()).hexdigest()[:8]
        project = Project(paths.projects_dir() / f"{stem}-{digest}")
    return project


def start(project: Project, source: Path) -> None:
    """Create the folder and its facts when they are not there yet."""
    make_dir(project.root)
    if not project.file.exists():
        project.update(source=str(paths.full_path(source)))


def recent(limit: int = 10) -> list[Project]:
    """Projects below the data folder whose source still exists, newest first. One that cannot be
    read is left out: it is told where it is opened."""
    root = paths.projects_dir()
    files = sorted(root.glob("*/project.toml"), key=lambda p: p.stat().st_mtime, reverse=True)
    return list(islice(filter(_open_again, (Project(file.parent) for file in files)), limit))


def _open_again(project: Project) -> bool:
    """Whether the source of a project can be found."""
    try:
        source = project.source
        return source is not None and source.exists()
    except (SourceError, OSError):
        return False
