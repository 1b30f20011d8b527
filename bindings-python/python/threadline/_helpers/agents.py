"""Helpers of ``client.beta.agents.sessions``: one turn as a stream, and sessions that are created with functions and a type of output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Tuple

from .._resource import AsyncResource, SyncResource
from .._types import NotGiven, Omit, omit

if TYPE_CHECKING:
    from ..lib.streaming.agents import AgentSessionStream, AsyncAgentSessionStream

__all__ = ["AsyncSessionsHelpers", "SessionsHelpers"]


def _taken(resource: Any, arguments: Dict[str, Any], asynchronous: bool) -> Tuple[Any, Any]:
    """Takes out of the arguments of a call what is not sent: the type of the output, and what calls functions."""
    output_type, handlers = arguments.pop("output_type", None), arguments.pop("tool_handlers", None)
    if handlers is not None and arguments.get("stream") is not True:
        raise ValueError("tool_handlers requires stream=True")
    if output_type is not None:
        arguments["agent"] = _told(arguments.get("agent"), output_type)
    if not handlers:
        return output_type, None
    from ..lib.streaming.agents._dispatch import AsyncToolDispatcher, ToolDispatcher

    made = (AsyncToolDispatcher if asynchronous else ToolDispatcher)(
        resource, handlers, extra_headers=arguments.get("extra_headers"), timeout=arguments.get("timeout", omit)
    )
    return output_type, made


def _told(agent: Any, output_type: Any) -> Dict[str, Any]:
    """The agent, which is told what its text is to be."""
    from ..lib.beta.agents import agent_text_format

    given = {} if agent is None or isinstance(agent, (Omit, NotGiven)) else dict(agent)
    text = dict(given.get("text") or {})
    if text.get("format") is not None:
        raise ValueError("Pass output_type or agent.text.format, not both")
    return {**given, "text": {**text, "format": agent_text_format(output_type)}}


def _followed(reply: Any, output_type: Any, dispatcher: Any) -> Any:
    """A stream that can gather the result, or the reply that brings one."""
    from .._response import BaseAPIResponse, ResponseContextManager
    from ..lib.beta.agents._stream import followed

    if isinstance(reply, ResponseContextManager):
        start = reply._start
        reply._start = lambda: _followed(start(), output_type, dispatcher)
        return reply
    if isinstance(reply, BaseAPIResponse):
        reply._after_cast = lambda value: followed(value, output_type, dispatcher)
        return reply
    return followed(reply, output_type, dispatcher)


def _stream_arguments(arguments: Dict[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in ("self", "session_id", "AgentSessionStream", "AsyncAgentSessionStream")}


class SessionsHelpers(SyncResource):
    """Helpers of ``client.beta.agents.sessions``."""

    def _bind(self, client: Any) -> None:
        super()._bind(client)
        call = self._call

        def followed(operation: int, arguments: Dict[str, Any]) -> Any:
            if not arguments.get("stream") and arguments.get("output_type") is None and arguments.get("tool_handlers") is None:
                return call(operation, _sent(arguments))
            given = _taken(self, arguments, False)
            return _followed(call(operation, arguments), *given)

        self._call = followed

    def stream(
        self, session_id: str, *, input: Any, output_type: Any = None, tool_handlers: Optional[Mapping[str, Any]] = None,
        on_tool_error: Any = None, idempotency_key: Any = omit, extra_headers: Any = None, timeout: Any = omit,
    ) -> AgentSessionStream[Any]:  # fmt: skip
        """Sends input to an idle session and follows the turn that it begins; use it in a ``with`` block.

        ``tool_handlers`` are functions that the agent may call, by name. They take the arguments by keyword where their parameters have
        these names, else as one dict. ``on_tool_error`` is told of those that fail. ``output_type`` is a model or a dataclass of pydantic's
        that the final text is read as.
        """
        arguments = _stream_arguments(locals())
        from ..lib.streaming.agents import AgentSessionStream

        return AgentSessionStream(self, session_id, **arguments)


class AsyncSessionsHelpers(AsyncResource):
    """Helpers of ``client.beta.agents.sessions``."""

    def _bind(self, client: Any) -> None:
        super()._bind(client)
        call = self._call

        async def followed(operation: int, arguments: Dict[str, Any]) -> Any:
            if not arguments.get("stream") and arguments.get("output_type") is None and arguments.get("tool_handlers") is None:
                return await call(operation, _sent(arguments))
            given = _taken(self, arguments, True)
            return _followed(await call(operation, arguments), *given)

        self._call = followed

    def stream(
        self, session_id: str, *, input: Any, output_type: Any = None, tool_handlers: Optional[Mapping[str, Any]] = None,
        on_tool_error: Any = None, idempotency_key: Any = omit, extra_headers: Any = None, timeout: Any = omit,
    ) -> AsyncAgentSessionStream[Any]:  # fmt: skip
        """Sends input to an idle session and follows the turn that it begins. See the other client's."""
        arguments = _stream_arguments(locals())
        from ..lib.streaming.agents import AsyncAgentSessionStream

        return AsyncAgentSessionStream(self, session_id, **arguments)


def _sent(arguments: Dict[str, Any]) -> Dict[str, Any]:
    """The arguments without those that are for this package, which are `None`."""
    arguments.pop("output_type", None)
    arguments.pop("tool_handlers", None)
    return arguments
