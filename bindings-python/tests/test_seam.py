"""`threadline.http_client`: our transport and our engine below HTTP clients of other libraries."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any, AsyncIterator, Dict, Iterator

import httpx
import httpx2
import openai
import pytest
import threadline
from conftest import Mock

MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "me"}
NETWORK: Dict[str, Any] = {"system_proxy": False}
LIBRARIES = [httpx, httpx2]


def client(**options: Any) -> Any:
    return threadline.http_client(**{"network": NETWORK, "library": "httpx", **options})


def async_client(**options: Any) -> Any:
    return threadline.async_http_client(**{"network": NETWORK, "library": "httpx", **options})


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_request_and_its_reply_pass_as_they_are(mock: Mock, library: Any) -> None:
    mock.script({"status": 418, "headers": {"x-a": ["1", "2"]}, "json": {"a": "é"}})
    with client(library=library.__name__) as own:
        assert isinstance(own, library.Client)
        reply = own.post(f"{mock.base_url}/x?q=1%202", json={"b": [1]}, headers={"X-Own": "v", "authorization": "Bearer k"})
    assert (reply.status_code, reply.json(), reply.headers.get_list("x-a")) == (418, {"a": "é"}, ["1", "2"])
    (seen,) = mock.requests()
    assert (seen["verb"], seen["target"], seen["body"]["json"]) == ("POST", "/v1/x?q=1%202", {"b": [1]})
    headers = dict(seen["headers"])
    assert headers["x-own"] == "v" and headers["content-type"] == "application/json" and headers["content-length"] == "9"
    assert headers["accept-encoding"] == "gzip, br, zstd" and "transfer-encoding" not in headers


def test_without_a_name_the_library_is_the_official_packages() -> None:
    assert isinstance(threadline.http_client(), httpx2.Client)
    assert isinstance(threadline.async_http_client(), httpx2.AsyncClient)


def test_what_belongs_to_connections_is_refused() -> None:
    with pytest.raises(TypeError, match="verify"):
        client(verify=False)
    with pytest.raises(ValueError, match="library"):
        client(library="requests")
    with pytest.raises(ValueError, match="assistants"):
        client(assistants={"store": "sqlite::memory:", "colour": 1})


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_replies_are_decoded(mock: Mock, encoding: str) -> None:
    mock.script({"json": MODEL, "encoding": encoding})
    with client() as own:
        assert own.get(f"{mock.base_url}/models/m").json() == MODEL


def test_bodies_stream_both_ways(mock: Mock) -> None:
    mock.script({"text": "abcdef", "framing": "chunked", "cut": [{"at": 3, "gate": "rest"}]}, {"text": "ok"})

    def pieces() -> Iterator[bytes]:
        yield b"x" * 100_000
        yield b"y" * 100_000

    with client() as own:
        with own.stream("POST", f"{mock.base_url}/up", content=pieces()) as reply:
            parts = reply.iter_bytes()
            assert next(parts) == b"abc"
            mock.open("rest")
            assert b"".join(parts) == b"def"
        assert own.post(f"{mock.base_url}/form", files={"file": ("a.txt", b"hello")}, data={"k": "v"}).text == "ok"
    up, form = mock.requests()
    assert up["body"]["length"] == 200_000 and dict(up["headers"])["transfer-encoding"] == "chunked"
    assert [(part["name"], part.get("text")) for part in form["body"]["parts"]] == [("k", "v"), ("file", "hello")]
    assert "content-length" in dict(form["headers"])


def test_bodies_stream_both_ways_async(mock: Mock) -> None:
    mock.script({"text": "abcdef", "framing": "chunked", "cut": [{"at": 3, "gate": "rest"}]})

    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        await asyncio.sleep(0)
        yield b"y" * 100_000

    async def run() -> None:
        async with async_client() as own:
            async with own.stream("POST", f"{mock.base_url}/up", content=pieces()) as reply:
                parts = reply.aiter_bytes()
                assert await parts.__anext__() == b"abc"
                mock.open("rest")
                assert [part async for part in parts] == [b"def"]

    asyncio.run(run())
    assert mock.requests()[0]["body"]["length"] == 200_000


def test_a_source_that_fails_raises_its_own_error(mock: Mock) -> None:
    mock.script({"text": "never"})

    def pieces() -> Iterator[bytes]:
        yield b"x"
        raise KeyError("mine")

    with client() as own, pytest.raises(KeyError, match="mine"):
        own.post(f"{mock.base_url}/up", content=pieces())


def test_a_reply_that_is_left_closes_its_connection(mock: Mock) -> None:
    mock.script({"text": "abc", "framing": "chunked", "end": "hold", "last_chunk": False})
    with client() as own:
        with own.stream("GET", f"{mock.base_url}/x") as reply:
            assert next(reply.iter_bytes()) == b"abc"
        log = mock.log("wait=closed")
        assert log["waited"] and log["connections"][0]["closed_by"] == "client"


def test_a_cancelled_task_closes_its_connection(mock: Mock) -> None:
    mock.script({"nothing": True, "end": "hold"}, {"text": "abc", "framing": "chunked", "end": "hold", "last_chunk": False})

    async def run() -> None:
        async with async_client() as own:
            waiting = asyncio.ensure_future(own.get(f"{mock.base_url}/x"))
            await asyncio.to_thread(mock.log, "wait=requests:1")
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            log = await asyncio.to_thread(mock.log, "wait=closed")
            assert log["waited"] and log["connections"][0]["closed_by"] == "client"

            arrived = asyncio.Event()

            async def read() -> None:
                async with own.stream("GET", f"{mock.base_url}/y") as reply:
                    async for _ in reply.aiter_bytes():
                        arrived.set()

            reading = asyncio.ensure_future(read())
            await arrived.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            log = await asyncio.to_thread(mock.log, "wait=closed")
            assert log["waited"] and log["connections"][1]["closed_by"] == "client"

    asyncio.run(run())


@pytest.mark.parametrize("library", LIBRARIES)
def test_failures_have_the_librarys_names(mock: Mock, library: Any) -> None:
    mock.script(
        {"nothing": True, "end": "close"},
        {"text": "abc", "headers": {"content-length": "10"}, "end": "close"},
        {"text": "no gzip", "headers": {"content-encoding": "gzip"}},
        {"nothing": True, "end": "hold"},
        {"text": "abc", "framing": "chunked", "end": "hold", "last_chunk": False},
    )
    url = f"{mock.base_url}/x"
    with client(library=library.__name__) as own:
        with pytest.raises(library.RemoteProtocolError):
            own.get(url)
        with pytest.raises(library.ReadError):
            own.get(url)
        with pytest.raises(library.DecodingError):
            own.get(url)
        with pytest.raises(library.ReadTimeout) as late:
            own.get(url, timeout=0.2)
        assert str(late.value.request.url) == url
        with pytest.raises(library.ReadTimeout):
            own.get(url, timeout=0.2)
        with pytest.raises(library.ConnectError):
            own.get("http://127.0.0.1:1/x")


def test_a_connection_that_is_not_made_in_time_is_a_timeout(mock: Mock) -> None:
    mock.script({"json": {"there": "${silent}"}})
    with client(timeout=httpx.Timeout(5.0, connect=0.2)) as own:
        silent = own.get(mock.base_url).json()["there"]
        with pytest.raises(httpx.ConnectTimeout):
            own.post(f"{silent}/x", json={})
        with pytest.raises(httpx.TimeoutException):
            own.get(f"{silent}/x", timeout=0.1)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_official_package_sends_through_it(mock: Mock, library: Any) -> None:
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunk["choices"] = [{"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}]
    mock.script({"json": MODEL}, {"sse": [chunk, "[DONE]"]}, {"status": 404, "json": {"error": {"message": "no"}}})
    with openai.OpenAI(base_url=mock.base_url, api_key="k", http_client=client(library=library.__name__)) as official:
        assert official.models.retrieve("m").id == "m"
        stream = official.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True)
        assert [part.choices[0].delta.content for part in stream] == ["hi"]
        with pytest.raises(openai.NotFoundError):
            official.models.retrieve("m")


@pytest.mark.parametrize("library", LIBRARIES)
def test_timeouts_and_lost_connections_are_the_official_packages_errors(mock: Mock, library: Any) -> None:
    mock.script({"nothing": True, "end": "hold"})
    own = client(library=library.__name__)
    official = openai.OpenAI(base_url=mock.base_url, api_key="k", http_client=own, max_retries=0)
    with pytest.raises(openai.APITimeoutError):
        official.models.list(timeout=0.2)
    with pytest.raises(openai.APIConnectionError):
        official.with_options(base_url="http://127.0.0.1:1/v1").models.list()


def reply_of(text: str) -> Dict[str, Any]:
    message = {"role": "assistant", "content": text}
    delta = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    first = {**delta, "choices": [{"index": 0, "delta": message, "finish_reason": None}]}
    last = {**delta, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return {"for": "POST /chat/completions", "sse": [first, last, "[DONE]"]}


def converse(official: Any, model: str = "m") -> str:
    assistant = official.beta.assistants.create(model=model)
    thread = official.beta.threads.create(messages=[{"role": "user", "content": "Hi"}])
    run = official.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    assert run.status == "completed", run
    return str(official.beta.threads.messages.list(thread.id).data[0].content[0].text.value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_assistants_run_in_the_process_with_url_and_key_of_the_requests(mock: Mock, tmp_path: Path) -> None:
    mock.script(reply_of("Hello"), {"json": MODEL})
    store = {"store": f"sqlite:{tmp_path / 'a.db'}", "profile": {"api": "chat"}}
    with openai.OpenAI(
        base_url=mock.base_url, api_key="sk-of-the-program", organization="org-1", http_client=client(assistants=store)
    ) as official:
        assert converse(official) == "Hello"
        assert official.models.retrieve("m").id == "m"
    model, other = mock.requests()
    assert (model["path"], other["path"]) == ("/v1/chat/completions", "/v1/models/m")
    assert dict(model["headers"])["authorization"] == "Bearer sk-of-the-program"
    assert dict(model["headers"])["openai-organization"] == "org-1"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_models_may_be_elsewhere_and_no_key_follows_by_itself(mock: Mock, tmp_path: Path) -> None:
    mock.script(reply_of("One"), reply_of("Two"))
    for key, expected in [(None, "Bearer none"), ("sk-there", "Bearer sk-there")]:
        store = {"store": f"sqlite:{tmp_path / 'a.db'}", "profile": {"api": "chat"}}
        own = client(assistants=store, base_url=mock.base_url, api_key=key)
        with openai.OpenAI(base_url="https://nowhere.invalid/v1", api_key="sk-here", http_client=own) as official:
            converse(official)
        assert dict(mock.requests()[-1]["headers"])["authorization"] == expected


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_files_are_the_engines_or_the_servers(mock: Mock) -> None:
    with openai.OpenAI(base_url=mock.base_url, api_key="k", http_client=client(assistants="sqlite::memory:")) as official:
        file = official.files.create(file=("a.txt", b"The ferry leaves at noon."), purpose="assistants")
        store = official.vector_stores.create(name="s")
        official.vector_stores.files.create_and_poll(vector_store_id=store.id, file_id=file.id)
        assert official.vector_stores.search(store.id, query="ferry").data[0].filename == "a.txt"
        assert official.files.content(file.id).read() == b"The ferry leaves at noon."
    assert mock.requests() == []
    theirs = client(assistants="sqlite::memory:", files=False)
    with openai.OpenAI(base_url=mock.base_url, api_key="k", http_client=theirs) as official:
        official.files.create(file=("a.txt", b"x"), purpose="assistants")
    assert [seen["path"] for seen in mock.requests()] == ["/v1/files"]


def test_paths_that_only_look_like_the_engines_go_on(mock: Mock) -> None:
    mock.script(*[{"json": {}} for _ in range(3)])
    with client(assistants="sqlite::memory:") as own:
        for path in ("containers/c/files", "organization/threads", "models?x=/threads"):
            own.get(f"{mock.base_url}/{path}")
    assert len(mock.requests()) == 3


def test_many_threads_share_a_client(mock: Mock) -> None:
    mock.script({"json": MODEL, "times": "always"})
    failed = []
    with client() as own:

        def work() -> None:
            for _ in range(20):
                if own.get(f"{mock.base_url}/models/m").json() != MODEL:
                    failed.append(1)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failed and len(mock.requests()) == 160
