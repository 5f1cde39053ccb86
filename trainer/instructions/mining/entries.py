"""Meanings that documents give, as entries of the glossary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from llmtui.database.keys import singular
from llmtui.database.schema import Schema
from llmtui.trainer.evaluate.run import language_of
from llmtui.trainer.instructions.lexicon import Words, column_words, table_words
from llmtui.trainer.instructions.mining.finds import Meaning
from llmtui.trainer.instructions.mining.wording import phrases_in

_ENOUGH = 2
"""Meanings of clear names from which a document is about the database, unclear ones too."""


@dataclass(frozen=True)
class Entry:
    """Words for one name: `part` is tables or columns, `name` the key in the glossary."""

    part: str
    name: str
    words: tuple[str, ...]
    place: str


def entries_in(meanings: Iterable[Meaning], schema: Schema) -> list[Entry]:
    """One entry a name, with the first words in each language that are not its usual ones."""
    names = _Names(schema)
    found: dict[tuple[str, str], Entry] = {}
    for document in _by_file(meanings):
        said = [(meaning, entry) for meaning in document if (entry := names.entry(meaning))]
        known = sum(meaning.firm for meaning, _ in said)
        for meaning, entry in said:
            table = names.table(meaning.section)
            here = entry.name.startswith(f"{table}.") if table else known >= _ENOUGH
            if meaning.firm or here:
                key = (entry.part, entry.name)
                found[key] = _together(found.get(key), entry)
    return [entry for entry in found.values() if entry.words]


def _by_file(meanings: Iterable[Meaning]) -> Iterator[list[Meaning]]:
    files: dict[str, list[Meaning]] = {}
    for meaning in meanings:
        files.setdefault(meaning.place.rpartition(", ")[0], []).append(meaning)
    yield from files.values()


def _together(old: Entry | None, new: Entry) -> Entry:
    if old is None:
        return new
    known = {language_of(word) for word in old.words}
    return replace(old, words=(*old.words, *(w for w in new.words if language_of(w) not in known)))


class _Names:
    """What a name in a document may mean, by its text in small letters."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.tables = {table.name.lower(): table.name for table in schema.tables}
        self.columns: dict[str, list[str]] = {}
        self.usual: dict[tuple[str, str], Words] = {}
        self.values: dict[str, set[str]] = {}
        for table in schema.tables:
            self.usual["tables", table.name] = table_words(table)
            for column in table.columns:
                whole = f"{table.name}.{column.name}"
                self.columns.setdefault(column.name.lower(), []).append(whole)
                self.columns.setdefault(whole.lower(), []).append(whole)
                self.usual["columns", whole] = column_words(table, column)
                self.values[whole] = {value.casefold() for value in column.values}

    def table(self, title: str) -> str:
        """The table that a heading names, "" for none."""
        words = [word.strip("`*:：()") for word in title.lower().split()]
        plain = [word for word in words if word not in ("table", "表", "the", "columns", "of")]
        whole = " ".join(plain)
        return self.tables.get(whole) or self.tables.get(whole.removesuffix("表"), "")

    def entry(self, meaning: Meaning) -> Entry | None:
        """The entry of a meaning, without its usual words; None for no name, or for prose."""
        part, name = self._meant(meaning)
        words = phrases_in(meaning.text)
        values = self.values.get(name, ())
        words = tuple(word for word in words if word.casefold() not in values)
        if not name or not words:
            return None
        if part == "tables":
            words = tuple(_singular(word) for word in words)
        usual = self.usual.get((part, name))
        first = {*usual.en[:1], *usual.zh[:1]} if usual else set()
        same = {name.lower().rpartition(".")[2], *(word.lower() for word in first)}
        return Entry(part, name, tuple(w for w in words if w.lower() not in same), meaning.place)

    def _meant(self, meaning: Meaning) -> tuple[str, str]:
        plain = meaning.name.lower().strip()
        here = f"{self.table(meaning.section)}.{plain}".lower()
        if here in self.columns:
            return "columns", self.columns[here][0]
        if plain in self.tables:
            return "tables", self.tables[plain]
        parts = plain.split(".")
        found = self.columns.get(plain) or self.columns.get(".".join(parts[-2:]), [])
        if len(found) == 1:
            return "columns", found[0]
        return "columns", found[0].rpartition(".")[2] if found else ""


def _singular(word: str) -> str:
    if language_of(word) == "zh":
        return word[:-1] if len(word) > 2 and word.endswith("表") else word
    head, _, last = word.rpartition(" ")
    return f"{head} {singular(last)}".strip()
