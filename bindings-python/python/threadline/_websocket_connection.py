"""Connections over an object of the package `websockets`: what is sent while it is lost waits, and it is made again.

The core has connections of its own. These are for programs that bring a socket, or an HTTP client for which `websockets` opens one.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
from typing import Any, AsyncIterator, Callable, Dict, Iterator, Optional

from ._exceptions import WebSocketConnectionClosedError, WebSocketQueueFullError
from ._helpers.websocket_types import ReconnectingEvent, is_recoverable_close
from ._log import log
from ._send_queue import SendQueue, SendReceipt

__all__ = ["AsyncWebSocketConnectionBase", "WebSocketConnectionBase"]

#: How long a wait is at least, as a part of what was planned: clients that were lost together do not come back together.
_LEAST = 0.75


def _close_code(error: BaseException) -> int:
    """The code that the other side closed with; 1006 where it did not close in due form."""
    received = getattr(error, "rcvd", None)
    return 1006 if received is None else int(received.code)


def _is_close(error: BaseException) -> bool:
    from websockets.exceptions import ConnectionClosed  # type: ignore[import-not-found, unused-ignore]

    return isinstance(error, ConnectionClosed)


def _record_websocket_progress(connection: Any, event: object, *, raw: bool = False) -> None:
    """Counts attempts anew once the server has said something."""
    if raw:
        if not connection._reconnect_attempt:
            return
        try:
            event = json.loads(event)  # type: ignore[arg-type]
        except (ValueError, RecursionError):
            return
    kind = event.get("type") if isinstance(event, dict) else None if raw else getattr(event, "type", None)
    if isinstance(kind, str) and kind not in ("", "error"):
        connection._reconnect_attempt = 0


class _Recovering:
    """What both kinds of connections know of themselves."""

    _connection: Any

    def _use(
        self,
        connection: Any,
        *,
        make_ws: Any = None,
        on_reconnecting: Optional[Callable[[ReconnectingEvent], Any]] = None,
        max_retries: int = 5,
        initial_delay: float = 0.5,
        max_delay: float = 8.0,
        extra_query: Any = {},
        extra_headers: Any = {},
        send_queue: Optional[SendQueue] = None,
        logger: Any = None,
        interruptible_reconnect: bool = True,
    ) -> None:
        self._connection = connection
        self._make_ws = make_ws
        self._on_reconnecting = on_reconnecting
        self._max_retries, self._initial_delay, self._max_delay = max_retries, initial_delay, max_delay
        self._extra_query, self._extra_headers = extra_query, extra_headers
        self._send_queue = SendQueue() if send_queue is None else send_queue
        self._reconnect_attempt = 0
        self._intentionally_closed = False
        self._is_reconnecting = False

    def _may_recover(self, code: int) -> bool:
        if self._on_reconnecting is None or self._make_ws is None or self._intentionally_closed:
            return False
        return is_recoverable_close(code)

    def _announce(self, attempt: int, code: int) -> Optional[float]:
        """Tells the program of an attempt; the seconds until then, or `None` where it wants none."""
        planned = min(self._initial_delay * 2 ** (attempt - 1), self._max_delay)
        delay = planned * (_LEAST + random.random() * (1 - _LEAST))
        event = ReconnectingEvent(
            attempt=attempt,
            max_attempts=self._max_retries,
            delay=delay,
            close_code=code,
            extra_query=self._extra_query,
            extra_headers=self._extra_headers,
        )
        assert self._on_reconnecting is not None
        try:
            advice = self._on_reconnecting(event)
        except Exception:
            return None
        if advice is not None:
            if advice.get("abort"):
                return None
            self._extra_query = advice.get("extra_query", self._extra_query)
            self._extra_headers = advice.get("extra_headers", self._extra_headers)
        log("info", "Reconnecting to WebSocket API (attempt %d/%d) after %.1fs delay", attempt, self._max_retries, delay)
        return delay

    def _ended(self, error: BaseException) -> Optional[BaseException]:
        """What the end of a connection that is not made again is told as; `None` where it ended in due form."""
        from websockets.exceptions import ConnectionClosedOK

        unsent = self._send_queue.drain()
        if unsent:
            told = WebSocketConnectionClosedError("WebSocket connection closed with unsent messages", unsent_messages=unsent)
            told.__cause__ = error
            return told
        return None if isinstance(error, ConnectionClosedOK) else error

    def _task(self) -> Optional[int]:
        return None

    def _owes(self) -> bool:
        """Whether messages wait that this caller should send, which is not in the middle of it."""
        return not self._send_queue.is_flush_owner(task_id=self._task()) and bool(self._send_queue)


class WebSocketConnectionBase(_Recovering):
    """A blocking connection over a socket of the package `websockets`. It may be used by several threads."""

    def __init__(self, connection: Any, **options: Any) -> None:
        self._use(connection, **options)

    def _use(self, connection: Any, **options: Any) -> None:
        # Never held while the socket is at work: closing must be able to interrupt a send.
        self._connection_lock: Any = threading.Lock()
        self._close_event = threading.Event()
        super()._use(connection, **options)

    def recv(self) -> Any:
        """The next event."""
        raise NotImplementedError

    def _iter_events(self) -> Iterator[Any]:
        from websockets.exceptions import ConnectionClosed

        while True:
            try:
                event = self.recv()
            except ConnectionClosed as error:
                if self._reconnect(error):
                    continue
                told = self._ended(error)
                if told is error:
                    raise
                if told is not None:
                    raise told
                return
            yield event

    def send_raw(self, data: Any) -> None:
        """Sends a text, or bytes, as it is."""
        self._send(data)

    def _send(self, data: Any) -> None:
        receipt, joined, older = SendReceipt(), False, False
        try:
            with self._connection_lock:
                if not self._intentionally_closed:
                    if self._is_reconnecting:
                        self._send_queue.enqueue(data)
                        return
                    try:
                        joined = self._send_queue.enqueue(data, only_if_pending=True, receipt=receipt)
                    finally:
                        older = self._owes()
                connection = self._connection
        except WebSocketQueueFullError:
            if older:
                # What came before goes out all the same.
                self._flush_send_queue()
            raise
        if older:
            self._flush_with(receipt, joined)
        if not joined:
            connection.send(data)

    def _flush_with(self, receipt: SendReceipt, joined: bool) -> None:
        try:
            self._flush_send_queue(raise_on_error=joined)
        except BaseException:
            receipt.raise_if_failed()
            raise
        receipt.raise_if_failed()
        receipt.raise_if_unsent()

    def close(self, *, code: int = 1000, reason: str = "") -> None:
        """Closes the connection."""
        self._close_event.set()
        with self._connection_lock:
            self._intentionally_closed = True
            self._is_reconnecting = False
            self._send_queue.mark_unsent()
            connection = self._connection
        connection.close(code=code, reason=reason)

    def _reconnect(self, error: BaseException) -> bool:
        """Makes the connection again, if that is wanted and helps; says whether it is there."""
        code = _close_code(error)
        if not self._may_recover(code):
            return False
        with self._connection_lock:
            if self._intentionally_closed:
                return False
            self._is_reconnecting = True
        try:
            for attempt in range(self._reconnect_attempt + 1, self._max_retries + 1):
                if self._intentionally_closed:
                    return False
                self._reconnect_attempt = attempt
                delay = self._announce(attempt, code)
                if delay is None or self._close_event.wait(delay):
                    return False
                try:
                    if not self._replace():
                        return False
                except Exception as failure:
                    if _is_close(failure):
                        code = _close_code(failure)
                        if not is_recoverable_close(code):
                            return False
                    continue
                log("info", "Reconnected to WebSocket API")
                return True
            return False
        finally:
            with self._connection_lock:
                self._is_reconnecting = False

    def _replace(self) -> bool:
        """One attempt. Whether the program still wants the connection that was made."""
        try:
            connection = self._make_ws(self._extra_query, self._extra_headers)
        except Exception as error:
            # A handshake that is refused is no close of a connection.
            raise OSError("the handshake failed") from error
        with self._connection_lock:
            unwanted = self._intentionally_closed
            if not unwanted:
                self._connection = connection
        if unwanted:
            connection.close()
            return False
        try:
            self._flush_send_queue(raise_on_error=True, finish_recovery=True)
        except Exception:
            try:
                connection.close()
            except Exception:
                pass
            raise
        return not self._intentionally_closed

    def _flush_send_queue(self, *, raise_on_error: bool = False, finish_recovery: bool = False) -> None:
        """Sends what waits, over the connection of now."""

        def way() -> Any:
            with self._connection_lock:
                held = self._intentionally_closed or (self._is_reconnecting and not finish_recovery)
                return None if held else self._connection.send

        try:
            while self._has_to_flush(finish_recovery):
                self._send_queue.flush_sync(lambda data: self._connection.send(data), requeue_failed=False, prepare_send=way)
        except Exception:
            log("warning", "Failed to flush send queue after reconnect")
            if raise_on_error:
                raise

    def _has_to_flush(self, finish_recovery: bool) -> bool:
        with self._connection_lock:
            if self._is_reconnecting and not finish_recovery:
                return False
            if not self._intentionally_closed and self._send_queue.has_pending_or_flushing:
                return True
            if finish_recovery:
                # From now on messages go out directly.
                self._is_reconnecting = False
            return False


class AsyncWebSocketConnectionBase(_Recovering):
    """A connection over a socket of the package `websockets`, for an event loop."""

    def __init__(self, connection: Any, **options: Any) -> None:
        self._use(connection, **options)

    def _task(self) -> Optional[int]:
        return id(asyncio.current_task())

    async def recv(self) -> Any:
        """The next event."""
        raise NotImplementedError

    async def _iter_events(self) -> AsyncIterator[Any]:
        from websockets.exceptions import ConnectionClosed

        while True:
            try:
                event = await self.recv()
            except ConnectionClosed as error:
                if await self._reconnect(error):
                    continue
                told = self._ended(error)
                if told is error:
                    raise
                if told is not None:
                    raise told
                return
            yield event

    async def send_raw(self, data: Any) -> None:
        """Sends a text, or bytes, as it is."""
        await self._send(data)

    async def _send(self, data: Any) -> None:
        receipt, joined, older = SendReceipt(), False, False
        if not self._intentionally_closed:
            if self._is_reconnecting:
                self._send_queue.enqueue(data)
                return
            try:
                joined = self._send_queue.enqueue(data, only_if_pending=True, receipt=receipt)
            except WebSocketQueueFullError:
                if self._owes():
                    await self._flush_send_queue()
                raise
            older = self._owes()
        if older:
            await self._flush_with(receipt, joined)
        if not joined:
            await self._connection.send(data)

    async def _flush_with(self, receipt: SendReceipt, joined: bool) -> None:
        try:
            await self._flush_send_queue(raise_on_error=joined)
        except BaseException:
            receipt.raise_if_failed()
            raise
        receipt.raise_if_failed()
        receipt.raise_if_unsent()

    async def close(self, *, code: int = 1000, reason: str = "") -> None:
        """Closes the connection."""
        self._intentionally_closed = True
        self._is_reconnecting = False
        self._send_queue.mark_unsent()
        await self._connection.close(code=code, reason=reason)

    async def _reconnect(self, error: BaseException) -> bool:
        """Makes the connection again, if that is wanted and helps; says whether it is there."""
        code = _close_code(error)
        if not self._may_recover(code):
            return False
        self._is_reconnecting = True
        try:
            for attempt in range(self._reconnect_attempt + 1, self._max_retries + 1):
                if self._intentionally_closed:
                    return False
                self._reconnect_attempt = attempt
                delay = self._announce(attempt, code)
                if delay is None:
                    return False
                await asyncio.sleep(delay)
                if self._intentionally_closed:
                    return False
                try:
                    if not await self._replace():
                        return False
                except Exception as failure:
                    if _is_close(failure):
                        code = _close_code(failure)
                        if not is_recoverable_close(code):
                            return False
                    continue
                log("info", "Reconnected to WebSocket API")
                return True
            return False
        finally:
            self._is_reconnecting = False

    async def _replace(self) -> bool:
        """One attempt. Whether the program still wants the connection that was made."""
        try:
            connection = await self._make_ws(self._extra_query, self._extra_headers)
        except Exception as error:
            raise OSError("the handshake failed") from error
        if self._intentionally_closed:
            # Nobody else knows of it, so it is closed also where whoever waits for that is cancelled.
            self._closing = asyncio.ensure_future(connection.close())
            await asyncio.shield(self._closing)
            return False
        self._connection = connection
        try:
            await self._flush_send_queue(raise_on_error=True, finish_recovery=True)
        except Exception:
            try:
                await connection.close()
            except Exception:
                pass
            raise
        return not self._intentionally_closed

    async def _flush_send_queue(self, *, raise_on_error: bool = False, finish_recovery: bool = False) -> None:
        """Sends what waits, over the connection of now."""

        def way() -> Any:
            held = self._intentionally_closed or (self._is_reconnecting and not finish_recovery)
            return None if held else self._connection.send

        try:
            while self._has_to_flush(finish_recovery):
                await self._send_queue.flush_async(lambda data: self._connection.send(data), requeue_failed=False, prepare_send=way)
        except Exception:
            log("warning", "Failed to flush send queue after reconnect")
            if raise_on_error:
                raise

    def _has_to_flush(self, finish_recovery: bool) -> bool:
        if self._is_reconnecting and not finish_recovery:
            return False
        if not self._intentionally_closed and self._send_queue.has_pending_or_flushing:
            return True
        if finish_recovery:
            self._is_reconnecting = False
        return False


_LAZY: Dict[str, str] = {
    "_async_connect_websocket": "connect_async",
    "_async_exit_websocket": "leave_async",
    "_async_websocket_entry_guard": "entry_guard_async",
    "_connect_websocket": "connect",
    "_exit_websocket": "leave",
    "_websocket_entry_guard": "entry_guard",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._helpers import python_sockets

    return getattr(python_sockets, _LAZY[name])
