"""The report of a run: what was scored, what was missed, how the loss went."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from llmtui.trainer.evaluate.cost import training_tables
from llmtui.trainer.evaluate.judge import Outcome
from llmtui.trainer.evaluate.misses import KINDS
from llmtui.trainer.evaluate.picture import loss_svg
from llmtui.trainer.evaluate.render import (
    Entries,
    Picture,
    Section,
    Table,
    to_html,
    to_markdown,
)
from llmtui.trainer.evaluate.run import typical_seconds
from llmtui.trainer.evaluate.statistics import Paired, Share, paired, share
from llmtui.workspace.events import Progress, from_line
from llmtui.workspace.files import write_text

MOST_MISSES = 40
_LEAST = (0.0, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9)


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
    folder: Path,
    results: Mapping[str, Sequence[Outcome]],
    facts: Mapping[str, str],
    rounds: Sequence[tuple[str, ...]] = (),
) -> Path:
    """Write report.md, .html and .json, and loss.svg, into a folder; returns report.md's path.

    results: model name → its outcomes; the first one's misses are shown
    rounds: (number, dev rows right, kept or dropped) of every round of training
    """
    sections: list[Section] = [score_table(results), *compared(results)]
    if rounds:
        sections.append(Table("Rounds", ("round", "dev rows right", "outcome"), rounds))
    sections += training_tables(folder)
    losses = losses_of(folder / "events.jsonl")
    if losses:
        svg = loss_svg(losses, "Training loss (nats a token)")
        write_text(folder / "loss.svg", svg)
        sections.append(Picture("Training loss by step", "loss.svg", svg))
    name, outcomes = next(iter(results.items()))
    sections += [*reliability(name, outcomes)]
    sections += [*by_kind_of_question(name, outcomes), kinds_of_misses(name, outcomes),
                 misses(name, outcomes)]  # fmt: skip
    told = list(facts.items())
    write_text(folder / "report.json", json.dumps(as_data(results, facts), ensure_ascii=False))
    write_text(folder / "report.html", to_html("Report", told, sections))
    write_text(folder / "report.md", to_markdown("Report", told, sections))
    return folder / "report.md"


def score_table(results: Mapping[str, Sequence[Outcome]]) -> Table:
    """Model, questions, strict and tolerant with 95 % intervals, median time."""
    rows = []
    for name, outcomes in results.items():
        for group, metrics in scores(outcomes).items():
            mine = [o for o in outcomes if group in (o.case.group, "all")]
            rows.append((
                name, f"{group} ({len(mine)})", percent(metrics["strict"]),
                percent(metrics["tolerant"]), str(sum(o.lucky for o in mine)),
                f"{typical_seconds(mine):.2f}",
            ))  # fmt: skip
    header = ("model", "questions", "right (strict)", "right (tolerant)",
              "right by luck, counted as wrong", "seconds to SQL, median")  # fmt: skip
    return Table("Execution accuracy", header, rows)


def percent(value: Share) -> str:
    interval = f"{value.low * 100:.0f}–{value.high * 100:.0f}"
    return f"{value.value * 100:.1f} % ({value.hits}/{value.of}; {interval})"


def pair(results: Mapping[str, Sequence[Outcome]], metric: str) -> Paired | None:
    """The first two models compared on the cases that both were asked; None with one model."""
    if len(results) < 2:
        return None
    first, second = ({o.case.id: getattr(o, metric) for o in outcomes}
                     for outcomes in list(results.values())[:2])  # fmt: skip
    both = [id for id in first if id in second]
    return paired([first[id] for id in both], [second[id] for id in both])


def compared(results: Mapping[str, Sequence[Outcome]]) -> list[Table]:
    rows = []
    for metric in ("strict", "tolerant"):
        found = pair(results, metric)
        if found is not None and found.of:
            d = found.difference
            rows.append((metric, str(found.of), str(found.only_first), str(found.only_second),
                         f"{d.value * 100:+.1f} ({d.low * 100:+.1f} to {d.high * 100:+.1f})",
                         f"{found.p:.3g}"))  # fmt: skip
    names = list(results)[:2]
    header = ("", "same questions", *(f"only {name} right" for name in names),
              "difference in points, 95 %", "p, exact sign test")  # fmt: skip
    return [Table(" against ".join(names), header, rows)] if rows else []


def reliability(name: str, outcomes: Sequence[Outcome]) -> list[Table]:
    """How often answers of at least some confidence are right, and how many of them there are."""
    sure = [o for o in outcomes if o.confidence is not None]
    rows = []
    for least in _LEAST:
        shown = [o for o in sure if (o.confidence or 0.0) >= least]
        if shown:
            right = share(sum(o.strict for o in shown), len(shown))
            rows.append((f"{least:g}", percent(right), percent(share(len(shown), len(outcomes)))))
    header = ("least_confidence", "of those shown right (strict)", "of all shown")
    return [Table(f"{name} by confidence", header, rows)] if rows else []


def by_kind_of_question(name: str, outcomes: Sequence[Outcome]) -> list[Table]:
    """Strict and tolerant by shape, difficulty and language."""
    tables = []
    for field in ("shape", "difficulty", "lang"):
        parts: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            parts.setdefault(getattr(outcome.case, field), []).append(outcome)
        rows = [
            (part or "unknown", *(percent(share(sum(getattr(o, m) for o in mine), len(mine)))
                                  for m in ("strict", "tolerant")))
            for part, mine in sorted(parts.items())
        ]  # fmt: skip
        title = {"lang": "language"}.get(field, field)
        tables.append(Table(f"{name} by {title}", (title, "strict", "tolerant"), rows))
    return tables


def kinds_of_misses(name: str, outcomes: Sequence[Outcome]) -> Table:
    """How often each kind of miss occurs (one answer may have several), with one example."""
    found: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        for kind in outcome.kinds:
            found.setdefault(kind, []).append(outcome)
    rows = [
        (kind, str(len(found[kind])), found[kind][0].case.question, found[kind][0].sql)
        for kind in KINDS
        if kind in found
    ]
    return Table(f"What is wrong in {name}'s misses", ("kind", "misses", "for one", "got"), rows)


def misses(name: str, outcomes: Iterable[Outcome]) -> Entries:
    """What a model got wrong, one entry a question."""
    wrong = [outcome for outcome in outcomes if not outcome.strict]
    items = [
        (f"{o.case.question} ({o.case.group}; {', '.join(o.kinds)}): {o.why}",
         (("wanted", o.case.sql), ("got", o.sql)))
        for o in wrong[:MOST_MISSES]
    ]  # fmt: skip
    title = f"Missed by {name}: {len(wrong)}"
    return Entries(title, items, max(0, len(wrong) - MOST_MISSES))


def as_data(
    results: Mapping[str, Sequence[Outcome]], facts: Mapping[str, str]
) -> dict[str, object]:
    """The report as JSON-able data, every outcome included."""
    comparison = {metric: pair(results, metric) for metric in ("strict", "tolerant")}
    return {
        "facts": dict(facts),
        "scores": {
            name: {
                group: {m: vars(s) | {"value": s.value} for m, s in metrics.items()}
                for group, metrics in scores(outcomes).items()
            }
            for name, outcomes in results.items()
        },
        "paired": {m: dataclasses.asdict(p) for m, p in comparison.items() if p is not None},
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
                    "lucky": o.lucky,
                    "kinds": o.kinds,
                    "shape": o.case.shape,
                    "difficulty": o.case.difficulty,
                    "seconds": round(o.seconds, 3),
                    "confidence": o.confidence,
                    "likelihood": o.likelihood,
                }
                for o in outcomes
            ]
            for name, outcomes in results.items()
        },
    }
