"""What is known of tables and columns, in words for the database screen."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from llmtui.database.schema import Column, ForeignKey, Schema, Table
from llmtui.database.text import safe_text, show_value
from llmtui.tui.texts import t

_MOST_VALUES = 30


@dataclass(frozen=True)
class Excluded:
    """Patterns of the setting `exclude`."""

    patterns: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Excluded:
        return cls(tuple(part.strip() for part in text.split(",") if part.strip()))

    def toggled(self, pattern: str) -> str:
        """The setting with the pattern added, or taken out when it is there."""
        if pattern in self.patterns:
            return ", ".join(part for part in self.patterns if part != pattern)
        return ", ".join((*self.patterns, pattern))


def table_label(table: Table) -> Text:
    text = Text(safe_text(table.name), style="bold")
    text.append(f"  {table.row_count:,}", style="dim not bold")
    if table.comment:
        text.append(f"  {safe_text(table.comment)}", style="dim italic not bold")
    return text


def column_label(schema: Schema, table: Table, column: Column) -> Text:
    """Key mark, name, type, comment."""
    mark = "◆ " if column.name in table.primary_key else "  "
    key = foreign_key(schema, table, column)
    text = Text(f"{'→ ' if key and mark == '  ' else mark}{safe_text(column.name)}")
    text.append(f"  {safe_text(column.type.lower()[:24])}", style="dim")
    if column.comment:
        text.append(f"  {safe_text(column.comment)}", style="dim italic")
    return text


def foreign_key(schema: Schema, table: Table, column: Column) -> ForeignKey | None:
    for key in schema.foreign_keys:
        if (key.table, key.column) == (table.name, column.name):
            return key
    return None


def table_facts(schema: Schema, table: Table) -> Text:
    """Rows, columns, comment and the keys of a table."""
    text = Text(safe_text(table.sql_name), style="bold")
    counted = t("table_facts", rows=f"{table.row_count:,}", columns=len(table.columns))
    text.append(f"  {counted}\n", style="not bold")
    if table.comment:
        text.append(f"{safe_text(table.comment)}\n", style="italic not bold")
    for key in schema.foreign_keys:
        if table.name in (key.table, key.to_table):
            line = f"{key.table}.{key.column} → {key.to_table}.{key.to_column}"
            how = "" if key.declared else f"  {t('inferred', share=f'{key.confidence:.0%}')}"
            text.append(f"{safe_text(line)}", style="not bold")
            text.append(f"{how}\n", style="dim not bold")
    return text


def column_facts(schema: Schema, table: Table, column: Column, *, whole: bool = True) -> Text:
    """Type, nulls, range, key and the most frequent values of a column.

    whole: false while its rows are still being looked at
    """
    text = Text(safe_text(f"{table.name}.{column.name}"), style="bold")
    text.append(f"  {safe_text(column.type)}", style="not bold")
    if column.comment:
        text.append(f"  {safe_text(column.comment)}", style="italic not bold")
    parts = [t("reading")]
    if whole:
        parts = [t("distinct", count=f"{column.distinct:,}"), t("empty", count=f"{column.nulls:,}")]
    if whole and table.sampled:
        parts.append(t("sampled", rows=f"{table.sampled:,}"))
    if column.unique:
        parts.append(t("unique"))
    if column.name in table.primary_key:
        parts.append(t("primary_key"))
    if column.minimum is not None:
        parts.append(f"{show_value(column.minimum)} … {show_value(column.maximum)}")
    key = foreign_key(schema, table, column)
    if key is not None:
        parts.append(f"→ {safe_text(key.to_table)}.{safe_text(key.to_column)}")
    text.append("\n" + " · ".join(parts), style="not bold")
    if column.values:
        shown = [safe_text(value) for value in column.values[:_MOST_VALUES]]
        more = "" if column.complete and len(shown) == len(column.values) else ", …"
        text.append(f"\n{t('values')}: ", style="dim not bold")
        text.append(", ".join(shown) + more, style="not bold")
    return text
