"""The log: tracebacks of what should not have happened, which no screen shows."""

from __future__ import annotations

import traceback
from pathlib import Path

from llmtui.workspace import paths


def log_failure(error: BaseException) -> Path:
    """Write the traceback, without values of variables, to the log file; returns its path."""
    file = paths.log_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out:
            out.write("".join(traceback.format_exception(error)) + "\n")
    except OSError:
        traceback.print_exception(error)
    return file
