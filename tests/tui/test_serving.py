"""The HTTP service: who may ask, what is answered, what happens when a client goes away."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from llmtui.database.execute import Database
from llmtui.inference.ask import Asker
from llmtui.tui.serving import MOST_WAITING, Service
from llmtui.workspace.errors import Interrupted
from tests.inference.test_ask import Scripted

TOKEN = "only-for-tests"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
HELLO = {"messages": [{"role": "user", "content": "Hello"}]}


class Slow(Scripted):
    """Says one word after the other until it is cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped, self.began = threading.Event(), threading.Event()

    def stream(
        self,
        tokens: Sequence[int],
        *,
        max_tokens: int = 256,
        shared: int = 0,
    ) -> Iterator[str]:
        while not self.stopped.wait(0.01):
            self.began.set()
            yield "word "
        raise Interrupted("The answer was stopped")

    def cancel(self) -> None:
        self.stopped.set()


@asynccontextmanager
async def served(
    database: Database, model: Scripted
) -> AsyncIterator[TestClient[Request, Application]]:
    app = Service(Asker(database, model), model, TOKEN, "shop").app()
    server = TestServer(app, host="127.0.0.1")
    async with TestClient(server) as client:
        yield client


async def post(client: Any, path: str, body: object, **headers: str) -> tuple[int, Any]:
    async with client.post(path, json=body, headers={**HEADERS, **headers}) as response:
        return response.status, await response.json()


async def test_a_question_is_answered_with_checked_sql(shop_database: Database) -> None:
    async with served(shop_database, Scripted("SELECT COUNT(*) FROM customers")) as client:
        status, answer = await post(client, "/ask", {"question": "How many customers?"})
        assert (status, answer["status"], answer["rows"]) == (200, "ok", [[40]])


async def test_what_harms_is_refused_here_too(shop_database: Database) -> None:
    async with served(shop_database, Scripted("DROP TABLE customers")) as client:
        _, answer = await post(client, "/ask", {"question": "Drop the customers"})
        assert (answer["status"], answer["rows"]) == ("refused", [])


async def test_a_chat_is_answered_whole_and_in_pieces(shop_database: Database) -> None:
    async with served(shop_database, Scripted("Good morning to you.", "Bye.")) as client:
        status, body = await post(client, "/v1/chat/completions", HELLO)
        assert status == 200
        assert body["choices"][0]["message"] == {
            "role": "assistant", "content": "Good morning to you.",
        }  # fmt: skip
        asked = client.post("/v1/chat/completions", json={**HELLO, "stream": True}, headers=HEADERS)
        async with asked as response:
            lines = (await response.text()).split("\n\n")
        assert lines[-2:] == ["data: [DONE]", ""]
        chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
        assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks) == "Bye."
        async with client.get("/v1/models", headers=HEADERS) as response:
            assert (await response.json())["data"][0]["id"] == "shop"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({**HEADERS, "Host": "evil.example"}, 403),
        ({**HEADERS, "Host": "127.0.0.1.evil.example:80"}, 403),
    ],
)
async def test_without_the_token_or_from_elsewhere_nothing_is_answered(
    shop_database: Database, headers: dict[str, str], status: int
) -> None:
    async with served(shop_database, Scripted()) as client, ClientSession() as session:
        url = client.make_url("/ask")
        async with session.post(url, json={"question": "x"}, headers=headers) as response:
            assert response.status == status
            assert not [name for name in response.headers if name.startswith("Access-Control")]
            assert (await response.json())["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/ask", {"q": "x"}, 400),
        ("/ask", ["x"], 400),
        ("/ask", {"question": "x" * 300_000}, 413),
        ("/v1/chat/completions", {"messages": []}, 400),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": 7}]}, 400),
        ("/v1/chat/completions", {"messages": [{"role": "robot", "content": "x"}]}, 400),
        ("/v1/chat/completions", {**HELLO, "max_tokens": "many"}, 400),
        ("/nothing", {}, 404),
    ],
)
async def test_a_bad_request_is_one_sentence(
    shop_database: Database, path: str, body: object, status: int
) -> None:
    async with served(shop_database, Scripted()) as client:
        got, told = await post(client, path, body)
        assert got == status
        assert told["error"]["message"]


async def test_what_a_client_no_longer_waits_for_is_stopped(shop_database: Database) -> None:
    model = Slow()
    async with served(shop_database, model) as client:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(post(client, "/v1/chat/completions", HELLO), 0.5)
        assert await asyncio.to_thread(model.stopped.wait, 5)


async def test_more_requests_than_may_wait_are_sent_away(shop_database: Database) -> None:
    model = Slow()
    async with served(shop_database, model) as client:
        asked = [
            asyncio.ensure_future(post(client, "/v1/chat/completions", HELLO))
            for _ in range(MOST_WAITING)
        ]
        await asyncio.to_thread(model.began.wait, 5)
        await asyncio.sleep(0.2)
        status, _ = await post(client, "/v1/chat/completions", HELLO)
        assert status == 429
        model.stopped.set()
        await asyncio.gather(*asked)
