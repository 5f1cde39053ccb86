"""Checked answers and chat over HTTP: `/ask`, and the chat endpoint that OpenAI's clients know.

One model answers one request at a time; a few more may wait. Every request names the token. There
are no headers that let other sites' pages in, and the host must be this machine's.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, closing
from typing import Any, Protocol, TypeVar

from aiohttp import web

from llmtui.inference.ask import Asker
from llmtui.inference.chat import ChatModel, reply
from llmtui.tui.loopback import from_here
from llmtui.tui.protocol import Asked, Completion, asked_of, up_to
from llmtui.workspace.errors import Interrupted, LlmtuiError, UsageError

MOST_BYTES = 256_000
"""Size of a request's body."""
MOST_WAITING = 8
"""Requests that wait for the model; more are told to come back."""
_READS_WITHIN = 30.0
"""Seconds in which a client takes what it is sent; one that does not is left."""
_AGAIN = 0.2
"""Seconds after which an answer that goes on is told once more to stop: it may have begun since."""
_T = TypeVar("_T")
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ServedModel(ChatModel, Protocol):
    """A model that counts the tokens of the last prompt and answer."""

    @property
    def used(self) -> tuple[int, int]: ...


class Service:
    """The routes, with the one asker and its model behind them."""

    def __init__(self, asker: Asker, chat: ServedModel, token: str, name: str) -> None:
        self._asker, self._chat, self._token, self._name = asker, chat, token, name
        self._free = asyncio.Lock()
        self._waiting = 0

    def app(self) -> web.Application:
        app = web.Application(client_max_size=MOST_BYTES, middlewares=[self._guarded])
        app.router.add_post("/ask", self.ask)
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_get("/v1/models", self.models)
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Token and host first; every error as JSON in one sentence."""
        if not from_here(request.host):
            return _problem(403, "Only this machine may ask.")
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(_bytes(given), _bytes(self._token)):
            return _problem(401, "The token is missing or wrong: Authorization: Bearer TOKEN.")
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _problem(error.status, error.text or error.reason)
        except UsageError as error:
            return _problem(400, _told(error))
        except Exception as error:
            return _problem(500, _told(error))

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for the model; when this request is given up, what it was doing is stopped."""
        if self._waiting >= MOST_WAITING:
            raise web.HTTPTooManyRequests(text="Too many requests are waiting. Try again soon.")
        self._waiting += 1
        try:
            async with self._free:
                yield
        finally:
            self._waiting -= 1

    async def ask(self, request: web.Request) -> web.Response:
        """{"question": …} → the answer as `llmtui ask --json` writes it."""
        body = await _body(request)
        question = body.get("question")
        if not isinstance(question, str):
            raise web.HTTPBadRequest(text='The body needs the text field "question".')
        async with self._turn():
            answer = await self._stoppable(lambda: self._asker.ask(question))
        return web.json_response(answer.to_dict())

    async def _stoppable(self, work: Callable[[], _T]) -> _T:
        running = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await self._stop(running)
            raise

    async def _stop(self, running: asyncio.Future[Any]) -> None:
        while not running.done():
            self._asker.cancel()
            await asyncio.wait([running], timeout=_AGAIN)

    async def models(self, _request: web.Request) -> web.Response:
        held = {"id": self._name, "object": "model", "created": 0, "owned_by": "llmtui"}
        return web.json_response({"object": "list", "data": [held]})

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Messages in, the next one out, whole or as server-sent events."""
        asked = asked_of(await _body(request))
        made = Completion(self._name)
        async with aclosing(self._pieces(asked, made)) as pieces:
            if asked.streams:
                return await self._streamed(request, asked, made, pieces)
            text = "".join([piece async for piece in pieces])
        return web.json_response(made.whole(text))

    async def _streamed(
        self, request: web.Request, asked: Asked, made: Completion, pieces: AsyncIterator[str]
    ) -> web.StreamResponse:
        """Server-sent events. What fails before the first of them is an error as any other."""
        first = await anext(pieces, "")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)

        async def send(data: str) -> None:
            async with asyncio.timeout(_READS_WITHIN):
                await response.write(f"data: {data}\n\n".encode())

        async def say(said: dict[str, Any]) -> None:
            await send(json.dumps(said, ensure_ascii=False))

        try:
            await say(made.chunk({"role": "assistant", "content": ""}))
            await say(made.chunk({"content": first}))
            try:
                async for piece in pieces:
                    await say(made.chunk({"content": piece}))
                await say(made.chunk({}, made.finish))
                if asked.counts:
                    await say(made.counted())
            except (LlmtuiError, _Fault) as error:
                await say(_error(str(error)))
            await send("[DONE]")
            await response.write_eof()
        except (TimeoutError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _pieces(self, asked: Asked, made: Completion) -> AsyncGenerator[str, None]:
        """The reply as it grows, made in a thread. Once it is made, the model is free for others,
        however slowly this client reads."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[str | Exception | None] = asyncio.Queue()

        def put(item: str | Exception) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, item)

        def work() -> None:
            try:
                with closing(reply(self._chat, asked.turns, asked.system, asked.most)) as pieces:
                    for piece in up_to(pieces, asked.stops):
                        put(piece)
                made.finish = "length" if self._chat.cut else "stop"
                made.used = self._chat.used
            except Interrupted:
                return
            except LlmtuiError as error:
                put(error)
            except BaseException as error:  # whoever waits must hear of it
                put(_Fault(_told(error)))

        async def make() -> None:
            try:
                async with self._turn():
                    await self._stoppable(work)
            except web.HTTPException as error:
                queue.put_nowait(error)
            finally:
                queue.put_nowait(None)

        making = asyncio.ensure_future(make())
        try:
            while (item := await queue.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            making.cancel()
            await asyncio.wait([making])


def _bytes(text: str) -> bytes:
    """As they came, whether they were text or not."""
    return text.encode("utf-8", "surrogateescape")


async def _body(request: web.Request) -> dict[str, Any]:
    """The request's JSON object."""
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="Send JSON (Content-Type: application/json).")
    try:
        body = await request.json()
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"Not valid JSON ({error}).") from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="The body must be a JSON object.")
    return body


class _Fault(Exception):
    """What went wrong in the thread that answers, in one sentence."""


def _told(error: BaseException) -> str:
    if isinstance(error, LlmtuiError | _Fault):
        return str(error)
    return f"The request failed because of a fault in llmtui ({type(error).__name__}: {error})."


def _error(text: str) -> dict[str, Any]:
    return {"error": {"message": text, "type": "error"}}


def _problem(status: int, text: str) -> web.Response:
    return web.json_response(_error(text), status=status)
