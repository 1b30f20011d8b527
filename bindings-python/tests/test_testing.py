"""`threadline.testing`: the mock server for users' tests."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import threadline
from threadline.testing import MockServer

pytest_plugins = ["threadline.testing.pytest_plugin"]


def test_without_a_script_it_answers_from_the_description(threadline_mock: MockServer) -> None:
    client = threadline_mock.client()
    reply = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    assert reply.model == "m" and reply.choices
    assert len(list(client.models.list())) > 0
    (chat, models, *_) = threadline_mock.requests
    assert (chat.method, chat.path, chat.operation) == ("POST", "/v1/chat/completions", "chat.completions.create")
    assert chat.json["messages"] == [{"role": "user", "content": "hi"}] and chat.headers["authorization"] == "Bearer test-key"
    assert models.json is None
    threadline_mock.assert_valid()


def test_a_request_that_breaks_the_description_is_told(threadline_mock: MockServer) -> None:
    with pytest.raises(threadline.BadRequestError):
        threadline_mock.client().chat.completions.create(model="m", messages=[{"role": "nobody", "content": "hi"}])  # type: ignore[list-item]
    with pytest.raises(AssertionError, match="messages"):
        threadline_mock.assert_valid()


def test_replies_and_faults_are_scripted(threadline_mock: MockServer) -> None:
    threadline_mock.reply(status=429, headers={"retry-after": "0"}, json={"error": {"message": "slow"}})
    threadline_mock.reply(end="reset", nothing=True).reply(for_="GET /models", json={"object": "list", "data": []})
    assert threadline_mock.client().models.list().data == []
    assert len(threadline_mock.requests) == 3
    with pytest.raises(ValueError, match="colour"):
        threadline_mock.reply(colour="red")
    threadline_mock.reset()
    assert threadline_mock.requests == []


def test_gates_and_connections(threadline_mock: MockServer) -> None:
    event = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": {"content": "a"}}]}
    threadline_mock.reply(sse=[event, event], end="hold", last_chunk=False)
    stream = threadline_mock.client().chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True)
    next(stream)
    threadline_mock.wait_for_requests(1)
    stream.close()
    (connection,) = threadline_mock.wait_until_closed()
    assert connection.closed_by == "client"
    with pytest.raises(TimeoutError, match="2 requests"):
        threadline_mock.wait_for_requests(2, limit=0.05)


def test_form_data_is_seen_in_parts(threadline_mock: MockServer) -> None:
    threadline_mock.client().files.create(file=("a.txt", b"hello"), purpose="assistants")
    parts = {part["name"]: part for part in threadline_mock.requests[0].parts}
    assert parts["file"]["filename"] == "a.txt" and parts["file"]["text"] == "hello" and parts["purpose"]["text"] == "assistants"


def test_tls_is_spoken_on_the_same_port(threadline_mock: MockServer, tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text(threadline_mock.tls(certificate="good"))
    url = threadline_mock.base_url.replace("http", "https")
    assert threadline_mock.client(base_url=url, network={"ca_file": authority}).models.list().data
    threadline_mock.tls(certificate="expired")
    with pytest.raises(threadline.APIConnectionError):
        threadline_mock.client(base_url=url, network={"ca_file": authority}, max_retries=0).models.list()


def test_it_ends_with_its_block() -> None:
    with MockServer() as server:
        origin = server.origin
    with pytest.raises(OSError):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(origin, timeout=5)
    with pytest.raises(RuntimeError, match="does not run"):
        server.base_url  # noqa: B018
    with MockServer() as first, pytest.raises(OSError, match="cannot listen"):
        MockServer(int(first.origin.rsplit(":", 1)[1])).start()


def test_a_process_may_end_while_it_runs() -> None:
    code = "from threadline.testing import MockServer; m = MockServer().start(); m.client().models.list()"
    done = subprocess.run([sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_other_programs_find_it_by_the_environment(threadline_mock: MockServer, monkeypatch: Any) -> None:
    for name, value in threadline_mock.environment().items():
        monkeypatch.setenv(name, value)
    assert threadline.OpenAI().models.list().data
