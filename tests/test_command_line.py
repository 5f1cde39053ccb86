"""The command line as scripts see it: data on stdout, narration on stderr, exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import write_lines


def llmtui(*arguments: object, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "llmtui.tui", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_statement_gives_rows_on_stdout_and_checks_on_stderr(shop: Path) -> None:
    done = llmtui("sql", shop, "SELECT id, name FROM customers ORDER BY id LIMIT 2")
    assert done.returncode == 0
    assert done.stdout == "id\tname\n1\tCustomer 1\n2\tCustomer 2\n"
    assert "✓ read-only" in done.stderr


def test_json_is_one_object(shop: Path) -> None:
    done = llmtui("sql", shop, "SELECT total FROM orders WHERE id = 1", "--json")
    data = json.loads(done.stdout)
    assert data["rows"] == [[3.25]]
    assert list(data) == ["id", "sql", "status", "columns", "rows", "row_count", "truncated",
                          "checks", "message", "seconds"]  # fmt: skip


def test_a_refused_statement_exits_with_one_and_says_why(shop: Path) -> None:
    done = llmtui("sql", shop, "DELETE FROM customers")
    assert done.returncode == 1
    assert one_sentence(done) == "refused: Only a SELECT may run, not DELETE."


def test_a_file_of_statements_gives_a_file_of_answers(shop: Path, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "s.jsonl", {"id": "a", "sql": "SELECT 1"}, {"sql": "DROP x"})
    done = llmtui("sql", shop, "--file", file, "--out", tmp_path / "r.jsonl")
    assert done.returncode == 0
    answers = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    assert [(a["id"], a["status"]) for a in answers] == [("a", "ok"), ("2", "failed")]


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["sql", "missing.db", "SELECT 1"], 3, "There is no such file"),
        (["ask", "missing.db", "how many"], 3, "There is no such file"),
        (["tune", "missing.db"], 3, "There is no such file"),
        (["ask", "SHOP", "how many customers"], 3, "no tuned model for this source yet"),
        (["ask", "SHOP", "x", "--model", "no.gguf"], 3, "There is no such model file"),
        (["ask", "SHOP", "x", "--model", "TEXT.gguf"], 3, "not a GGUF model file"),
        (["ask", "SHOP"], 2, "Give either QUESTION or --file"),
        (["ask", "SHOP", "--file", "q.jsonl"], 2, "--file and --out belong together"),
        (["tune", "SHOP", "--base", "nothing"], 3, 'no base model "nothing"'),
        (["tune", "SHOP", "--lang", "fr"], 2, 'no language "fr"'),
        (["eval", "SHOP"], 3, "no tuned model"),
        (["eval", "SHOP", "--model", "TEXT.gguf", "--compare", "base"], 3, "Nothing was trained"),
        (["quantize", "SHOP", "--level", "q9"], 2, 'no quantization level "q9"'),
        (["quantize", "SHOP", "--run", "none"], 3, 'no trained run "none"'),
        (["instructions", "list", "SHOP"], 2, "There are no rows for this source yet"),
        (["instructions", "import", "SHOP", "missing.jsonl"], 2, "does not exist"),
        (["instructions", "mine", "SHOP", "missing.sql"], 2, "no such file or folder"),
        (["instructions", "mine", "SHOP", "TEXT.gguf"], 2, "Nothing is mined from such a file"),
        (["models", "add", "missing.gguf"], 3, "There is no such model file"),
        (["models", "add", "neither"], 2, "neither a file nor OWNER/NAME"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_exit_code(
    shop: Path, tmp_path: Path, arguments: list[str], code: int, problem: str
) -> None:
    (tmp_path / "TEXT.gguf").write_text("text")
    places = {"SHOP": str(shop), "TEXT.gguf": str(tmp_path / "TEXT.gguf")}
    done = llmtui(*(places.get(argument, argument) for argument in arguments))
    assert done.returncode == code, done.stderr
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistyped_option_shows_the_usage_and_exits_with_two(shop: Path) -> None:
    done = llmtui("tune", shop, "--mintues", "3")
    assert done.returncode == 2
    assert "No such option" in done.stderr


def test_rows_are_built_listed_checked_imported_and_exported(shop: Path, tmp_path: Path) -> None:
    assert llmtui("instructions", "build", shop, "--rows", 60).returncode == 0
    listed = llmtui("instructions", "list", shop, "--json", "--limit", 5)
    assert len(listed.stdout.splitlines()) == 5
    assert "60 rows" in listed.stderr
    assert llmtui("instructions", "check", shop).returncode == 0
    covered = json.loads(llmtui("instructions", "coverage", shop, "--json").stdout)
    assert covered["tables"] == {"possible": 2, "missing": []}
    assert len(llmtui("instructions", "coverage", shop).stdout.splitlines()) == len(covered) == 7
    mine = write_lines(
        tmp_path / "mine.jsonl",
        {"question": "how many shops", "sql": "SELECT COUNT(*) FROM customers"},
        {"question": "broken", "sql": "SELECT nope FROM customers"},
    )
    done = llmtui("instructions", "import", shop, mine)
    assert "1 rows added, 0 replaced, 61 in all" in done.stderr
    assert "does not run" in done.stderr
    out = tmp_path / "out.csv"
    assert llmtui("instructions", "export", shop, out, "--shape", "csv").returncode == 0
    assert len(out.read_text("utf-8").splitlines()) >= 62


def test_sql_and_words_that_are_there_are_mined(shop: Path, tmp_path: Path, home: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.sql").write_text(
        "-- How many customers are there?\nSELECT COUNT(*) FROM customers;\nSELECT 1;\n"
        "-- broken\x1b[31m query\nSELECT nope FROM customers;\n"
    )
    (tmp_path / "work" / "words.md").write_text("- `orders.total`: price paid, in euros\n")
    command = ("instructions", "mine", shop, tmp_path / "work")
    tried = llmtui(*command, "--dry-run")
    assert tried.returncode == 0
    assert tried.stdout == ""
    assert "row: How many customers are there? = SELECT COUNT(*) FROM customers" in tried.stderr
    assert "1 queries have no words" in tried.stderr
    assert "dropped 1: does not run" in tried.stderr
    assert "\x1b" not in tried.stderr
    assert "words: orders.total = price paid" in tried.stderr
    assert not list(home.rglob("instructions.jsonl")) + list(home.rglob("glossary.toml"))
    events = [json.loads(line) for line in llmtui(*command, "--json").stdout.splitlines()]
    mined = [event for event in events if event["event"] == "Mined"]
    assert [event["kind"] for event in mined] == ["row", "words"]
    assert mined[0]["where"].endswith("a.sql, line 2")
    assert events[-1]["detail"] == "1 rows and words for 1 names added"
    assert "1 mined en train" in llmtui("instructions", "list", shop).stderr
    assert "price paid" in next(home.rglob("glossary.toml")).read_text("utf-8")


def test_preference_pairs_are_written_and_counted(shop: Path, tmp_path: Path) -> None:
    assert llmtui("instructions", "build", shop, "--rows", 50, "--contrast").returncode == 0
    listed = llmtui("instructions", "list", shop, "--search", "-- ").stdout
    assert "\t-- " in listed
    out = tmp_path / "pairs.jsonl"
    done = llmtui("instructions", "contrast", shop, "--out", out, "--each", 1)
    assert done.returncode == 0
    pairs = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert list(pairs[0]) == ["prompt", "chosen", "rejected", "change", "why", "id", "lang"]
    counts = [line.split("\t") for line in done.stdout.splitlines()]
    assert sum(int(count) for _, count in counts) == len(pairs)
    assert {kind for kind, _ in counts} == {pair["change"] for pair in pairs}
    assert f"{len(pairs)} pairs" in done.stderr
    wrong = llmtui("instructions", "contrast", shop, "--out", out, "--shape", "xml")
    assert (wrong.returncode, one_sentence(wrong)) == (
        2, 'llmtui: There is no shape "xml". Choose one of: text, messages.',
    )  # fmt: skip


def test_where_things_are_and_what_is_missing(home: Path) -> None:
    places = json.loads(llmtui("paths", "--json").stdout)
    assert places["projects"] == str(home / "data" / "projects")
    doctor = llmtui("doctor", "--json")
    checks = {item["check"]: item["ok"] for item in map(json.loads, doctor.stdout.splitlines())}
    assert checks["duckdb"]
    assert doctor.returncode == (0 if all(checks.values()) else 1)


def test_a_full_disk_is_one_sentence_and_damages_nothing(shop: Path, home: Path) -> None:
    home.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(home)],
            check=True, capture_output=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk can only be made as root")
    try:
        done = llmtui("instructions", "build", shop, "--rows", 2000)
        assert done.returncode == 1
        assert "disk" in done.stderr
        assert "Traceback" not in done.stderr
        assert not list(home.rglob("*.partial"))
        assert not list(home.rglob("instructions.jsonl"))
    finally:
        subprocess.run(["umount", str(home)], check=True)


def test_no_terminal_is_needed_and_no_color_is_written(shop: Path) -> None:
    done = llmtui("sql", shop, "SELECT 1")
    assert "\x1b" not in done.stdout + done.stderr
    assert os.environ.get("LLMTUI_HOME")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (
            ["instuctions"],
            2,
            'no command or file "instuctions". Did you mean `llmtui instructions`?',
        ),
        (["frob"], 2, 'no command or file "frob"'),
        (["frob.db"], 3, "There is no such file or folder"),
        ([], 2, "The app needs a terminal"),
    ],
)
def test_without_a_terminal_or_a_file_the_app_does_not_open(
    arguments: list[str], code: int, told: str
) -> None:
    done = llmtui(*arguments)
    assert done.returncode == code
    assert told in one_sentence(done)


def test_a_refused_exclusion_is_not_remembered(shop: Path) -> None:
    done = llmtui("sql", shop, "SELECT 1", "--exclude", "nope")
    assert done.returncode == 2
    assert "nope" in one_sentence(done)
    assert llmtui("sql", shop, "SELECT 1").returncode == 0
    assert llmtui("sql", shop, "SELECT 1", "--large", "huge").returncode == 2
    assert llmtui("sql", shop, "SELECT 1").returncode == 0


def test_what_is_excluded_stays_so_until_all_of_it_is_forgotten(shop: Path) -> None:
    def names(*arguments: str) -> int:
        return llmtui(
            "sql", shop, "SELECT name, total FROM customers, orders", *arguments
        ).returncode

    assert names("--exclude", "customers.name") == 1
    assert names("--exclude", "orders.total") == 1
    assert llmtui("sql", shop, "SELECT name FROM customers").returncode == 1
    assert llmtui("sql", shop, "SELECT total FROM orders").returncode == 1
    assert names("--exclude", "") == 0


def test_an_empty_question_is_told_before_a_model_is_looked_for(shop: Path) -> None:
    done = llmtui("ask", shop, "  ")
    assert done.returncode == 1
    assert "The question is empty" in one_sentence(done)


def test_doctor_finds_damaged_settings(home: Path) -> None:
    file = home / "config" / "settings.toml"
    file.parent.mkdir(parents=True)
    file.write_text("x = [")
    done = llmtui("doctor")
    assert done.returncode == 1
    assert "✗ Settings" in done.stdout


def test_the_shell_completes_commands_and_options() -> None:
    for typed, offered in (("llmtui t", "tune"), ("llmtui tune --mi", "--minutes")):
        place = str(len(typed.split()) - 1)
        asked = {"_LLMTUI_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": place}
        done = subprocess.run(
            [sys.executable, "-m", "llmtui.tui"], env={**os.environ, **asked},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert offered in done.stdout.split()
