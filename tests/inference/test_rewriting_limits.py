"""Rewriting rows is stopped, limited, refused and gone on with; what was kept stays."""

import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from llmtui.tui.cli import run
from llmtui.workspace.project import Project
from llmtui.workspace.records import Instruction, load_rows, save_rows
from tests.conftest import needs_starter, starter
from tests.inference.served import server, streamed
from tests.inference.teachers import (
    ROWS,
    by_table,
    fixed,
    project_of,
    rewrite,
    rewritten,
    speaking,
)


@pytest.fixture
def project(shop: Path) -> Project:
    return project_of(shop)


def test_ctrl_c_keeps_what_there_is_and_the_rest_comes_later(shop: Path, project: Project) -> None:
    slow, waiting = threading.Event(), threading.Event()

    def teacher(text: str) -> str:
        if "from Oslo" in text and not slow.is_set():
            waiting.set()
            slow.wait(30)
        return by_table(text)

    with server(speaking(teacher)) as (url, _):
        command = ["instructions", "rewrite", str(shop), "--server", url]
        child = subprocess.Popen(
            [sys.executable, "-m", "llmtui.tui", *command], stderr=subprocess.PIPE, text=True
        )
        assert waiting.wait(30)
        time.sleep(1)  # for the others to be done
        assert rewrite(shop, url) == 2  # one at a time
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=20)
        assert child.returncode == 0, told
        assert "1 are left; the same command goes on with them" in told
        assert len(rewritten(project)) == 3
        slow.set()
        assert rewrite(shop, url) == 0
    assert len(rewritten(project)) == 4


def refusing(status: int, *headers: tuple[str, str]) -> Any:
    def say(handler: BaseHTTPRequestHandler, _body: dict[str, Any]) -> None:
        handler.send_response(status)
        for header in headers:
            handler.send_header(*header)
        handler.end_headers()

    return say


def garbage(handler: BaseHTTPRequestHandler, _body: dict[str, Any]) -> None:
    handler.wfile.write(b"\x00\x01 nothing of HTTP\r\n\r\n")


@pytest.mark.parametrize(
    ("say", "told"),
    [
        (refusing(401), "LLMTUI_SERVER_KEY"),
        (refusing(429, ("Retry-After", "7200")), "asks to wait for 7200 seconds"),
        (refusing(503, ("Retry-After", "0")), "answered 503"),
        (garbage, "cannot be reached"),
    ],
)
def test_a_server_that_fails_is_one_sentence_and_loses_nothing(
    shop: Path, project: Project, capsys: pytest.CaptureFixture[str], say: Any, told: str
) -> None:
    with server(say) as (url, _):
        code = rewrite(shop, url)
    error = capsys.readouterr().err
    assert code == 3, error
    assert told in error.splitlines()[-1], error
    assert "Traceback" not in error
    assert load_rows(project.instructions) == ROWS


def test_an_answer_of_great_length_is_dropped(
    shop: Path, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    with server(streamed(*(["x" * 1000] * 200))) as (url, _):
        assert rewrite(shop, url) == 0
    assert "dropped 3: is far too long" in capsys.readouterr().err


def test_a_busy_server_is_asked_again_when_it_says_so(shop: Path, project: Project) -> None:
    turned_away: list[float] = []

    def say(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if len(turned_away) < 5:
            turned_away.append(time.monotonic())
            refusing(429, ("Retry-After", "0"))(handler, body)
        else:
            speaking(by_table)(handler, body)

    with server(say) as (url, _):
        assert rewrite(shop, url) == 0
    assert len(rewritten(project)) == 4


def test_what_was_kept_before_a_server_died_stays_and_the_rest_comes_later(
    shop: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(text: str) -> str:
        if "200" in text:
            time.sleep(1)
            raise ConnectionResetError
        return by_table(text)

    with server(speaking(dying)) as (url, _):
        assert rewrite(shop, url) == 3
    assert set(rewritten(project)) >= {"Number of customers in Rome"}
    with server(speaking(by_table)) as (url, _):
        assert rewrite(shop, url) == 0
    assert len(rewritten(project)) == 4


def test_at_most_a_few_requests_are_made_at_once(shop: Path, project: Project) -> None:
    rows = [
        Instruction(
            f"n{n}",
            f"How many orders are above {n}?",
            f"SELECT COUNT(*) FROM orders WHERE total > {n}",
        )
        for n in range(100, 116)
    ]
    save_rows(project.instructions, rows)
    now: list[int] = []
    most: list[int] = []

    def teacher(_text: str) -> str:
        now.append(1)
        most.append(len(now))
        time.sleep(0.05)
        now.pop()
        return ""

    with server(speaking(teacher)) as (url, _):
        assert rewrite(shop, url) == 0
    assert 1 < max(most) <= 4


def test_after_many_rows_without_use_it_ends(
    shop: Path, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        Instruction(
            f"n{n}",
            f"How many orders are above {n}?",
            f"SELECT COUNT(*) FROM orders WHERE total > {n}",
        )
        for n in range(100, 160)
    ]
    save_rows(project.instructions, rows)
    with server(speaking(fixed("Nonsense"))) as (url, asked):
        assert rewrite(shop, url) == 1
    assert "Nothing was kept of the first 25 tries" in capsys.readouterr().err
    assert len(asked) < 40


def test_a_time_limit_ends_it(
    shop: Path, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    done = threading.Event()

    def teacher(_text: str) -> str:
        done.wait(20)
        return ""

    with server(speaking(teacher)) as (url, _):
        began = time.monotonic()
        assert rewrite(shop, url, "--minutes", "0.05") == 0
        assert time.monotonic() - began < 10
        done.set()
    assert "3 are left" in capsys.readouterr().err


def test_a_teacher_is_asked_for_by_name_and_with_the_key(
    shop: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTUI_SERVER_KEY", "k1")
    with server(speaking(by_table)) as (url, asked):
        assert rewrite(shop, url, "--teacher", "big", "--rows", "1") == 0
    assert {item["model"] for item in asked} == {"big"}
    assert {item["key"] for item in asked} == {"Bearer k1"}


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        ([], 2, "There is no teacher: give --server or --teacher"),
        (["--teacher", "none.gguf"], 3, "no such model file"),
        (["--server", "nowhere"], 2, "not the address of a server"),
        (["--server", "http://127.0.0.1:9/v1"], 3, "cannot be reached"),
        (["--server", "http://127.0.0.1:9/v1", "--way", "poem"], 2, 'no way "poem"'),
    ],
)
def test_what_is_wrong_on_the_command_line_is_told(
    shop: Path, project: Project, capsys: pytest.CaptureFixture[str], more: list[str], code: int,
    told: str,
) -> None:  # fmt: skip
    assert run(["instructions", "rewrite", str(shop), *more]) == code
    assert told in capsys.readouterr().err


def test_a_server_of_the_settings_is_not_asked(
    shop: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server(speaking(by_table)) as (url, asked):
        monkeypatch.setenv("LLMTUI_SERVER", url)
        assert run(["instructions", "rewrite", str(shop)]) == 2
    assert asked == []


@needs_starter
def test_a_local_teacher_that_is_too_small_is_not_taken(
    shop: Path, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["instructions", "rewrite", str(shop), "--teacher", str(starter())]) == 2
    assert "135 million parameters" in capsys.readouterr().err
