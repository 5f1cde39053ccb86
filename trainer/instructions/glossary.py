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
from collections.abc import Mapping
from pathlib import Path

import tomlkit

from llmtui.database.schema import Schema
from llmtui.trainer.instructions.lexicon import column_words, table_words
from llmtui.workspace.errors import UsageError

PARTS = ("tables", "columns", "values")
Glossary = Mapping[str, Mapping[str, str]]


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
    document = tomlkit.document()
    document.add(tomlkit.comment("What people call things here: English | 中文, most usual first."))
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
