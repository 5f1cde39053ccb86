"""A server in the place of the engine: the same checks, and clear words when it fails."""

import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from llmtui.database.execute import Database
from llmtui.inference.ask import Asker
from llmtui.inference.server import ServerModel
from llmtui.workspace import settings as settings_of
from llmtui.workspace.errors import Interrupted, ModelError, UsageError
from llmtui.workspace.project import Project
from tests.inference.served import server, streamed


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


def test_a_server_that_refuses_old_words_is_asked_in_new_ones(shop_database: Database) -> None:
    heard: list[dict[str, Any]] = []
    well = streamed("SELECT COUNT(*) FROM customers")

    def strict(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        heard.append(body)
        if "max_tokens" in body:
            handler.send_error(400, "Use max_completion_tokens, not max_tokens")
            return
        well(handler, body)

    with server(strict) as (url, _):
        model = ServerModel(url)
        assert Asker(shop_database, model).ask("How many customers?").rows == ((40,),)
        assert Asker(shop_database, model).ask("How many customers?").rows == ((40,),)
    assert ["max_tokens" in body for body in heard] == [True, False, False]


def test_what_its_answer_leaves_out_makes_it_less_sure(shop_database: Database) -> None:
    with server(streamed("SELECT COUNT(*) FROM customers")) as (url, _):
        answer = Asker(shop_database, ServerModel(url), least=0.7).ask("How many live in Rome?")
    assert answer.status == "abstained"
    assert answer.confidence is not None
    assert answer.confidence < 0.7


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


def test_an_answer_that_its_length_ended_is_none(shop_database: Database) -> None:
    for ends in ("length", ""):  # the last is a connection that breaks off
        said = streamed("SELECT COUNT(*) FROM customers WHERE id < 2", ends=ends)
        with server(said) as (url, _):
            answer = Asker(shop_database, ServerModel(url)).ask("How many customers below 20?")
        assert (answer.status, answer.rows) == ("abstained", ()), ends
        assert "ended before its SQL did" in answer.message


@pytest.mark.parametrize(
    "problem",
    [
        {"message": "out of memory \x1b[31m", "code": 500},
        "out of memory",
        {"message": "out of memory"},
    ],
)
def test_an_error_in_the_stream_is_told(shop_database: Database, problem: object) -> None:
    with server(streamed("SELECT ", problem=problem)) as (url, _):
        answer = Asker(shop_database, ServerModel(url)).ask("How many customers?")
    assert answer.status == "failed"
    assert "failed while it answered: out of memory" in answer.message
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
        ServerModel("http://127.0.0.1:9/v1").reach()


def test_a_project_cannot_say_where_questions_are_sent(shop_database: Database) -> None:
    project = Project(shop_database.path.parent / "p")
    project.root.mkdir()
    for key in ("server", "server_model"):
        project.file.write_text(f'[settings]\n{key} = "http://evil.example/v1"\n')
        with pytest.raises(UsageError, match=f'"{key}" may not stand in a project'):
            settings_of.load(project.file)


@pytest.mark.parametrize(
    "said",
    [b"<html>Welcome</html>", b"data: [1]\n\n", b'data: {"choices": 3}\n\n', b"data: {\n\n", b""],
)
def test_what_is_no_answer_is_told_in_one_sentence(shop_database: Database, said: bytes) -> None:
    def say(handler: BaseHTTPRequestHandler, _body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(said)

    with server(say) as (url, _):
        answer = Asker(shop_database, ServerModel(url)).ask("How many customers?")
    assert "not in the form of OpenAI's protocol" in answer.message


def test_an_answer_without_an_end_is_not_read_to_it() -> None:
    def say(handler: BaseHTTPRequestHandler, _body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"data: " + b"x" * (3 << 20))

    with server(say) as (url, _), pytest.raises(ModelError, match="has no end"):
        list(ServerModel(url).stream([72]))


def test_a_refused_key_says_where_the_key_is_read_from(shop_database: Database) -> None:
    def refuse(handler: BaseHTTPRequestHandler, _body: dict[str, Any]) -> None:
        handler.send_response(401)
        handler.end_headers()

    with server(refuse) as (url, _):
        answer = Asker(shop_database, ServerModel(url)).ask("How many customers?")
    assert "401" in answer.message
    assert "LLMTUI_SERVER_KEY" in answer.message
