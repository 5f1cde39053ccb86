"""What a tune may cost, in plain words: choices before it starts, plan and progress after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from llmtui.database.text import safe_text
from llmtui.tui.commands.common import duration
from llmtui.tui.runlist import share_text
from llmtui.tui.texts import own_words, t
from llmtui.workspace.errors import LlmtuiError
from llmtui.workspace.events import Planned, Progress, Scored
from llmtui.workspace.settings import Settings

FIELDS = ("minutes", "base", "languages", "level")
"""Settings that the tune screen offers."""


def offers(name: str, settings: Settings) -> list[tuple[str, str]]:
    """(words, value) of the choices for a setting, the one in force among them."""
    now = str(getattr(settings, name))
    if name == "minutes":
        found = [(t(f"minutes_{n}"), f"{float(n)}") for n in (3, 8, 30)]
    elif name == "base":
        found = [(safe_text(base), base) for base in _bases()]
    elif name == "languages":
        found = [(t("only_en"), "en"), (t("only_zh"), "zh"), (t("both_languages"), "en,zh")]
    else:
        found = _levels()
    if now not in [value for _, value in found]:
        found.insert(0, (f"{safe_text(now)} {t('min')}" if name == "minutes" else now, now))
    return found


def _bases() -> list[str]:
    from llmtui.quantize.bases import list_bases

    try:
        return [base.name for base in list_bases()]
    except LlmtuiError:
        return []  # the setting itself is offered; starting tells what is wrong


def _levels() -> list[tuple[str, str]]:
    from llmtui.quantize.levels import LEVELS

    return [(t("level_of", name=n, bits=f"{level.bits:g}"), n) for n, level in LEVELS.items()]


def plan_text(plan: Planned | None) -> str:
    """What training will cost, '' before it is known."""
    if plan is None:
        return ""
    text = t(
        "plan",
        rows=f"{plan.rows:,}",
        steps=f"{plan.steps:,}",
        minutes=f"{plan.minutes:.0f}",
        memory=f"{plan.memory_gb:.1f}",
        rate=f"{plan.tokens_per_second:,.0f}",
    )
    return text if plan.fits else f"{text} {safe_text(plan.advice)}"


def accuracy_text(scores: Sequence[Scored]) -> str:
    """Held-out questions right (strict) by contestant, '' before any was scored."""
    hits, asked = Counter[str](), Counter[str]()
    for score in scores:
        if score.metric == "strict":
            name = score.name.partition(" · ")[0]
            hits[name] += score.hits
            asked[name] += score.of
    names = {name: safe_text(own_words(name)) for name in asked}
    told = (f"{names[name]} {share_text((hits[name], asked[name]))}" for name in asked)
    return t("held_out_right", scores=", ".join(told)) if asked else ""


def progress_text(step: Progress) -> str:
    """Step, loss, speed, time left."""
    steps = f"{step.step}/{step.of}" if step.of else own_words(f"{step.step} {step.unit}")
    parts = [steps.strip()]
    if step.loss is not None:
        parts.append(f"{t('loss')} {step.loss:.3f}")
    if step.rate is not None:
        parts.append(own_words(f"{step.rate:.1f} {step.unit}/s"))
    if step.seconds_left is not None:
        parts.append(t("left", time=own_words(duration(step.seconds_left))))
    return "   ".join(parts)
