"""What a stream of a session's events gathers while it is read, and how it is read on to the result."""

from __future__ import annotations

from typing import Any, Collection, Optional

from ._result import AgentOutputParseError, AgentTurnResult, AgentTurnResultCollector, AgentTurnResultError
from ._tools import check_output_type

__all__ = ["ResultCollection", "final_result", "final_result_async"]

_END = object()


class ResultCollection:
    """Gathers nothing until it is asked to, so that a program that reads events alone keeps none."""

    def __init__(self, session_id: Optional[str] = None, output_type: Any = None) -> None:
        if output_type is not None:
            check_output_type(output_type)
        #: What calls functions of the program, and whether the program has closed the stream: none is called then.
        self.dispatcher: Any = None
        self.closed = False
        self.collector: Optional[AgentTurnResultCollector] = None
        self.output_type = output_type
        self._session_id = session_id
        self._started = False
        self._parsed: Optional[AgentTurnResult[Any]] = None

    @property
    def handled(self) -> Collection[str]:
        """Names of the functions that are called here."""
        return () if self.dispatcher is None else self.dispatcher.handlers

    def enable(self) -> AgentTurnResultCollector:
        """Gathers from now on. Events that have been read are gone."""
        if self.collector is None:
            if self._started:
                raise RuntimeError("Call with_result_collection() before consuming events, or call get_final_result() on a fresh stream")
            self.collector = AgentTurnResultCollector(self._session_id)
        return self.collector

    def accept(self, event: Any) -> None:
        """Takes note of an event."""
        self._started = True
        if self.collector is not None:
            self.collector.accept(event)

    def failed(self, error: Exception) -> None:
        """Takes note of what ended the events."""
        if self.collector is not None and not self.collector.is_done():
            self.collector.cause = error

    def result(self) -> AgentTurnResult[Any]:
        """The result, its text read as the type that was asked for; the same object each time."""
        result = self.enable().result()
        if self.output_type is None:
            return result
        if self._parsed is None:
            self._parsed = result.parse(self.output_type)
        return self._parsed


def _unseen(collection: ResultCollection, error: Exception) -> AgentTurnResultError:
    collector = collection.enable()
    collector.cause = collector.cause or error
    return collector.error("observation_failed")


def final_result(stream: Any, collection: ResultCollection) -> AgentTurnResult[Any]:
    """Reads a stream on until its turn is over, and closes it."""
    collector = collection.enable()
    try:
        collector.check_outcome(collection.handled)
        while not collector.is_done() and next(stream, _END) is not _END:
            collector.check_outcome(collection.handled)
        return collection.result()
    except (AgentTurnResultError, AgentOutputParseError):
        raise
    except Exception as error:
        raise _unseen(collection, error) from error
    finally:
        stream.close()


async def final_result_async(stream: Any, collection: ResultCollection) -> AgentTurnResult[Any]:
    """As :func:`final_result`."""
    collector = collection.enable()
    try:
        collector.check_outcome(collection.handled)
        while not collector.is_done() and await anext(stream, _END) is not _END:
            collector.check_outcome(collection.handled)
        return collection.result()
    except (AgentTurnResultError, AgentOutputParseError):
        raise
    except Exception as error:
        raise _unseen(collection, error) from error
    finally:
        await stream.close()
