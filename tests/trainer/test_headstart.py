"""Constructed databases and the rows over them: any domain, the same seed the same rows."""

import random
from pathlib import Path

import pytest

from llmtui.database.execute import Access, Database
from llmtui.trainer.headstart.database import write_database
from llmtui.trainer.headstart.design import draw_design
from llmtui.trainer.headstart.plan import column_term, domains, table_term, vocabulary
from llmtui.trainer.headstart.rows import Recipe, about_tokens, construct_rows, rows_of, view
from llmtui.workspace.errors import UsageError
from llmtui.workspace.records import load_rows

SMALL = Recipe(schemas=3, each=12, seed=5)


def constructed(path: Path, seed: str) -> Database:
    rng = random.Random(seed)
    write_database(draw_design(rng), path, rng)
    return Database.open(path, Access(time_limit=5))


def test_there_are_at_least_eighty_domains_and_each_name_has_chinese_words() -> None:
    assert len(domains()) >= 80
    for domain in domains():
        terms = [table_term(table.name) for table in domain.tables]
        assert len({term.en[0] for term in terms}) == len(terms), domain.name
        assert len({term.zh[0] for term in terms}) == len(terms), domain.name
        for table in domain.tables:
            for column in table.columns:
                term = table_term(column.name) if column.parent else column_term(column.name)
                assert term.zh, (domain.name, table.name, column.name)


def test_every_parent_comes_before_its_children_and_every_theme_has_patterns() -> None:
    for domain in domains():
        seen: set[str] = set()
        for table in domain.tables:
            seen.add(table.name)
            assert {key.parent for key in table.keys} <= seen, (domain.name, table.name)
            for column in table.columns:
                if column.kind == "name":
                    assert column.args[0] in vocabulary("pools")["patterns"], column


@pytest.mark.parametrize("place", range(0, 112, 16))
def test_a_database_of_any_domain_can_be_written_and_opened(tmp_path: Path, place: int) -> None:
    domain = domains()[place % len(domains())]
    for turn in range(2):
        rng = random.Random(f"{place}/{turn}")
        design = draw_design(rng, domain)
        file = tmp_path / f"{turn}.duckdb"
        write_database(design, file, rng)
        with Database.open(file, Access(time_limit=5)) as database:
            tables = database.schema.tables
            assert {table.name for table in tables} == {table.name for table in design.tables}
            assert all(table.row_count for table in tables)
            assert len(database.schema.foreign_keys) <= sum(len(t.plan.keys) for t in design.tables)
            if design.style.declared:
                wanted = {(t.name, c.name) for t in design.tables for c in t.columns
                          if c.plan.parent}  # fmt: skip
                assert {(k.table, k.column) for k in database.schema.foreign_keys} == wanted


def test_twelve_seeds_give_twelve_different_databases(tmp_path: Path) -> None:
    found = set()
    for number in range(12):
        with constructed(tmp_path / f"{number}.duckdb", f"other/{number}") as database:
            found.add(database.schema.fingerprint)
    assert len(found) == 12


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    first, again = rows_of(1, SMALL), rows_of(1, SMALL)
    assert first == again
    other = rows_of(1, Recipe(schemas=3, each=12, seed=6))
    assert {row.id for row in first}.isdisjoint(row.id for row in other)


def test_rows_of_a_schema_share_one_text_that_names_every_table_they_ask() -> None:
    rows = rows_of(2, SMALL)
    assert len(rows) == 12
    assert {row.lang for row in rows} == {"en", "zh"}
    (text,) = {row.extra["schema_text"] for row in rows}
    assert about_tokens(text) <= 1.2 * SMALL.tokens
    pairs = [(row.lang, row.sql) for row in rows]
    assert len(set(pairs)) == len(pairs)


def test_a_schema_too_long_for_the_prompt_loses_tables_with_their_keys(tmp_path: Path) -> None:
    rng = random.Random(3)
    domain = next(domain for domain in domains() if domain.name == "airline")
    design = draw_design(rng, domain)
    while len(design.tables) < 4:
        design = draw_design(rng, domain)
    write_database(design, tmp_path / "air.duckdb", rng)
    with Database.open(tmp_path / "air.duckdb", Access(time_limit=5)) as database:
        whole = database.schema
    shown = view(whole, 120, rng)
    names = {table.name for table in shown.tables}
    assert len(names) < len(whole.tables)
    assert all({key.table, key.to_table} <= names for key in shown.foreign_keys)


def test_construction_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    stage = construct_rows(tmp_path, SMALL)
    next(stage), next(stage)
    stage.close()
    kept = tmp_path / "rows" / "0000.jsonl"
    before = kept.stat().st_mtime_ns
    list(construct_rows(tmp_path, SMALL))
    assert kept.stat().st_mtime_ns == before
    rows = load_rows(tmp_path / "instructions.jsonl")
    assert len(rows) == 3 * SMALL.each
    with pytest.raises(UsageError, match="another recipe"):
        list(construct_rows(tmp_path, Recipe(schemas=3, each=12, seed=8)))
