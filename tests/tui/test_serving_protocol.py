"""What OpenAI's clients send and expect of the chat endpoint."""

import json
from typing import Any

import pytest

from llmtui.database.execute import Database
from llmtui.inference.chat import ANSWER_TOKENS
from llmtui.tui.protocol import asked_of
from tests.inference.test_ask import Scripted
from tests.tui.test_serving import HEADERS, HELLO, post, served

CHAT = "/v1/chat/completions"
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


async def streamed(client: Any, **more: object) -> list[dict[str, Any]]:
    """The chunks of a streamed answer."""
    body = {**HELLO, "stream": True, **more}
    async with client.post(CHAT, json=body, headers=HEADERS) as response:
        lines = (await response.text()).split("\n\n")
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]


def said(chunks: list[dict[str, Any]]) -> str:
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    return "".join(choice["delta"].get("content", "") for choice in choices)


async def test_texts_may_come_in_parts_and_an_answer_may_have_none(
    shop_database: Database,
) -> None:
    model = Scripted("Hi")
    parts = [{"type": "text", "text": "What is"}, {"type": "text", "text": "a table?"}]
    messages = [
        {"role": "user", "content": "Look it up"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "user", "content": parts},
    ]
    async with served(shop_database, model) as client:
        status, body = await post(client, CHAT, {"messages": messages})
        assert (status, body["choices"][0]["message"]["content"]) == (200, "Hi")
        assert "What is\na table?" in model.asked[0]
        for content in ([{"type": "image_url", "image_url": {}}], [7], None):
            bad = {"messages": [{"role": "user", "content": content}]}
            assert (await post(client, CHAT, bad))[0] == 400
        assert (await post(client, CHAT, {"messages": messages[:2]}))[0] == 400


@pytest.mark.parametrize(
    ("stop", "answer"),
    [
        ("three", "one two "),
        (["four", " two"], "one"),
        ("one", ""),
        ("four five six", "one two three four"),  # held back, and then it was another
        (None, "one two three four"),
        ([""], "one two three four"),
    ],
)
async def test_an_answer_ends_before_what_shall_stop_it(
    shop_database: Database, stop: object, answer: str
) -> None:
    model = Scripted(*["one two three four"] * 2)
    async with served(shop_database, model) as client:
        _, body = await post(client, CHAT, {**HELLO, "stop": stop})
        assert body["choices"][0]["message"]["content"] == answer
        assert body["choices"][0]["finish_reason"] == "stop"
        assert said(await streamed(client, stop=stop)) == answer


async def test_a_stop_that_is_no_text_is_told(shop_database: Database) -> None:
    async with served(shop_database, Scripted()) as client:
        for stop in (7, [7], {"a": 1}):
            assert (await post(client, CHAT, {**HELLO, "stop": stop}))[0] == 400


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        ({}, ANSWER_TOKENS),
        ({"max_tokens": None}, ANSWER_TOKENS),
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": None, "max_tokens": 5}, 5),
        ({"max_completion_tokens": 6, "max_tokens": 5}, 6),
    ],
)
def test_how_long_an_answer_may_be(limits: dict[str, Any], most: int) -> None:
    assert asked_of({**HELLO, **limits}).most == most


async def test_a_length_that_is_none_is_told(shop_database: Database) -> None:
    async with served(shop_database, Scripted()) as client:
        for most in (0, -1, True, False, 1.5):
            assert (await post(client, CHAT, {**HELLO, "max_tokens": most}))[0] == 400


async def test_tokens_are_counted(shop_database: Database) -> None:
    async with served(shop_database, Scripted("Hi", "Hi", "Hi")) as client:
        _, body = await post(client, CHAT, HELLO)
        assert body["usage"] == USAGE
        last = (await streamed(client, stream_options={"include_usage": True}))[-1]
        assert (last["usage"], last["choices"]) == (USAGE, [])
        assert not any("usage" in chunk for chunk in await streamed(client))


async def test_half_a_character_is_answered_too(shop_database: Database) -> None:
    async with served(shop_database, Scripted("Hi")) as client:
        status, answer = await post(client, "/ask", {"question": "How many \ud800 customers?"})
        assert (status, answer["status"]) == (200, "failed")
        assert answer["message"] == "The question holds what is no character."
