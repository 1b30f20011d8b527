"""Translations as they are spoken: one connection for one session, which is finished in due form and never made again."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from typing import Any, Literal, Mapping, Optional

from .._exceptions import OpenAIError

__all__ = ["AsyncTranslationConnection", "AsyncTranslationSession", "TranslationConnection", "TranslationSession"]


def _type(event: Any) -> Any:
    return event.get("type") if isinstance(event, Mapping) else getattr(event, "type", None)


def _with_base(client: Any, query: Any) -> Any:
    """The query, with that of the client's base address where connections have another: it counts least."""
    from urllib.parse import parse_qs, urlsplit

    if client.websocket_base_url is None:
        return query
    base = parse_qs(urlsplit(str(client._options["base_url"] or "")).query, keep_blank_values=True)
    own = parse_qs(urlsplit(str(client.websocket_base_url)).query, keep_blank_values=True)
    inherited = {name: values for name, values in base.items() if name not in {*own, *client.default_query, *query, "model"}}
    if not inherited:
        return query
    pairs = query.multi_items() if hasattr(query, "multi_items") else ()
    given = {name: [value for known, value in pairs if known == name] for name, _ in pairs} if pairs else dict(query)
    return {**inherited, **given}


def _check(client: Any, model: str, query: Any) -> None:
    """Refuses what the endpoint does not have, before anything is asked of a provider of credentials."""
    from urllib.parse import parse_qs, urlsplit

    if not model:
        raise ValueError("A translation model is required.")
    if hasattr(client, "_azure") or client._options["provider"] is not None:
        raise OpenAIError("Realtime Translation is not available through this provider.")
    addresses = [str(address) for address in (client.base_url, client.websocket_base_url) if address is not None]
    given = [client.default_query, query, *(parse_qs(urlsplit(address).query, keep_blank_values=True) for address in addresses)]
    if any("intent" in one for one in given):
        raise ValueError("Realtime Translation does not accept an intent query parameter.")


class _Sending:
    """What may be sent: events until the session is finished, which is said once."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._state: Literal["open", "finishing", "closed"] = "open"

    def _admit(self, event: Any) -> bool:
        finishes = _type(event) == "session.close"
        if self._state == "finishing" and finishes:
            return False
        if self._state != "open":
            raise OpenAIError("Realtime Translation input is closed.")
        if finishes:
            self._state = "finishing"
        return True

    def _parsed(self, data: Any) -> Any:
        event = self._connection.parse_event(data)
        if _type(event) == "session.closed":
            # It ends the session, so it must be what it says.
            from ..types.realtime import RealtimeTranslationSessionClosedEvent

            return RealtimeTranslationSessionClosedEvent.model_validate_json(data)
        return event


class TranslationConnection(_Sending):
    """A session that is open. One thread may read while another sends."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._send_lock = threading.Lock()
        self._close_lock = threading.Lock()
        self._closing: "Optional[Future[None]]" = None
        self._reading: "Optional[Future[Any]]" = None

    def send(self, event: Any) -> None:
        """Sends an event. After ``session.close`` only events of the server follow. What fails is not sent again."""
        with self._send_lock:
            if not self._admit(event):
                return
            try:
                self._connection.send(event)
            except BaseException as error:
                try:
                    self.close()
                except BaseException as closing:
                    raise error from closing
                raise

    def recv(self, *, timeout: Optional[float] = None) -> Any:
        """The next event. Raises :class:`TimeoutError` after so many seconds; the event is there for the next call then."""
        event = self._parsed(self._connection.recv_bytes() if timeout is None and self._reading is None else self._within(timeout))
        if _type(event) == "session.closed":
            self._close(wait=timeout is None)
        return event

    def _within(self, timeout: Optional[float]) -> Any:
        if self._reading is None:
            self._reading = _aside(self._connection.recv_bytes)
        try:
            data = self._reading.result(timeout)
        except BaseException:
            if self._reading.done():
                self._reading = None
            raise
        self._reading = None
        return data

    def close(self) -> None:
        """Closes the connection; what the server has not sent yet is lost."""
        self._close(wait=True)

    def _close(self, *, wait: bool) -> None:
        with self._close_lock:
            self._state = "closed"
            if self._closing is None:
                self._closing = _aside(self._connection.close)
        if wait:
            self._closing.result()


def _aside(function: Any) -> "Future[Any]":
    """What a function gives, on a thread of its own."""
    found: "Future[Any]" = Future()

    def run() -> None:
        try:
            found.set_result(function())
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=run, name="realtime-translation", daemon=True).start()
    return found


class AsyncTranslationConnection(_Sending):
    """A session that is open, for an event loop. See :class:`TranslationConnection`."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._send_lock = asyncio.Lock()

    async def send(self, event: Any) -> None:
        """Sends an event. After ``session.close`` only events of the server follow. What fails is not sent again."""
        async with self._send_lock:
            if not self._admit(event):
                return
            try:
                await self._connection.send(event)
            except BaseException as error:
                try:
                    await self.close()
                except BaseException as closing:
                    raise error from closing
                raise

    async def recv(self) -> Any:
        """The next event."""
        event = self._parsed(await self._connection.recv_bytes())
        if _type(event) == "session.closed":
            await self.close()
        return event

    async def close(self) -> None:
        """Closes the connection; what the server has not sent yet is lost."""
        self._state = "closed"
        await self._connection.close()


class _Session:
    _connection: Any = None

    def __init__(
        self, resource: Any, *, model: str, extra_query: Any = {}, extra_headers: Any = {}, websocket_connection_options: Any = {}
    ) -> None:
        self._resource = resource
        self._model, self._query = model, extra_query
        self._arguments = {"extra_headers": extra_headers, "websocket_connection_options": websocket_connection_options}
        self._entered = False

    def _manager(self) -> Any:
        if self._entered:
            raise RuntimeError("Translation sessions may only be entered once")
        self._entered = True
        _check(self._resource._client, self._model, self._query)
        query = _with_base(self._resource._client, self._query)
        return self._resource.connect(model=self._model, extra_query=query, **self._arguments)


class TranslationSession(_Session):
    """A translation: ``with TranslationSession(client.realtime.translations, model=…) as session:``.

    Send ``session.close`` at the end and read until ``session.closed``, so that nothing is lost.
    """

    def __enter__(self) -> TranslationConnection:
        self._connection = TranslationConnection(self._manager().enter())
        return self._connection

    enter = __enter__

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._connection is not None:
            try:
                self._connection.close()
            except BaseException as closing:
                if error is not None:
                    raise error.with_traceback(traceback) from closing
                raise


class AsyncTranslationSession(_Session):
    """A translation, for an event loop. See :class:`TranslationSession`."""

    async def __aenter__(self) -> AsyncTranslationConnection:
        self._connection = AsyncTranslationConnection(await self._manager().enter())
        return self._connection

    enter = __aenter__

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._connection is not None:
            try:
                await self._connection.close()
            except BaseException as closing:
                if error is not None:
                    raise error.with_traceback(traceback) from closing
                raise
