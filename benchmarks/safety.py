"""What the guard and the worker promise: refusals, fuzz, large sources, overhead.

`--quick` mutates 10,000 statements instead of 100,000 and makes a 1 GB file instead of 5 GB.
"""

from __future__ import annotations

import hashlib
import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
from common import arguments, finish
from statements import COLUMNS, PARTS, SETUP, TABLES, classes, mutated

from llmtui.database.execute import Access, Database
from llmtui.database.guard import check
from llmtui.inference.answer import run_sql

Bars = dict[str, tuple[float, float, bool]]
_LIMIT = 2.0  # seconds a statement may run


def main() -> int:
    options = arguments(__doc__).parse_args()
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="llmtui-safety-") as name:
        folder = Path(name)
        outside = folder / "outside"
        outside.mkdir()
        (outside / "secret.csv").write_text("a\ncanary\n")
        bars = refusals(outside, results)
        bars |= overhead(folder)
        bars |= thousand_tables(folder, results)
        bars |= large_files(folder, 1 if options.quick else 5)
        bars |= fuzz(folder, outside, 10_000 if options.quick else 100_000, results)
    return finish(options, results, bars)


def none(name: str, count: int) -> Bars:
    return {name: (count, 0, count == 0)}


def refusals(outside: Path, results: dict[str, Any]) -> Bars:
    groups = classes(outside)
    results["hostile statements by class"] = {name: len(group) for name, group in groups.items()}
    passed = sum(check(sql, TABLES, COLUMNS).ok for group in groups.values() for sql in group)
    harmless = [*PARTS["valid"], *(f"SELECT {rest}" for rest in PARTS["everyday"])]
    refused = sum(not check(sql, TABLES, COLUMNS).ok for sql in harmless)
    results["harmless queries"] = len(harmless)
    return none("hostile statements that pass", passed) | none("harmless ones refused", refused)


def made(file: Path, script: str) -> Path:
    with duckdb.connect(str(file)) as connection:
        connection.execute(script)
    return file


def overhead(folder: Path) -> Bars:
    """A trivial query through guard, binding and worker, warm, less DuckDB's own time for it."""
    source = made(folder / "small.duckdb", SETUP)
    sql = "SELECT count(*) FROM sales"
    times = []
    with Database.open(source) as database:
        for _ in range(220):
            began = time.perf_counter()
            run_sql(database, sql)
            times.append(time.perf_counter() - began)
    alone = []
    with duckdb.connect(str(source), read_only=True) as connection:
        for _ in range(220):
            began = time.perf_counter()
            connection.execute(sql).fetchall()
            alone.append(time.perf_counter() - began)
    value = 1000 * (median(times[20:]) - median(alone[20:]))
    return {"guard and worker, warm, ms": (value, 15, value <= 15)}


def thousand_tables(folder: Path, results: dict[str, Any]) -> Bars:
    columns = ", ".join(f"c{n} {'VARCHAR' if n % 2 else 'DOUBLE'}" for n in range(9))
    values = ", ".join("'v' || (i % 7)" if n % 2 else "i * 1.5" for n in range(9))
    script = "".join(
        f"CREATE TABLE t{n}(id INTEGER, {columns});"
        f"INSERT INTO t{n} SELECT i, {values} FROM range(100) t(i);"
        for n in range(1000)
    )
    source = made(folder / "many.duckdb", script)
    began = time.monotonic()
    with Database.open(source) as database:
        opened = time.monotonic() - began
        assert len(database.outline().tables) == 1000
        seconds = time.monotonic() - began
        assert len(database.schema.tables) == 1000
        results["1,000 tables: their rows looked at, seconds"] = time.monotonic() - began
    source.unlink()
    return {
        "1,000 tables: open, seconds": (opened, 3, opened <= 3),
        "1,000 tables: open and outlined, as the app shows them, seconds": (
            seconds, 3, seconds <= 3),
    }  # fmt: skip


def large_files(folder: Path, gigabytes: int) -> Bars:
    bars: Bars = {}
    for ending in ("parquet", "csv"):
        file = folder / f"large.{ending}"
        write_large(file, gigabytes * 10**9)
        began = time.monotonic()
        with Database.open(file, Access(import_mb=500)) as database:
            assert database.notes
            assert database.schema.tables[0].columns
            seconds = time.monotonic() - began
        bars[f"{gigabytes} GB {ending}: schema, sample, choice, seconds"] = (
            seconds, 3, seconds <= 3)  # fmt: skip
        file.unlink()
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    return {**bars, "large files, peak memory of a process, GB": (memory, 2.5, memory <= 2.5)}


def write_large(file: Path, size: int) -> None:
    """Rows of about 100 bytes in either form: random text does not compress."""
    rows = size // (100 if file.suffix == ".csv" else 85)
    form = "(FORMAT parquet, COMPRESSION uncompressed)" if file.suffix == ".parquet" else ""
    with duckdb.connect(config={"memory_limit": "2GB"}) as connection:
        connection.execute(
            f"COPY (SELECT i AS id, random() AS x, 'city ' || i % 90 AS city, "
            f"md5(i::VARCHAR) || md5((i + 1)::VARCHAR) AS text FROM range({rows}) t(i)) "
            f"TO '{file}' {form}"
        )


def fuzz(folder: Path, outside: Path, count: int, results: dict[str, Any]) -> Bars:
    """Mutated statements through everything; what passes is run."""
    source = made(folder / "fuzz.duckdb", SETUP)
    before = hashlib.sha256(source.read_bytes()).hexdigest()
    passed = ended = over = leaks = 0
    slowest = 0.0
    with Database.open(source, Access(time_limit=_LIMIT, max_rows=100)) as database:
        for sql in mutated(count, outside, seed=20):
            began = time.monotonic()
            answer = run_sql(database, sql)
            seconds = time.monotonic() - began
            passed += answer.status == "ok"
            ended += "The process that reads the database ended" in answer.message
            leaks += "canary" in str(answer.rows) or "enable_external" in str(answer.rows)
            over += seconds > _LIMIT + 1
            slowest = max(slowest, seconds)
    same = hashlib.sha256(source.read_bytes()).hexdigest() == before
    clean = [file.name for file in outside.iterdir()] == ["secret.csv"]
    results |= {"fuzzed": count, "fuzzed and ran": passed, "slowest of them, seconds": slowest}
    return {
        **none(f"{count:,} fuzzed: ended the worker", ended),
        **none("fuzzed: more than 1 s over the limit", over),
        **none("fuzzed: side effects and leaks", leaks + (not same) + (not clean)),
    }


if __name__ == "__main__":
    sys.exit(main())
