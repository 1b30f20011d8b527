"""Clients: options, requests by their parts, replies, retries, errors; over an HTTP client of the test's own."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
from typing import Any, Callable, List

import httpx
import pytest

import openai
from openai import AsyncOpenAI, OpenAI, BaseModel
from openai._models import FinalRequestOptions



def asynchronous(test: Any) -> Any:
    """A test that runs in an event loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


BASE = "http://test.local/v1"
MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "o"}
Handler = Callable[[httpx.Request], httpx.Response]


def make(handler: Handler, **options: Any) -> OpenAI:
    http = httpx.Client(transport=httpx.MockTransport(handler))
    return OpenAI(**{"api_key": "k", "base_url": BASE, "max_retries": 0, "http_client": http, **options})


def make_async(handler: Handler, **options: Any) -> AsyncOpenAI:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return AsyncOpenAI(**{"api_key": "k", "base_url": BASE, "max_retries": 0, "http_client": http, **options})


class Seen:
    """Answers from a list, and keeps the requests."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.requests: List[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        status, body, headers = reply if isinstance(reply, tuple) else (200, reply, {})
        return httpx.Response(status, json=body, headers=headers)


def test_a_request_has_path_key_and_headers() -> None:
    seen = Seen(MODEL)
    model = make(seen, organization="org", project="proj", default_headers={"X-Own": "1"}).models.retrieve("m")
    assert model.id == "m"
    request = seen.requests[0]
    assert request.method == "GET"
    assert str(request.url) == BASE + "/models/m"
    assert request.headers["authorization"] == "Bearer k"
    assert request.headers["openai-organization"] == "org"
    assert request.headers["openai-project"] == "proj"
    assert request.headers["x-own"] == "1"
    assert request.headers["x-stainless-lang"] == "python"


def test_extra_headers_query_and_body_reach_the_wire() -> None:
    seen = Seen({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": []})
    make(seen).chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": "hi"}],
        extra_headers={"X-A": "1"},
        extra_query={"q": "2"},
        extra_body={"more": {"x": [1]}, "model": "other"},
    )
    request = seen.requests[0]
    assert request.headers["x-a"] == "1"
    assert request.url.params["q"] == "2"
    body = json.loads(request.content)
    assert body["more"] == {"x": [1]} and body["model"] == "other"


def test_a_header_is_taken_away_by_omit() -> None:
    seen = Seen(MODEL)
    client = make(seen, default_headers={"X-Own": "1"})
    client.models.retrieve("m", extra_headers={"X-Own": openai.Omit()})
    assert "x-own" not in seen.requests[0].headers


def test_copies_change_what_is_given_and_keep_the_rest() -> None:
    client = OpenAI(api_key="k", base_url=BASE, default_headers={"foo": "bar"}, default_query={"q": "1"}, max_retries=5, timeout=3)
    copied = client.copy(api_key="other", default_headers={"x": "y"}, default_query={"r": "2"})
    assert copied is not client
    assert (copied.api_key, client.api_key) == ("other", "k")
    assert copied.default_headers["foo"] == "bar" and copied.default_headers["x"] == "y"
    assert dict(copied.default_query) == {"q": "1", "r": "2"}
    assert copied.max_retries == 5 and copied.timeout == 3
    assert client.with_options(max_retries=1).max_retries == 1
    replaced = client.copy(set_default_headers={"only": "1"})
    assert "foo" not in replaced.default_headers and replaced.default_headers["only"] == "1"
    assert dict(client.copy(set_default_query={}).default_query) == {}
    with pytest.raises(ValueError, match="mutually exclusive"):
        client.copy(set_default_headers={}, default_headers={"a": "b"})


def test_a_copy_takes_every_option_of_a_client() -> None:
    taken = inspect.signature(OpenAI(api_key="k").copy).parameters
    for name in inspect.signature(OpenAI.__init__).parameters:
        if name not in ("self", "_strict_response_validation", "provider", "_enforce_credentials"):
            assert name in taken, name


def test_requests_can_be_built_without_sending() -> None:
    client = OpenAI(api_key="k", base_url=BASE, default_query={"d": "1"}, timeout=httpx.Timeout(7))
    options = FinalRequestOptions(method="post", url="/foo", json_data={"a": 1}, params={"x": "y"})
    request = client._build_request(options)
    assert request.url.path == "/v1/foo"
    assert dict(request.url.params) == {"d": "1", "x": "y"}
    assert json.loads(request.read()) == {"a": 1}
    assert request.extensions["timeout"]["read"] == 7
    limited = client._build_request(FinalRequestOptions(method="get", url="/foo", timeout=openai.Timeout(100.0)))
    assert limited.extensions["timeout"]["read"] == 100.0
    merged = client._build_request(
        FinalRequestOptions.construct(method="post", url="/foo", json_data={"a": 1, "b": 2}, extra_json={"b": 3})
    )
    assert json.loads(merged.read()) == {"a": 1, "b": 3}
    absolute = client._build_request(FinalRequestOptions(method="post", url="https://other.example/x", json_data={}))
    assert str(absolute.url).startswith("https://other.example/x")


def test_limits_of_an_http_client_count_unless_they_are_the_unasked_ones() -> None:
    def limit(http: httpx.Client) -> httpx.Timeout:
        client = OpenAI(api_key="k", base_url=BASE, http_client=http)
        request = client._build_request(FinalRequestOptions(method="get", url="/foo"))
        return httpx.Timeout(**request.extensions["timeout"])

    with httpx.Client(timeout=None) as http:
        assert limit(http) == httpx.Timeout(None)
    with httpx.Client() as http:
        assert limit(http) == httpx.Timeout(timeout=600, connect=5.0)


@asynchronous
async def test_http_clients_of_the_other_kind_are_refused() -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(TypeError, match="Invalid `http_client` arg"):
            OpenAI(api_key="k", http_client=http)  # type: ignore[arg-type]
    with httpx.Client() as sync:
        with pytest.raises(TypeError, match="Invalid `http_client` arg"):
            AsyncOpenAI(api_key="k", http_client=sync)  # type: ignore[arg-type]


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(openai.OpenAIError):
        OpenAI()
    monkeypatch.setenv("OPENAI_API_KEY", "env-key")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://env.local/v2")
    monkeypatch.setenv("OPENAI_ORG_ID", "env-org")
    client = OpenAI()
    assert client.api_key == "env-key" and client.organization == "env-org"
    assert str(client.base_url) == "http://env.local/v2/"
    client.base_url = "http://later.local/"
    assert client.base_url == "http://later.local/"
    with pytest.raises(TypeError, match="max_retries cannot be None"):
        OpenAI(max_retries=None)  # type: ignore[arg-type]


def test_a_client_can_be_closed() -> None:
    client = OpenAI(api_key="k")
    assert not client.is_closed()
    copied = client.copy()
    del copied
    assert not client.is_closed()
    with client as same:
        assert same is client and not client.is_closed()
    assert client.is_closed()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (418, openai.APIStatusError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_errors_have_the_official_attributes(status: int, kind: type) -> None:
    error = {"message": "no", "type": "t", "param": "p", "code": "c", "extra": 1}
    seen = Seen((status, {"error": error}, {"x-request-id": "req_1"}))
    with pytest.raises(openai.APIStatusError) as caught:
        make(seen).models.retrieve("m")
    raised = caught.value
    assert type(raised) is kind
    assert raised.status_code == status and raised.request_id == "req_1"
    assert raised.body == error
    assert (raised.type, raised.param, raised.code) == ("t", "p", "c")
    assert str(raised) == raised.message == f"Error code: {status} - no"
    assert raised.response.status_code == status
    assert raised.response.headers["x-request-id"] == "req_1"
    assert raised.response.json() == {"error": error}
    assert str(raised.request.url) == BASE + "/models/m" and raised.request.method == "GET"


def test_an_error_that_is_no_json_is_shown_as_text() -> None:
    client = make(lambda request: httpx.Response(500, text="<h1>oops</h1>"))
    with pytest.raises(openai.InternalServerError) as caught:
        client.models.retrieve("m")
    assert str(caught.value) == "Error code: 500" and caught.value.body == "<h1>oops</h1>"


def test_failing_connections_and_limits_are_told_apart() -> None:
    with pytest.raises(openai.APIConnectionError) as caught:
        make(Seen(httpx.ConnectError("refused"))).models.retrieve("m")
    assert str(caught.value) == "Connection error."
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


@pytest.mark.parametrize("failures", [0, 2, 4])
def test_retries_are_counted(failures: int) -> None:
    seen = Seen(*[(500, {}, {"retry-after-ms": "1"})] * failures, MODEL)
    response = make(seen, max_retries=4).models.with_raw_response.retrieve("m")
    assert response.retries_taken == failures
    assert len(seen.requests) == failures + 1
    assert int(response.http_request.headers.get("x-stainless-retry-count")) == failures


def test_the_number_of_retries_is_kept_to() -> None:
    seen = Seen((500, {}, {"retry-after-ms": "1"}))
    with pytest.raises(openai.InternalServerError):
        make(seen, max_retries=2).models.retrieve("m")
    assert len(seen.requests) == 3
    seen = Seen((503, {}, {"x-should-retry": "false"}))
    with pytest.raises(openai.InternalServerError):
        make(seen, max_retries=2).models.retrieve("m")
    assert len(seen.requests) == 1


@pytest.mark.parametrize(("left", "header", "wait"), [(3, "20", 20), (3, "0", 0.5), (3, "-10", 0.5), (3, "x", 0.5), (2, "", 1.0), (1, "", 2.0)])
def test_waits_before_retries(left: int, header: str, wait: float) -> None:
    client = OpenAI(api_key="k")
    options = FinalRequestOptions(method="get", url="/foo", max_retries=3)
    found = client._calculate_retry_timeout(left, options, httpx.Headers({"retry-after": header}))
    assert found == pytest.approx(wait, 0.5 * 0.875)


def test_raw_replies() -> None:
    seen = Seen((200, MODEL, {"x-request-id": "req_7", "x-own": "yes"}))
    response = make(seen).models.with_raw_response.retrieve("m")
    assert response.status_code == 200 and response.headers["X-Own"] == "yes"
    assert response.request_id == "req_7" and response.is_closed is True
    assert json.loads(response.text) == MODEL and json.loads(response.content) == MODEL
    assert str(response.url) == BASE + "/models/m" and response.method == "GET"
    model = response.parse()
    assert model.id == "m" and model._request_id == "req_7"
    assert response.parse() is model


class Own(BaseModel):
    id: str
    created: int


def test_replies_as_types_of_the_program() -> None:
    client = make(Seen(MODEL))
    response = client.models.with_raw_response.retrieve("m")
    own = response.parse(to=Own)
    assert isinstance(own, Own) and own.created == 1
    assert response.parse(to=str) == response.text
    assert response.parse(to=dict)["id"] == "m"
    with client.models.with_streaming_response.retrieve("m") as opened:
        assert opened.json() == MODEL
    assert opened.is_closed
    with client.models.with_streaming_response.retrieve("m") as opened:
        assert opened.read() == response.content and opened.text() == response.text
    with client.models.with_streaming_response.retrieve("m") as opened:
        assert b"".join(opened.iter_bytes()) == response.content
    with client.models.with_streaming_response.retrieve("m") as opened:
        assert "".join(opened.iter_lines()) == response.text


@asynchronous
async def test_asynchronous_replies() -> None:
    seen = Seen((200, MODEL, {"x-request-id": "req_7"}))
    client = make_async(seen)
    assert (await client.models.retrieve("m"))._request_id == "req_7"
    response = await client.models.with_raw_response.retrieve("m")
    assert response.parse().id == "m"
    async with client.models.with_streaming_response.retrieve("m") as opened:
        assert (await opened.parse()).id == "m"
    assert opened.is_closed
    await client.close()
    assert client.is_closed()


def test_binary_replies(tmp_path: Any) -> None:
    client = make(lambda request: httpx.Response(200, content=b"sound", headers={"content-type": "audio/mpeg"}))
    arguments: Any = {"model": "m", "voice": "alloy", "input": "x"}
    speech = client.audio.speech.create(**arguments)
    assert speech.read() == speech.content == b"sound"
    assert b"".join(speech.iter_bytes()) == b"sound"
    speech.write_to_file(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"sound"
    with client.audio.speech.with_streaming_response.create(**arguments) as opened:
        opened.stream_to_file(tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"sound"
    with client.audio.speech.with_streaming_response.create(**arguments) as opened:
        assert opened.parse() == b"sound"
    assert client.audio.speech.with_raw_response.create(**arguments).parse().content == b"sound"


def sse(*events: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"


def chunk(text: str) -> Any:
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}  # fmt: skip


def test_streams() -> None:
    client = make(lambda request: httpx.Response(200, content=sse(chunk("a"), chunk("b")), headers={"content-type": "text/event-stream"}))
    arguments: Any = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    stream = client.chat.completions.create(**arguments)
    assert isinstance(stream, openai.Stream)
    assert stream.response.headers["content-type"] == "text/event-stream"
    assert [event.choices[0].delta.content for event in stream] == ["a", "b"]
    with client.chat.completions.create(**arguments) as stream:
        assert next(stream).choices[0].delta.content == "a"
    raw = client.chat.completions.with_raw_response.create(**arguments)
    assert [event.choices[0].delta.content for event in raw.parse()] == ["a", "b"]
    with client.chat.completions.with_streaming_response.create(**arguments) as opened:
        lines = [line for line in opened.iter_lines() if line]
    assert lines[-1] == "data: [DONE]" and json.loads(lines[0].removeprefix("data: ")) == chunk("a")


@asynchronous
async def test_asynchronous_streams() -> None:
    client = make_async(lambda request: httpx.Response(200, content=sse(chunk("a"), chunk("b")), headers={"content-type": "text/event-stream"}))
    stream = await client.chat.completions.create(model="m", messages=[], stream=True)
    assert isinstance(stream, openai.AsyncStream)
    assert [event.choices[0].delta.content async for event in stream] == ["a", "b"]


def test_an_error_inside_a_stream_is_raised() -> None:
    content = sse(chunk("a"), {"error": {"message": "overloaded", "type": "server_error", "code": "x"}})
    client = make(lambda request: httpx.Response(200, content=content, headers={"content-type": "text/event-stream"}))
    stream = client.chat.completions.create(model="m", messages=[], stream=True)
    next(stream)
    with pytest.raises(openai.APIError) as caught:
        next(stream)
    assert caught.value.message == "overloaded" and caught.value.code == "x"


def test_pages() -> None:
    pages = {None: {"data": [{"id": "a"}, {"id": "b"}], "has_more": True, "object": "list"}, "b": {"data": [{"id": "c"}], "has_more": False, "object": "list"}}
    client = make(lambda request: httpx.Response(200, json=pages[request.url.params.get("after")]))
    page = client.batches.list(limit=2)
    assert page.has_next_page() and page.data[0].id == "a"
    info = page.next_page_info()
    assert info is not None and info.params == {"after": "b"}
    assert [item.id for item in page.get_next_page().data] == ["c"]
    assert [item.id for item in client.batches.list()] == ["a", "b", "c"]
    assert [len(one.data) for one in page.iter_pages()] == [2, 1]
    assert not page.get_next_page().has_next_page()


@asynchronous
async def test_asynchronous_pages() -> None:
    pages = {None: {"data": [{"id": "a"}], "has_more": True, "object": "list"}, "a": {"data": [{"id": "c"}], "has_more": False, "object": "list"}}
    client = make_async(lambda request: httpx.Response(200, json=pages[request.url.params.get("after")]))
    assert [item.id async for item in client.batches.list()] == ["a", "c"]
    page = await client.batches.list()
    assert page.has_next_page()
    assert [item.id for item in (await page.get_next_page()).data] == ["c"]


def test_uploads_are_forms() -> None:
    seen = Seen({"id": "f", "object": "file", "bytes": 1, "created_at": 1, "filename": "a.txt", "purpose": "batch", "status": "processed"})
    client = make(seen)
    client.files.create(file=("a.txt", b"hello", "text/plain"), purpose="batch")
    request = seen.requests[0]
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'filename="a.txt"' in request.content and b"hello" in request.content and b"batch" in request.content


def test_empty_path_parameters_are_refused() -> None:
    client = make(Seen(MODEL))
    with pytest.raises(ValueError, match=r"Expected a non-empty value for `model` but received ''"):
        client.models.retrieve("")
    with pytest.warns(DeprecationWarning), pytest.raises(ValueError, match=r"Expected a non-empty value for `run_id` but received ''"):
        client.beta.threads.runs.with_raw_response.retrieve("", thread_id="t")


def test_the_module_is_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(MODEL)
    openai._reset_client()  # type: ignore[attr-defined]
    monkeypatch.setattr(openai, "http_client", httpx.Client(transport=httpx.MockTransport(seen)))
    monkeypatch.setattr(openai, "api_key", "module-key")
    monkeypatch.setattr(openai, "base_url", BASE)
    assert openai.models.retrieve("m").id == "m"
    assert seen.requests[0].headers["authorization"] == "Bearer module-key"
    assert openai.chat.completions._client.api_key == "module-key"
    openai._reset_client()  # type: ignore[attr-defined]
    monkeypatch.setattr(openai, "http_client", None)
    monkeypatch.setattr(openai, "api_key", None)
    with pytest.raises(Exception, match="`ChatCompletion`|ChatCompletion"):
        openai.ChatCompletion.create(model="m")  # type: ignore[attr-defined]
    openai._reset_client()  # type: ignore[attr-defined]


def test_old_methods_warn() -> None:
    client = make(Seen({"data": [], "object": "list", "has_more": False}))
    with pytest.warns(DeprecationWarning):
        client.beta.assistants.list()


def test_a_client_that_is_left_closes_its_http_client() -> None:
    http = httpx.Client()
    with OpenAI(api_key="k", http_client=http):
        assert not http.is_closed
    assert http.is_closed
    waiting = httpx.AsyncClient()

    async def main() -> None:
        async with AsyncOpenAI(api_key="k", http_client=waiting):
            assert not waiting.is_closed

    asyncio.run(main())
    assert waiting.is_closed
