"""The part of a report that tells what training cost, and what it did to what was known before."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from llmtui.trainer.evaluate.render import Table


def training_tables(folder: Path) -> list[Table]:
    """Tables from a run's training.json; none when the run has none."""
    try:
        told: dict[str, Any] = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    rows = [
        (name.replace("_", " "), str(planned), str(told["actual"][name]))
        for name, planned in told["planned"].items()
    ]
    tables = [Table(f"Training ({told['detail']})", ("", "planned", "actual"), rows)]
    losses = [
        (text, f"{math.exp(told[name]['before']):.2f}", f"{math.exp(told[name]['after']):.2f}")
        for name, text in (
            ("general", "general instructions, never learnt (forgetting)"),
            ("held_out", "your own text, held out"),
        )
        if name in told
    ]
    tables.append(Table("Perplexity on what was not learnt", ("", "before", "after"), losses))
    return tables
