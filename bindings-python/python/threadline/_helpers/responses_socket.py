"""Responses over WebSockets: one connection that carries several responses, and a pool of such connections."""

from __future__ import annotations

from typing import Any, Callable, ClassVar, Optional

from .._types import omit
from .connections import QUEUE, AsyncConnection, AsyncConnectionManager, Connection, ConnectionManager, Sender


class ResponsesResponseResource(Sender):
    """Responses of the model."""

    def create(self, **response: Any) -> Any:
        """Asks for a response, with the arguments of ``client.responses.create``."""
        return self._send("response.create", response)

    def steer(self, *, input: Any, previous_response_id: str) -> Any:
        """Adds input to the response under way."""
        return self._send("response.steer", locals())

    def inject(self, *, input: Any, response_id: str) -> Any:
        """Puts items into the response under way (beta)."""
        return self._send("response.inject", locals())


AsyncResponsesResponseResource = ResponsesResponseResource
BaseResponsesConnectionResource = BaseAsyncResponsesConnectionResource = Sender


class ResponsesConnection(Connection):
    """A connection that carries several responses, one after the other or by ``stream_id`` together."""

    response: ResponsesResponseResource
    _groups = {"response": ResponsesResponseResource}
    _events = ("types.responses.responses_server_event", "ResponsesServerEvent")


class AsyncResponsesConnection(AsyncConnection):
    """A connection that carries several responses, one after the other or by ``stream_id`` together."""

    response: ResponsesResponseResource
    _groups = {"response": ResponsesResponseResource}
    _events = ("types.responses.responses_server_event", "ResponsesServerEvent")


class ResponsesConnectionManager(ConnectionManager):
    """A :class:`ResponsesConnection` that is opened when it is entered."""

    _name, _class = "responses", ResponsesConnection

    def __enter__(self) -> ResponsesConnection:
        connection: ResponsesConnection = super().__enter__()
        return connection

    enter = __enter__


class AsyncResponsesConnectionManager(AsyncConnectionManager):
    """An :class:`AsyncResponsesConnection` that is opened when it is entered."""

    _name, _class = "responses", AsyncResponsesConnection

    async def __aenter__(self) -> AsyncResponsesConnection:
        connection: AsyncResponsesConnection = await super().__aenter__()
        return connection

    enter = __aenter__


class Connecting:
    """`connect`."""

    _client: Any
    _resource: ClassVar[str]

    def connect(
        self, extra_query: Any = {}, extra_headers: Any = {}, websocket_connection_options: Any = {},
        on_reconnecting: Optional[Callable[[Any], Any]] = None, max_retries: int = 5, initial_delay: float = 0.5,
        max_delay: float = 8.0, max_queue_size: int = QUEUE,
    ) -> ResponsesConnectionManager:  # fmt: skip
        """A connection that carries several responses, as a context manager.

        With ``on_reconnecting`` a connection that is lost is made again: the function is told, and may change query and headers or abort.
        """
        arguments = locals()
        manager = type("ResponsesConnectionManager", (ResponsesConnectionManager,), {"_name": self._resource})
        return manager(self._client, arguments)


class AsyncConnecting:
    """`connect`."""

    _client: Any
    _resource: ClassVar[str]

    def connect(
        self, extra_query: Any = {}, extra_headers: Any = {}, websocket_connection_options: Any = {},
        on_reconnecting: Optional[Callable[[Any], Any]] = None, max_retries: int = 5, initial_delay: float = 0.5,
        max_delay: float = 8.0, max_queue_size: int = QUEUE,
    ) -> AsyncResponsesConnectionManager:  # fmt: skip
        """A connection that carries several responses, as a context manager. See the other client's."""
        arguments = locals()
        manager = type("AsyncResponsesConnectionManager", (AsyncResponsesConnectionManager,), {"_name": self._resource})
        return manager(self._client, arguments)


class _Pool:
    _asynchronous = False

    def __init__(self, client: Any, settings: Any) -> None:
        from .. import _threadline as _native

        self._pool = _native.ResponsesPool(client._native, settings)

    @property
    def opened(self) -> int:
        """How many connections have been opened so far."""
        return int(self._pool.opened)

    @property
    def idle(self) -> int:
        """How many connections wait for work."""
        return int(self._pool.idle)


class ResponsesPool(_Pool):
    """Responses over a few connections that are kept: :meth:`create` streams one."""

    def create(self, **response: Any) -> Any:
        """A response, with the arguments of ``client.responses.create``, as a :class:`threadline.Stream` of its events."""
        from .._streaming import Stream
        from .. import _operations as op

        return Stream(reply=_Reply(self._pool.create(op.RESPONSES_CREATE, {**response, "stream": True})))


class AsyncResponsesPool(_Pool):
    """Responses over a few connections that are kept: :meth:`create` streams one."""

    async def create(self, **response: Any) -> Any:
        """A response, with the arguments of ``client.responses.create``, as a :class:`threadline.AsyncStream` of its events."""
        from .._streaming import AsyncStream
        from .. import _operations as op

        return AsyncStream(reply=_Reply(await self._pool.create_async(op.RESPONSES_CREATE, {**response, "stream": True})))


class _Reply:
    """What streams of a pool come from."""

    def __init__(self, events: Any) -> None:
        self.events = events


class Pooling:
    """`ws_pool`."""

    _client: Any

    def ws_pool(
        self, *, max_connections: Any = omit, idle_time: Any = omit, max_age: Any = omit, extra_headers: Any = None,
        extra_query: Any = None, timeout: Any = omit,
    ) -> ResponsesPool:  # fmt: skip
        """Responses over at most ``max_connections`` connections, kept for ``idle_time`` and used for ``max_age`` (seconds)."""
        return ResponsesPool(self._client, _settings(locals()))


class AsyncPooling:
    """`ws_pool`."""

    _client: Any

    def ws_pool(
        self, *, max_connections: Any = omit, idle_time: Any = omit, max_age: Any = omit, extra_headers: Any = None,
        extra_query: Any = None, timeout: Any = omit,
    ) -> AsyncResponsesPool:  # fmt: skip
        """Responses over at most ``max_connections`` connections, kept for ``idle_time`` and used for ``max_age`` (seconds)."""
        return AsyncResponsesPool(self._client, _settings(locals()))


def _settings(arguments: Any) -> Any:
    return {name: value for name, value in arguments.items() if name != "self" and value is not omit and value is not None}
