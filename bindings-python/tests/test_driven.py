"""Blocking calls: the threads that wait look after the connections themselves, and a thread of its own does while nobody waits."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, List

import pytest
import threadline
from conftest import Mock

MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "me"}
MESSAGES: Any = [{"role": "user", "content": "hi"}]
CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": {"content": "a"}}]}



def of_clients(mock: Mock) -> int:
    """Connections that requests to the API came by; the test's own questions to the server do not count."""
    return len({request["connection"] for request in mock.requests()})


@pytest.mark.parametrize("size", [1, 300_000])
def test_calls_that_follow_one_another_share_a_connection(mock: Mock, size: int) -> None:
    mock.script({"json": {**MODEL, "owned_by": "x" * size}, "times": "always"})
    client = mock.client()
    for number in range(30):
        # Now and then nobody waits for longer than the keeper leaves the connections alone.
        time.sleep(0.05 if number % 10 == 9 else 0)
        assert len(client.models.retrieve("m").owned_by) == size
    assert of_clients(mock) == 1


def test_streams_that_were_read_to_their_end_share_connections(mock: Mock) -> None:
    mock.script({"sse": [CHUNK] * 200 + ["[DONE]"], "times": "always"})
    client = mock.client()
    for _ in range(10):
        assert sum(1 for _ in client.chat.completions.create(model="m", messages=MESSAGES, stream=True)) == 200
    # What is late, behind the last event, is read by the next call's time; seldom it is later still.
    assert of_clients(mock) <= 5


@pytest.mark.parametrize("pause", [0.005, 0.1])
def test_a_connection_that_its_server_has_closed_meanwhile_is_not_used(mock: Mock, pause: float) -> None:
    mock.script({"json": MODEL, "end": "close", "times": "always"})
    client = mock.client(max_retries=0)
    for _ in range(10):
        assert client.models.retrieve("m").id == "m"
        time.sleep(pause)


def test_a_server_that_closes_an_idle_connection_is_heard(mock: Mock) -> None:
    # Nobody calls any more: the client's end is closed all the same.
    mock.script({"json": MODEL, "end": "close"})
    client = mock.client()
    client.models.retrieve("m")
    assert mock.log("wait=closed&limit_ms=10000")["waited"]


def test_threads_that_wait_at_the_same_time(mock: Mock) -> None:
    gate = {"sse": [CHUNK], "last_chunk": False, "end": "hold"}
    mock.script({"for": "POST /chat/completions", **gate}, {"for": "GET /models/{model}", "json": MODEL, "times": "always"})
    client = mock.client()
    stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    assert next(stream).id == "c"
    # One waits for what does not come, and looks after everybody's connections.
    reader = threading.Thread(target=lambda: list(stream))
    reader.start()
    with ThreadPoolExecutor(8) as pool:
        assert [model.id for model in pool.map(client.models.retrieve, ["m"] * 200)] == ["m"] * 200
    stream.close()
    reader.join(30)
    assert not reader.is_alive()


def test_blocking_calls_beside_an_event_loop(mock: Mock) -> None:
    mock.script({"json": MODEL, "times": "always"})
    client = mock.client()

    async def main() -> None:
        other = mock.async_client()
        for _ in range(10):
            found = await asyncio.gather(*(other.models.retrieve("m") for _ in range(4)), *(asyncio.to_thread(client.models.retrieve, "m") for _ in range(4)))
            assert [model.id for model in found] == ["m"] * 8
            # On the loop's own thread, which waits meanwhile.
            assert client.models.retrieve("m").id == "m"

    asyncio.run(main())


def test_a_call_in_the_middle_of_a_call(mock: Mock) -> None:
    mock.script({"json": MODEL, "times": "always"})
    other = mock.client()

    def key() -> str:
        return "key-of-" + other.models.retrieve("m").id

    client = mock.client(api_key=key)
    for _ in range(3):
        assert client.models.retrieve("m").id == "m"
    sent = [dict(request["headers"])["authorization"] for request in mock.requests()]
    assert sent == ["Bearer test-key", "Bearer key-of-m"] * 3


def test_a_handler_of_a_signal_makes_a_call(mock: Mock) -> None:
    import signal

    mock.script({"for": "GET /models/{model}", "json": MODEL, "times": "always"}, {"for": "GET /files", "nothing": True, "end": "hold"})
    client = mock.client(max_retries=0, timeout=1)
    seen: List[str] = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(client.models.retrieve("m").id))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(threadline.APITimeoutError):
            client.files.list()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert seen == ["m"]
