"""Calls through the public interface, against the mock server."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import threading
import textwrap
from pathlib import Path
from typing import Any

import pytest
import threadline
from conftest import Mock

MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "me"}
MESSAGES: Any = [{"role": "user", "content": "hi"}]


def chunk(text: str) -> Any:
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": {"content": text}}]}


LAST = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
STREAM: Any = {"sse": [chunk("a"), chunk("b"), LAST, "[DONE]"]}


def test_a_reply_is_an_instance_with_its_request_id(mock: Mock) -> None:
    mock.script({"json": MODEL, "headers": {"x-request-id": "req_7"}})
    model = mock.client().models.retrieve("m")
    assert isinstance(model, threadline.types.Model)
    assert model.to_dict() == MODEL and model._request_id == "req_7"
    assert "_rid" not in vars(model)


def test_errors_have_the_official_attributes(mock: Mock) -> None:
    body = {"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded", "param": None}}
    mock.script({"status": 429, "json": body, "headers": {"x-request-id": "req_1"}})
    with pytest.raises(threadline.RateLimitError) as caught:
        mock.client(max_retries=0).models.retrieve("m")
    error = caught.value
    assert isinstance(error, threadline.APIStatusError) and isinstance(error, threadline.OpenAIError)
    assert error.status_code == 429 and error.code == "rate_limit_exceeded" and error.type == "requests"
    assert error.body == body["error"] and error.request_id == "req_1"
    assert error.response.status_code == 429 and error.response.headers["X-Request-Id"] == "req_1"
    assert error.response.json() == body and error.request.method == "GET"
    assert "slow down" in str(error) and error.message.startswith("Error code: 429")


def test_an_empty_path_value_is_refused(mock: Mock) -> None:
    with pytest.raises(ValueError, match="Expected a non-empty value for `model`"):
        mock.client().models.retrieve("")


def test_extras_reach_the_wire(mock: Mock) -> None:
    mock.script({"json": {}, "times": "always"})
    client = mock.client(default_headers={"x-a": "1", "x-b": "1"}, default_query={"q": "1"})
    client.chat.completions.create(
        model="m",
        messages=MESSAGES,
        temperature=threadline.omit,
        extra_headers={"x-a": "2", "x-b": threadline.omit},
        extra_query={"list": ["a", "b"], "deep": {"k": True}},
        extra_body={"more": {"x": [1]}},
    )
    request = mock.requests()[0]
    headers = {name.lower(): value for name, value in request["headers"]}
    assert headers["x-a"] == "2" and "x-b" not in headers
    assert request["body"]["json"] == {"model": "m", "messages": MESSAGES, "more": {"x": [1]}}


def test_streams_come_event_by_event_and_close(mock: Mock) -> None:
    mock.script(STREAM, STREAM)
    client = mock.client()
    with client.chat.completions.create(model="m", messages=MESSAGES, stream=True) as stream:
        assert isinstance(stream, threadline.Stream) and stream.response.status_code == 200
        assert [part.choices[0].delta.content for part in stream] == ["a", "b", None]
    stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    assert next(stream).choices[0].delta.content == "a"
    stream.close()


def test_a_cut_stream_raises_with_what_arrived(mock: Mock) -> None:
    mock.script({"sse": [chunk("a"), chunk("b")], "end": "close"})
    got = []
    with pytest.raises(threadline.APIConnectionError) as caught:
        for part in mock.client().chat.completions.create(model="m", messages=MESSAGES, stream=True):
            got.append(part)
    assert len(got) == 2
    assert caught.value.kind == "stream_ended" and caught.value.partial == {"text": "ab", "events": 2}


def test_lists_iterate_over_all_pages(mock: Mock) -> None:
    pages = [
        {"object": "list", "data": [{"id": "a", "object": "file"}, {"id": "b", "object": "file"}], "has_more": True},
        {"object": "list", "data": [{"id": "c", "object": "file"}], "has_more": False},
    ]
    mock.script(*({"json": page} for page in pages), {"json": pages[0]}, {"json": pages[1]})
    client = mock.client()
    assert [file.id for file in client.files.list()] == ["a", "b", "c"]
    page = client.files.list()
    assert page.has_next_page() and page.next_page_info().params == {"after": "b"}
    last = page.get_next_page()
    assert last.data[0].id == "c" and not last.has_next_page()
    with pytest.raises(RuntimeError, match="No next page"):
        last.get_next_page()


@pytest.mark.parametrize("kind", ["path", "bytes", "tuple", "file", "memory"])
def test_uploads_take_what_the_official_package_takes(mock: Mock, tmp_path: Path, kind: str) -> None:
    mock.script({"json": {"id": "f", "object": "file"}})
    path = tmp_path / "data.jsonl"
    path.write_bytes(b"{}\n")
    with open(path, "rb") as opened:
        file: Any = {"path": path, "bytes": b"{}\n", "tuple": ("data.jsonl", b"{}\n"), "file": opened, "memory": io.BytesIO(b"{}\n")}[kind]
        mock.client().files.create(file=file, purpose="batch")
    parts = {part["name"]: part for part in mock.requests()[0]["body"]["parts"]}
    assert parts["file"]["text"] == "{}\n"
    assert parts["file"]["filename"] == ("upload" if kind in ("bytes", "memory") else "data.jsonl")


def test_raw_and_streaming_responses(mock: Mock) -> None:
    mock.script({"json": MODEL, "headers": {"x-request-id": "r"}}, {"json": MODEL}, {"text": "0123456789", "headers": {"content-type": "text/plain"}})
    client = mock.client()
    raw = client.models.with_raw_response.retrieve("m")
    assert raw.headers["X-REQUEST-ID"] == "r" and raw.request_id == "r" and raw.status_code == 200 and raw.retries_taken == 0
    assert raw.parse().id == "m" and raw.parse() is raw.parse() and raw.http_response.json() == MODEL
    with client.with_streaming_response.models.retrieve("m") as reply:
        assert reply.parse().id == "m"
    with client.files.with_streaming_response.content("f") as reply:
        assert list(reply.iter_bytes(4)) == [b"0123", b"4567", b"89"]


def test_binary_results_are_read(mock: Mock, tmp_path: Path) -> None:
    mock.script({"text": "bytes", "headers": {"content-type": "application/octet-stream"}})
    content = mock.client().files.content("f")
    assert content.read() == b"bytes" and content.text == "bytes" and list(content.iter_bytes(2)) == [b"by", b"te", b"s"]
    content.write_to_file(tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == b"bytes"


def test_embeddings_become_floats(mock: Mock) -> None:
    import base64
    import struct

    packed = base64.b64encode(struct.pack("<3f", 0.5, -1.0, 0.25)).decode()
    reply = {"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": packed}]}
    numbers = {"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1, 0.25]}]}
    mock.script({"json": reply}, {"json": numbers}, {"json": reply}, {"json": reply})
    client = mock.client()
    create: Any = client.embeddings.create
    assert create(model="m", input="x").data[0].embedding == [0.5, -1.0, 0.25]
    assert create(model="m", input="x").data[0].embedding == [0.5, -1.0, 0.25]
    assert create(model="m", input="x", encoding_format="base64").data[0].embedding == packed
    array = mock.client(vectors="numpy").embeddings.create(model="m", input="x").data[0].embedding
    assert array.tolist() == [0.5, -1.0, 0.25] and str(array.dtype) == "float32"  # type: ignore[attr-defined]


def test_options_of_copies(mock: Mock) -> None:
    mock.script({"status": 500, "json": {}, "times": 2}, {"json": MODEL, "times": "always"})
    client = mock.client()
    with pytest.raises(threadline.InternalServerError):
        client.with_options(max_retries=0).models.retrieve("m")
    client.with_options(max_retries=1).models.retrieve("m")
    client.api_key = "other"
    client.models.retrieve("m")
    assert client.copy(api_key="third").api_key == "third" and client.api_key == "other"


def test_async_calls_streams_and_lists(mock: Mock) -> None:
    page = {"object": "list", "data": [{"id": "a", "object": "file"}], "has_more": False}
    mock.script({"json": MODEL}, STREAM, {"json": page}, {"json": page}, {"status": 404, "json": {"error": {"message": "no"}}})

    async def main() -> None:
        async with mock.async_client() as client:
            assert (await client.models.retrieve("m")).id == "m"
            stream = await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
            assert [part.choices[0].delta.content async for part in stream] == ["a", "b", None]
            assert [file.id async for file in client.files.list()] == ["a"]
            assert (await client.files.list()).data[0].id == "a"
            with pytest.raises(threadline.NotFoundError):
                await client.models.retrieve("m")

    asyncio.run(main())


def test_many_calls_at_once_in_several_loops(mock: Mock) -> None:
    mock.script({"json": MODEL, "times": "always"})
    client = mock.async_client()

    async def many() -> int:
        return len(await asyncio.gather(*(client.models.retrieve("m") for _ in range(50))))

    results: list = []
    threads = [threading.Thread(target=lambda: results.append(asyncio.run(many()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [50, 50, 50] and asyncio.run(many()) == 50


def test_cancelling_closes_the_connection(mock: Mock) -> None:
    mock.script({"json": MODEL, "gate": "never"})

    async def main() -> None:
        call = asyncio.ensure_future(mock.async_client().models.retrieve("m"))
        await asyncio.to_thread(mock.log, "wait=requests:1")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        log = await asyncio.to_thread(mock.log, "wait=closed")
        assert log["connections"][0]["closed_by"] == "client"

    asyncio.run(main())


def run_python(mock: Mock, code: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    lines = ["import os, threadline", f"client = threadline.OpenAI(api_key='k', base_url={mock.base_url!r})", textwrap.dedent(code)]
    return subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", "\n".join(lines)], capture_output=True, text=True, timeout=60, **options)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_makes_calls(mock: Mock) -> None:
    mock.script({"json": MODEL, "times": "always"})
    code = """
        client.models.retrieve("m")
        import warnings; warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if child == 0:
            copy = client.with_options(max_retries=1)
            os._exit(0 if client.models.retrieve("m").id == copy.models.retrieve("m").id == "m" else 1)
        client.models.retrieve("m")
        assert os.waitpid(child, 0)[1] == 0
        print("fine")
    """
    done = run_python(mock, code)
    assert done.stdout.strip() == "fine" and done.stderr == "", done.stderr


def test_a_signal_ends_a_waiting_call(mock: Mock) -> None:
    mock.script({"json": MODEL, "gate": "never"})
    code = """
        import signal, threading, urllib.request
        # A shell starts what runs in the background with the signal ignored.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        def interrupt():
            url = str(client.base_url).replace("/v1/", "/__mock/log?wait=requests:1")
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url).close()
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt).start()
        try:
            client.models.retrieve("m")
        except KeyboardInterrupt:
            print("interrupted")
    """
    assert signal.SIGINT and run_python(mock, code).stdout.strip() == "interrupted"


def test_the_interpreter_ends_while_calls_are_under_way(mock: Mock) -> None:
    mock.script({"json": MODEL, "gate": "never", "times": "always"})
    code = """
        import asyncio, threading
        a = threadline.AsyncOpenAI(api_key="k", base_url=client.base_url)
        threading.Thread(target=client.models.retrieve, args=("m",), daemon=True).start()
        async def main():
            tasks = [asyncio.ensure_future(a.models.retrieve("m")) for _ in range(3)]
            await asyncio.sleep(0)
        asyncio.run(main())
        print("fine")
    """
    done = run_python(mock, code)
    assert done.stdout.strip() == "fine" and done.returncode == 0, done.stderr


def test_the_import_loads_little() -> None:
    code = "import sys, threadline; from threadline import OpenAI; OpenAI(api_key='k').chat.completions; print(len([m for m in sys.modules if m.startswith('threadline')]), 'pydantic' in sys.modules, 'httpx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, pydantic, httpx = done.stdout.split()
    assert int(count) <= 40 and pydantic == httpx == "False", done.stdout
