"""What really reaches a terminal: bytes are read from a pseudo-terminal and payloads counted."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest

from tests.inference.test_server import server, streamed
from tests.tui.hostile import OBEYED, STRINGS

ROOT = Path(__file__).parents[2]


def in_terminal(
    command: list[str],
    *,
    seconds: float = 300,
    steps: Sequence[tuple[str, str]] = (),
    **changes: str,
) -> tuple[bytes, int]:
    """Everything a command writes to a terminal of 120×40, and its exit code.

    steps: (what is waited for on the screen, the keys that are then pressed)
    changes: variables of its environment
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment |= changes
    child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=ROOT,
                             env=environment, close_fds=True)  # fmt: skip
    os.close(slave)
    parts: list[bytes] = []

    def read() -> None:
        while True:
            try:
                part = os.read(master, 1 << 16)
            except OSError:
                return
            if not part:
                return
            parts.append(part)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        ends = time.monotonic() + seconds
        for text, keys in steps:
            while text not in plain(b"".join(parts)) and time.monotonic() < ends:
                time.sleep(0.1)
            assert text in plain(b"".join(parts)), text
            os.write(master, keys.encode())
        child.wait(timeout=seconds)
    finally:
        child.kill()
        reader.join(timeout=5)
        os.close(master)
    return b"".join(parts), child.returncode


def plain(output: bytes) -> str:
    """What was drawn without what moves and colours it."""
    return re.sub(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]", b"", output).decode("utf-8", "replace")


def payloads(output: bytes) -> list[str]:
    """Payloads, and characters a terminal obeys besides those of Textual's own drawing."""
    found = [repr(text) for text in OBEYED if text.encode() in output]
    found += [repr(code) for code in re.findall(rb"\xc2[\x80-\x9f]", output)]
    found += [
        repr(mark)
        for mark in re.findall(rb"\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]", output)
    ]
    return found + [repr(code) for code in re.findall(rb"\x1b\]52|\x1b\]0;|\x1b\]8;;file", output)]


LOOK = """
import asyncio, sys
from pathlib import Path
from llmtui.tui.app import LlmtuiApp

async def drive(pilot):
    for place in ("home", "settings"):
        pilot.app.go(place)
        await asyncio.sleep(1.0)
    await pilot.press("j")
    await asyncio.sleep(0.5)
    pilot.app.exit(0)

LlmtuiApp(Path(sys.argv[1])).run(auto_pilot=drive)
"""


def drawn(shop: Path, **changes: str) -> bytes:
    """What two screens write to a terminal."""
    output, code = in_terminal([sys.executable, "-c", LOOK, str(shop)], seconds=60, **changes)
    assert code == 0, output[-2000:]
    return output


def test_from_the_first_screen_it_is_three_key_presses_and_a_question_to_an_answer(
    home: Path,
) -> None:
    sql = "SELECT COUNT(*) AS people FROM employees"
    steps = [
        ("Try it on a demo company", "d"), ("8 tables", "a"),
        ("The SQL appears here", "How many people work here?"), ("work here?", "\r"),
        ("✓ read-only", ""), ("210", "\x11"),
    ]  # fmt: skip
    command = [sys.executable, "-m", "llmtui.tui"]
    with server(streamed(sql)) as (model, asked):
        output, code = in_terminal(command, seconds=60, steps=steps, LLMTUI_SERVER=model)
    assert code == 0
    assert "1 row" in plain(output)
    assert "work here" in asked[0]["messages"][0]["content"]
    assert b"\x1b[?1049l" in output, "the alternate screen was not left"


def test_the_terminals_title_tells_what_is_open(shop: Path) -> None:
    assert "\x1b]2;llmtui · shop.duckdb\x07".encode() in drawn(shop)


def test_a_terminal_of_16_colours_is_given_no_others(shop: Path) -> None:
    output = drawn(shop, TERM="xterm-16color", COLORTERM="")
    assert re.search(rb"\x1b\[[0-9;]*(?:9[0-7]|3[0-7])[;m]", output)
    assert not re.search(rb"\x1b\[[0-9;]*[34]8;[25];", output)


def test_with_no_color_everything_is_grey_and_the_highlighted_row_still_stands_out(
    shop: Path,
) -> None:
    output = drawn(shop, NO_COLOR="1")
    colours = re.findall(rb"([34])8;2;(\d+);(\d+);(\d+)", output)
    assert colours
    assert all(red == green == blue for _, red, green, blue in colours)
    assert len({shade for ground, shade, *_ in colours if ground == b"4"}) > 2


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A database of thirty tables with hostile names, columns, comments and values."""
    file = tmp_path / "[r\x1b]0;PWN\x07.duckdb"
    with duckdb.connect(str(tmp_path / "plain.duckdb")) as connection:
        for text in STRINGS:
            name = '"' + text.replace('"', '""') + '"'
            literal = "'" + text.replace("'", "''") + "'"
            connection.execute(f"CREATE TABLE {name} ({name} VARCHAR, n INTEGER)")
            connection.execute(f"COMMENT ON TABLE {name} IS {literal}")
            connection.execute(f"COMMENT ON COLUMN {name}.{name} IS {literal}")
            connection.executemany(f"INSERT INTO {name} VALUES (?, 1)", [[s] for s in STRINGS])
    (tmp_path / "plain.duckdb").rename(file)
    return file


def test_no_payload_reaches_the_terminal_and_no_markup_ends_the_app(hostile: Path) -> None:
    output, code = in_terminal([sys.executable, "-m", "tests.tui.hostile", str(hostile)])
    tail = plain(output[-20000:])
    assert code == 0, tail
    assert b"PWN" in output  # the strings were drawn
    assert payloads(output) == []
    told = re.search(rb"widgets: ([\w ]+)", output)
    assert told, tail
    print(told[0].decode(), "x", len(STRINGS))


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["table", "json"])
def test_no_payload_leaves_the_command_line(hostile: Path, options: list[str]) -> None:
    statements = [
        'SELECT * FROM "[/]"', "SELECT chr(27) || ']52;c;UFdO' || chr(7), chr(155) || '31mPWN'",
        "SELECT chr(8238) || 'PWN' AS \"\x1b]0;PWN\x07\"", "SELECT * FROM \"\u202ePWN\"",
        'SELECT PWN FROM "[r"', "SELECT \x1b]52;c;UFdO\x07",
    ]  # fmt: skip
    for sql in statements:
        command = [sys.executable, "-m", "llmtui.tui", "sql", str(hostile), sql, *options]
        output, _ = in_terminal(command)
        assert payloads(output) == [], sql
