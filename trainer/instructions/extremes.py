"""The most and the least of a column, in words: "longest", "the most populous", 最贵."""

from __future__ import annotations

from functools import cache

from llmtui.trainer.instructions.meanings import superlatives_for
from llmtui.trainer.instructions.phrases import Phrase
from llmtui.trainer.instructions.templates import data
from llmtui.trainer.instructions.things import Field

_LATE = Phrase(("latest", "most recent"), ("最晚", "最近"))
_EARLY = Phrase(("earliest", "oldest", "first"), ("最早",))
_SIZES = frozenset(["largest", "biggest", "smallest", "最大", "最小"])


def is_time(item: Field) -> bool:
    """Whether a column holds dates, or years as numbers."""
    return item.kind == "date" or (item.words.year and _is_year(item.column.minimum))


def _is_year(value: object) -> bool:
    return isinstance(value, int | float) and 1000 <= value <= 3000


def number_extreme(*, high: bool) -> Phrase:
    """ "highest" / "最高", of any number."""
    return _of("number", high=high)


def extreme(item: Field, *, high: bool) -> Phrase:
    """What is said of a column's most or least before its name: "longest" of a duration, "most"
    of a population, "latest" of a date."""
    if is_time(item):
        return _LATE if high else _EARLY
    names = [key for name in item.words.en for key in (name, name.rpartition(" ")[2])]
    known = data("glossary")["extremes"]
    key = next((name for name in names if name in known), "")
    if not key and item.words.counts:
        key = "count"
    elif not key and item.words.money:
        key = "amount"
    return _of(key or "number", high=high)


@cache
def _of(key: str, *, high: bool) -> Phrase:
    en, zh = (part.split(",") for part in data("glossary")["extremes"][key].split("|"))
    half = slice(0, None, 2) if high else slice(1, None, 2)
    return Phrase(tuple(en[half]), tuple(zh[half]))


def superlative(item: Field, *, high: bool) -> Phrase:
    """What rows with the most or the least of a column are called: "oldest", "the cheapest"."""
    english, chinese = superlatives_for(item.words, high=high)
    if _sized(item):
        english, chinese = (
            tuple(w for w in said if w not in _SIZES) for said in (english, chinese)
        )
    if is_time(item):
        if "done" in item.happened:
            (happened,), (done,) = item.happened["done"].en, item.happened["done"].zh
        else:
            happened = done = ""
        if happened == "born":
            return Phrase(("youngest",) if high else ("oldest",),
                          ("最年轻", "年龄最小") if high else ("最年长", "年龄最大"))  # fmt: skip
        english, chinese = (), ()
        if item.only:
            english = (
                ("newest", "latest", "most recent") if high else ("oldest", "earliest", "first")
            )
            chinese = ("最新", "最近", "最晚") if high else ("最早",)
        if happened:
            english += (f"most recently {happened}",) if high else (f"first {happened}",)
            chinese += (f"最近{done}", f"最后{done}") if high else (f"最早{done}", f"最先{done}")
    return Phrase(tuple(english), tuple(chinese))


def _sized(item: Field) -> bool:
    """Whether the rows have a size besides this column: "the largest" is said of that then."""
    names = {part for column in item.table.columns for part in column.name.lower().split("_")}
    return item.words.key.endswith("population") and bool({"area", "size"} & names)
