"""`llmtui web` lets in this machine and its own pages only."""

from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from llmtui.tui.loopback import from_here

pytest.importorskip("textual_serve", reason="the app in a browser needs llmtui[web]")


@pytest.mark.parametrize(
    ("host", "origin", "may"),
    [
        ("127.0.0.1:8000", "", True),
        ("localhost:8000", "http://127.0.0.1:8000", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("127.0.0.1", "http://127.0.0.1", True),
        ("evil.example:8000", "", False),
        ("127.0.0.1.evil.example:8000", "", False),
        ("127.0.0.1:8000", "http://evil.example:8000", False),
        ("127.0.0.1:8000", "http://127.0.0.1:3000", False),
        ("127.0.0.1:8000", "null", False),
        ("127.0.0.1:x", "", False),
        ("", "", False),
    ],
)
def test_who_comes_from_here(host: str, origin: str, may: bool) -> None:
    assert from_here(host, origin) == may


async def test_pages_of_elsewhere_get_neither_page_nor_socket(tmp_path: Path) -> None:
    from llmtui.tui.webserver import OwnServer

    started = tmp_path / "started"
    server = OwnServer(f"touch {started}", host="127.0.0.1", port=8000)
    async with TestClient(TestServer(await server._make_app())) as client:
        assert (await client.get("/")).status == 200
        assert (await client.get("/", headers={"Host": "evil.example"})).status == 403
        strange = {"Origin": "http://evil.example"}
        socket = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}  # fmt: skip
        async with client.get("/ws?width=80&height=24", headers={**socket, **strange}) as answer:
            assert answer.status == 403
    assert not started.exists()
