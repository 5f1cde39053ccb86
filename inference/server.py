"""A model behind a server that speaks OpenAI's chat protocol, in the place of the engine.

What it says passes the same checks as what the engine says. Nothing is sent anywhere but to the
address that was given.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import RLock, Thread
from typing import Any
from urllib.parse import urlsplit

from llmtui.database.text import safe_text
from llmtui.inference.candidates import Candidate
from llmtui.trainer.prompt import Prompt
from llmtui.workspace.errors import Interrupted, ModelError, UsageError

KEY = "LLMTUI_SERVER_KEY"
"""The variable that holds the server's key."""
_SECONDS, _CONNECTS = 120.0, 10.0
"""What the server may take for its next piece, and to be reached."""
_LOOKED_EVERY = 0.05
"""Seconds, for a cancel while it is not reached yet."""
_CONTEXT = 32_000
"""Bytes of prompt and answer together; servers do not say how much they take."""
_LEAST_TOKENS = 2048
"""Of an answer: models that think first need room for that."""
_OLD_WORDS = ("max_tokens", "temperature")
"""What some models of OpenAI's own refuse to hear."""
_LONGEST_LINE, _MOST_BYTES = 1 << 20, 8 << 20
"""Bytes of one piece, and of a whole answer, after which a server is not listened to any more."""
TIMED_OUT = 408
_HINTS = {
    401: f"Its key is read from {KEY}.",
    403: f"Its key is read from {KEY}.",
    404: "Does its address end in /v1, and has it the model that is named?",
    429: "It limits how often it is asked; try again later.",
}


class ServerError(ModelError):
    """A server that failed. status: of HTTP (200 for what is no answer), TIMED_OUT, or 0 when it
    cannot be reached; after: seconds that it asks to wait for, None when it does not say."""

    status = 0
    after: float | None = None

    def refuses(self, words: Sequence[str]) -> bool:
        """Whether it is about one of these fields of what it was sent."""
        return self.status == http.client.BAD_REQUEST and any(word in str(self) for word in words)


class ServerModel:
    """url: up to and with `/v1`; name: the model to ask for, "" for the first that is offered.

    Its tokens are the bytes of a text, without the chat markers: those are the server's to write.
    Nothing is sent before `reach` or the first answer. Raises UsageError for what is no address.
    """

    def __init__(self, url: str, *, name: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(
                f'"{url}" is not the address of a server',
                hint="It looks like http://127.0.0.1:8080/v1",
            )
        self._url = url.rstrip("/")
        self._secure, self._host = parts.scheme == "https", parts.netloc.rpartition("@")[2]
        self._path = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY):
            self._headers["Authorization"] = f"Bearer {key}"
        self._socket: socket.socket | None = None
        self._turn = RLock()
        self._in_new_words = False
        self._cancelled = False
        self.prompt = Prompt("chatml", "prompt")
        self.context = _CONTEXT
        self.confidence: float | None = None
        self.cut = False
        """Whether the last answer broke off before its end."""
        self.path = Path(name)

    def reach(self) -> None:
        """Find out which model to ask for, when none was named. Raises ServerError, and Interrupted
        when `cancel` was called."""
        self._cancelled = False
        self._choose()

    def tokenize(self, text: str, control: bool = False) -> list[int]:
        return [] if control else list(text.encode())

    def alternatives(self, _most: int, _enough: Callable[[str, Candidate], float]) -> None:
        return

    def expect(self, _statements: Iterable[str]) -> None:
        return

    def stream(
        self,
        tokens: Sequence[int],
        *,
        max_tokens: int = 256,
        shared: int = 0,  # noqa: ARG002  (a server keeps what it has read as it likes)
    ) -> Iterator[str]:
        """Raises ServerError, and Interrupted when `cancel` was called."""
        self._cancelled = self.cut = False
        self._choose()
        body = self._body(bytes(tokens).decode(), max(max_tokens, _LEAST_TOKENS))
        heard, ended_by = False, ""
        try:
            for line in self._lines("POST", "/chat/completions", body):
                if not line.startswith(b"data:"):
                    continue
                heard = True
                data = line.removeprefix(b"data:").strip()
                if data == b"[DONE]":
                    ended_by = ended_by or "stop"
                    break
                text, reason = self._piece(json.loads(data))
                ended_by = reason or ended_by
                if text:
                    yield text
        except ServerError as error:
            if self._in_new_words or not error.refuses(_OLD_WORDS):
                raise
            self._in_new_words = True
            yield from self.stream(tokens, max_tokens=max_tokens)
            return
        except (OSError, http.client.HTTPException) as error:
            if not self._cancelled:
                raise self._broken(error) from error
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise self._no_answer() from error
        if self._cancelled:
            raise Interrupted("The answer was stopped")
        if not heard:
            raise self._no_answer()
        self.cut = ended_by in ("", "length")

    def turn(self) -> AbstractContextManager[object]:
        return self._turn

    def _body(self, text: str, most: int) -> str:
        body: dict[str, Any] = {
            "model": str(self.path),
            "messages": [{"role": "user", "content": text}],
            "stream": True,
        }
        if self._in_new_words:
            return json.dumps({**body, "max_completion_tokens": most})
        return json.dumps({**body, "temperature": 0, "max_tokens": most})

    def cancel(self) -> None:
        """End the answer, also while the server is thinking, or is not reached yet."""
        self._cancelled = True
        held = self._socket
        if held is not None:
            with suppress(OSError):  # it ended by itself
                held.shutdown(socket.SHUT_RDWR)

    def _choose(self) -> None:
        """Take the first model that is offered, when none was named."""
        if self.path.name:
            return
        try:
            found = json.loads(b"".join(self._lines("GET", "/models")))
            self.path = Path(str(found["data"][0]["id"]))
        except (OSError, http.client.HTTPException) as error:
            if self._cancelled:
                raise Interrupted("The answer was stopped") from error
            raise self._broken(error) from error
        except (ValueError, LookupError, TypeError) as error:
            raise ServerError(
                "The server does not say which models it has", where=self._url,
                hint="Name one with --model or the setting server_model.",
            ) from error  # fmt: skip

    def _lines(self, method: str, path: str, body: str | None = None) -> Iterator[bytes]:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, timeout=_CONNECTS)
        try:
            self._connect(connection)
            self._socket = connection.sock
            if self._cancelled:
                raise Interrupted("The answer was stopped")
            connection.request(method, self._path + path, body, self._headers)
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise self._refusal(response)
            read = 0
            while line := response.readline(_LONGEST_LINE + 1):
                read += len(line)
                if len(line) > _LONGEST_LINE or read > _MOST_BYTES:
                    raise self._no_answer("The server's answer has no end")
                yield line
        finally:
            self._socket = None
            connection.close()

    def _connect(self, connection: http.client.HTTPConnection) -> None:
        """In a thread, which is left to itself when `cancel` is called: it may take long to find
        out that nobody is there."""
        reached: Future[None] = Future()

        def connect() -> None:
            try:
                connection.connect()
                reached.set_result(None)
            except Exception as error:  # raised again by whoever waits
                reached.set_exception(error)

        Thread(target=connect, daemon=True).start()
        while not wait([reached], timeout=_LOOKED_EVERY).done:
            if self._cancelled:
                reached.add_done_callback(lambda _reached: connection.close())
                raise Interrupted("The answer was stopped")
        try:
            reached.result()
        except TimeoutError as error:
            raise ConnectionError(f"no connection within {_CONNECTS:g} seconds") from error
        connection.sock.settimeout(_SECONDS)

    def _piece(self, said: Any) -> tuple[str, str]:
        """The text in a piece of the stream, and why the answer ends with it; "" for none."""
        if problem := said.get("error"):
            raise self._failed(problem)
        choice = (said.get("choices") or [{}])[0]
        text = (choice.get("delta") or {}).get("content")
        return str(text or ""), str(choice.get("finish_reason") or "")

    def _failed(self, problem: Any) -> ServerError:
        """An error that comes in the stream."""
        facts = problem if isinstance(problem, dict) else {"message": problem}
        told = safe_text(str(facts.get("message") or problem)[:300])
        error = ServerError(f"The server failed while it answered: {told}", where=self._url)
        code = facts.get("code")
        error.status = code if isinstance(code, int) else int(http.client.OK)
        return error

    def _refusal(self, response: http.client.HTTPResponse) -> ServerError:
        """What a server says in the place of an answer."""
        told = safe_text(response.read(300).decode("utf-8", "replace")).strip()
        reason = safe_text(response.reason)
        error = ServerError(
            f"The server answered {response.status} {reason}: {told}".rstrip(": "),
            where=self._url,
            hint=_HINTS.get(response.status, ""),
        )
        error.status = response.status
        error.after = _seconds(response.headers.get("Retry-After", ""))
        return error

    def _no_answer(
        self, what: str = "The server's answer is not in the form of OpenAI's protocol"
    ) -> ServerError:
        error = ServerError(what, where=self._url)
        error.status = int(http.client.OK)
        return error

    def _broken(self, error: Exception) -> ServerError:
        if isinstance(error, TimeoutError):
            late = ServerError(f"The server said nothing for {_SECONDS:g} seconds", where=self._url)
            late.status = TIMED_OUT
            return late
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return ServerError(
            f"The server cannot be reached ({safe_text(reason)})", where=self._url,
            hint="Is it running, and does its address end in /v1?",
        )  # fmt: skip


def _seconds(text: str) -> float | None:
    """What Retry-After asks for: seconds, or the time of a date; None when it is neither."""
    if text.strip().isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None
