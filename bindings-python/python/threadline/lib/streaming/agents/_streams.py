"""One turn of a session: its events, up to the session's own event that ends it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, AsyncIterator, Dict, Generic, Iterator, KeysView, List, TypeVar

from ...._exceptions import StreamError
from ...._types import omit
from ...beta.agents._collection import ResultCollection, final_result, final_result_async
from ...beta.agents._result import AgentTurnResult
from ._dispatch import AsyncToolDispatcher, ToolDispatcher, input_key, options_of

__all__ = ["AgentSessionStream", "AsyncAgentSessionStream", "AgentStreamEndedError"]

OutputT = TypeVar("OutputT")

#: So many events are known again when the server tells of them twice.
_KNOWN = 1024
_TURN_ENDS = frozenset(f"agent.session.turn.{status}" for status in ("completed", "failed", "cancelled"))


class AgentStreamEndedError(StreamError, RuntimeError):
    """The server closed the stream before the turn was over. The turn may go on; ``partial`` has what came if results were collected."""

    def __init__(self) -> None:
        super().__init__(message="Session event stream ended before the turn reached idle or failed")
        self.kind = "stream_ended"


class _Turn:
    """Which turn the input began, and whether it is over."""

    def __init__(self) -> None:
        self.turn_id: Any = None
        self.recent_events: "OrderedDict[str, None]" = OrderedDict()
        self._is_over = False

    @property
    def event_ids(self) -> KeysView[str]:
        return self.recent_events.keys()

    def accept(self, event: Any) -> bool:
        """Whether an event is news."""
        identity = getattr(event, "event_id", None)
        if identity is not None:
            if identity in self.recent_events:
                return False
            if len(self.recent_events) >= _KNOWN:
                self.recent_events.popitem(last=False)
            self.recent_events[identity] = None
        kind = event.type
        if kind == "agent.session.turn.created" and self.turn_id is None and event.turn.subagent_id is None:
            self.turn_id = event.turn_id
        elif kind in _TURN_ENDS and self.turn_id is not None and event.turn_id == self.turn_id:
            self._is_over = True
        return True

    def is_last(self, event: Any, session_id: str) -> bool:
        """Whether nothing that follows belongs to the turn."""
        if event.type == "agent.session.budget_reached":
            return bool(event.session.id == session_id and (self.turn_id is None or self._is_over))
        return event.type == "agent.session.failed" or event.type == "agent.session.idle" and self._is_over


def _messages(given: Any) -> List[Any]:
    messages = [{"role": "user", "content": [{"type": "input_text", "text": given}]}] if isinstance(given, str) else list(given)
    if not given or not messages:
        raise ValueError("input must not be empty")
    return messages


class _SessionStream(Generic[OutputT]):
    """What both streams share."""

    _dispatcher_class: Any

    def __init__(
        self, sessions: Any, session_id: str, *, input: Any, output_type: Any = None, tool_handlers: Any = None,
        on_tool_error: Any = None, idempotency_key: Any = omit, extra_headers: Any = None, timeout: Any = omit,
    ) -> None:  # fmt: skip
        if not session_id:
            raise ValueError(f"Expected a non-empty value for `session_id` but received {session_id!r}")
        self._sessions, self._session_id = sessions, session_id
        self._input: Dict[str, Any] = {"type": "agent.session.input.message", "input": _messages(input)}
        self._key = input_key(idempotency_key, extra_headers)
        self._options = options_of(extra_headers, timeout)
        self._state = _Turn()
        self._collection = ResultCollection(session_id, output_type)
        self._dispatcher = self._collection.dispatcher = self._dispatcher_class(
            sessions, tool_handlers, on_tool_error=on_tool_error, extra_headers=extra_headers, timeout=timeout
        )
        self._stream: Any = None
        self._iterator: Any = None
        self._pending: Any = None
        self._entered = self._closed = False

    def _begin(self) -> None:
        if self._entered or self._closed:
            raise RuntimeError("An AgentSessionStream can only be entered once")
        self._entered = True

    @staticmethod
    def _check(session: Any) -> None:
        if session.status != "idle":
            raise ValueError(
                f"sessions.stream requires an idle session, and this one is {session.status}; sessions.events.stream follows one at work"
            )

    def _taken(self, event: Any) -> bool:
        """Takes note of an event that is news. Whether it is the last one."""
        self._collection.accept(event)
        if self._state.is_last(event, self._session_id):
            return True
        self._pending = self._dispatcher.prepare(event)
        return False

    def _ended_early(self) -> AgentStreamEndedError:
        error, collector = AgentStreamEndedError(), self._collection.collector
        if collector is not None:
            error.partial = collector.snapshot()
        return error


class AgentSessionStream(_SessionStream[OutputT]):
    """The events of one turn of an idle session, up to the session's own event that ends it.

    Entering it sends the input; leaving it closes the connection, and the turn goes on at the server. Nobody else may send input to the
    session meanwhile: nothing says whose turn one is. Functions are called while it is read, each after the event of its call; calls of
    others are left to the program. A turn that failed is seen in its events, and raised by :meth:`get_final_result`.
    """

    _dispatcher_class = ToolDispatcher

    def __enter__(self) -> "AgentSessionStream[OutputT]":
        self._begin()
        self._check(self._sessions.retrieve(self._session_id, **self._options))
        events = self._sessions.events
        self._stream = events.stream(self._session_id, **self._options)
        try:
            events.create(self._session_id, events=[self._input], idempotency_key=self._key, **self._options)
        except BaseException:
            self.close()
            raise
        self._iterator = iter(self._stream)
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._closed:
            raise StopIteration
        if self._iterator is None:
            raise RuntimeError("Use sessions.stream in a with block")
        try:
            if self._pending is not None:
                pending, self._pending = self._pending, None
                self._dispatcher.dispatch(pending)
            for event in self._iterator:
                if self._state.accept(event):
                    if self._taken(event):
                        self.close()
                    return event
            raise self._ended_early()
        except BaseException as error:
            if isinstance(error, Exception):
                self._collection.failed(error)
            self.close()
            raise

    def with_result_collection(self) -> "AgentSessionStream[OutputT]":
        """Keeps the final messages from now on, for :meth:`get_final_result` after the events have been read."""
        self._collection.enable()
        return self

    def until_done(self) -> None:
        """Reads the turn to its end."""
        for _ in self:
            pass

    def get_final_result(self) -> AgentTurnResult[OutputT]:
        """Reads the turn to its end and gives its final messages. Raises :class:`AgentTurnResultError` where there is no result."""
        return final_result(self, self._collection)

    def close(self) -> None:
        """Closes the connection; the turn goes on at the server."""
        self._closed = True
        if self._stream is not None:
            self._stream.close()


class AsyncAgentSessionStream(_SessionStream[OutputT]):
    """The events of one turn. See :class:`AgentSessionStream`."""

    _dispatcher_class = AsyncToolDispatcher

    async def __aenter__(self) -> "AsyncAgentSessionStream[OutputT]":
        self._begin()
        self._check(await self._sessions.retrieve(self._session_id, **self._options))
        events = self._sessions.events
        self._stream = await events.stream(self._session_id, **self._options)
        try:
            await events.create(self._session_id, events=[self._input], idempotency_key=self._key, **self._options)
        except BaseException:
            await self.close()
            raise
        self._iterator = aiter(self._stream)
        return self

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        await self.close()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if self._closed:
            raise StopAsyncIteration
        if self._iterator is None:
            raise RuntimeError("Use sessions.stream in an async with block")
        try:
            if self._pending is not None:
                pending, self._pending = self._pending, None
                await self._dispatcher.dispatch(pending)
            async for event in self._iterator:
                if self._state.accept(event):
                    if self._taken(event):
                        await self.close()
                    return event
            raise self._ended_early()
        except BaseException as error:
            if isinstance(error, Exception):
                self._collection.failed(error)
            await self.close()
            raise

    def with_result_collection(self) -> "AsyncAgentSessionStream[OutputT]":
        """Keeps the final messages from now on, for :meth:`get_final_result` after the events have been read."""
        self._collection.enable()
        return self

    async def until_done(self) -> None:
        """Reads the turn to its end."""
        async for _ in self:
            pass

    async def get_final_result(self) -> AgentTurnResult[OutputT]:
        """Reads the turn to its end and gives its final messages. Raises :class:`AgentTurnResultError` where there is no result."""
        return await final_result_async(self, self._collection)

    async def close(self) -> None:
        """Closes the connection; the turn goes on at the server."""
        self._closed = True
        if self._stream is not None:
            await self._stream.close()
