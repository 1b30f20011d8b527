"""Events of a session that is created, and the result of its first turn."""

from __future__ import annotations

from typing import Any, AsyncIterator, Iterator, Optional

from ...._streaming import AsyncStream, Stream
from ._result import AgentTurnResult, AgentTurnResultCollector, AgentTurnResultError

__all__ = ["AgentSessionEventStream", "AsyncAgentSessionEventStream", "followed"]


class _Collection:
    """Gathers nothing until it is asked to, so that a program that reads events alone keeps none."""

    def __init__(self) -> None:
        self.collector: Optional[AgentTurnResultCollector] = None
        self._started = False

    def enable(self) -> AgentTurnResultCollector:
        if self.collector is None:
            if self._started:
                raise RuntimeError(
                    "Call with_result_collection() before consuming events, or call get_final_result() on a fresh stream"
                )
            self.collector = AgentTurnResultCollector()
        return self.collector

    def accept(self, event: Any) -> None:
        self._started = True
        if self.collector is not None:
            self.collector.accept(event)

    def failed(self, error: Exception) -> None:
        if self.collector is not None and not self.collector.is_done():
            self.collector.cause = error


def _noted(events: Iterator[Any], collection: _Collection) -> Iterator[Any]:
    try:
        for event in events:
            collection.accept(event)
            yield event
    except Exception as error:
        collection.failed(error)
        raise


async def _noted_async(events: AsyncIterator[Any], collection: _Collection) -> AsyncIterator[Any]:
    try:
        async for event in events:
            collection.accept(event)
            yield event
    except Exception as error:
        collection.failed(error)
        raise


class AgentSessionEventStream(Stream[Any]):
    """The events of a session that is created with input, which can gather the result of its first turn."""

    _collection: _Collection

    def with_result_collection(self) -> "AgentSessionEventStream":
        """Keeps the final messages from now on, for :meth:`get_final_result` after the events have been read."""
        self._collection.enable()
        return self

    def get_final_result(self) -> AgentTurnResult:
        """Reads on to the end of the turn and gives its result. Raises :class:`AgentTurnResultError` where there is none."""
        collector = self._collection.enable()
        try:
            collector.check_outcome()
            while not collector.is_done() and next(self, None) is not None:
                collector.check_outcome()
            return collector.result()
        except AgentTurnResultError:
            raise
        except Exception as error:
            collector.cause = error
            raise collector.error("observation_failed") from error
        finally:
            self.close()


class AsyncAgentSessionEventStream(AsyncStream[Any]):
    """The events of a session that is created with input. See :class:`AgentSessionEventStream`."""

    _collection: _Collection

    def with_result_collection(self) -> "AsyncAgentSessionEventStream":
        """Keeps the final messages from now on, for :meth:`get_final_result` after the events have been read."""
        self._collection.enable()
        return self

    async def get_final_result(self) -> AgentTurnResult:
        """Reads on to the end of the turn and gives its result. Raises :class:`AgentTurnResultError` where there is none."""
        collector = self._collection.enable()
        try:
            collector.check_outcome()
            while not collector.is_done() and await anext(self._iterator, None) is not None:
                collector.check_outcome()
            return collector.result()
        except AgentTurnResultError:
            raise
        except Exception as error:
            collector.cause = error
            raise collector.error("observation_failed") from error
        finally:
            await self.close()


def followed(value: Any) -> Any:
    """A stream of events of a session as one of these; anything else as it is."""
    if type(value) is Stream:
        value.__class__ = AgentSessionEventStream
        note: Any = _noted
    elif type(value) is AsyncStream:
        value.__class__ = AsyncAgentSessionEventStream
        note = _noted_async
    else:
        return value
    made: Any = value
    made._collection = _Collection()
    made._iterator = note(made._iterator, made._collection)
    return made
