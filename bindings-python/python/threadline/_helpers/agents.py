"""Sessions of hosted agents: one turn with its events, functions that the agent calls, and the final result."""

from __future__ import annotations

import dataclasses
import inspect
import json
from typing import Any, AsyncIterator, Callable, Dict, Iterator, List, Mapping, Optional

from .. import _threadline as _native
from .._exceptions import OpenAIError
from .._resource import AsyncResource, SyncResource
from .._types import omit
from .tools import FunctionTool, _called

__all__ = [
    "AgentSessionStream",
    "AgentToolError",
    "AgentTurnResult",
    "AsyncAgentSessionStream",
    "AsyncSessionsHelpers",
    "SessionsHelpers",
]


@dataclasses.dataclass(frozen=True)
class AgentToolError:
    """A function that failed, or whose arguments do not fit. The agent is told only that it failed."""

    error: Exception
    tool_name: str
    session_id: str
    turn_id: str
    call_id: str
    #: Where it failed: its ``arguments``, its ``execution``, or its ``output``, which cannot be written.
    stage: str = "execution"


class AgentTurnResult:
    """How a turn ended: the turn, its final messages, and ``output_parsed`` where a type was asked for."""

    def __init__(self, turn: Any, messages: List[Any], output_text: str, output_parsed: Any = None) -> None:
        self.turn, self.messages, self.output_text, self.output_parsed = turn, messages, output_text, output_parsed

    @property
    def session_id(self) -> str:
        """The session."""
        return str(self.turn.session_id)

    @property
    def turn_id(self) -> str:
        """The turn."""
        return str(self.turn.id)

    def parse(self, output_type: Any) -> "AgentTurnResult":
        """The same result with its text read as a type."""
        from ..lib._parsing import read_as

        return AgentTurnResult(self.turn, self.messages, self.output_text, read_as(output_type, self.output_text))


def _result(ended: Any, output_type: Any) -> AgentTurnResult:
    from ..types.beta.agent_session_message import AgentSessionMessage
    from ..types.beta.agents.sessions.turn import Turn

    if ended is None:
        raise OpenAIError("the stream was closed, so there is no result")
    turn, messages, text = ended
    decoded = [_native.decode_as(json.dumps(message), AgentSessionMessage) for message in json.loads(messages)]
    result = AgentTurnResult(_native.decode_as(turn, Turn), decoded, text)
    return result if output_type is None else result.parse(output_type)


def _handlers(handlers: Optional[Mapping[str, Any]], failed: Dict[str, Exception], stages: Dict[str, str]) -> Any:
    """The functions as the native module takes them. What they raise is kept for :class:`AgentToolError`."""
    native = []
    for name, handler in (handlers or {}).items():
        model = None
        if isinstance(handler, FunctionTool):
            schema: Optional[str] = json.dumps(handler.parameters)
            function: Callable[..., Any] = _staged(handler.function, name, stages)
        else:
            schema, function = None, _staged(handler, name, stages)
        native.append((name, schema, False, _kept(_called(function, model, False), name, failed)))
    return native


def _staged(handler: Callable[..., Any], name: str, stages: Dict[str, str]) -> Callable[..., Any]:
    """A function that takes its arguments by keyword, of one that does or of one that takes them all as a dict.

    How far it is, is noted: the arguments are checked, it is at work, what it gave is written.
    """
    tool = hasattr(handler, "definition")

    def call(**arguments: Any) -> Any:
        stages[name] = "execution"
        if tool and hasattr(handler, "_call"):
            value = handler._call(arguments, lambda stage: stages.__setitem__(name, stage))
        elif tool or not _takes(handler, arguments):
            value = handler(arguments)
        else:
            value = handler(**arguments)
        if inspect.isawaitable(value):
            return settled(value)
        stages[name] = "output"
        return value

    async def settled(value: Any) -> Any:
        given = await value
        stages[name] = "output"
        return given

    return call


def _takes(handler: Callable[..., Any], arguments: Mapping[str, Any]) -> bool:
    try:
        inspect.signature(handler).bind(**arguments)
    except (TypeError, ValueError):
        return False
    return True


def _kept(call: Callable[[str], Any], name: str, failed: Dict[str, Exception]) -> Callable[[str], Any]:
    def kept(text: str) -> Any:
        try:
            value = call(text)
        except Exception as error:
            failed[name] = error
            raise
        if not inspect.isawaitable(value):
            return value

        async def settled() -> Any:
            try:
                return await value
            except Exception as error:
                failed[name] = error
                raise

        return settled()

    return kept


def _prepared(arguments: Dict[str, Any]) -> Any:
    session_id = arguments["session_id"]
    if not session_id:
        raise ValueError(f"Expected a non-empty value for `session_id` but received {session_id!r}")
    given = arguments["input"]
    text = _native.encode(given if isinstance(given, str) else list(given))
    failed: Dict[str, Exception] = {}
    stages: Dict[str, str] = {}
    settings: Dict[str, Any] = {"tools": _handlers(arguments["tool_handlers"], failed, stages)}
    on_tool_error = arguments["on_tool_error"]
    if on_tool_error is not None:

        def told(name: str, message: str, session: str, turn: str, call: str) -> None:
            error = failed.pop(name, None)
            # What has not come to the function has arguments that do not fit.
            stage = "arguments" if error is None else stages.get(name, "execution")
            on_tool_error(AgentToolError(error or ValueError(message), name, session, turn, call, stage))

        settings["on_tool_error"] = told
    for name in ("idempotency_key", "extra_headers", "timeout"):
        if arguments[name] is not omit and arguments[name] is not None:
            settings[name] = arguments[name]
    return session_id, text, settings


class AgentSessionStream:
    """The events of one turn, up to the session's own event that ends it. Functions are called while it is read.

    Entering it (or the first event) begins the turn; leaving it closes the connection, and the turn goes on at the server.
    """

    def __init__(self, start: Any, output_type: Any) -> None:
        self._start, self._type = start, output_type
        self._source: Any = None

    def _open(self) -> Any:
        if self._source is None:
            self._source = self._start()
        return self._source

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        event = self._open().next()
        if event is None:
            raise StopIteration
        return event

    def __enter__(self) -> "AgentSessionStream":
        self._open()
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.close()

    def with_result_collection(self) -> "AgentSessionStream":
        """The stream itself: final messages are always kept."""
        return self

    def until_done(self) -> None:
        """Reads the turn to its end."""
        for _ in self:
            pass

    def get_final_result(self) -> AgentTurnResult:
        """Reads the turn to its end and gives its final messages."""
        return _result(self._open().end(), self._type)

    def close(self) -> None:
        """Closes the connection; the turn goes on at the server."""
        if self._source is not None:
            self._source.close()


class AsyncAgentSessionStream:
    """The events of one turn. See :class:`AgentSessionStream`."""

    def __init__(self, start: Any, output_type: Any) -> None:
        self._start, self._type = start, output_type
        self._source: Any = None

    async def _open(self) -> Any:
        if self._source is None:
            self._source = await self._start()
        return self._source

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        event = await (await self._open()).next_async()
        if event is None:
            raise StopAsyncIteration
        return event

    async def __aenter__(self) -> "AsyncAgentSessionStream":
        await self._open()
        return self

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        await self.close()

    def with_result_collection(self) -> "AsyncAgentSessionStream":
        """The stream itself: final messages are always kept."""
        return self

    async def until_done(self) -> None:
        """Reads the turn to its end."""
        async for _ in self:
            pass

    async def get_final_result(self) -> AgentTurnResult:
        """Reads the turn to its end and gives its final messages."""
        return _result(await (await self._open()).end_async(), self._type)

    async def close(self) -> None:
        """Closes the connection; the turn goes on at the server."""
        if self._source is not None:
            self._source.close()


class SessionsHelpers(SyncResource):
    """Helpers of ``client.beta.agents.sessions``."""

    def _bind(self, client: Any) -> None:
        super()._bind(client)
        call = self._call

        def followed(operation: int, arguments: Dict[str, Any]) -> Any:
            value = call(operation, arguments)
            if not arguments.get("stream"):
                return value
            from ..lib.beta.agents._stream import followed

            return followed(value)

        self._call = followed

    def stream(
        self, session_id: str, *, input: Any, output_type: Any = None, tool_handlers: Optional[Mapping[str, Any]] = None,
        on_tool_error: Any = None, idempotency_key: Any = omit, extra_headers: Any = None, timeout: Any = omit,
    ) -> AgentSessionStream:  # fmt: skip
        """Sends input to an idle session and follows the turn that it begins.

        ``tool_handlers`` are functions that the agent may call, by name; they take the arguments by keyword. ``on_tool_error`` is told of
        those that fail. ``output_type`` is a type that the final text is read as.
        """
        session, text, settings = _prepared(locals())
        return AgentSessionStream(lambda: _native.agent_turn(self._client._native, session, text, settings), output_type)


class AsyncSessionsHelpers(AsyncResource):
    """Helpers of ``client.beta.agents.sessions``."""

    def _bind(self, client: Any) -> None:
        super()._bind(client)
        call = self._call

        async def followed(operation: int, arguments: Dict[str, Any]) -> Any:
            value = await call(operation, arguments)
            if not arguments.get("stream"):
                return value
            from ..lib.beta.agents._stream import followed

            return followed(value)

        self._call = followed

    def stream(
        self, session_id: str, *, input: Any, output_type: Any = None, tool_handlers: Optional[Mapping[str, Any]] = None,
        on_tool_error: Any = None, idempotency_key: Any = omit, extra_headers: Any = None, timeout: Any = omit,
    ) -> AsyncAgentSessionStream:  # fmt: skip
        """Sends input to an idle session and follows the turn that it begins. See the other client's."""
        session, text, settings = _prepared(locals())

        async def start() -> Any:
            return await _native.agent_turn_async(self._client._native, session, text, settings)

        return AsyncAgentSessionStream(start, output_type)


