"""The demo: a company's database made from a seed, and questions about it written by hand."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from llmtui.database.demo.build import write_demo


def questions_file() -> Path:
    """The hand-written questions with gold SQL; no instruction is ever made from them."""
    with as_file(files(__package__ or "") / "questions.jsonl") as path:
        return path


__all__ = ["questions_file", "write_demo"]
