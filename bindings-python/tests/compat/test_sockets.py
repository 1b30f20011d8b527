"""Connections over sockets that the program brings, as tests of programs do, and over the package `websockets`."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Dict, List

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
from websockets.frames import Close

import openai
from openai import AsyncOpenAI, OpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection, RealtimeConnection
from openai.resources.responses.responses import ResponsesConnection

CREATED = {"type": "session.created", "event_id": "event_1", "session": {"type": "realtime", "model": "m"}}
ERROR = {"type": "error", "event_id": "event_2", "error": {"type": "t", "message": "no"}}


def closed(code: int) -> Exception:
    frame = Close(code, "")
    return (ConnectionClosedOK if code in (1000, 1001) else ConnectionClosedError)(frame, frame, True)


class Socket:
    """Gives what it is told to, and keeps what it is sent."""

    def __init__(self, *messages: Any) -> None:
        self.messages: List[Any] = list(messages)
        self.sent: List[Any] = []
        self.closed: List[Dict[str, Any]] = []
        self.refuses: List[Any] = []

    def recv(self, decode: bool = True) -> bytes:
        assert not decode
        if not self.messages:
            raise closed(1000)
        message = self.messages.pop(0)
        if isinstance(message, Exception):
            raise message
        return json.dumps(message).encode()

    def send(self, data: Any) -> None:
        if self.refuses:
            raise self.refuses.pop(0)
        self.sent.append(data)

    def close(self, **given: Any) -> None:
        self.closed.append(given)


class AsyncSocket(Socket):
    async def recv(self, decode: bool = True) -> bytes:  # type: ignore[override]
        return super().recv(decode)

    async def send(self, data: Any) -> None:  # type: ignore[override]
        super().send(data)

    async def close(self, **given: Any) -> None:  # type: ignore[override]
        super().close(**given)


def test_events_are_read_and_sent() -> None:
    socket = Socket(CREATED)
    connection = RealtimeConnection(socket)  # type: ignore[arg-type]
    event = connection.recv()
    assert event.type == "session.created" and event.session.model == "m"
    connection.session.update(session={"type": "realtime"})
    connection.send_raw(b"\x00\x01")
    connection.close(code=1001, reason="enough")
    assert json.loads(socket.sent[0]) == {"type": "session.update", "session": {"type": "realtime"}}
    assert socket.sent[1] == b"\x00\x01"
    assert socket.closed == [{"code": 1001, "reason": "enough"}]


def test_iteration_ends_with_the_connection() -> None:
    assert [event.type for event in RealtimeConnection(Socket(CREATED, CREATED))] == ["session.created"] * 2  # type: ignore[arg-type]
    with pytest.raises(ConnectionClosedError):
        list(RealtimeConnection(Socket(CREATED, closed(1011))))  # type: ignore[arg-type]


def test_handlers_are_called_and_errors_nobody_handles_are_raised() -> None:
    seen: List[str] = []
    connection = RealtimeConnection(Socket(CREATED, CREATED))  # type: ignore[arg-type]
    connection.once("session.created", lambda event: seen.append(f"once {event.type}"))
    connection.on("event", lambda event: seen.append(event.type))
    connection.dispatch_events()
    assert seen == ["once session.created", "session.created", "session.created"]
    with pytest.raises(openai.OpenAIError, match="WebSocket error"):
        RealtimeConnection(Socket(ERROR)).dispatch_events()  # type: ignore[arg-type]


def test_a_lost_connection_is_made_again_and_what_waited_is_sent() -> None:
    first, second = Socket(CREATED, closed(1006)), Socket(CREATED)
    first.messages[1] = ConnectionClosedError(None, None)
    told: List[Any] = []

    def again(query: Any, headers: Any) -> Any:
        told.append((query, headers))
        connection.send_raw("meanwhile")
        return second

    def reconnecting(event: Any) -> Any:
        told.append((event.attempt, event.close_code))
        return {"extra_query": {"q": "1"}}

    connection = RealtimeConnection(
        first,  # type: ignore[arg-type]
        make_ws=again,
        on_reconnecting=reconnecting,
        initial_delay=0,
        extra_headers={"x": "y"},
    )
    assert [event.type for event in connection] == ["session.created"] * 2
    assert told == [(1, 1006), ({"q": "1"}, {"x": "y"})]
    assert second.sent == ["meanwhile"] and first.sent == []


def test_what_could_not_be_sent_is_told() -> None:
    def again(query: Any, headers: Any) -> Any:
        connection.send_raw("first")
        connection.send_raw(b"second")
        raise OSError("no way")

    connection = ResponsesConnection(
        Socket(closed(1012)),  # type: ignore[arg-type]
        make_ws=again,
        on_reconnecting=lambda event: None,
        max_retries=1,
        initial_delay=0,
    )
    with pytest.raises(openai.WebSocketConnectionClosedError) as caught:
        next(iter(connection))
    assert caught.value.unsent_messages == ["first", "second"]


def test_a_manager_opens_with_the_package_websockets(monkeypatch: pytest.MonkeyPatch) -> None:
    import websockets.sync.client

    calls: List[Any] = []
    socket = Socket(CREATED)

    def connect(url: str, **given: Any) -> Socket:
        calls.append((url, given))
        return socket

    monkeypatch.setattr(websockets.sync.client, "connect", connect)
    client = OpenAI(api_key="key", base_url="https://host.example/v1", default_query={"a": "b"})
    manager = client.realtime.connect(model="m", extra_headers={"x-more": "1"}, websocket_connection_options={"ping_interval": 3})
    manager.send({"type": "response.create"})
    with manager as connection:
        assert connection.recv().type == "session.created"
    url, given = calls[0]
    assert url == "wss://host.example/v1/realtime?a=b&model=m"
    headers = {name.lower(): value for name, value in given["additional_headers"].items()}
    assert headers["authorization"] == "Bearer key" and headers["x-more"] == "1"
    assert given["ping_interval"] == 3 and given["max_size"] is None and given["user_agent_header"] is None
    assert json.loads(socket.sent[0]) == {"type": "response.create"}
    assert len(socket.closed) == 1


def test_it_is_the_same_for_an_event_loop() -> None:
    first, second = AsyncSocket(CREATED, closed(1012)), AsyncSocket(CREATED)

    async def main() -> None:
        async def again(query: Any, headers: Any) -> Any:
            await connection.send_raw("meanwhile")
            return second

        connection = AsyncRealtimeConnection(first, make_ws=again, on_reconnecting=lambda event: None, initial_delay=0)  # type: ignore[arg-type]
        await connection.send({"type": "response.create"})
        assert [event.type async for event in connection] == ["session.created"] * 2
        await connection.close()

    asyncio.run(main())
    assert json.loads(first.sent[0]) == {"type": "response.create"}
    assert second.sent == ["meanwhile"] and len(second.closed) == 1


def test_an_asynchronous_client_with_an_http_client_of_its_own_connects() -> None:
    from websockets.asyncio.server import serve

    seen: List[Any] = []

    async def answer(socket: Any) -> None:
        seen.append((socket.request.path, socket.request.headers["authorization"]))
        await socket.send(json.dumps(CREATED))
        seen.append(json.loads(await socket.recv()))

    async def main() -> None:
        async with serve(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            http = httpx.AsyncClient(trust_env=False)
            async with AsyncOpenAI(api_key="key", base_url=f"http://127.0.0.1:{port}/v1", http_client=http) as client:
                options: Any = {"proxy": None}
                async with client.realtime.connect(model="m", websocket_connection_options=options) as connection:
                    assert (await connection.recv()).type == "session.created"
                    await connection.response.create()

    asyncio.run(main())
    assert seen == [("/v1/realtime?model=m", "Bearer key"), {"type": "response.create"}]


def test_a_handler_that_is_a_method_is_taken_away() -> None:
    seen: List[Any] = []
    connection = RealtimeConnection(Socket(CREATED))  # type: ignore[arg-type]
    connection.on("session.created", seen.append)
    connection.off("session.created", seen.append)
    connection.dispatch_events()
    assert seen == []


def opened(monkeypatch: pytest.MonkeyPatch) -> List[Any]:
    """Stands in for the package `websockets`: addresses and authorizations of what is opened."""
    import websockets.sync.client

    calls: List[Any] = []

    def connect(url: str, **given: Any) -> Socket:
        calls.append((url, next((value for name, value in given["additional_headers"].items() if name.lower() == "authorization"), None)))
        return Socket(CREATED)

    monkeypatch.setattr(websockets.sync.client, "connect", connect)
    return calls


def test_credentials_of_http_alone_open_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def token() -> str:
        raise AssertionError("nobody is to ask for a token")

    calls = opened(monkeypatch)
    identity: Any = {"identity_provider_id": "i", "service_account_id": "s", "provider": {"token_type": "jwt", "get_token": token}}
    client = OpenAI(workload_identity=identity, base_url="https://host.example/v1", http_client=httpx.Client())
    with pytest.raises(openai.OpenAIError, match="not supported by WebSocket"):
        client.responses.connect().enter()
    with client.beta.realtime.connect(model="m", extra_headers={"authorization": "Bearer own"}):
        assert calls == [("wss://host.example/v1/realtime?model=m", "Bearer own")]


def test_a_connection_has_the_key_that_was_given_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Between(OpenAI):
        def _prepare_options(self, options: Any) -> Any:
            # Another request of this client asks for a key, and gets another.
            self._refresh_api_key()
            return options

    keys = iter(["first", "second"])
    calls = opened(monkeypatch)
    client = Between(api_key=lambda: next(keys), base_url="https://host.example/v1?tenant=a", http_client=httpx.Client())
    with client.responses.connect():
        assert calls == [("wss://host.example/v1/responses?tenant=a", "Bearer first")]


def test_a_copy_of_a_live_session_is_no_session_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from openai.resources.live.live import LiveConnection

    opened(monkeypatch)
    client = OpenAI(api_key="key", base_url="https://host.example/v1", http_client=httpx.Client())
    with client.live.forks.connect(session_id="s") as fork:
        assert not isinstance(fork, LiveConnection)
