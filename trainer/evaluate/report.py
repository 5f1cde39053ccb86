"""The report of a run: what was scored, what was missed, how the loss went. Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from llmtui.trainer.evaluate.judge import Outcome
from llmtui.trainer.evaluate.picture import loss_svg
from llmtui.trainer.evaluate.run import typical_seconds
from llmtui.trainer.evaluate.statistics import Share, share
from llmtui.workspace.events import Progress, from_line
from llmtui.workspace.files import write_text

MOST_MISSES = 40


def losses_of(events_file: Path) -> list[float]:
    """The loss of every step, once each, from a run's events (a resumed run repeats steps)."""
    by_step: dict[int, float] = {}
    try:
        lines = events_file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    for event in map(from_line, lines):
        if isinstance(event, Progress) and event.loss is not None:
            by_step[event.step] = event.loss
    return [by_step[step] for step in sorted(by_step)]


def scores(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Share]]:
    """Group → metric → share; the group "all" comes last."""
    groups = sorted({outcome.case.group for outcome in outcomes})
    table: dict[str, dict[str, Share]] = {}
    for group in [*groups, "all"]:
        mine = [o for o in outcomes if group in (o.case.group, "all")]
        table[group] = {
            metric: share(sum(getattr(o, metric) for o in mine), len(mine))
            for metric in ("strict", "tolerant")
        }
    return table


def write_report(
    folder: Path, results: Mapping[str, Sequence[Outcome]], facts: Mapping[str, str]
) -> Path:
    """Write report.md, report.json and loss.svg into a run folder; returns the report's path.

    results: model name → its outcomes, the tuned model first.
    """
    losses = losses_of(folder / "events.jsonl")
    picture = ""
    if losses:
        write_text(folder / "loss.svg", loss_svg(losses, "Training loss (nats a token)"))
        picture = "\n## Loss\n\n![Training loss by step](loss.svg)\n"
    text = (
        "# Report\n\n"
        + "".join(f"- {name}: {value}\n" for name, value in facts.items())
        + "\n## Execution accuracy\n\n"
        + score_table(results)
        + picture
        + "".join(misses(name, outcomes) for name, outcomes in list(results.items())[:1])
    )
    write_text(folder / "report.json", json.dumps(as_data(results, facts), ensure_ascii=False))
    write_text(folder / "report.md", text)
    return folder / "report.md"


def score_table(results: Mapping[str, Sequence[Outcome]]) -> str:
    """A Markdown table: model, questions, strict and tolerant with 95 % intervals, median time."""
    lines = [
        "| model | questions | right (strict) | right (tolerant) | seconds to SQL, median |",
        "|---|---|---|---|---|",
    ]
    for name, outcomes in results.items():
        for group, metrics in scores(outcomes).items():
            mine = [o for o in outcomes if group in (o.case.group, "all")]
            lines.append(
                f"| {name} | {group} ({len(mine)}) | {percent(metrics['strict'])} "
                f"| {percent(metrics['tolerant'])} | {typical_seconds(mine):.2f} |"
            )
    return "\n".join(lines) + "\n"


def percent(value: Share) -> str:
    interval = f"{value.low * 100:.0f}–{value.high * 100:.0f}"
    return f"{value.value * 100:.1f} % ({value.hits}/{value.of}; {interval})"


def misses(name: str, outcomes: Iterable[Outcome]) -> str:
    """What a model got wrong, one entry a question."""
    wrong = [outcome for outcome in outcomes if not outcome.strict]
    lines = [f"\n## Missed by {name}: {len(wrong)}\n"]
    for outcome in wrong[:MOST_MISSES]:
        lines.append(
            f"- **{_plain(outcome.case.question)}** ({outcome.case.group}): {_plain(outcome.why)}\n"
            f"  - wanted: `{_plain(outcome.case.sql)}`\n"
            f"  - got: `{_plain(outcome.sql)}`"
        )
    if len(wrong) > MOST_MISSES:
        lines.append(f"- … and {len(wrong) - MOST_MISSES} more in report.json")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "'").split())


def as_data(
    results: Mapping[str, Sequence[Outcome]], facts: Mapping[str, str]
) -> dict[str, object]:
    """The report as JSON-able data, every outcome included."""
    return {
        "facts": dict(facts),
        "scores": {
            name: {
                group: {m: vars(s) | {"value": s.value} for m, s in metrics.items()}
                for group, metrics in scores(outcomes).items()
            }
            for name, outcomes in results.items()
        },
        "outcomes": {
            name: [
                {
                    "id": o.case.id,
                    "lang": o.case.lang,
                    "group": o.case.group,
                    "question": o.case.question,
                    "gold": o.case.sql,
                    "sql": o.sql,
                    "strict": o.strict,
                    "tolerant": o.tolerant,
                    "why": o.why,
                    "seconds": round(o.seconds, 3),
                }
                for o in outcomes
            ]
            for name, outcomes in results.items()
        },
    }
