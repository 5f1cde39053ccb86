"""What the errors of the product can say, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import llmtui.tui

ROOMS = ("workspace", "database", "trainer", "quantize", "inference", "tui")
ROOT = Path(llmtui.tui.__path__[0]).parent
KINDS = {
    "LlmtuiError", "UsageError", "SourceError", "ModelError", "RecordError", "StorageError",
    "RefusedError", "QueryError", "TimeLimitError", "Interrupted", "ServerError", "Refusal",
    "Fault",
}  # fmt: skip
FILLED = "7"
"""What stands where a sentence has a value."""


@dataclass(frozen=True)
class Raised:
    """An error of one line: all that its parts can be."""

    place: str
    whats: list[str]
    hints: list[str]
    unread: bool
    """Whether a part is not made of strings in the same file."""


class Module:
    """One file of the source."""

    def __init__(self, file: Path) -> None:
        self.name = str(file.relative_to(ROOT))
        self.tree = ast.parse(file.read_text("utf-8"))
        self.values: dict[str, list[ast.expr]] = {}
        """What a name is assigned, anywhere in the file; what a function returns."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self._add(name, value)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self._add(name, value)
                case ast.FunctionDef(name=name):
                    for inner in ast.walk(node):
                        if isinstance(inner, ast.Return) and inner.value is not None:
                            self._add(f"{name}()", inner.value)

    def _add(self, name: str, value: ast.expr) -> None:
        self.values.setdefault(name, []).append(value)

    def raised(self) -> Iterator[Raised]:
        """Every error that is made here, and every part that an error is given later."""
        for node in ast.walk(self.tree):
            place = f"{self.name}:{getattr(node, 'lineno', 0)}"
            match node:
                case ast.Call(func=ast.Name(id=kind), args=[what, *_]) if kind in KINDS:
                    hint = [word.value for word in node.keywords if word.arg == "hint"]
                    whats, hints = self.texts(what), self.texts(*hint)
                    yield Raised(place, whats, hints, not whats or (bool(hint) and not hints))
                case ast.Assign(targets=[ast.Attribute(attr="hint")], value=ast.JoinedStr() as new):
                    yield Raised(place, [], self.texts(new), False)

    def strings(self) -> Iterator[str]:
        """Every string, the values in it filled in."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant | ast.JoinedStr):
                yield from self.texts(node)

    def texts(self, *nodes: ast.expr) -> list[str]:
        """What expressions can be, [] when they are not made of strings in this file."""
        return [text for node in nodes for text in self._texts(node) if text]

    def _texts(self, node: ast.expr, *, follow: bool = True) -> list[str]:
        """follow: whether names, and what is called, are looked up"""
        found: list[ast.expr] = []
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=parts):
                pieces = (self._part(part, follow) for part in parts)
                return ["".join(texts) for texts in product(*pieces)]
            case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Add()):
                return [f"{text}{FILLED}"]
            case ast.IfExp(body=body, orelse=other):
                found = [body, other]
            case ast.Dict(values=values):
                found = values
            case ast.Call(func=ast.Attribute(value=of, attr="get"), args=[_, *default]):
                found = [of, *default]
            case ast.Call(func=ast.Attribute(value=of, attr="replace" | "rstrip")):
                found = [of]
            case ast.Subscript(value=of):
                found = [of]
            case ast.Name(id=name) if follow:
                return [t for v in self.values.get(name, []) for t in self._texts(v, follow=False)]
            case ast.Call(func=ast.Name(id=name)) if follow:
                returned = self.values.get(f"{name}()", [])
                return [text for value in returned for text in self._texts(value, follow=False)]
        return [text for one in found for text in self._texts(one, follow=follow)]

    def _part(self, node: ast.expr, follow: bool) -> list[str]:
        """A piece of an f-string: its own words, the strings that a name stands for, or a value."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None) if follow:
                return self._texts(value) or [FILLED]
        return [FILLED]


def modules() -> list[Module]:
    return [Module(file) for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
