"""Readers that give up lose nothing for those who read on, and what is closed is closed whoever reads it."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import Any, List

import pytest
import threadline
from conftest import Mock

NUMBERS = 60


def text(number: int) -> "dict[str, Any]":
    return {"type": "response.output_text.delta", "item_id": "i", "output_index": 0, "content_index": 0, "delta": str(number),
            "sequence_number": number, "event_id": str(number), "response_id": "r"}  # fmt: skip


def test_events_of_a_connection_outlive_readers_that_are_cancelled(mock: Mock) -> None:
    steps: List[Any] = []
    for number in range(NUMBERS):
        steps += [{"json": text(number)}, {"wait_ms": 1}]
    mock.script({"ws": [*steps, {"close": 1000}]})

    async def main() -> List[int]:
        seen: List[int] = []
        async with mock.async_client().realtime.connect(model="m") as connection:
            while len(seen) < NUMBERS:
                # Each reader is given up at another moment of an event's way.
                reader = asyncio.ensure_future(connection.recv())
                for _ in range(len(seen) % 4):
                    await asyncio.sleep(0)
                done, _ = await asyncio.wait([reader], timeout=0.001)
                if not done:
                    reader.cancel()
                    try:
                        await reader
                    except asyncio.CancelledError:
                        continue
                seen.append(int(reader.result().delta))
        return seen

    assert asyncio.run(main()) == list(range(NUMBERS))


def chunk(text: str) -> str:
    return 'data: {"id":"c","choices":[{"index":0,"delta":{"content":"' + text + '"}}]}\n\n'


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_stream_that_is_closed_while_its_reader_leaves_has_no_connection(mock: Mock, asynchronous: bool) -> None:
    body = chunk("a") + chunk("b")
    mock.script({"headers": {"content-type": "text/event-stream"}, "text": body, "cut": [{"at": len(chunk("a")), "gate": "never"}]})
    settings: Any = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True}

    async def main() -> None:
        stream = await mock.async_client().chat.completions.create(**settings)
        await anext(stream)
        reader = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0.02)
        reader.cancel()
        await stream.close()
        assert mock.log("wait=closed")["waited"]
        with pytest.raises((asyncio.CancelledError, StopAsyncIteration)):
            await reader

    def threads() -> None:
        stream = mock.client().chat.completions.create(**settings)
        next(stream)
        left: List[Any] = []
        reader = threading.Thread(target=lambda: left.extend(stream))
        reader.start()
        time.sleep(0.02)
        stream.close()
        reader.join(timeout=20)
        assert left == [] and not reader.is_alive()
        assert mock.log("wait=closed")["waited"]

    asyncio.run(main()) if asynchronous else threads()


def test_a_download_that_is_closed_ends_its_reader(mock: Mock) -> None:
    mock.script({"headers": {"content-type": "application/octet-stream"}, "text": "x" * 1000, "cut": [{"at": 10, "gate": "never"}]})
    client = mock.client(max_retries=0)
    with client.files.with_streaming_response.content("f") as reply:
        pieces = reply.iter_bytes()
        assert next(pieces)
        left: List[bytes] = []
        reader = threading.Thread(target=lambda: left.extend(pieces))
        reader.start()
        time.sleep(0.05)
        reply.close()
        reader.join(timeout=20)
        assert left == [] and not reader.is_alive()
    assert mock.log("wait=closed")["waited"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_download_of_the_parents_is_refused_in_a_forked_child(mock: Mock) -> None:
    mock.script({"headers": {"content-type": "application/octet-stream"}, "text": "x" * 1000, "cut": [{"at": 10, "gate": "never"}]})
    with mock.client(timeout=60).files.with_streaming_response.content("f") as reply:
        pieces = reply.iter_bytes()
        assert next(pieces)
        child = os.fork()
        if child == 0:
            try:
                next(pieces)
            except RuntimeError as error:
                os._exit(0 if "forked" in str(error) else 1)
            except BaseException:  # noqa: B036
                os._exit(2)
            os._exit(3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert threadline.__version__
