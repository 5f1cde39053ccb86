"""What people call the tables, columns and values of a database, in English and Chinese.

Words come from comments (`English / 中文（别名）`), from identifiers, and from a glossary.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from llmtui.database.keys import singular, words
from llmtui.database.schema import Column, Table

_HAN = re.compile(r"[\u3400-\u9fff]")
_UNITS = {
    "元",
    "美元",
    "万元",
    "人民币",
    "个",
    "件",
    "小时",
    "天",
    "米",
    "公里",
    "千克",
    "岁",
    "月",
}
_TAILS = {"id", "no", "num"}
_IN_UNIT = r" in (?:yuan|rmb|cny|dollars|usd|euros?|kg|km|meters|metres|hours|minutes|percent|%).*"


@cache
def data(name: str) -> dict[str, Any]:
    """A data file of the package `shapes`, parsed."""
    text = files("llmtui.trainer.instructions.shapes").joinpath(f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True)
class Words:
    """Names of one thing, the most usual first. English nouns are singular."""

    en: tuple[str, ...]
    zh: tuple[str, ...]
    person: bool = False
    money: bool = False

    @property
    def key(self) -> str:
        return self.en[0].lower()


@cache
def _people() -> frozenset[str]:
    return frozenset(data("glossary")["person"].split())


@cache
def _glossary() -> dict[str, tuple[str, ...]]:
    """English word or phrase → Chinese words; a column's meaning comes before a table's."""
    found: dict[str, tuple[str, ...]] = {}
    for part in ("columns", "nouns"):
        for word, chinese in data("glossary")[part].items():
            found.setdefault(word, tuple(chinese.split()))
    return found


@cache
def _nouns() -> dict[str, tuple[str, ...]]:
    return {word: tuple(text.split()) for word, text in data("glossary")["nouns"].items()}


def table_words(table: Table) -> Words:
    """Names of the rows of a table."""
    parts = [part for part in words(table.name) if part not in ("tbl", "table", "dim", "fact", "t")]
    parts = parts or words(table.name) or [table.name]
    english = " ".join([*parts[:-1], singular(parts[-1])])
    said_en, said_zh = _comment(table.comment)
    known = _nouns().get(english) or _nouns().get(parts[-1]) if len(parts) == 1 else None
    known = known or _nouns().get(english) or ()
    chinese = _unique([*(_strip_table(text) for text in said_zh), *known]) or _translate(english)
    names = [english]
    if said_en and len(said_en.split()) <= 2 and not _HAN.search(said_en):
        names.append(
            " ".join([*said_en.lower().split()[:-1], singular(said_en.lower().split()[-1])])
        )
    names += data("glossary")["english"].get(english, "").split("|")
    person = singular(parts[-1]) in _people() or english in _people()
    if _HAN.search(table.name):
        chinese = _unique([_strip_table(table.name), *chinese])
        names = [_strip_table(table.name)] + [name for name in names if not _HAN.search(name)]
    return Words(_unique(names), chinese, person=person)


def _strip_table(text: str) -> str:
    return text[:-1] if len(text) > 2 and text.endswith("表") else text


def column_words(table: Table, column: Column) -> Words:
    """Names of a column."""
    parts = words(column.name) or [column.name]
    owner = {singular(word) for word in words(table.name)}
    short = [part for part in parts if singular(part) not in owner] or parts
    if len(short) > 1 and short[-1] in _TAILS:
        short = short[:-1]
    if len(short) > 1 and short[-1] in ("on", "at"):
        short = [short[0], "date"] if short[0].endswith("ed") else short[:-1]
    english = " ".join(short)
    said_en, said_zh = _comment(column.comment)
    names = [english, " ".join(parts)]
    if said_en and len(said_en.split()) <= 3:
        names.insert(0, said_en.lower())
    names += data("glossary")["english"].get(english, "").split("|")
    owner_zh = table_words(table)
    chinese = list(said_zh)
    for text in said_zh:
        chinese += [text.removeprefix(own) for own in owner_zh.zh if len(text) > len(own) + 1]
    chinese += _glossary().get(english, ()) or _glossary().get(" ".join(parts), ())
    if owner_zh.person and english in ("name", "full name"):
        chinese = ["姓名", *[text for text in chinese if text != "名称"]]
    if _HAN.search(column.name):
        chinese = [column.name, *chinese]
        names = [column.name, said_en.lower()]
    money = column.kind == "number" and (
        any(part in _money() for part in parts) or "元" in column.comment
    )
    chinese_words = _unique(chinese) or _translate(english)
    return Words(_unique(names), chinese_words, money=money)


@cache
def _money() -> frozenset[str]:
    return frozenset(data("glossary")["money"]["words"].split())


def _comment(comment: str) -> tuple[str, tuple[str, ...]]:
    """The English name and the Chinese names that a comment gives."""
    english, chinese = "", []
    for part in re.split(r"\s*[/|;；]\s*", comment):
        if _HAN.search(part):
            head, _, rest = part.partition("（") if "（" in part else part.partition("(")
            texts = [head, *re.split(r"[、，,）)]", rest)]
            for text in texts:
                plain = re.split(r"[：:。]", text.strip())[0]
                if plain and plain not in _UNITS and len(plain) <= 8 and _HAN.search(plain):
                    chinese.append(plain)
        elif part and not english:
            english = re.sub(_IN_UNIT, "", re.split(r"[:,.(]| of | to ", part)[0].strip())
    return english, tuple(chinese)


def _translate(english: str) -> tuple[str, ...]:
    """Chinese for an English phrase, whole or word by word; the English itself when unknown."""
    glossary = _glossary()
    if english in glossary:
        return glossary[english]
    parts = english.split()
    found = [glossary.get(singular(part), glossary.get(part, ("",)))[0] for part in parts]
    return ("".join(found),) if all(found) else (english,)


def _unique(texts: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def verb_for(column: Words) -> tuple[str, str]:
    """What happened on a date column's day: (English participle, Chinese verb) or two blanks."""
    verbs = data("glossary")["verbs"]
    for name in column.en:
        for word in name.split():
            if word in verbs:
                english, chinese = verbs[word].split("|")
                return english, chinese
    return "", ""


def superlatives_for(column: Words) -> tuple[tuple[str, str], tuple[str, str]]:
    """((English high, low), (Chinese high, low)) for a number column, blanks when not known."""
    known = data("glossary")["superlatives"]
    for name in column.en:
        if name in known:
            english, chinese = (part.split(",") for part in known[name].split("|"))
            return (english[0], english[1]), (chinese[0], chinese[1])
    return ("", ""), ("", "")


def events_for(table: Words) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a parent of such rows did: English participle phrases and Chinese verb phrases."""
    text = data("glossary")["events"].get(table.key, "|")
    english, chinese = (tuple(p for p in part.split(",") if p) for part in text.split("|"))
    return english, chinese


def plural(noun: str) -> str:
    """English plural of the last word of a noun phrase; Chinese stays as it is."""
    if _HAN.search(noun) or not noun:
        return noun
    head, _, last = noun.rpartition(" ")
    irregular = {"person": "people", "child": "children", "staff": "staff", "history": "histories"}
    if last in irregular:
        end = irregular[last]
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        end = last[:-1] + "ies"
    elif last.endswith(("s", "x", "ch", "sh", "z")):
        end = last if last.endswith(("ss", "us")) is False and last.endswith("s") else last + "es"
    else:
        end = last + "s"
    return f"{head} {end}".strip()
