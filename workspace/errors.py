"""The one family of errors that a person may see.

    LlmtuiError          exit 1   something a person asked for failed
    ├── UsageError       exit 2   the command line or a setting is wrong
    ├── SourceError      exit 3   a database or data file cannot be opened
    ├── ModelError       exit 3   a model file cannot be found, read or trusted
    ├── RecordError      exit 2   a line of a data file is not a valid row
    ├── StorageError     exit 1   the disk refused (full, read-only)
    ├── RefusedError     exit 1   the guard said no to a statement, and why
    ├── QueryError       exit 1   a statement does not bind or does not run
    ├── TimeLimitError   exit 4   out of time
    └── Interrupted      exit 130 stopped by the person

Each says what happened, where, and what to do; no traceback reaches the screen.
"""

from __future__ import annotations


class LlmtuiError(Exception):
    """`what` happened, `where` (a file, line or name), and a `hint` at what to do next."""

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        end = "" if self.what.endswith((".", "!", "?", "。")) else "."
        return f"{place}{self.what}{end}" + (f" {self.hint}" if self.hint else "")


class UsageError(LlmtuiError):
    exit_code = 2


class SourceError(LlmtuiError):
    exit_code = 3


class ModelError(LlmtuiError):
    exit_code = 3


class RecordError(LlmtuiError):
    exit_code = 2


class StorageError(LlmtuiError):
    exit_code = 1


class RefusedError(LlmtuiError):
    exit_code = 1


class QueryError(LlmtuiError):
    exit_code = 1


class TimeLimitError(LlmtuiError):
    exit_code = 4


class Interrupted(LlmtuiError):
    exit_code = 130

    def __init__(self, what: str = "Stopped", *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where=where, hint=hint)
