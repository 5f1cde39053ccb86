"""Values of every type, as SQL, in JSON and on the screen."""

from pathlib import Path

import duckdb

TYPES = {
    "DECIMAL": ("CAST(1234567.891 AS DECIMAL(18,3))", 1234567.891, "1234567.891"),
    "TIMESTAMPTZ": (
        "TIMESTAMPTZ '2024-01-02 03:04:05+00'", "2024-01-02T03:04:05+00:00",
        "2024-01-02 03:04:05+00:00",
    ),
    "wide DECIMAL": (
        "CAST(9007199254740993.25 AS DECIMAL(18,2))", "9007199254740993.25", "9007199254740993.25"
    ),
    "INTERVAL": ("INTERVAL 90 MINUTE", "01:30:00", "01:30:00"),
    "months": ("INTERVAL '1 month 2 days'", "1 month 2 days", "1 month 2 days"),
    "endless DATE": ("DATE 'infinity'", "infinity", "infinity"),
    "endless TIMESTAMP": ("TIMESTAMP '-infinity'", "-infinity", "-infinity"),
    "last DATE": ("DATE '9999-12-31'", "9999-12-31", "9999-12-31"),
    "TIMESTAMP_NS": (
        "TIMESTAMP_NS '2024-01-02 03:04:05.123456789'",
        "2024-01-02 03:04:05.123456789", "2024-01-02 03:04:05.123456789",
    ),
    "TIME_NS": ("TIME_NS '03:04:05.123456789'", "03:04:05.123456789", "03:04:05.123456789"),
    "a million years": ("INTERVAL 9999999 YEARS", "9999999 years", "9999999 years"),
    "LIST of months": ("[INTERVAL 1 MONTH, NULL]", ["1 month", None], "[1 month, NULL]"),
    "STRUCT of times": (
        "{'DATE': DATE 'infinity', 'at': [TIMESTAMP_NS '2024-01-02 03:04:05.123456789']}",
        {"DATE": "infinity", "at": ["2024-01-02 03:04:05.123456789"]},
        "{DATE: infinity, at: [2024-01-02 03:04:05.123456789]}",
    ),
    "LIST of DATE": ("[DATE '9999-12-31', DATE 'infinity']", ["9999-12-31", "infinity"],
                     "[9999-12-31, infinity]"),
    "UUID": (
        "CAST('123e4567-e89b-12d3-a456-426614174000' AS UUID)",
        "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000",
    ),
    "BLOB": ("'\\x00\\xFFab'::BLOB", "00ff6162", "0x00ff6162"),
    "ENUM": ("CAST('low' AS ENUM('low', 'high'))", "low", "low"),
    "LIST": ("[1, NULL, 3]", [1, None, 3], "[1, NULL, 3]"),
    "STRUCT": ("{'city': 'Oslo', 'zip': 150}", {"city": "Oslo", "zip": 150},
               "{city: Oslo, zip: 150}"),
    "MAP": ("MAP {1: DATE '2024-01-02'}", {"1": "2024-01-02"},
            "{1: 2024-01-02}"),
    "JSON": ("""'{"a": [1, 2]}'::JSON""", '{"a": [1, 2]}', '{"a": [1, 2]}'),
    "HUGEINT": ("170141183460469231731687303715884105727::HUGEINT",
                170141183460469231731687303715884105727,
                "170141183460469231731687303715884105727"),
    "NaN": ("'nan'::DOUBLE", "nan", "nan"),
    "Infinity": ("'-inf'::DOUBLE", "-inf", "-inf"),
    "NULL": ("NULL::VARCHAR", None, ""),
    "BOOLEAN": ("true", True, "true"),
    "DATE": ("DATE '2024-02-29'", "2024-02-29", "2024-02-29"),
    "TIME": ("TIME '23:59:01'", "23:59:01", "23:59:01"),
    "TEXT": ("'中文 😀 [/] \x1b]0;x'", "中文 😀 [/] \x1b]0;x", "中文 😀 [/] \\e]0;x"),
}  # fmt: skip


def write_types(file: Path) -> Path:
    """A table `t` of one row with a column of each type."""
    columns = ", ".join(f'{sql} AS "{name}"' for name, (sql, _, _) in TYPES.items())
    with duckdb.connect(str(file)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"CREATE TABLE t AS SELECT {columns}")
    return file
