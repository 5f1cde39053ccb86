"""A page in headless Chromium, driven over the DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

from tests.tui.waiting import until

_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")
_SPECIAL = {"Enter": (13, "\r"), "Escape": (27, "")}


def chromium() -> str | None:
    """The path of Chromium, None when it is not installed."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


class Page:
    """What a page asked the network for, what its web sockets received, and ways to act on it."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.requests: list[str] = []
        self._received = b""
        self._socket = socket
        self._number = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    @property
    def received(self) -> str:
        """All text that came through web sockets, without what moves and colours it."""
        return _ESCAPES.sub(b"", self._received).decode("utf-8", "replace")

    async def listen(self) -> None:
        """Read what the browser tells, until it ends."""
        async for message in self._socket:
            told = message.json()
            if told.get("id") in self._waiting:
                self._waiting.pop(told["id"]).set_result(told)
            elif told.get("method") == "Network.requestWillBeSent":
                self.requests.append(told["params"]["request"]["url"])
            elif told.get("method") == "Network.webSocketFrameReceived":
                frame = told["params"]["response"]
                if frame["opcode"] == 2:
                    self._received += base64.b64decode(frame["payloadData"])

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The result of a command of the protocol."""
        self._number += 1
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        command = {"id": self._number, "method": method, "params": parameters}
        await self._socket.send_json(command)
        told = await asyncio.wait_for(answer, 30)
        assert "error" not in told, told
        result: dict[str, Any] = told["result"]
        return result

    async def press(self, key: str) -> None:
        """Press a letter, Enter or Escape."""
        code, text = _SPECIAL.get(key, (ord(key.upper()[0]), key))
        about = {"key": key, "windowsVirtualKeyCode": code, "text": text}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **about)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def picture(self) -> bytes:
        """The page as PNG."""
        shot = await self.call("Page.captureScreenshot", format="png")
        return base64.b64decode(shot["data"])


@asynccontextmanager
async def opened(url: str, folder: Path) -> AsyncIterator[Page]:
    """A page of 1280×800 at an address; everything the browser keeps goes into `folder`."""
    browser = chromium()
    assert browser is not None
    process = await asyncio.create_subprocess_exec(
        browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--disable-background-networking", "--disable-dev-shm-usage", "--remote-debugging-port=0",
        "--window-size=1280,800", f"--user-data-dir={folder}", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    port = folder / "DevToolsActivePort"
    try:
        await until(lambda: port.is_file() and port.read_text().count("\n"), 60)
        place = f"http://127.0.0.1:{port.read_text().splitlines()[0]}"
        async with ClientSession() as session:
            async with session.get(f"{place}/json/list") as answer:
                pages = [one for one in await answer.json() if one["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as ws:
                page = Page(ws)
                listening = asyncio.create_task(page.listen())
                for domain in ("Network", "Page"):
                    await page.call(f"{domain}.enable")
                await page.call("Emulation.setFocusEmulationEnabled", enabled=True)
                await page.call("Page.navigate", url=url)
                yield page
                listening.cancel()
    finally:
        process.kill()
        await process.wait()
