"""Connections over WebSockets and runs of tools, as programs for the official package write them."""

from __future__ import annotations

import asyncio
from typing import Any, List

import pytest
import threadline
from conftest import Mock

CREATED = {"type": "session.created", "event_id": "e1", "session": {"type": "realtime", "model": "m"}}
DONE = {"type": "response.done", "event_id": "e2", "response": {"id": "r", "status": "completed"}}
ERROR = {"type": "error", "event_id": "e3", "error": {"type": "invalid_request_error", "message": "no"}}
TALK: Any = {"ws": [{"json": CREATED}, {"expect": {"type": "session.update"}}, {"expect": {"type": "response.create"}}, {"json": DONE},
                    {"close": 1000, "reason": "bye"}]}  # fmt: skip


def test_a_conversation(mock: Mock) -> None:
    mock.script(TALK)
    seen: List[str] = []
    with mock.client().realtime.connect(model="m") as connection:
        connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        connection.response.create()
        for event in connection:
            seen.append(event.type)
    assert seen == ["session.created", "response.done"]
    assert isinstance(connection, threadline.resources.realtime.realtime.RealtimeConnection)


def test_a_conversation_of_asyncio(mock: Mock) -> None:
    mock.script(TALK)

    async def main() -> List[str]:
        async with mock.async_client().realtime.connect(model="m") as connection:
            first = connection.parse_event(await connection.recv_bytes())
            await connection.session.update(session={"type": "realtime"})
            await connection.send({"type": "response.create"})
            return [first.type, *[event.type async for event in connection]]

    assert asyncio.run(main()) == ["session.created", "response.done"]


def test_handlers_are_called_and_events_wait_for_the_connection(mock: Mock) -> None:
    mock.script(TALK)
    seen: List[str] = []
    manager = mock.client().realtime.connect(model="m")
    manager.send({"type": "session.update", "session": {"type": "realtime"}})
    manager.send({"type": "response.create"})
    manager.on("event", lambda event: seen.append(event.type))

    @manager.once("response.done")
    def done(event: Any) -> None:
        seen.append(f"{event.type} once")

    with manager as connection:
        connection.dispatch_events()
    assert seen == ["session.created", "response.done once", "response.done"]
    with pytest.raises(threadline.WebSocketQueueFullError):
        mock.client().realtime.connect(model="m", max_queue_size=10).send({"type": "response.create"})


def test_an_error_event_that_nobody_handles_is_raised(mock: Mock) -> None:
    mock.script({"ws": [{"json": ERROR}]})
    with mock.client().realtime.connect(model="m") as connection:
        with pytest.raises(threadline.OpenAIError, match="WebSocket error"):
            connection.dispatch_events()


def test_the_end_of_a_connection_is_an_exception_of_recv(mock: Mock) -> None:
    mock.script({"ws": [{"close": 1000, "reason": "bye"}]}, {"ws": [{"close": 1011, "reason": "broken"}]})
    with mock.client().realtime.connect(model="m") as connection:
        with pytest.raises(threadline.WebSocketConnectionClosedError) as caught:
            connection.recv()
        assert (caught.value.code, caught.value.reason) == (1000, "bye")
    with mock.client().realtime.connect(model="m") as connection:
        with pytest.raises(threadline.WebSocketConnectionClosedError) as caught:
            list(connection)
        assert caught.value.code == 1011


def test_programs_that_catch_the_errors_of_websockets_catch_ours(mock: Mock) -> None:
    from websockets import exceptions
    mock.script({"ws": [{"close": 1000, "reason": "bye"}]}, {"ws": [{"close": 1011, "reason": "broken"}]})
    with mock.client().realtime.connect(model="m") as connection:
        with pytest.raises(exceptions.ConnectionClosedOK) as caught:
            connection.recv()
        assert caught.value.rcvd.code == 1000
    with mock.client().realtime.connect(model="m") as connection:
        with pytest.raises(exceptions.ConnectionClosedError):
            connection.recv()


def completion(message: Any, reason: str) -> Any:
    choice = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": None, **message}}
    return {"json": {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}}


def test_a_function_is_a_tool(mock: Mock) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Bonn"}'}}
    mock.script(completion({"tool_calls": [call]}, "tool_calls"), completion({"content": "Sunny."}, "stop"))

    @threadline.tool
    def get_weather(city: str) -> str:
        "The weather of a city."
        return f"It is sunny in {city}."

    run = mock.client().chat.completions.run_tools(model="m", messages=[{"role": "user", "content": "Bonn?"}], tools=[get_weather])
    assert run.reply.choices[0].message.content == "Sunny."
    assert run.transcript["steps"][0]["calls"][0]["output"] == "It is sunny in Bonn."
    first, second = mock.requests()
    function = first["body"]["json"]["tools"][0]["function"]
    assert function["description"] == "The weather of a city." and function["parameters"]["required"] == ["city"]
    assert second["body"]["json"]["messages"][-1] == {"role": "tool", "tool_call_id": "1", "content": "It is sunny in Bonn."}
