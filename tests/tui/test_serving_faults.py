"""The HTTP service when an answer fails, is cut, or is not read."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from llmtui.database.execute import Database
from llmtui.inference.ask import Asker
from llmtui.tui import serving
from llmtui.workspace.errors import ModelError
from tests.inference.test_ask import Scripted
from tests.tui.test_serving import HEADERS, HELLO, post, served

CHAT = "/v1/chat/completions"
COUNT = "SELECT COUNT(*) FROM customers"


class Failing(Scripted):
    """Says some words to one who chats, then fails; a question is answered."""

    def __init__(self, error: BaseException, *words: str) -> None:
        super().__init__(COUNT)
        self.error, self.words = error, words

    def stream(
        self, tokens: Sequence[int], *, max_tokens: int = 256, shared: int = 0
    ) -> Iterator[str]:
        if max_tokens < 256:
            yield from super().stream(tokens)
            return
        yield from self.words
        raise self.error


async def answered(client: Any) -> bool:
    """Whether the next question is answered, so that nothing holds the model."""
    _, answer = await post(client, "/ask", {"question": "How many customers?"})
    return bool(answer["status"] == "ok")


@pytest.mark.parametrize("error", [ModelError("This message is too long"), ValueError("odd")])
@pytest.mark.parametrize("stream", [False, True])
async def test_what_fails_before_the_first_word_is_an_error_in_json(
    shop_database: Database, error: Exception, stream: bool
) -> None:
    async with asyncio.timeout(20), served(shop_database, Failing(error)) as client:
        status, told = await post(client, CHAT, {**HELLO, "stream": stream})
        assert status == 500
        assert str(error) in told["error"]["message"]
        assert await answered(client)


@pytest.mark.parametrize("error", [ModelError("It broke"), ValueError("odd"), SystemExit("end")])
async def test_what_fails_after_words_ends_their_stream(
    shop_database: Database, error: BaseException
) -> None:
    model = Failing(error, "Good ", "morning")
    async with asyncio.timeout(20), served(shop_database, model) as client:
        async with client.post(CHAT, json={**HELLO, "stream": True}, headers=HEADERS) as response:
            lines = (await response.text()).split("\n\n")
        assert lines[-2:] == ["data: [DONE]", ""]
        told = json.loads(lines[-3].removeprefix("data: "))
        assert str(error) in told["error"]["message"]
        assert "morning" in lines[-4]
        assert await answered(client)


async def test_a_fault_while_asking_is_an_answer_that_failed(
    shop_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("x")

    async with asyncio.timeout(20), served(shop_database, Scripted(COUNT)) as client:
        with monkeypatch.context() as patched:
            patched.setattr(Asker, "ask", fail)
            status, told = await post(client, "/ask", {"question": "How many?"})
        assert (status, "KeyError" in told["error"]["message"]) == (500, True)
        assert await answered(client)


@pytest.mark.parametrize(("cut", "reason"), [(True, "length"), (False, "stop")])
async def test_an_answer_that_its_length_ended_says_so(
    shop_database: Database, cut: bool, reason: str
) -> None:
    model = Scripted("Good", "Good")
    model.cut = cut
    async with asyncio.timeout(20), served(shop_database, model) as client:
        _, body = await post(client, CHAT, HELLO)
        assert body["choices"][0]["finish_reason"] == reason
        async with client.post(CHAT, json={**HELLO, "stream": True}, headers=HEADERS) as response:
            lines = (await response.text()).split("\n\n")
        last = json.loads(lines[-3].removeprefix("data: "))
        assert last["choices"][0]["finish_reason"] == reason


async def test_a_client_that_does_not_read_holds_nobody_up(
    shop_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_READS_WITHIN", 0.3)
    model = Failing(ModelError("never said"), *["x" * 1_000_000] * 40)
    async with (
        asyncio.timeout(30),
        served(shop_database, model) as client,
        client.post(CHAT, json={**HELLO, "stream": True}, headers=HEADERS) as response,
    ):
        assert response.status == 200
        assert await answered(client)


async def test_a_client_that_reads_slowly_does_not_hold_the_model(shop_database: Database) -> None:
    model = Failing(ModelError("never said"), *["x" * 1_000_000] * 40)
    async with (
        asyncio.timeout(20),  # of the 30 seconds that a client may take for each piece
        served(shop_database, model) as client,
        client.post(CHAT, json={**HELLO, "stream": True}, headers=HEADERS) as response,
    ):
        assert response.status == 200
        assert await answered(client)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Host: [\r\nAuthorization: Bearer x", b"403"),
        (b"Host: 127.0.0.1\r\nAuthorization: Bearer \xff\xfe", b"401"),
    ],
)
async def test_headers_that_are_no_text_are_told_as_others(
    shop_database: Database, headers: bytes, status: bytes
) -> None:
    async with served(shop_database, Scripted()) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        writer.write(b"GET /v1/models HTTP/1.1\r\n" + headers + b"\r\nConnection: close\r\n\r\n")
        said = await asyncio.wait_for(reader.read(), 10)
        writer.close()
    assert said.split()[1] == status
    assert json.loads(said.partition(b"\r\n\r\n")[2])["error"]["message"]
