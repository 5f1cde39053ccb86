"""An answer in words and signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from llmtui.tui.texts import language, own_words, t

if TYPE_CHECKING:
    from llmtui.inference.answer import Answer


def result_line(answer: Answer, *, chart: bool) -> str:
    """Rows, seconds, confidence and what else a person should know of a result."""
    from llmtui.inference.answer import CUT

    counted = "result_one" if answer.row_count == 1 else "result_line"
    line = t(counted, rows=f"{answer.row_count:,}", seconds=answer.seconds)
    if answer.confidence is not None:
        line += f" · {t('confidence', share=f'{answer.confidence:.0%}')}"
    line += t("cut") if answer.truncated else ""
    line += f" · {t('has_chart')}" if chart else ""
    told = "" if answer.message == CUT.format(rows=answer.row_count) else own_words(answer.message)
    return f"{line}  {told}".strip()


def read_back(answer: Answer) -> str:
    """The SQL in plain words, '' when it cannot be read."""
    from llmtui.inference.reading import reading

    return reading(answer.sql, language())


def badges(answer: Answer) -> Text:
    """The four checks in words and signs, not by colour alone; nothing when there was no SQL."""
    text = Text()
    if not answer.sql:
        return text
    for name in ("parsed", "read_only", "bound", "ran"):
        good = getattr(answer.checks, name)
        text.append(f"{'✓' if good else '✗'} {t(name)}  ", style="green" if good else "red")
    return text
