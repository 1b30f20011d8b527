"""Streams of events, pulled in batches from the core."""

from __future__ import annotations

from typing import Any, AsyncIterator, Generic, Iterator, Optional, TypeVar

__all__ = ["AsyncStream", "ServerSentEvent", "Stream"]

T = TypeVar("T")


class ServerSentEvent:
    """One event as it stood on the wire."""

    def __init__(
        self, *, event: Optional[str] = None, data: Optional[str] = None, id: Optional[str] = None, retry: Optional[int] = None
    ) -> None:
        self.event = event
        self.data = data or ""
        self.id = id
        self.retry = retry

    def json(self) -> Any:
        import json

        return json.loads(self.data)

    def __repr__(self) -> str:
        return f"ServerSentEvent(event={self.event}, data={self.data}, id={self.id}, retry={self.retry})"


def _foreign(response: Any, cast_to: Any, options: Any) -> Any:
    from ._foreign import ForeignEvents

    return ForeignEvents(response, cast_to, options)


def _read(events: Any) -> Iterator[Any]:
    # Not a method: a stream that its iterator refers to would live, with its connection, until the garbage is collected.
    try:
        while (batch := events.next_batch()) is not None:
            yield from batch
    finally:
        events.close()


async def _read_async(events: Any) -> AsyncIterator[Any]:
    try:
        while (batch := await events.next_batch_async()) is not None:
            for event in batch:
                yield event
    finally:
        events.close()


class Stream(Generic[T]):
    """The events of a reply. Leaving it, or dropping it, closes the connection.

    .. code-block:: python

        with client.chat.completions.create(..., stream=True) as stream:
            for chunk in stream:
                ...
    """

    def __init__(
        self, *, reply: Any = None, cast_to: Any = None, response: Any = None, client: Any = None, options: Any = None
    ) -> None:
        # Programs make streams of a response of httpx; calls have a reply of the core's.
        self._reply = reply
        self._cast_to = cast_to
        self._client = client
        self._options = options
        self._response = response
        self._events = reply.events if response is None else _foreign(response, cast_to, options)
        self._iterator = self.__stream__()

    @classmethod
    def _of_reply(cls, reply: Any) -> "Stream[T]":
        return cls(reply=reply)

    @property
    def response(self) -> Any:
        """Status and headers of the reply."""
        if self._response is not None:
            return self._response
        from ._response import StreamedResponse

        return StreamedResponse(self._reply)

    def __stream__(self) -> Iterator[T]:
        return _read(self._events) if self._response is None else iter(self._events)

    def _iter_events(self) -> Iterator[ServerSentEvent]:
        """The events as they stand on the wire."""
        if self._response is not None:
            yield from self._events.sent()
            return
        while (batch := self._events.next_batch_as_sent()) is not None:
            for name, data in batch:
                yield ServerSentEvent(event=name or None, data=data.decode("utf-8", "replace"))

    def __iter__(self) -> Iterator[T]:
        return self._iterator

    def __next__(self) -> T:
        return next(self._iterator)

    def __enter__(self) -> "Stream[T]":
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._events.close()


class AsyncStream(Generic[T]):
    """The events of a reply, for an event loop. Leaving it, or dropping it, closes the connection."""

    def __init__(
        self, *, reply: Any = None, cast_to: Any = None, response: Any = None, client: Any = None, options: Any = None
    ) -> None:
        # Programs make streams of a response of httpx; calls have a reply of the core's.
        self._reply = reply
        self._cast_to = cast_to
        self._client = client
        self._options = options
        self._response = response
        self._events = reply.events if response is None else _foreign(response, cast_to, options)
        self._iterator = self.__stream__()

    @classmethod
    def _of_reply(cls, reply: Any) -> "AsyncStream[T]":
        return cls(reply=reply)

    @property
    def response(self) -> Any:
        """Status and headers of the reply."""
        if self._response is not None:
            return self._response
        from ._response import StreamedResponse

        return StreamedResponse(self._reply)

    def __stream__(self) -> AsyncIterator[T]:
        return _read_async(self._events) if self._response is None else aiter(self._events)

    async def _iter_events(self) -> AsyncIterator[ServerSentEvent]:
        """The events as they stand on the wire."""
        if self._response is not None:
            async for event in self._events.sent_async():
                yield event
            return
        while (batch := await self._events.next_batch_as_sent_async()) is not None:
            for name, data in batch:
                yield ServerSentEvent(event=name or None, data=data.decode("utf-8", "replace"))

    def __aiter__(self) -> AsyncIterator[T]:
        return self._iterator

    async def __anext__(self) -> T:
        return await self._iterator.__anext__()

    async def __aenter__(self) -> "AsyncStream[T]":
        return self

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection."""
        if self._response is not None:
            await self._events.aclose()
        else:
            self._events.close()

    aclose = close


def __getattr__(name: str) -> Any:
    # What reads events of a program's own; calls are read by the core.
    if name in ("SSEBytesDecoder", "SSEDecoder", "_SSELineDecoder", "extract_stream_chunk_type", "is_stream_class_type"):
        from . import _sse

        value = globals()[name] = getattr(_sse, name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
