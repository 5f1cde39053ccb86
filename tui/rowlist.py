"""Instruction rows as the screen lists them: filtered, counted, judged, checked, exchanged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from llmtui.database.execute import Database
from llmtui.database.schema import Schema
from llmtui.database.text import safe_text
from llmtui.tui.charts import bar
from llmtui.tui.texts import catalogue, language, t
from llmtui.tui.verdicts import rows_of
from llmtui.workspace.events import Event, RowDropped
from llmtui.workspace.project import Project
from llmtui.workspace.records import Instruction, save_rows

MARKS = {"new": "·", "accepted": "✓", "rejected": "✗"}
FIELDS = ("origin", "shape", "lang", "status")
_BAR = 24  # cells of a whole bar of the coverage picture
_TOLD = 60  # missing names that are told of an aspect


@dataclass(frozen=True)
class Filter:
    """'' lets everything through; `text` is looked for in question and answer."""

    text: str = ""
    origin: str = ""
    shape: str = ""
    lang: str = ""
    status: str = ""


def filtered(rows: Sequence[Instruction], wanted: Filter) -> list[Instruction]:
    needle = wanted.text.strip().casefold()
    return [
        row
        for row in rows
        if all(getattr(wanted, f) in ("", getattr(row, f)) for f in FIELDS)
        and (not needle or needle in f"{row.question}\n{row.target}".casefold())
    ]


def choices(rows: Sequence[Instruction], field: str) -> list[tuple[str, int]]:
    """Values of a field with how many rows have them, most first."""
    counts = Counter(str(getattr(row, field)) for row in rows)
    return [(value, count) for value, count in counts.most_common() if value]


def named(value: str) -> str:
    """A value of a row's field in the person's language; one without a name there stays."""
    return catalogue(language()).get(f"value_{value}", value)


def summary(rows: Sequence[Instruction], shown: int) -> str:
    """How many rows there are, of which language, split and status."""
    parts = [t("rows_shown", shown=f"{shown:,}", rows=f"{len(rows):,}")]
    for field in ("lang", "split", "status"):
        found = choices(rows, field)
        parts.append(", ".join(f"{named(value)} {count:,}" for value, count in found))
    return " · ".join(part for part in parts if part)


def judged(project: Project, id: str, status: str) -> list[Instruction]:
    """All rows after one got a status; the same status again takes it back. Saved."""
    from llmtui.trainer.instructions.splits import in_one_split

    rows = rows_of(project)
    for place, row in enumerate(rows):
        if row.id == id:
            rows[place] = replace(row, status="new" if row.status == status else status)
    rows = in_one_split(rows)
    save_rows(project.instructions, rows)
    return rows


def checked(database: Database, row: Instruction) -> tuple[Instruction | None, str]:
    """The row as its checks leave it, with hints of its question; else None, and why."""
    from llmtui.trainer.instructions.check import check_rows

    if not row.question.strip() or not row.target.strip():
        return None, t("row_incomplete")
    events: list[Event] = []
    kept = check_rows(database, [row], events.append)
    if kept:
        return kept[0], ""
    return None, next(e.reason for e in events if isinstance(e, RowDropped))


def imported(database: Database, project: Project, file: Path) -> tuple[int, int]:
    """Add the rows of a file after the checks; (kept, dropped). Raises RecordError."""
    from llmtui.trainer.instructions.check import check_rows
    from llmtui.trainer.instructions.exchange import import_rows, joined

    given = import_rows(file)
    kept = check_rows(database, given, lambda _event: None)
    save_rows(project.instructions, joined(kept, rows_of(project)))
    return len(kept), len(given) - len(kept)


def exported(file: Path, rows: Sequence[Instruction]) -> None:
    """Write rows in the shape that the file's name asks for. Raises StorageError."""
    from llmtui.trainer.instructions.exchange import export_rows

    export_rows(file, rows)


def coverage_text(rows: Sequence[Instruction], schema: Schema, languages: Sequence[str]) -> Text:
    """A bar an aspect: what the rows show of what could be asked; then what is missing."""
    from llmtui.trainer.instructions.coverage import coverage

    shares = coverage(rows, schema, languages)
    names = [t(f"covered_{share.aspect}") for share in shares]
    side = max(map(cell_len, names))
    text = Text(f"{t('coverage_help')}\n\n", style="dim")
    for name, share in zip(names, shares, strict=True):
        full = bar(share.share, _BAR)
        text.append(f"{set_cell_size(name, side)}  ", style="not dim")
        text.append(full, style="not dim bright_blue")
        text.append("░" * (_BAR - len(full)))
        text.append(f" {share.seen:,}/{len(share.possible):,}\n", style="not dim")
    for name, share in zip(names, shares, strict=True):
        if share.missing:
            text.append(f"\n{t('not_covered', what=name)} ", style="not dim bold")
            told = safe_text(", ".join(share.missing[:_TOLD]))
            text.append(told + (" …" if len(share.missing) > _TOLD else ""), style="not dim")
    return text


def row_text(row: Instruction) -> Text:
    """A row in full: question, SQL, what was checked, where it belongs."""
    text = Text(f"{MARKS[row.status]} {safe_text(row.question)}\n", style="bold")
    text.append(f"{safe_text(row.target)}\n", style="not bold")
    kinds = map(named, (row.origin, row.shape, row.difficulty, row.split))
    facts = [row.id, *kinds, " ".join(row.checks)]
    text.append(" · ".join(safe_text(fact) for fact in facts if fact), style="dim not bold")
    return text
