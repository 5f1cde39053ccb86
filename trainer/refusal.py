"""The agreed form of an answer that is no SQL: a question that cannot be answered, or not yet.

It is one line that begins as an SQL comment does, so that it is nothing to run wherever it may be
taken for SQL: "-- Nothing here tells the salary of customers.", "-- Which date do you mean: …?"
"""

from __future__ import annotations

_MARK = "--"


def refusal(text: str) -> str:
    """What a model is to answer in the place of SQL."""
    return f"{_MARK} {text}"


def refusal_in(answer: str) -> str:
    """What is told in the place of SQL; '' when an answer is no refusal.

    A comment with anything below it is none: some models begin their SQL with one.
    """
    text = answer.strip()
    if not text.startswith(_MARK) or "\n" in text:
        return ""
    return text.lstrip("-").strip()


def may_be_refusal(begun: str) -> bool:
    """Whether what a model has said so far may become a refusal."""
    text = begun.strip()
    return text.startswith(_MARK[: len(text)]) and "\n" not in text
