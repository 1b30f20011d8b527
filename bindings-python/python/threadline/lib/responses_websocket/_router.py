"""Where the events of one connection go: lanes by ``stream_id``, each with a queue that has a limit."""

from __future__ import annotations

import asyncio
import re
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any, Deque, Dict, Optional, Tuple

from ..._models import BaseModel

__all__ = ["Lane", "ResponsesWebSocketBufferError", "ResponsesWebSocketError", "ResponsesWebSocketLimits", "Router", "field_of"]

_TERMINAL = frozenset(("response.completed", "response.failed", "response.incomplete"))
#: What finished responses are put together of; deltas go to the program alone.
_KEPT = frozenset(("response.created", "response.output_item.done")) | _TERMINAL
_STREAM_ID = re.compile(r"[A-Za-z0-9_.-]{1,256}")


@dataclass(frozen=True)
class ResponsesWebSocketLimits:
    """How much a session keeps for lanes that are not read: events, and bytes of messages as they came.

    ``max_response_bytes`` limits what one response is put together of; without it there is no limit.
    """

    max_lanes: int
    max_events_per_lane: int
    max_events: int
    max_bytes_per_lane: int
    max_bytes: int
    max_response_bytes: Optional[int] = None

    def __post_init__(self) -> None:
        given = dict(vars(self))
        if given["max_response_bytes"] is None:
            del given["max_response_bytes"]
        if any(not isinstance(value, int) or isinstance(value, bool) or value <= 0 for value in given.values()):
            raise ValueError("WebSocket session limits must be positive integers")


class ResponsesWebSocketBufferError(RuntimeError):
    """More came than a limit of the session allows."""


class ResponsesWebSocketError(RuntimeError):
    """The server refused a request on the connection; ``event`` is what it sent."""

    def __init__(self, event: Any) -> None:
        super().__init__("The Responses WebSocket request returned an error event")
        self.event = event


def field_of(event: Any, name: str) -> Any:
    """A member of an event, which is a model or a dict."""
    return event.get(name) if isinstance(event, dict) else getattr(event, name, None)


class _Finished:
    """The response of one lane: what is final of it, or why there is none."""

    def __init__(self, limit: Optional[int]) -> None:
        self.limit = limit
        self._forget()

    def _forget(self) -> None:
        self.size = 0
        self.final: Any = None
        self.error: Optional[Exception] = None
        self._items: Optional[Dict[int, Any]] = None

    def take(self, event: Any, size: int) -> None:
        """Takes note of an event. What goes wrong is kept for who asks for the response."""
        try:
            self._take(event, size)
        except Exception as error:
            self.error, self._items = error, None

    def _take(self, event: Any, size: int) -> None:
        kind = field_of(event, "type")
        if kind == "error":
            self._forget()
            self.error = ResponsesWebSocketError(event)
            return
        if kind == "response.created":
            self._forget()
            self._items = {}
        if self.error is not None or kind not in _KEPT:
            return
        response = field_of(event, "response")
        if kind in _TERMINAL and response is None:
            raise ValueError("Terminal WebSocket event is missing response")
        self.size += size
        if self.limit is not None and self.size > self.limit:
            self.final = None
            raise ResponsesWebSocketBufferError("Response accumulation exceeded max_response_bytes")
        if kind == "response.output_item.done" and self._items is not None:
            self._items[field_of(event, "output_index")] = field_of(event, "item")
        if kind in _TERMINAL:
            self.final = self._whole(response)
            self._items, self.size = None, 0

    def _whole(self, response: Any) -> Any:
        """The response; its output is what was finished before, where the last event leaves it out."""
        if self._items is None or field_of(response, "output") is not None or not isinstance(response, BaseModel):
            return response
        return response.model_copy(update={"output": [self._items[index] for index in sorted(self._items)]})


class Lane:
    """What waits for one ``stream_id``, and how far its responses are."""

    def __init__(self, stream_id: Optional[str], limit: Optional[int]) -> None:
        self.stream_id = stream_id
        self.queue: Deque[Tuple[Any, int]] = deque()
        self.size = 0
        self.closed = False
        #: The socket on which it was closed: its id can be used again on the next one.
        self.closed_on: Any = None
        self.failure: Optional[ResponsesWebSocketBufferError] = None
        self.in_flight = False
        #: Responses that have begun: as they came, and as they were read.
        self.received = 0
        self.consumed = 0
        self.wake = asyncio.Event()
        self.response = _Finished(limit)

    def has_successor(self) -> bool:
        """Whether another response has begun behind the one that was read."""
        return self.received > self.consumed


class Router:
    """The lanes of a session. Every method may be called on any thread."""

    def __init__(self, limits: ResponsesWebSocketLimits, connection: Any, *, isolate: bool) -> None:
        self.limits, self.connection, self.isolate = limits, connection, isolate
        self.condition = threading.Condition()
        self.lanes: Dict[Optional[str], Lane] = {}
        self.events = self.size = 0
        self.ended = False
        self.error: Optional[BaseException] = None
        self.default = self.register(None)

    def register(self, stream_id: Any) -> Lane:
        """A lane for this id; `None` is the default lane, to which goes what no other takes."""
        if stream_id is not None and (not isinstance(stream_id, str) or _STREAM_ID.fullmatch(stream_id) is None):
            raise ValueError("stream_id must be None or 1–256 ASCII letters, digits, underscores, hyphens or periods")
        with self.condition:
            if self.ended:
                raise RuntimeError("The WebSocket session has ended")
            if stream_id in self.lanes:
                raise ValueError("A lane with this stream_id is already registered")
            if len(self.lanes) >= self.limits.max_lanes:
                raise ResponsesWebSocketBufferError("The session exceeded max_lanes")
            lane = self.lanes[stream_id] = Lane(stream_id, self.limits.max_response_bytes)
            if stream_id is None:
                self.default = lane
        return lane

    def detach(self, lane: Lane) -> None:
        """Closes a lane. Its id stays taken on this socket, as more may come for it."""
        with self.condition:
            if lane.closed:
                return
            lane.closed, lane.closed_on = True, self.connection._connection
            self.events -= len(lane.queue)
            self.size -= lane.size
            lane.queue.clear()
            lane.size = 0
            lane.response = _Finished(self.limits.max_response_bytes)
            self._tell(lane)

    def _tell(self, lane: Lane) -> None:
        lane.wake.set()
        self.condition.notify_all()

    def _fail(self, lane: Lane) -> None:
        if not lane.closed:
            lane.failure = ResponsesWebSocketBufferError("The lane exceeded its buffered event limits")
            self.detach(lane)

    def reconnected(self, socket: Any) -> None:
        """On a new socket the ids of lanes that were closed before are free."""
        with self.condition:
            self.lanes = {key: lane for key, lane in self.lanes.items() if not lane.closed or lane.closed_on is socket}

    def dispatch(self, event: Any, size: int) -> None:
        """Puts an event into its lane.

        Raises :class:`ResponsesWebSocketBufferError` where it does not fit, unless lanes fail each for itself.
        """
        with self.condition:
            lane = self._lane_of(event)
            if lane is None:
                return
            limits = self.limits
            too_much = len(lane.queue) >= limits.max_events_per_lane or lane.size + size > limits.max_bytes_per_lane
            if self.isolate:
                if too_much or size > limits.max_bytes:
                    self._fail(lane)
                    return
            elif too_much or self.events >= limits.max_events or self.size + size > limits.max_bytes:
                raise ResponsesWebSocketBufferError("The session exceeded its buffered event limits")
            lane.queue.append((event, size))
            lane.size += size
            self.size += size
            self.events += 1
            if field_of(event, "type") == "response.created" and field_of(event, "stream_id") == lane.stream_id:
                lane.received += 1
                lane.in_flight = True
            while self.isolate and (self.events > limits.max_events or self.size > limits.max_bytes):
                self._fail(self._fullest(lane, size))
            self._tell(lane)

    def _lane_of(self, event: Any) -> Optional[Lane]:
        if self.ended:
            return None
        lane = self.lanes.get(field_of(event, "stream_id"), self.default)
        if lane.failure is not None:
            return None
        if lane.closed:
            lane = self.default
        return None if lane.closed else lane

    def _fullest(self, latest: Lane, size: int) -> Lane:
        """The lane that had most waiting before the latest event came; that event's own where none had any."""
        by_bytes = self.size > self.limits.max_bytes

        def backlog(lane: Lane) -> int:
            held = lane.size if by_bytes else len(lane.queue)
            return held - (size if by_bytes else 1) if lane is latest else held

        fullest = max(self.lanes.values(), key=backlog)
        return fullest if backlog(fullest) > 0 else latest

    def finish(self, error: Optional[BaseException] = None) -> None:
        """Nothing more comes. What waits can still be read."""
        with self.condition:
            self.ended = True
            if self.error is None:
                self.error = error
            for lane in self.lanes.values():
                lane.wake.set()
            self.condition.notify_all()

    def pop(self, lane: Lane) -> Any:
        """The next event of a lane, or `None`; the condition is held by the caller."""
        if lane.failure is not None:
            raise lane.failure
        if lane.closed:
            raise EOFError("The WebSocket lane is detached")
        if lane.queue:
            event, size = lane.queue.popleft()
            lane.size -= size
            self.size -= size
            self.events -= 1
            if field_of(event, "stream_id") == lane.stream_id:
                # What no lane was registered for is shown on the default one, and is none of its responses.
                self._note(lane, event, size)
            return event
        if not self.ended:
            return None
        if self.error is not None:
            raise self.error
        raise EOFError("The WebSocket connection closed")

    @staticmethod
    def _note(lane: Lane, event: Any, size: int) -> None:
        lane.response.take(event, size)
        kind = field_of(event, "type")
        if kind == "response.created":
            lane.consumed += 1
            lane.in_flight = True
        elif kind == "error" or kind in _TERMINAL:
            lane.in_flight = lane.has_successor()

    def prepare(self, lane: Lane, is_create: bool) -> None:
        """Reserves a lane for a command that is about to be sent."""
        with self.condition:
            if self.ended or lane.closed:
                raise RuntimeError("The WebSocket session or lane is not active")
            if not is_create:
                return
            if lane.in_flight:
                raise RuntimeError("Consume the current response before sending another create on this lane")
            lane.response = _Finished(self.limits.max_response_bytes)
            lane.in_flight = True
