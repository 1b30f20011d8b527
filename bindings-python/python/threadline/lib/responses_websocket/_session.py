"""Sessions: one reader of a connection, and lanes that programs read and send on."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any, Dict, Iterator, Optional, Tuple
from weakref import WeakSet

from ... import _threadline as _native
from ..._exceptions import WebSocketConnectionClosedError
from ._router import Lane, ResponsesWebSocketLimits, Router

__all__ = ["AsyncResponsesWebSocketLane", "AsyncResponsesWebSocketSession", "ResponsesWebSocketLane", "ResponsesWebSocketSession"]

#: Seconds that closing waits for the reader.
_JOIN = 5
_claimed: "WeakSet[Any]" = WeakSet()
_claims = threading.Lock()


def _claim(connection: Any) -> None:
    with _claims:
        if connection in _claimed:
            raise RuntimeError("This connection already has a WebSocket session")
        _claimed.add(connection)


def _release(connection: Any) -> None:
    with _claims:
        _claimed.discard(connection)


def _command(event: Any, stream_id: Optional[str]) -> Tuple[str, bool]:
    """A command as it is sent on a lane, and whether it begins a response."""
    data: Dict[str, Any] = json.loads(_native.encode(event))
    is_create = data.get("type") == "response.create"
    if is_create:
        if "stream_id" in data and data["stream_id"] != stream_id:
            raise ValueError("The command stream_id does not match its lane")
        if stream_id is not None:
            data["stream_id"] = stream_id
    return json.dumps(data), is_create


def _is_lost(error: BaseException) -> bool:
    """Whether the socket has ended, of the core's or of the package `websockets`."""
    if getattr(error, "close", None) is not None or isinstance(error, WebSocketConnectionClosedError):
        return True
    return any(base.__name__ == "ConnectionClosed" for base in type(error).__mro__)


def _in_due_form(error: BaseException) -> bool:
    return bool(getattr(error, "ended", False)) or any(base.__name__ == "ConnectionClosedOK" for base in type(error).__mro__)


def _failure(connection: Any, error: BaseException) -> Optional[BaseException]:
    """Why a connection that is not made again has ended; `None` where it was closed in due form."""
    unsent = [] if connection._by_core else connection._send_queue.drain()
    if unsent:
        told = WebSocketConnectionClosedError("WebSocket connection closed with unsent messages", unsent_messages=unsent)
        told.__cause__ = error
        return told
    return None if _in_due_form(error) else error


class _Pending:
    """The events that are read until a lane has its response. The sessions differ in how they wait for one."""

    def __init__(self, router: Router, lane: Lane) -> None:
        self._router, self._lane = router, lane

    def steps(self) -> Iterator[None]:
        """One step for each event that is to be read yet."""
        lane, seen = self._lane, self._lane.consumed
        while lane.response.final is not None and lane.consumed == seen and lane.received > seen:
            # A response that has been asked for since is behind the one that is there.
            yield
        while lane.response.final is None:
            self._check(True)
            yield

    def _check(self, error: bool) -> None:
        with self._router.condition:
            if self._lane.failure is not None:
                raise self._lane.failure
            if error and self._lane.response.error is not None:
                raise self._lane.response.error

    def result(self) -> Any:
        """The response."""
        self._check(False)
        return self._lane.response.final


class _LaneView:
    def __init__(self, session: Any, state: Lane) -> None:
        self._session = session
        self._state = state

    def close(self) -> None:
        """Takes no more events. The connection stays open."""
        self._session._router.detach(self._state)


class ResponsesWebSocketLane(_LaneView):
    """One of the lanes of a session, for one reader at a time."""

    def send(self, event: Any) -> None:
        """Sends a command. It goes out on the socket of now or not at all: nothing is sent twice."""
        connection = self._session.connection
        socket = connection._connection
        self._session._check_send(self._state)
        data, is_create = _command(event, self._state.stream_id)
        if connection._by_core:
            self._session._router.prepare(self._state, is_create)
            return connection.send_raw(data)
        with connection._connection_lock:
            if connection._is_reconnecting:
                raise RuntimeError("The WebSocket connection is reconnecting; restore state before sending")
            if socket is not connection._connection:
                raise RuntimeError("The WebSocket connection changed; restore state before sending")
            self._session._router.prepare(self._state, is_create)
        socket.send(data)

    def recv(self, *, timeout: Optional[float] = None) -> Any:
        """The next event. Raises :class:`TimeoutError` after so many seconds, and :class:`EOFError` at the end."""
        if self._session._thread is None:
            raise RuntimeError("Enter the WebSocket session before receiving events")
        deadline = None if timeout is None else time.monotonic() + timeout
        router = self._session._router
        with router.condition:
            while True:
                event = router.pop(self._state)
                if event is not None:
                    return event
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError("Timed out waiting for a Responses WebSocket event")
                router.condition.wait(left)

    def get_final_response(self, *, timeout: Optional[float] = None) -> Any:
        """Reads on until the response is complete, failed or incomplete, and gives it."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pending = _Pending(self._session._router, self._state)
        for _ in pending.steps():
            self.recv(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
        return pending.result()


class _Session:
    connection: Any
    _router: Router
    _closed: bool

    def _active(self) -> bool:
        raise NotImplementedError

    def _check_send(self, lane: Lane) -> None:
        if not self._active() or self._closed or self._router.ended or lane.closed:
            raise RuntimeError("The WebSocket session or lane is not active")
        if not self.connection._by_core and self.connection._is_reconnecting:
            raise RuntimeError("The WebSocket connection is reconnecting; restore state before sending")


class ResponsesWebSocketSession(_Session):
    """Reads a connection on a thread of its own, and gives its events to lanes. Leaving it closes the connection.

    Lanes are made before their requests are sent; what no lane takes comes on ``default``. A lane that is not read in time ends the session,
    or with ``isolate_lane_overflow`` itself alone. A connection that is made again knows nothing of responses under way, and nothing is
    sent again.
    """

    def __init__(self, connection: Any, *, limits: ResponsesWebSocketLimits, isolate_lane_overflow: bool = False) -> None:
        self.connection = connection
        self._router = Router(limits, connection, isolate=isolate_lane_overflow)
        self._thread: Optional[threading.Thread] = None
        self._closed = False
        self._owns = False
        self.default = ResponsesWebSocketLane(self, self._router.default)

    def _active(self) -> bool:
        return self._thread is not None

    def __enter__(self) -> "ResponsesWebSocketSession":
        if self._thread is not None or self._closed:
            raise RuntimeError("A WebSocket session can only be entered once")
        _claim(self.connection)
        self._owns = True
        self._thread = threading.Thread(target=self._read, name="responses-websocket", daemon=True)
        try:
            self._thread.start()
        except Exception:
            self._thread = None
            self._let_go()
            raise
        return self

    def _let_go(self) -> None:
        # Reader and closer may both come here.
        with _claims:
            if self._owns:
                _claimed.discard(self.connection)
                self._owns = False

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        try:
            self.close()
        except Exception:
            if error is None:
                raise

    def lane(self, stream_id: Optional[str] = None) -> ResponsesWebSocketLane:
        """A lane for responses with this id."""
        lane = ResponsesWebSocketLane(self, self._router.register(stream_id))
        if stream_id is None:
            self.default = lane
        return lane

    def _read(self) -> None:
        connection, router = self.connection, self._router
        try:
            while True:
                try:
                    data = connection.recv_bytes()
                except Exception as error:
                    if not _is_lost(error):
                        raise
                    if not connection._by_core and connection._reconnect(error):
                        router.reconnected(connection._connection)
                        continue
                    failure = _failure(connection, error)
                    if failure is None:
                        break
                    raise failure
                router.dispatch(connection.parse_event(data), len(data))
                del data
        except Exception as error:
            router.finish(error)
            try:
                connection.close()
            except Exception:
                # Why the reader ended is told to the lanes.
                pass
        finally:
            router.finish()
            if self._closed:
                self._let_go()

    def close(self) -> None:
        """Closes the session and its connection."""
        thread = self._thread
        if self._closed and (thread is None or not thread.is_alive()):
            return
        self._closed = True
        self._router.finish()
        if thread is None:
            return
        try:
            self.connection.close()
        finally:
            if thread is not threading.current_thread():
                thread.join(timeout=_JOIN)
                if thread.is_alive():
                    raise RuntimeError("The Responses WebSocket reader did not stop after close")
                self._let_go()


class AsyncResponsesWebSocketLane(_LaneView):
    """One of the lanes of a session. A wait that is cancelled loses no event."""

    async def send(self, event: Any) -> None:
        """Sends a command. It goes out on the socket of now or not at all: nothing is sent twice."""
        connection = self._session.connection
        socket = connection._connection
        self._session._check_send(self._state)
        data, is_create = _command(event, self._state.stream_id)
        self._session._router.prepare(self._state, is_create)
        await (connection.send_raw(data) if connection._by_core else socket.send(data))

    async def recv(self) -> Any:
        """The next event. Raises :class:`EOFError` at the end."""
        if self._session._task is None:
            raise RuntimeError("Enter the WebSocket session before receiving events")
        router = self._session._router
        while True:
            with router.condition:
                event = router.pop(self._state)
                if event is not None:
                    return event
                self._state.wake.clear()
            await self._state.wake.wait()

    async def get_final_response(self) -> Any:
        """Reads on until the response is complete, failed or incomplete, and gives it."""
        pending = _Pending(self._session._router, self._state)
        for _ in pending.steps():
            await self.recv()
        return pending.result()


class AsyncResponsesWebSocketSession(_Session):
    """Reads a connection in a task of its own, and gives its events to lanes. See :class:`ResponsesWebSocketSession`."""

    def __init__(self, connection: Any, *, limits: ResponsesWebSocketLimits, isolate_lane_overflow: bool = False) -> None:
        self.connection = connection
        self._router = Router(limits, connection, isolate=isolate_lane_overflow)
        self._task: Optional["asyncio.Task[None]"] = None
        self._closing: Optional["asyncio.Task[None]"] = None
        self._closed = False
        self.default = AsyncResponsesWebSocketLane(self, self._router.default)

    def _active(self) -> bool:
        return self._task is not None

    async def __aenter__(self) -> "AsyncResponsesWebSocketSession":
        if self._task is not None or self._closed:
            raise RuntimeError("A WebSocket session can only be entered once")
        _claim(self.connection)
        self._task = asyncio.create_task(self._read(), name="responses-websocket")
        return self

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        try:
            await self.close()
        except Exception:
            if error is None:
                raise

    def lane(self, stream_id: Optional[str] = None) -> AsyncResponsesWebSocketLane:
        """A lane for responses with this id."""
        lane = AsyncResponsesWebSocketLane(self, self._router.register(stream_id))
        if stream_id is None:
            self.default = lane
        return lane

    async def _read(self) -> None:
        connection, router = self.connection, self._router
        try:
            while True:
                try:
                    data = await connection.recv_bytes()
                except Exception as error:
                    if not _is_lost(error):
                        raise
                    if not connection._by_core and await connection._reconnect(error):
                        router.reconnected(connection._connection)
                        continue
                    failure = _failure(connection, error)
                    if failure is None:
                        break
                    raise failure
                router.dispatch(connection.parse_event(data), len(data))
                del data
        except Exception as error:
            router.finish(error)
            try:
                await connection.close()
            except Exception:
                # Why the reader ended is told to the lanes.
                pass
        finally:
            router.finish()

    async def close(self) -> None:
        """Closes the session and its connection, also where the one who waits for it is cancelled."""
        if self._closing is None:
            self._closed = True
            self._router.finish()
            if self._task is None:
                return
            self._closing = asyncio.create_task(self._close(self._task), name="responses-websocket-close")
        await asyncio.shield(self._closing)

    async def _close(self, reader: "asyncio.Task[None]") -> None:
        try:
            reader.cancel()
            try:
                await reader
            except asyncio.CancelledError:
                pass
            await self.connection.close()
        finally:
            _release(self.connection)
