"""A server in the place of the engine: the same checks, and clear words when it fails."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from llmtui.database.execute import Database
from llmtui.inference.ask import Asker
from llmtui.inference.server import ServerModel
from llmtui.workspace import settings as settings_of
from llmtui.workspace.errors import Interrupted, ModelError, UsageError
from llmtui.workspace.project import Project

_Say = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


@contextmanager
def server(say: _Say) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a server with the model "m", and what was asked of it."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": [{"id": "m"}]}).encode())

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append({**body, "key": self.headers.get("Authorization", "")})
            say(self, body)

        def log_message(self, *_: object) -> None: ...

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}/v1", asked
    finally:
        httpd.shutdown()
        httpd.server_close()


def streamed(*pieces: str) -> _Say:
    def say(handler: BaseHTTPRequestHandler, _body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.end_headers()
        for piece in pieces:
            chunk = {"choices": [{"delta": {"content": piece}}]}
            handler.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        handler.wfile.write(b"data: [DONE]\n\n")

    return say


def test_its_sql_is_checked_and_run_and_it_sees_the_schema(
    shop_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTUI_SERVER_KEY", "k1")
    with server(streamed("SELECT COUNT(*) ", "FROM customers")) as (url, asked):
        answer = Asker(shop_database, ServerModel(url)).ask("How many customers? 多少")
    assert (answer.status, answer.rows, answer.model) == ("ok", ((40,),), "m")
    assert answer.confidence is None
    content = asked[0]["messages"][0]["content"]
    assert "customers(" in content
    assert "多少" in content
    assert "<|im" not in content
    assert asked[0]["key"] == "Bearer k1"


def test_what_harms_is_refused(shop_database: Database) -> None:
    with server(streamed("DELETE FROM customers")) as (url, _):
        answer = Asker(shop_database, ServerModel(url)).ask("Delete all customers")
    assert answer.status == "refused"


def test_an_error_of_the_server_is_told(shop_database: Database) -> None:
    def fail(handler: BaseHTTPRequestHandler, _body: dict[str, Any]) -> None:
        handler.send_response(503)
        handler.end_headers()
        handler.wfile.write(b"overloaded \x1b[31m")

    with server(fail) as (url, _):
        answer = Asker(shop_database, ServerModel(url, name="big")).ask("How many?")
    assert answer.status == "failed"
    assert "503" in answer.message
    assert "\x1b" not in answer.message


def test_an_answer_is_stopped_while_the_server_thinks() -> None:
    begun, done = threading.Event(), threading.Event()

    def think(_handler: BaseHTTPRequestHandler, _body: dict[str, Any]) -> None:
        begun.set()
        done.wait(20)

    with server(think) as (url, _):
        model = ServerModel(url)
        threading.Timer(0.3, model.cancel).start()
        with pytest.raises(Interrupted):
            list(model.stream(model.tokenize("Hello")))
        assert begun.is_set()
        done.set()


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "127.0.0.1:80", "http://"])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(UsageError, match="not the address"):
        ServerModel(url)


def test_nobody_there_is_one_sentence() -> None:
    with pytest.raises(ModelError, match="cannot be reached"):
        ServerModel("http://127.0.0.1:9/v1")


def test_a_project_cannot_say_where_questions_are_sent(shop_database: Database) -> None:
    project = Project(shop_database.path.parent / "p")
    project.root.mkdir()
    project.file.write_text('[settings]\nserver = "http://evil.example/v1"\n')
    with pytest.raises(UsageError, match="may not stand in a project"):
        settings_of.load(project.file)
