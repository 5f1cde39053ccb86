"""The user's own glossary: what people call the tables, columns and values of one database.

`glossary.toml` in the project holds three tables of text, each word list separated by bars:

    [tables]
    cust_mst = "customer | client | 客户"
    [columns]
    "cust_mst.rgn_cd" = "region | 大区"      # or just rgn_cd, for every table
    [values]
    A1 = "gold member | 金牌会员"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import tomlkit

from llmtui.database.schema import Schema
from llmtui.trainer.instructions.lexicon import column_words, table_words
from llmtui.workspace.errors import UsageError

PARTS = ("tables", "columns", "values")
Glossary = Mapping[str, Mapping[str, str]]


class Said(Protocol):
    """Words for one name: the part of the glossary and the key in it."""

    @property
    def part(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def words(self) -> tuple[str, ...]: ...


_Entry = TypeVar("_Entry", bound=Said)


def read_glossary(file: Path) -> Glossary:
    """Part → name → words; {} when there is no file. Raises UsageError naming what is wrong."""
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as error:
        raise UsageError(f"The glossary is not valid TOML ({error})", where=str(file)) from error
    for part, names in found.items():
        if part not in PARTS:
            raise UsageError(
                f'The glossary has no part "{part}"', where=str(file),
                hint=f"Known: {', '.join(PARTS)}.",
            )  # fmt: skip
        for name, words in names.items() if isinstance(names, dict) else [(part, names)]:
            if not isinstance(names, dict) or not isinstance(words, str):
                raise UsageError(
                    f'The words of "{name}" must be one text', where=str(file),
                    hint=f'Like this: {name} = "customer | 客户"',
                )  # fmt: skip
    return found


def unknown(glossary: Glossary, schema: Schema) -> list[str]:
    """Names in the glossary that the schema does not have: mistyped, or gone."""
    tables = {table.name.lower() for table in schema.tables}
    columns = {
        name.lower()
        for table in schema.tables
        for column in table.columns
        for name in (column.name, f"{table.name}.{column.name}")
    }
    known = {"tables": tables, "columns": columns}
    return [
        name
        for part, names in known.items()
        for name in glossary.get(part, {})
        if name.lower() not in names
    ]


def template(schema: Schema) -> str:
    """A glossary to edit: every name with the words that are used for it now."""
    document = _titled()
    document.add(tomlkit.comment("Delete the lines that are right as they are."))
    tables, columns = tomlkit.table(), tomlkit.table()
    for table in schema.tables:
        words = table_words(table)
        tables[table.name] = " | ".join((*words.en, *words.zh))
        for column in table.columns:
            said = column_words(table, column)
            columns[f"{table.name}.{column.name}"] = " | ".join((*said.en, *said.zh))
    document["tables"], document["columns"] = tables, columns
    document["values"] = tomlkit.table()
    return tomlkit.dumps(document)


def with_words(file: Path, entries: Sequence[_Entry], schema: Schema) -> tuple[str, list[_Entry]]:
    """(text of the glossary with the entries, those that were added); `file` stays as it is.

    What a person wrote stays, comments too: a name that has an entry gets no other one, unless
    that is still what `template` wrote; then the words come before those.
    Raises UsageError for a glossary that is wrong, or that cannot be added to.
    """
    old = read_glossary(file)
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    document = tomlkit.parse(text) if text else _titled()
    usual = tomllib.loads(template(schema))
    added = []
    for entry in entries:
        written = _written(old, entry)
        if written and (list(written) != [entry.name] or written != _written(usual, entry)):
            continue
        words = [*entry.words, *written.get(entry.name, "").split(" | ")]
        if entry.part not in document:
            document[entry.part] = tomlkit.table()
        part = document[entry.part]
        assert isinstance(part, dict)
        part[entry.name] = " | ".join(dict.fromkeys(filter(None, words)))
        added.append(entry)
    new = tomlkit.dumps(document)
    changed = {(entry.part, entry.name) for entry in added}
    for part_name, names in old.items():
        for name, said in names.items():
            kept = tomllib.loads(new).get(part_name, {}).get(name)
            if kept != said and (part_name, name) not in changed:
                raise UsageError("This glossary cannot be added to", where=str(file))
    return new, added


def _written(glossary: Glossary, entry: Said) -> dict[str, str]:
    """The entries that a glossary has for a name: of a column, also without its table."""
    names = {entry.name.lower()}
    if entry.part == "columns":
        names.add(entry.name.lower().rpartition(".")[2])
    found = glossary.get(entry.part, {}).items()
    return {name: words for name, words in found if name.lower() in names}


def _titled() -> tomlkit.TOMLDocument:
    document = tomlkit.document()
    document.add(tomlkit.comment("What people call things here: English | 中文, most usual first."))
    return document
