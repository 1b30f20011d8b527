"""Responses, streamed and put together."""

from __future__ import annotations

import json
from typing import Any, Generic, List, TypeVar

from .... import _operations as op
from .... import _threadline as _native
from ...._types import omit
from .._base import AsyncManager, AsyncStream, Manager, SyncStream
from ._identities import CheckedAccumulator

__all__ = ["AsyncResponseStream", "AsyncResponseStreamManager", "ResponseStream", "ResponseStreamManager", "ResponseStreamState"]

T = TypeVar("T")


class _Reader:
    _accumulator: Any
    _rules: Any = None

    def _event(self, text: str) -> Any:
        event = _native.decode_event(op.RESPONSES_CREATE, text)
        kind = event.__dict__.get("type")
        if kind == "response.completed":
            event.response = self._parsing().response(event.response)
        elif kind == "response.output_text.done":
            from ._events import ResponseTextDoneEvent

            event.__class__ = ResponseTextDoneEvent
            parsed = self._parsed(event)
            if parsed is not None:
                event.parsed = parsed
        return event

    def _parsing(self) -> Any:
        from ..._parsing import ResponseRules

        return self._rules or ResponseRules(None, None)

    def _parsed(self, event: Any) -> Any:
        """A whole text as the type that was asked for. One that was cut off is `None` here: the end of the stream says why."""
        rules = self._parsing()
        if rules.type is None:
            return None
        output = json.loads(self._accumulator.snapshot()).get("output") or []
        item = output[event.output_index] if event.output_index < len(output) else {}
        return rules.text(event.text, item.get("phase"))

    @property
    def current_response_snapshot(self) -> Any:
        """The response so far."""
        from ....types.responses import Response

        return _native.decode_as(self._accumulator.snapshot(), Response)

    def _final(self) -> Any:
        return self._parsing().response(self.current_response_snapshot)

    def _completed(self) -> Any:
        if not self._accumulator.is_completed:
            raise RuntimeError("Didn't receive a `response.completed` event, so there is no final response")
        return self._final()


class ResponseStream(_Reader, SyncStream[Any]):
    """Events of a response, and the response that they come to."""

    _kind = "response"

    def __init__(self, stream: Any, starting_after: Any = None) -> None:
        super().__init__(stream, starting_after)
        self._accumulator = CheckedAccumulator(starting_after)

    def get_final_response(self) -> Any:
        """Reads to the end: the response."""
        self.until_done()
        return self._completed()


class AsyncResponseStream(_Reader, AsyncStream[Any]):
    """Events of a response, and the response that they come to."""

    _kind = "response"

    def __init__(self, stream: Any, starting_after: Any = None) -> None:
        super().__init__(stream, starting_after)
        self._accumulator = CheckedAccumulator(starting_after)

    async def get_final_response(self) -> Any:
        """Reads to the end: the response."""
        await self.until_done()
        return self._completed()


class ResponseStreamState(_Reader, Generic[T]):
    """Events that a program reads by itself, put together: what it was given so far."""

    def __init__(self, *, input_tools: Any = omit, text_format: Any = omit) -> None:
        from ..._parsing import ResponseRules

        self._accumulator = CheckedAccumulator(None)
        self._rules = ResponseRules(text_format, input_tools)

    def handle_event(self, event: Any) -> List[Any]:
        """The events of a higher level that come of one."""
        return [self._event(text) for text in self._accumulator.push(event.type, event.to_json(indent=None).encode())]

    def accumulate_event(self, event: Any) -> Any:
        """Takes an event in: the response so far."""
        self._accumulator.push(event.type, event.to_json(indent=None).encode())
        return self._final()


ResponseStreamManager = Manager
AsyncResponseStreamManager = AsyncManager
