"""Connections over WebSockets: what all of them have in common. The native module keeps them alive and makes them again."""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any, AsyncIterator, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

from .. import _threadline as _native
from .._exceptions import APIResponseValidationError, OpenAIError, WebSocketConnectionClosedError
from .._log import log
from .._models import BaseModel
from .._send_queue import SendQueue
from .._types import NotGiven, Omit, omit
from .._utils._json import without_shadows
from .._websocket_connection import AsyncWebSocketConnectionBase, WebSocketConnectionBase, _record_websocket_progress

#: Bytes that may wait before a connection is open.
QUEUE = 1_048_576
LIVE_QUEUE = 2_097_152
#: Options that the library takes from ``websocket_connection_options``; the others say how the package `websockets` works.
_OPTIONS = ("max_size", "ping_interval", "ping_timeout", "close_timeout")
_REFUSED = ("extensions", "subprotocols")


def is_given(value: Any) -> bool:
    return not isinstance(value, (Omit, NotGiven))


def _text(event: Any) -> str:
    """An event as it is sent."""
    if isinstance(event, str):
        return event
    if not isinstance(event, (BaseModel, Mapping)) and not hasattr(event, "model_dump"):
        raise TypeError(f"an event is a dict or a model, not {type(event).__name__}")
    if isinstance(event, Mapping) and isinstance(event.get("input"), (list, tuple)):
        from ..lib._parsing._sent import as_sent

        event = {**event, "input": as_sent(event["input"])}
    return _native.encode(event)


def _text_by_python(event: Any) -> str:
    """An event as it is sent over a socket of the program's, which may compare texts."""
    return event.to_json() if isinstance(event, BaseModel) else json.dumps(json.loads(_text(event)))


def _as_bytes(message: Any) -> bytes:
    return message.encode("utf-8") if isinstance(message, str) else bytes(message)


def over(code: int, reason: str) -> Any:
    """The exception of a connection that has ended in due form."""
    message = f"The connection is closed: {code}{f' {reason}' if reason else ''}"
    error: Any = WebSocketConnectionClosedError(message, code=code, reason=reason)
    error.kind, error.detail, error.close = "closed", message, (code, reason)
    error.ended = True
    return as_websockets(error)


def as_websockets(error: Any) -> Any:
    """The same error, for programs that catch those of the package `websockets`: they have imported it."""
    theirs = sys.modules.get("websockets.exceptions")
    if theirs is None or not isinstance(error, OpenAIError) or error.close is None:
        return error
    told: Any = error
    from websockets.frames import Close  # type: ignore[import-not-found, unused-ignore]

    code, reason = error.close
    base = theirs.ConnectionClosedOK if code in (1000, 1001) else theirs.ConnectionClosedError
    told.__class__ = _both(type(error), base)
    told.rcvd = None if code == 1006 else Close(code, reason)
    told.sent = told.rcvd_then_sent = None
    return error


_made: Dict[Tuple[Any, Any], Any] = {}


def _both(ours: Any, theirs: Any) -> Any:
    if issubclass(ours, theirs):
        return ours
    if (ours, theirs) not in _made:
        _made[ours, theirs] = type(ours.__name__, (ours, theirs), {"__module__": ours.__module__, "__str__": Exception.__str__})
    return _made[ours, theirs]


class _Handlers:
    """Functions by the type of the events they take."""

    def __init__(self) -> None:
        self._by_type: Dict[str, List[Tuple[Callable[..., Any], bool]]] = {}

    def add(self, event_type: str, handler: Callable[..., Any], once: bool = False) -> None:
        self._by_type.setdefault(event_type, []).append((handler, once))

    def remove(self, event_type: str, handler: Callable[..., Any]) -> None:
        held = self._by_type.get(event_type, [])
        for place, (known, _) in enumerate(held):
            # A bound method is a new object each time it is asked for.
            if known is handler or known == handler:
                del held[place]
                return

    def has(self, event_type: str) -> bool:
        return bool(self._by_type.get(event_type))

    def take(self, event_type: str) -> List[Callable[..., Any]]:
        """Those of a type; the ones that act once are forgotten."""
        held = self._by_type.get(event_type, [])
        if any(once for _, once in held):
            self._by_type[event_type] = [(handler, once) for handler, once in held if not once]
        return [handler for handler, _ in held]

    def merge(self, others: "_Handlers") -> None:
        for event_type, held in others._by_type.items():
            self._by_type.setdefault(event_type, []).extend(held)


class _Registry:
    """`on`, `off` and `once`."""

    _handlers: _Handlers

    def on(self, event_type: str, handler: Optional[Callable[..., Any]] = None) -> Any:
        """Adds a handler of events of this type (``"event"``: of all). Without ``handler`` it is a decorator."""
        return self._add(event_type, handler, False)

    def once(self, event_type: str, handler: Optional[Callable[..., Any]] = None) -> Any:
        """As :meth:`on`, for the next such event alone."""
        return self._add(event_type, handler, True)

    def off(self, event_type: str, handler: Callable[..., Any]) -> Any:
        """Takes a handler away."""
        self._handlers.remove(event_type, handler)
        return self

    def _add(self, event_type: str, handler: Optional[Callable[..., Any]], once: bool) -> Any:
        if handler is not None:
            self._handlers.add(event_type, handler, once)
            return self

        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            self._handlers.add(event_type, function, once)
            return function

        return decorate


class _Connection(_Registry):
    #: Groups of senders: attribute and class.
    _groups: Dict[str, Any] = {}
    #: The module and the name of the union of its events.
    _events: Tuple[str, str] = ("types.realtime", "RealtimeServerEvent")
    _connection: Any
    #: Whether the socket is one of the core's, or of the package `websockets`.
    _by_core = False

    def __init__(self, socket: Any, advice: Optional["_Advice"] = None, **recovery: Any) -> None:
        self._by_core = advice is not None
        if advice is not None:
            self._connection = socket
            self._advice = advice
        else:
            self._over(socket, recovery)
        self._handlers = _Handlers()
        self._closed: Any = None
        for name, group in self._groups.items():
            setattr(self, name, group(self))

    @property
    def _request_id(self) -> Optional[str]:
        """The handshake's `x-request-id`, to quote when asking the provider."""
        return self._connection.request_id

    def _over(self, socket: Any, recovery: Dict[str, Any]) -> None:
        raise NotImplementedError

    def _received(self, message: Any) -> Any:
        log("debug", "Received WebSocket message: %i bytes", len(message))
        _record_websocket_progress(self, message, raw=True)
        return message

    def _progressed(self, event: Any) -> Any:
        if not self._by_core:
            _record_websocket_progress(self, event)
        return event

    def parse_event(self, data: Any) -> Any:
        """The event that a message (`str` or `bytes`) is."""
        data = without_shadows(data)
        if not self._by_core:
            from importlib import import_module

            from .._construct import construct_type

            module, name = self._events
            return construct_type(value=json.loads(data), type_=getattr(import_module(f"threadline.{module}"), name))
        try:
            return self._connection.parse(data)
        except APIResponseValidationError as error:
            error.body = data if isinstance(data, str) else bytes(data).decode("utf-8", "replace")
            raise

    def _failed(self, error: OpenAIError) -> Any:
        raised, self._advice.raised = self._advice.raised, None
        return as_websockets(raised or error)

    def _unhandled(self, event: Any) -> None:
        kind = _type_of(event)
        if kind == "error" and not (self._handlers.has("error") or self._handlers.has("event")):
            raise OpenAIError(f"WebSocket error: {event}")


def _type_of(event: Any) -> Any:
    return event.get("type") if isinstance(event, dict) else getattr(event, "type", None)


def _is_end(error: OpenAIError) -> bool:
    return bool(getattr(error, "ended", False))


class Connection(_Connection, WebSocketConnectionBase):
    """An open connection. Events are read by :meth:`recv` or by iterating, and sent by :meth:`send` and by its groups of senders."""

    def _over(self, socket: Any, recovery: Dict[str, Any]) -> None:
        self._use(socket, **recovery)

    def next(self) -> Any:
        """The next event, or news of the connection itself (``connection.reconnecting``, ``connection.reconnected``) as a dict.

        Raises :class:`threadline.WebSocketConnectionClosedError` once it has ended.
        """
        is_event, message = self._take()
        return self.parse_event(message) if is_event else json.loads(message)

    def _take(self) -> Any:
        try:
            item = self._connection.recv()
            if item is None:
                self._closed = self._closed or self._connection.close(1000, "")
        except OpenAIError as error:
            raise self._failed(error)
        if item is None:
            raise over(*self._closed)
        return item

    def recv(self) -> Any:
        """The next event."""
        return self._progressed(self.parse_event(self.recv_bytes()))

    def recv_bytes(self) -> bytes:
        """The next message as it came; :meth:`parse_event` reads it."""
        if not self._by_core:
            from ..lib._websocket import _recv_bytes

            return _as_bytes(self._received(_recv_bytes(self._connection)))
        while True:
            is_event, message = self._take()
            if is_event:
                return bytes(message)
            news = json.loads(message)
            for handler in self._handlers.take(news["type"]):
                handler(news)

    def send(self, event: Any) -> None:
        """Sends an event (a dict or a model) and returns when it has gone out."""
        if not self._by_core:
            return WebSocketConnectionBase.send_raw(self, _text_by_python(event))
        self.send_raw(_text(event))

    def send_raw(self, data: Any) -> None:
        """Sends a text, or bytes, as it is."""
        if not self._by_core:
            return self._send(data)
        try:
            self._connection.send(data)
        except OpenAIError as error:
            raise self._failed(error)

    def close(self, *, code: int = 1000, reason: str = "") -> None:
        """Closes the connection and waits for the server's answer. Events that came before can still be read."""
        if not self._by_core:
            return WebSocketConnectionBase.close(self, code=code, reason=reason)
        self._closed = self._connection.close(code, reason)

    def __iter__(self) -> Iterator[Any]:
        if not self._by_core:
            yield from self._iter_events()
            return
        while True:
            try:
                event = self.recv()
            except OpenAIError as error:
                if _is_end(error):
                    return
                raise
            yield event

    def dispatch_events(self) -> None:
        """Reads to the end and calls the handlers of :meth:`on`. An event ``error`` that nobody handles is raised."""
        for event in self:
            self._unhandled(event)
            for handler in [*self._handlers.take(_type_of(event)), *self._handlers.take("event")]:
                handler(event)


class AsyncConnection(_Connection, AsyncWebSocketConnectionBase):
    """An open connection, for an event loop. See :class:`Connection`."""

    def _over(self, socket: Any, recovery: Dict[str, Any]) -> None:
        self._use(socket, **recovery)

    async def next(self) -> Any:
        """The next event, or news of the connection itself as a dict. See the other connection's."""
        is_event, message = await self._take()
        return self.parse_event(message) if is_event else json.loads(message)

    async def _take(self) -> Any:
        try:
            item = await self._connection.recv_async()
            if item is None:
                self._closed = self._closed or await self._connection.close_async(1000, "")
        except OpenAIError as error:
            raise self._failed(error)
        if item is None:
            raise over(*self._closed)
        return item

    async def recv(self) -> Any:
        """The next event. It can be cancelled without losing one."""
        return self._progressed(self.parse_event(await self.recv_bytes()))

    async def recv_bytes(self) -> bytes:
        """The next message as it came; :meth:`parse_event` reads it."""
        if not self._by_core:
            return _as_bytes(self._received(await self._connection.recv(decode=False)))
        while True:
            is_event, message = await self._take()
            if is_event:
                return bytes(message)
            news = json.loads(message)
            for handler in self._handlers.take(news["type"]):
                await _settled(handler(news))

    async def send(self, event: Any) -> None:
        """Sends an event (a dict or a model) and returns when it has gone out."""
        if not self._by_core:
            return await AsyncWebSocketConnectionBase.send_raw(self, _text_by_python(event))
        await self.send_raw(_text(event))

    async def send_raw(self, data: Any) -> None:
        """Sends a text, or bytes, as it is."""
        if not self._by_core:
            return await self._send(data)
        try:
            await self._connection.send_async(data)
        except OpenAIError as error:
            raise self._failed(error)

    async def close(self, *, code: int = 1000, reason: str = "") -> None:
        """Closes the connection and waits for the server's answer. Events that came before can still be read."""
        if not self._by_core:
            return await AsyncWebSocketConnectionBase.close(self, code=code, reason=reason)
        self._closed = await self._connection.close_async(code, reason)

    async def __aiter__(self) -> AsyncIterator[Any]:
        if not self._by_core:
            async for event in self._iter_events():
                yield event
            return
        while True:
            try:
                event = await self.recv()
            except OpenAIError as error:
                if _is_end(error):
                    return
                raise
            yield event

    async def dispatch_events(self) -> None:
        """Reads to the end and calls the handlers of :meth:`on`. An event ``error`` that nobody handles is raised."""
        async for event in self:
            self._unhandled(event)
            for handler in [*self._handlers.take(_type_of(event)), *self._handlers.take("event")]:
                await _settled(handler(event))


async def _settled(value: Any) -> None:
    if inspect.isawaitable(value):
        await value


class _Advice:
    """What the program's function says of attempts to connect again, in the native module's terms."""

    def __init__(self, handler: Callable[[Any], Any], query: Any, headers: Any) -> None:
        self._handler, self._query, self._headers = handler, query, headers
        self.raised: Optional[BaseException] = None

    def __call__(self, attempt: int, max_attempts: int, delay: float, code: int) -> Any:
        from .websocket_types import ReconnectingEvent

        event = ReconnectingEvent(
            attempt=attempt,
            max_attempts=max_attempts,
            delay=delay,
            close_code=code,
            extra_query=self._query,
            extra_headers=self._headers,
        )
        try:
            advice = self._handler(event)
        except BaseException as error:
            self.raised = error
            return {"abort": True}
        if not advice:
            return None
        self._query = advice.get("extra_query", self._query)
        self._headers = advice.get("extra_headers", self._headers)
        return dict(advice)


class _Manager(_Registry):
    _name: str
    _class: Any

    def __init__(self, client: Any, arguments: Dict[str, Any]) -> None:
        self._client = client
        self._handlers = _Handlers()
        self._send_queue = SendQueue(max_bytes=arguments.pop("max_queue_size", QUEUE))
        self._entered: Any = None
        self._arguments = dict(arguments)
        handler = arguments.pop("on_reconnecting", None)
        options = dict(arguments.pop("websocket_connection_options", None) or {})
        for name in _REFUSED:
            if options.get(name) and not self._by_python():
                raise ValueError(f"`websocket_connection_options`: `{name}` cannot be set here")
        settings = {name: value for name, value in arguments.items() if is_given(value) and value is not None and name != "self"}
        settings.update({name: options[name] for name in _OPTIONS if options.get(name) is not None})
        query = dict(settings.get("extra_query") or {})
        if self._name == "realtime":
            for name in ("model", "call_id", "intent"):
                if isinstance(query.get(name), str) and name not in settings:
                    settings[name] = query.pop(name)
            settings["extra_query"] = query
        base = getattr(client, "websocket_base_url", None)
        if base is not None:
            settings["websocket_base_url"] = str(base)
        self._advice = _Advice(handler, query, settings.get("extra_headers") or {})
        if handler is not None:
            settings["advise"] = self._advice
        else:
            for name in ("max_retries", "initial_delay", "max_delay"):
                settings.pop(name, None)
        self._settings = settings

    def send(self, event: Any) -> None:
        """Keeps an event until the connection is open, and sends it then."""
        self._send_queue.enqueue(_text_by_python(event) if self._by_python() else _text(event))

    def _by_python(self) -> bool:
        from .python_sockets import wanted

        return wanted(self._client)

    def _forget(self) -> None:
        self._entered = None

    def _opening(self) -> Any:
        from .python_sockets import Opening

        return Opening(self._client, self._name, self._arguments, self._arguments.get("websocket_connection_options") or {})

    def _prepare_url(self) -> Any:
        """The address of the connection, without the query of the call."""
        from .._http import URL

        return URL(self._opening()._base())

    def _made_of(self, socket: Any, make: Any) -> Any:
        """A connection over a socket of the package `websockets`."""
        given, handler = self._arguments, self._arguments.get("on_reconnecting")
        recovery = {name: given[name] for name in ("max_retries", "initial_delay", "max_delay") if name in given}
        connection = self._class(
            socket,
            make_ws=make if handler is not None else None,
            on_reconnecting=handler,
            extra_query=given.get("extra_query") or {},
            extra_headers=given.get("extra_headers") or {},
            send_queue=self._send_queue,
            **recovery,
        )
        connection._handlers.merge(self._handlers)
        return connection


class ConnectionManager(_Manager):
    """Opens a connection when it is entered, and closes it when it is left."""

    _class: Any = Connection

    def _enter_by_python(self) -> Any:
        from .python_sockets import entry_guard

        make = self._opening().open
        socket = make(self._arguments.get("extra_query") or {}, self._arguments.get("extra_headers") or {})
        with entry_guard(socket, self._forget):
            self._entered = self._made_of(socket, make)
            self._entered._flush_send_queue()
        return self._entered

    def __enter__(self) -> Any:
        if self._by_python():
            return self._enter_by_python()
        connection = self._class(_native.connect(self._client._native, self._name, self._settings), self._advice)
        connection._handlers.merge(self._handlers)
        for text in self._send_queue.drain():
            connection.send_raw(text)
        self._entered = connection
        return connection

    enter = __enter__

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._entered is not None:
            if not self._entered._by_core:
                from .python_sockets import leave

                return leave(self._entered, error)
            try:
                self._entered.close()
            except OpenAIError:
                # It has ended before, which whoever read it was told, or the server does not answer any more.
                pass


class AsyncConnectionManager(_Manager):
    """Opens a connection when it is entered, and closes it when it is left."""

    _class: Any = AsyncConnection

    async def _enter_by_python(self) -> Any:
        from .python_sockets import entry_guard_async

        make = self._opening().open_async
        socket = await make(self._arguments.get("extra_query") or {}, self._arguments.get("extra_headers") or {})
        async with entry_guard_async(socket, self._forget):
            self._entered = self._made_of(socket, make)
            await self._entered._flush_send_queue()
        return self._entered

    async def __aenter__(self) -> Any:
        if self._by_python():
            return await self._enter_by_python()
        socket = await _native.connect_async(self._client._native, self._name, self._settings)
        connection = self._class(socket, self._advice)
        connection._handlers.merge(self._handlers)
        for text in self._send_queue.drain():
            await connection.send_raw(text)
        self._entered = connection
        return connection

    enter = __aenter__

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._entered is not None:
            if not self._entered._by_core:
                from .python_sockets import leave_async

                return await leave_async(self._entered, error)
            try:
                await self._entered.close()
            except OpenAIError:
                pass


class Sender:
    """A group of events that a connection sends. On an asynchronous connection its methods are to be awaited."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def _send(self, kind: str, members: Dict[str, Any]) -> Any:
        event = {"type": kind}
        event.update({name: value for name, value in members.items() if name != "self" and is_given(value)})
        return self._connection.send(event)


__all__ = ["AsyncConnection", "AsyncConnectionManager", "Connection", "ConnectionManager", "Sender", "omit"]
