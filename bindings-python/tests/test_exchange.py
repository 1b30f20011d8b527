"""Calls through a client of httpx: attempts, exceptions, hooks and log records as of the official package."""

from __future__ import annotations

import asyncio
import functools
import io
import json
import logging
from typing import Any, Callable, Dict, List

import httpx
import pytest

import threadline
from threadline import APITimeoutError, AsyncOpenAI, OpenAI
from threadline._base_client import BaseClient

CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}
MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "o"}


def client(handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> OpenAI:
    return OpenAI(api_key="k", base_url="http://api.test/v1", http_client=httpx.Client(transport=httpx.MockTransport(handler)), **options)


def async_client(handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> AsyncOpenAI:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return AsyncOpenAI(api_key="k", base_url="http://api.test/v1", http_client=http, **options)


class Server:
    """Answers with these, one after the other, and keeps the requests."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.seen: List[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer) if isinstance(answer, int) and answer >= 300 else httpx.Response(200, json=answer)


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> List[float]:
    slept: List[float] = []

    async def nap(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("threadline._base_client.time.sleep", slept.append)
    monkeypatch.setattr("threadline._private._slept", nap)
    return slept


def test_attempts_are_counted_in_a_header_and_pauses_follow_the_method_of_the_client(
    naps: List[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BaseClient, "_calculate_retry_timeout", lambda *_: 7.0)
    server = Server(500, httpx.ConnectError("no"), MODEL)
    reply = client(server).models.with_raw_response.retrieve("m")
    assert [request.headers["x-stainless-retry-count"] for request in server.seen] == ["0", "1", "2"]
    assert naps == [7.0, 7.0]
    assert (reply.retries_taken, reply.parse().id) == (2, "m")
    assert reply.http_response.request is server.seen[-1]
    assert reply.http_request is server.seen[-1]


def test_no_mark_of_ours_is_sent(naps: List[float]) -> None:
    server = Server(MODEL)
    client(server).models.retrieve("m", extra_headers={"x-own": "1"})
    assert server.seen[0].headers["x-own"] == "1"
    assert not [name for name in server.seen[0].headers if "threadline-exchange" in name]


def test_limits_of_time_are_those_of_the_http_client_s_request() -> None:
    server = Server(MODEL, MODEL)
    own = client(server)
    own.models.retrieve("m", timeout=3)
    own.models.retrieve("m", timeout=httpx.Timeout(4, connect=1))
    assert server.seen[0].extensions["timeout"] == dict.fromkeys(("connect", "read", "write", "pool"), 3)
    assert server.seen[1].extensions["timeout"] == {"connect": 1, "read": 4, "write": 4, "pool": 4}


@pytest.mark.parametrize("late", [httpx.ReadTimeout("late"), httpx.ConnectTimeout("late")])
def test_a_timeout_of_the_http_client_is_the_package_s(late: Exception) -> None:
    server = Server(late)
    with pytest.raises(APITimeoutError) as raised:
        client(server, max_retries=0).models.retrieve("m")
    assert raised.value.request is server.seen[0]
    assert raised.value.__cause__ is late


def test_a_timeout_of_the_http_client_is_the_package_s_on_a_loop() -> None:
    server = Server(httpx.ReadTimeout("late"))
    with pytest.raises(APITimeoutError) as raised:
        asyncio.run(_retrieved(async_client(server, max_retries=0)))
    assert raised.value.request is server.seen[0]


async def _retrieved(own: AsyncOpenAI) -> Any:
    return await own.models.retrieve("m")


def test_what_is_no_error_of_the_http_client_is_raised_as_it_is_and_not_tried_again() -> None:
    mistake = ZeroDivisionError("mine")
    server = Server(mistake, MODEL)
    with pytest.raises(ZeroDivisionError) as raised:
        client(server).models.retrieve("m")
    assert raised.value is mistake
    assert len(server.seen) == 1


def test_an_error_of_a_status_has_the_http_client_s_request_and_response() -> None:
    server = Server(404)
    with pytest.raises(threadline.NotFoundError) as raised:
        client(server).models.retrieve("m")
    assert isinstance(raised.value.response, httpx.Response)
    assert raised.value.request is server.seen[0]
    assert raised.value.attempts == 1


def test_a_wait_that_is_too_long_is_not_waited_for(naps: List[float]) -> None:
    def busy(request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"retry-after": "121"})

    with pytest.raises(threadline.RateLimitError):
        client(busy).models.retrieve("m")
    assert naps == []


def test_a_redirect_that_is_not_followed_is_an_error_of_its_status() -> None:
    def moved(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"location": "http://elsewhere.test/"})

    with pytest.raises(threadline.APIStatusError) as raised:
        client(moved).models.retrieve("m")
    assert raised.value.status_code == 302


def sse(*events: Any) -> httpx.Response:
    text = "".join(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n" for event in events)
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=text)


def test_a_stream_has_the_http_client_s_response() -> None:
    stream = client(lambda request: sse(CHUNK, CHUNK, "[DONE]")).chat.completions.create(model="m", messages=[], stream=True)
    assert isinstance(stream.response, httpx.Response)
    assert [chunk.id for chunk in stream] == ["c", "c"]
    assert stream.response.is_closed


def test_a_stream_is_put_together() -> None:
    spoken: Dict[str, Any] = {**CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]}

    async def main() -> Any:
        own = async_client(lambda request: sse(spoken, "[DONE]"))
        async with own.chat.completions.stream(model="m", messages=[]) as stream:
            return await stream.get_final_completion()

    with client(lambda request: sse(spoken, "[DONE]")).chat.completions.stream(model="m", messages=[]) as events:
        assert events.get_final_completion().choices[0].message.content == "Hi"
    assert asyncio.run(main()).choices[0].message.content == "Hi"


def test_an_error_inside_a_stream_is_raised_where_it_stands() -> None:
    failed = {"error": {"message": "too much", "code": "busy"}}
    stream = client(lambda request: sse(CHUNK, failed)).chat.completions.create(model="m", messages=[], stream=True)
    assert next(stream).id == "c"
    with pytest.raises(threadline.APIError, match="too much"):
        next(stream)


def test_json_where_a_stream_was_asked_for_makes_a_stream_without_events() -> None:
    stream = client(lambda request: httpx.Response(200, json={"id": "x"})).chat.completions.create(model="m", messages=[], stream=True)
    assert list(stream) == []


def test_hooks_of_subclasses_see_options_and_requests() -> None:
    class Signed(OpenAI):
        def _prepare_options(self, options: Any) -> Any:
            options.headers = {**(options.headers or {}), "x-option": "1"}
            return options

        def _prepare_request(self, request: httpx.Request) -> None:
            request.headers["x-signature"] = str(len(request.content))

    server = Server({"object": "list", "data": [], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}})
    http = httpx.Client(transport=httpx.MockTransport(server))
    Signed(api_key="k", base_url="http://api.test/v1", http_client=http).embeddings.create(model="m", input="x")
    assert server.seen[0].headers["x-option"] == "1"
    assert int(server.seen[0].headers["x-signature"]) == len(server.seen[0].content) > 0


def test_what_stands_before_httpx_sees_the_calls_of_older_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    with threadline.testing.MockServer() as server:
        own = OpenAI(api_key="k", base_url=server.base_url)
        assert own.models.list().data
        with monkeypatch.context() as patched:
            patched.setattr(httpx.HTTPTransport, "handle_request", lambda self, request: httpx.Response(200, json=MODEL))
            assert own.models.retrieve("any").owned_by == "o"
        assert own.models.list().data


def _wrapped(module: str) -> Any:
    """A function with the names of the one that it stands for, made in this module."""
    scope = {"__name__": module, "answer": lambda: httpx.Response(200, json=MODEL)}
    exec("def stub(self, request): return answer()", scope)
    return functools.wraps(httpx.HTTPTransport.handle_request)(scope["stub"])  # type: ignore[arg-type]


def test_recorders_see_the_calls_and_tracers_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with threadline.testing.MockServer() as server:
        own = OpenAI(api_key="k", base_url=server.base_url)
        with monkeypatch.context() as patched:
            patched.setattr(httpx.HTTPTransport, "handle_request", _wrapped("vcr.stubs.httpx_stubs"))
            assert own.models.retrieve("any").owned_by == "o"
        with monkeypatch.context() as patched:
            patched.setattr(httpx.HTTPTransport, "handle_request", _wrapped("some_tracer.httpx"))
            own.models.retrieve("any")
            assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["openai", "threadline"])
def test_attempts_are_logged_without_addresses_and_bodies(
    name: str, naps: List[float], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger=name):
        client(Server(500, MODEL)).models.retrieve("secret-model")
    told = [record.getMessage() for record in caplog.records if record.name == f"{name}._base_client"]
    assert told[:3] == ["Building HTTP request: method=GET retries_taken=0", "Sending HTTP Request: GET", "HTTP Response: GET 500"]
    assert any(text.startswith("Retrying request in ") and text.endswith("(retry 1 of 2)") for text in told)
    assert told[-2:] == ["HTTP Response: GET 200", "request_id: None"]
    assert not any("secret-model" in text for text in told)


def test_calls_of_the_core_are_logged_as_well(caplog: pytest.LogCaptureFixture) -> None:
    with threadline.testing.MockServer() as server, caplog.at_level(logging.DEBUG, logger="openai"):
        OpenAI(api_key="k", base_url=server.base_url).models.retrieve("m")
    told = [record.getMessage() for record in caplog.records if record.name == "openai._base_client"]
    assert "Sending HTTP Request: GET" in told
    assert "HTTP Response: GET 200" in told


def test_a_text_where_a_file_is_due_is_refused() -> None:
    server = Server()
    with pytest.raises(RuntimeError, match="Expected entry at `file` to be bytes"):
        client(server).files.create(file="notes.txt", purpose="assistants")  # type: ignore[arg-type]
    assert server.seen == []


@pytest.mark.parametrize("value, error", [(None, TypeError), ("2", TypeError), (2.5, TypeError), (-1, ValueError)])
def test_a_number_of_retries_that_is_none_is_refused(value: Any, error: Any) -> None:
    with pytest.raises(error, match="max_retries"):
        OpenAI(api_key="k").with_options(max_retries=value)


def test_the_key_s_function_is_asked_again_for_each_attempt(naps: List[float]) -> None:
    keys = iter(["first", "second"])
    server = Server(500, MODEL)
    http = httpx.Client(transport=httpx.MockTransport(server))
    OpenAI(api_key=lambda: next(keys), base_url="http://api.test/v1", http_client=http).models.retrieve("m")
    assert [request.headers["authorization"] for request in server.seen] == ["Bearer first", "Bearer second"]


def test_a_body_that_can_be_read_once_is_sent_once(naps: List[float]) -> None:
    server = Server(500, MODEL)
    with pytest.raises(threadline.InternalServerError):
        client(server).post("/upload", content=(piece for piece in [b"a", b"b"]), cast_to=object)
    assert [request.content for request in server.seen] == [b"ab"]
    client(Server(500, MODEL)).post("/upload", content=io.BytesIO(b"ab"), cast_to=object)


def test_a_route_says_which_credential_it_takes() -> None:
    server = Server({}, {})
    own = client(server, admin_api_key="admin")
    own.get("/organization/projects", cast_to=object, options={"security": {"admin_api_key_auth": True}})
    own.get("/models", cast_to=object, options={"security": {"bearer_auth": True}})
    assert [request.headers["authorization"] for request in server.seen] == ["Bearer admin", "Bearer k"]


def test_helpers_of_chats_say_which_they_are() -> None:
    server = Server({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": []})
    client(server).chat.completions.parse(model="m", messages=[], extra_headers={"x-own": "1"})
    assert server.seen[0].headers["x-stainless-helper-method"] == "chat.completions.parse"
    assert server.seen[0].headers["x-own"] == "1"


def test_the_class_of_a_clients_own_http_client_may_be_stood_in_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import threadline._base_client as base

    server = Server(MODEL)
    monkeypatch.setattr(base, "SyncHttpxClientWrapper", lambda **options: httpx.Client(transport=httpx.MockTransport(server), **options))
    made = OpenAI(api_key="k", base_url="http://api.test/v1")
    assert isinstance(made._client, httpx.Client) and made.models.retrieve("m").id == "m" and len(server.seen) == 1
    monkeypatch.undo()
    assert type(OpenAI(api_key="k")._client) is not httpx.Client
