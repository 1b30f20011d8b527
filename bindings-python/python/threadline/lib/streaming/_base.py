"""Streams that are put together: what the four kinds have in common."""

from __future__ import annotations

import json
from typing import Any, AsyncIterator, Generic, Iterator, TypeVar

from ... import _threadline as _native
from ..._exceptions import OpenAIError

E = TypeVar("E")


class _Stream(Generic[E]):
    _kind: str

    def __init__(self, stream: Any, starting_after: Any = None) -> None:
        self._raw_stream = stream
        self._source = stream._events
        self._accumulator = _native.Accumulator(self._kind, starting_after)
        self._done = False
        self._count = 0

    @property
    def response(self) -> Any:
        """Status and headers of the reply."""
        return self._raw_stream.response

    @property
    def _request_id(self) -> Any:
        return self.response.headers.get("x-request-id")

    def _event(self, text: str) -> E:
        raise NotImplementedError

    def _failed(self, error: OpenAIError) -> None:
        """The error has what was put together by then."""
        if error.partial is None and self._count == 0:
            return
        snapshot = json.loads(self._accumulator.snapshot())
        if error.partial is None:
            error.partial = {"text": self._text(snapshot), "events": self._count}
        error.partial["snapshot"] = snapshot

    def _text(self, snapshot: Any) -> str:
        """The text so far, for an error that was found here."""
        choices = snapshot.get("choices") or [{}]
        return (choices[0].get("message") or {}).get("content") or choices[0].get("text") or ""


class SyncStream(_Stream[E]):
    """Events of a higher level, and the object that they come to."""

    def __init__(self, stream: Any, starting_after: Any = None) -> None:
        super().__init__(stream, starting_after)
        self._iterator = self._events()

    def _events(self) -> Iterator[E]:
        push = self._accumulator.push
        try:
            while (batch := self._source.next_batch_as_sent()) is not None:
                for name, data in batch:
                    made = push(name, data)
                    self._count += 1
                    for text in made:
                        yield self._event(text)
            for text in self._accumulator.finish():
                yield self._event(text)
            self._done = True
        except OpenAIError as error:
            self._failed(error)
            raise
        finally:
            self._source.close()

    def __iter__(self) -> Iterator[E]:
        return self._iterator

    def __next__(self) -> E:
        return next(self._iterator)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._source.close()

    def until_done(self) -> Any:
        """Reads to the end."""
        for _ in self._iterator:
            pass
        return self


async def shut(source: Any) -> None:
    """Closes a source of events."""
    if hasattr(source, "aclose"):
        await source.aclose()
    else:
        source.close()


class AsyncStream(_Stream[E]):
    """Events of a higher level, and the object that they come to."""

    def __init__(self, stream: Any, starting_after: Any = None) -> None:
        super().__init__(stream, starting_after)
        self._iterator = self._events()

    async def _events(self) -> AsyncIterator[E]:
        push = self._accumulator.push
        try:
            while (batch := await self._source.next_batch_as_sent_async()) is not None:
                for name, data in batch:
                    made = push(name, data)
                    self._count += 1
                    for text in made:
                        yield self._event(text)
            for text in self._accumulator.finish():
                yield self._event(text)
            self._done = True
        except OpenAIError as error:
            self._failed(error)
            raise
        finally:
            await shut(self._source)

    def __aiter__(self) -> AsyncIterator[E]:
        return self._iterator

    async def __anext__(self) -> E:
        return await self._iterator.__anext__()

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection."""
        await shut(self._source)

    async def until_done(self) -> Any:
        """Reads to the end."""
        async for _ in self._iterator:
            pass
        return self


class Manager(Generic[E]):
    """Makes the call when it is entered, and closes the stream when it is left."""

    def __init__(self, start: Any, make: Any) -> None:
        self._start = start
        self._make = make
        self._stream: Any = None

    def __enter__(self) -> Any:
        self._stream = self._make(self._start())
        return self._stream

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._stream is not None:
            self._stream.close()


class AsyncManager(Generic[E]):
    """Makes the call when it is entered, and closes the stream when it is left."""

    def __init__(self, start: Any, make: Any) -> None:
        self._start = start
        self._make = make
        self._stream: Any = None

    async def __aenter__(self) -> Any:
        self._stream = self._make(await self._start())
        return self._stream

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._stream is not None:
            await self._stream.close()
