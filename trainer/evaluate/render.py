"""A report's sections as Markdown and as one HTML page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
:root{color-scheme:light dark;--line:#8884}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.3rem .8rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
code{font:14px ui-monospace,monospace;white-space:pre-wrap}
svg{max-width:100%;height:auto}
details{margin:.4rem 0}summary{cursor:pointer}
"""


@dataclass(frozen=True)
class Table:
    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Picture:
    """An SVG picture, which Markdown finds in `file` beside it."""

    title: str
    file: str
    svg: str


@dataclass(frozen=True)
class Entries:
    """Wrong answers one by one: (head, lines of (name, SQL)); `left` more are not shown."""

    title: str
    items: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    left: int = 0


Section = Table | Picture | Entries


def to_markdown(title: str, facts: Sequence[tuple[str, str]], sections: Sequence[Section]) -> str:
    parts = [f"# {title}\n", "\n".join(f"- {name}: {value}" for name, value in facts) + "\n"]
    for section in sections:
        lines = [f"## {section.title}\n"]
        if isinstance(section, Table):
            lines.append(f"| {' | '.join(section.header)} |\n|{'---|' * len(section.header)}")
            lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in section.rows]
        elif isinstance(section, Picture):
            lines.append(f"![{section.title}]({section.file})")
        else:
            for head, told in section.items:
                lines.append(f"- **{_plain(head)}**")
                lines += [f"  - {name}: `{_plain(sql)}`" for name, sql in told]
            if section.left:
                lines.append(f"- … and {section.left} more in report.json")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def to_html(title: str, facts: Sequence[tuple[str, str]], sections: Sequence[Section]) -> str:
    parts = ["<dl>", *(f"<dt>{escape(n)}</dt><dd>{escape(v)}</dd>" for n, v in facts), "</dl>"]
    for section in sections:
        parts.append(f"<h2>{escape(section.title)}</h2>")
        if isinstance(section, Table):
            head = "".join(f"<th>{escape(name)}</th>" for name in section.header)
            rows = "".join(
                f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
                for row in section.rows
            )
            parts.append(f"<table><tr>{head}</tr>{rows}</table>")
        elif isinstance(section, Picture):
            parts.append(section.svg)
        else:
            for head, told in section.items:
                lines = "".join(
                    f"<p>{escape(name)}<br><code>{escape(sql)}</code></p>" for name, sql in told
                )
                parts.append(f"<details><summary>{escape(head)}</summary>{lines}</details>")
            if section.left:
                parts.append(f"<p>… and {section.left} more in report.json</p>")
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{''.join(parts)}"
        "</body></html>\n"
    )


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "'").split())
