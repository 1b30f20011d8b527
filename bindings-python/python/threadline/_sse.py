"""Server-sent events from lines and bytes, for programs that read streams of their own. Calls are read by the core."""

from __future__ import annotations

from typing import Any, AsyncIterator, Iterator, List, Optional, Protocol, runtime_checkable

from ._streaming import ServerSentEvent

__all__ = ["SSEBytesDecoder", "SSEDecoder"]


class _SSELineDecoder:
    """Lines of bytes, ended by CR, LF or both, from pieces cut anywhere."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._after_return = False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        for part in piece.splitlines(keepends=True):
            if self._after_return and part[:1] == b"\n":
                self._after_return = False
                part = part[1:]
                if not part:
                    continue
            self._after_return = part.endswith(b"\r")
            if part.endswith((b"\r", b"\n")):
                yield bytes(self._buffer) + part.rstrip(b"\r\n")
                self._buffer.clear()
            else:
                self._buffer += part

    def finish(self) -> Iterator[bytes]:
        if self._buffer:
            yield bytes(self._buffer)
            self._buffer.clear()


class SSEDecoder:
    """Puts events together from their lines."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._event: Optional[str] = None
        self._data: List[str] = []
        self._last_event_id: Optional[str] = None
        self._retry: Optional[int] = None

    def iter_bytes(self, iterator: Iterator[bytes]) -> Iterator[ServerSentEvent]:
        """The events in pieces of bytes."""
        lines = _SSELineDecoder()
        try:
            for piece in iterator:
                yield from self._decoded(lines.feed(piece))
            yield from self._decoded(lines.finish())
        finally:
            # What is not complete is of no use to the next stream.
            self._forget()

    async def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]:
        """The events in pieces of bytes."""
        lines = _SSELineDecoder()
        try:
            async for piece in iterator:
                for event in self._decoded(lines.feed(piece)):
                    yield event
            for event in self._decoded(lines.finish()):
                yield event
        finally:
            self._forget()

    def _decoded(self, lines: Iterator[bytes]) -> Iterator[ServerSentEvent]:
        for line in lines:
            event = self.decode(line.decode("utf-8"))
            if event is not None:
                yield event

    def decode(self, line: str) -> Optional[ServerSentEvent]:
        """Takes one line, without its end; an empty one completes an event."""
        if not line:
            return self._complete()
        if line.startswith(":"):
            return None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
        elif name == "id":
            if "\0" not in value:
                self._last_event_id = value
        elif name == "retry":
            try:
                self._retry = int(value)
            except (TypeError, ValueError):
                pass
        return None

    def _complete(self) -> Optional[ServerSentEvent]:
        if not self._event and not self._data and not self._last_event_id and self._retry is None:
            return None
        event = ServerSentEvent(
            event=self._event, data="\n".join(self._data), id=self._last_event_id, retry=self._retry
        )
        # The id counts for all that follows.
        self._event, self._data, self._retry = None, [], None
        return event


@runtime_checkable
class SSEBytesDecoder(Protocol):
    """What reads events from bytes."""

    def iter_bytes(self, iterator: Iterator[bytes]) -> Iterator[ServerSentEvent]: ...

    def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[ServerSentEvent]: ...


def is_stream_class_type(typ: Any) -> bool:
    """Whether it is a class of streams."""
    from typing import get_origin

    from ._streaming import AsyncStream, Stream

    origin = get_origin(typ) or typ
    return isinstance(origin, type) and issubclass(origin, (Stream, AsyncStream))


def extract_stream_chunk_type(stream_cls: Any, *, failure_message: Optional[str] = None) -> Any:
    """The class of a stream's events: of `Stream[Chunk]` it is `Chunk`."""
    from ._streaming import AsyncStream, Stream
    from ._utils._typing import extract_type_var_from_base

    return extract_type_var_from_base(
        stream_cls, index=0, generic_bases=(Stream, AsyncStream), failure_message=failure_message
    )
