"""`llmtui web` as a person meets it: a page in a browser, one question, its answer."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.inference.test_server import server, streamed
from tests.tui.browser import chromium, opened
from tests.tui.waiting import until

pytest.importorskip("textual_serve", reason="the app in a browser needs llmtui[web]")
pytestmark = pytest.mark.skipif(chromium() is None, reason="Chromium is not installed")


@contextmanager
def web(shop: Path, model: str) -> Iterator[str]:
    """The address of the app in a browser, with a server that answers in the model's place."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "llmtui.tui", "web", str(shop), "--port", str(port)],
        env={**os.environ, "LLMTUI_SERVER": model}, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def answers(url: str) -> bool:
    """Whether something listens at an address."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", int(url.rpartition(":")[2]))) == 0


async def test_a_question_is_asked_and_answered_in_a_browser(shop: Path, tmp_path: Path) -> None:
    sql = "SELECT city, COUNT(*) AS people FROM customers WHERE city = 'Rome' GROUP BY city"
    with server(streamed(sql)) as (model, asked), web(shop, model) as url:
        await until(lambda: answers(url), 60)
        async with opened(url, tmp_path / "browser") as page:
            await until(lambda: "2 tables, 240 rows" in page.received, 60)
            before = await page.picture()
            await page.press("a")
            await until(lambda: "The SQL appears here" in page.received, 60)
            await page.call("Input.insertText", text="How many people live in Rome?")
            await until(lambda: "live in Rome?" in page.received, 30)
            await page.press("Enter")
            await until(lambda: re.search(r"Rome\s+13\b", page.received), 60)
            assert "✓ read-only" in page.received
            assert "1 row ·" in page.received
            after = await page.picture()
    (tmp_path / "answer.png").write_bytes(after)
    assert after.startswith(b"\x89PNG")
    assert len(after) > 10_000
    assert after != before
    assert "live in Rome" in asked[0]["messages"][0]["content"]
    elsewhere = {urlsplit(one).hostname for one in page.requests if not one.startswith("data:")}
    assert elsewhere == {"127.0.0.1"}
