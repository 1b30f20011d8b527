"""Events of a session that is created, functions that its agent calls, and the result of its first turn."""

from __future__ import annotations

from typing import Any, AsyncIterator, Iterator

from ...._resource import cached_property
from ...._streaming import AsyncStream, Stream
from ._collection import ResultCollection, final_result, final_result_async
from ._result import AgentTurnResult

__all__ = ["AgentSessionEventStream", "AsyncAgentSessionEventStream", "followed"]


# Not methods: a stream that its iterator refers to would live, with its connection, until the garbage is collected.
def _noted(events: Iterator[Any], collection: ResultCollection) -> Iterator[Any]:
    try:
        for event in events:
            collection.accept(event)
            dispatcher = collection.dispatcher
            pending = None if dispatcher is None else dispatcher.prepare(event)
            yield event
            if pending is not None and not collection.closed:
                dispatcher.dispatch(pending)
    except Exception as error:
        collection.failed(error)
        raise
    finally:
        events.close()  # type: ignore[attr-defined]


async def _noted_async(events: AsyncIterator[Any], collection: ResultCollection) -> AsyncIterator[Any]:
    try:
        async for event in events:
            collection.accept(event)
            dispatcher = collection.dispatcher
            pending = None if dispatcher is None else dispatcher.prepare(event)
            yield event
            if pending is not None and not collection.closed:
                await dispatcher.dispatch(pending)
    except Exception as error:
        collection.failed(error)
        raise
    finally:
        await events.aclose()  # type: ignore[attr-defined]


class AgentSessionEventStream(Stream[Any]):
    """The events of a session that is created with input, which can gather the result of its first turn.

    Functions of ``tool_handlers`` are called while it is read, each after the event of its call.
    """

    @cached_property
    def _collection(self) -> ResultCollection:
        return ResultCollection()

    def __stream__(self) -> Iterator[Any]:
        return _noted(super().__stream__(), self._collection)

    def close(self) -> None:
        """Closes the connection; the turn goes on at the server."""
        self._collection.closed = True
        super().close()

    def with_result_collection(self) -> "AgentSessionEventStream":
        """Keeps the final messages from now on, for :meth:`get_final_result` after the events have been read."""
        self._collection.enable()
        return self

    def get_final_result(self) -> AgentTurnResult[Any]:
        """Reads on to the end of the turn and gives its result. Raises :class:`AgentTurnResultError` where there is none."""
        return final_result(self, self._collection)


class AsyncAgentSessionEventStream(AsyncStream[Any]):
    """The events of a session that is created with input. See :class:`AgentSessionEventStream`."""

    @cached_property
    def _collection(self) -> ResultCollection:
        return ResultCollection()

    def __stream__(self) -> AsyncIterator[Any]:
        return _noted_async(super().__stream__(), self._collection)

    async def close(self) -> None:
        """Closes the connection; the turn goes on at the server."""
        self._collection.closed = True
        await super().close()

    aclose = close

    def with_result_collection(self) -> "AsyncAgentSessionEventStream":
        """Keeps the final messages from now on, for :meth:`get_final_result` after the events have been read."""
        self._collection.enable()
        return self

    async def get_final_result(self) -> AgentTurnResult[Any]:
        """Reads on to the end of the turn and gives its result. Raises :class:`AgentTurnResultError` where there is none."""
        return await final_result_async(self, self._collection)


def followed(value: Any, output_type: Any = None, dispatcher: Any = None) -> Any:
    """A stream of events of a session as one of these; anything else as it is."""
    if type(value) is Stream:
        value.__class__ = AgentSessionEventStream
    elif type(value) is AsyncStream:
        value.__class__ = AsyncAgentSessionEventStream
    else:
        return value
    made: Any = value
    made._collection.output_type, made._collection.dispatcher = output_type, dispatcher
    made._iterator = made.__stream__()
    return made
