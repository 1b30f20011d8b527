"""Several responses over one connection: lanes of a session, and responses that are put together of their events."""

from __future__ import annotations

import asyncio
import json
import queue
from typing import Any, Dict, List

import pytest
from websockets.exceptions import ConnectionClosedOK
from websockets.frames import Close

from openai.lib.responses_websocket import (
    AsyncResponsesWebSocketSession,
    ResponsesWebSocketAccumulator,
    ResponsesWebSocketBufferError,
    ResponsesWebSocketError,
    ResponsesWebSocketLimits,
    ResponsesWebSocketSession,
)
from openai.resources.responses.responses import AsyncResponsesConnection, ResponsesConnection

LIMITS = ResponsesWebSocketLimits(max_lanes=4, max_events_per_lane=8, max_events=16, max_bytes_per_lane=8192, max_bytes=16384)


def response(kind: str, name: str, **more: Any) -> Dict[str, Any]:
    made = {"id": name, "object": "response", "created_at": 1, "status": kind, "model": "m", "output": [], "tools": []}
    return {"type": f"response.{kind}", "sequence_number": 0, "response": {**made, **more}}


def item(text: str) -> Dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"id": "msg", "type": "message", "role": "assistant", "status": "completed", "content": content}


class Socket:
    """Gives what is put into it, until it is closed."""

    def __init__(self) -> None:
        self.waiting: "queue.Queue[Any]" = queue.Queue()
        self.sent: List[Any] = []

    def put(self, *events: Any) -> None:
        for event in events:
            self.waiting.put(json.dumps(event).encode())

    def recv(self, decode: bool = True) -> bytes:
        message = self.waiting.get(timeout=30)
        if message is None:
            frame = Close(1000, "")
            raise ConnectionClosedOK(frame, frame, True)
        return bytes(message)

    def send(self, data: Any) -> None:
        self.sent.append(json.loads(data))

    def close(self, **given: Any) -> None:
        self.waiting.put(None)


class AsyncSocket(Socket):
    async def recv(self, decode: bool = True) -> bytes:  # type: ignore[override]
        return await asyncio.to_thread(super().recv, decode)

    async def send(self, data: Any) -> None:  # type: ignore[override]
        super().send(data)

    async def close(self, **given: Any) -> None:  # type: ignore[override]
        super().close(**given)


def test_events_come_on_the_lane_of_their_stream() -> None:
    socket = Socket()
    with ResponsesWebSocketSession(ResponsesConnection(socket), limits=LIMITS) as session:  # type: ignore[arg-type]
        one, two = session.lane("one"), session.lane("two")
        one.send({"type": "response.create", "model": "m", "input": "a"})
        two.send({"type": "response.create", "model": "m", "input": "b"})
        with pytest.raises(RuntimeError, match="Consume the current response"):
            one.send({"type": "response.create", "model": "m", "input": "c"})
        socket.put({**response("created", "r2"), "stream_id": "two"}, {**response("created", "r1"), "stream_id": "one"})
        socket.put({"type": "response.output_item.done", "output_index": 0, "sequence_number": 1, "item": item("hello"), "stream_id": "one"})
        socket.put({**response("completed", "r1", output=None), "stream_id": "one"}, {**response("failed", "r2"), "stream_id": "two"})
        socket.put({"type": "response.unknown", "stream_id": "three"})
        final = one.get_final_response(timeout=30)
        assert (final.id, final.output[0].content[0].text) == ("r1", "hello")
        assert two.recv(timeout=30).response.id == "r2"
        assert two.get_final_response(timeout=30).status == "failed"
        assert session.default.recv(timeout=30).type == "response.unknown"
        with pytest.raises(TimeoutError):
            one.recv(timeout=0)
    assert [event["stream_id"] for event in socket.sent] == ["one", "two"]
    with pytest.raises(EOFError):
        two.recv()


def test_what_is_not_read_in_time_ends_the_session_or_its_lane() -> None:
    for isolate in (False, True):
        socket = Socket()
        session = ResponsesWebSocketSession(
            ResponsesConnection(socket),  # type: ignore[arg-type]
            limits=ResponsesWebSocketLimits(2, 1, 4, 4096, 4096),
            isolate_lane_overflow=isolate,
        )
        with session:
            full = session.lane("full")
            socket.put(*[{"type": "response.unknown", "stream_id": "full"}] * 2, {"type": "response.unknown"})
            if isolate:
                assert session.default.recv(timeout=30).type == "response.unknown"
                with pytest.raises(ResponsesWebSocketBufferError):
                    full.recv(timeout=30)
            else:
                with pytest.raises(ResponsesWebSocketBufferError):
                    for _ in range(2):
                        session.default.recv(timeout=30)


def test_errors_of_a_request_are_raised_where_its_response_is_asked_for() -> None:
    async def main() -> None:
        socket = AsyncSocket()
        async with AsyncResponsesWebSocketSession(AsyncResponsesConnection(socket), limits=LIMITS) as session:  # type: ignore[arg-type]
            await session.default.send({"type": "response.create", "model": "m", "input": "a"})
            socket.put({"type": "error", "error": {"code": "bad", "message": "no"}, "status": 400})
            with pytest.raises(ResponsesWebSocketError) as caught:
                await session.default.get_final_response()
            assert caught.value.event.type == "error"
            await session.default.send({"type": "response.create", "model": "m", "input": "b"})
            socket.put(response("created", "r"), response("incomplete", "r"))
            assert (await session.default.get_final_response()).status == "incomplete"

    asyncio.run(main())


def test_a_response_is_put_together_of_its_events() -> None:
    connection = ResponsesConnection(Socket())  # type: ignore[arg-type]
    gathered = ResponsesWebSocketAccumulator()

    def feed(*events: Dict[str, Any]) -> None:
        for event in events:
            gathered.add_event(connection.parse_event(json.dumps(event)))

    feed(response("created", "r"))
    for text in ("pre", "fix"):
        feed(
            {"type": "response.output_text.delta", "output_index": 4, "content_index": 1, "item_id": "m", "delta": text, "logprobs": []},
        )
    feed({"type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "f", "delta": "{"})
    before = gathered.snapshot()
    feed({"type": "response.function_call_arguments.done", "output_index": 0, "item_id": "f", "arguments": "{}", "name": "n"})
    after = gathered.snapshot()
    assert before.output_text == after.output_text == "prefix"
    assert [(one.output_index, one.arguments, one.text) for one in before.output] == [(0, "{", ()), (4, "", ((1, "prefix"),))]
    assert after.output[0].arguments == "{}" and after.terminal_type is None
    assert gathered.detailed_snapshot()["output"][1]["content"][0]["part"]["text"] == "prefix"
    with pytest.raises(RuntimeError, match="No terminal"):
        gathered.get_final_response()
    with pytest.raises(ValueError, match="another response"):
        feed(response("in_progress", "other"))
    feed(response("completed", "r", output=[item("all")]))
    assert gathered.snapshot().output_text == "all"
    assert gathered.get_final_response().id == "r"
    with pytest.raises(RuntimeError, match="Reset"):
        feed(response("created", "next"))
    gathered.reset()
    assert gathered.snapshot().output == ()
