"""Calls of functions that an agent waits for, and what it is told of them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, Dict, Optional, Set, Tuple
from uuid import uuid4

from ...._constants import RAW_RESPONSE_HEADER
from ...._exceptions import BadRequestError
from ...._types import NotGiven, Omit
from ...._utils._json import openapi_dumps
from ...beta.agents._tool_error import AgentToolError, ToolErrorStage
from ...beta.agents._tools import FunctionTool

__all__ = ["AsyncToolDispatcher", "ToolDispatcher", "input_key", "options_of"]

#: Seconds between attempts while the server does not know yet of the call that it has told of.
_PAUSES = (0.1, 0.3, 0.6)
_NOT_PASSED_ON = ("idempotency-key", RAW_RESPONSE_HEADER.lower())


def options_of(extra_headers: Any, timeout: Any) -> Dict[str, Any]:
    """Options of every request of a turn. The key of its input belongs to no other."""
    options: Dict[str, Any] = {}
    if extra_headers is not None:
        options["extra_headers"] = {name: value for name, value in extra_headers.items() if name.lower() not in _NOT_PASSED_ON}
    if not isinstance(timeout, (NotGiven, Omit)):
        options["timeout"] = timeout
    return options


def input_key(idempotency_key: Any, extra_headers: Any) -> Any:
    """The key of the input: of the headers, or the one that is given, or a new one."""
    for name, value in (extra_headers or {}).items():
        if name.lower() == "idempotency-key":
            return value
    return str(uuid4()) if idempotency_key is None or isinstance(idempotency_key, (NotGiven, Omit)) else idempotency_key


def _by_keyword(handler: Any, arguments: Mapping[str, Any]) -> bool:
    """Whether a function takes these arguments by their names, and not all of them as a dict."""
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):
        return False
    named = {one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
    if arguments and named.issuperset(arguments):
        return True
    # One that takes nothing by position cannot be given a dict.
    return not any(one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD, one.VAR_POSITIONAL) for one in parameters)


class _Invocation:
    """One call, and how far it has come."""

    def __init__(self, session_id: str, call: Any) -> None:
        self.session_id, self.call = session_id, call
        self.stage: ToolErrorStage = "arguments"

    def _reached(self, stage: Any) -> None:
        self.stage = stage

    def invoke(self, handler: Any) -> Any:
        given = self.call.arguments
        arguments = json.loads(given) if isinstance(given, str) else deepcopy(given)
        if not isinstance(arguments, dict):
            raise ValueError("Function arguments must be a JSON object")
        self.stage = "execution"
        if isinstance(handler, FunctionTool):
            # A class that has its own way of being called is called.
            return handler._call(arguments, self._reached) if type(handler).__call__ is FunctionTool.__call__ else handler(arguments)
        return handler(**arguments) if _by_keyword(handler, arguments) else handler(arguments)

    def event(self, success: bool, **outcome: Any) -> Dict[str, Any]:
        told = {"type": "agent.session.input.tool_result", "turn_id": self.call.turn_id, "call_id": self.call.call_id}
        return {**told, "success": success, **outcome}

    def succeeded(self, output: Any) -> Dict[str, Any]:
        self.stage = "output"
        if isinstance(output, Mapping) or isinstance(output, (bool, int, float)):
            plain = dict(output) if isinstance(output, Mapping) else output
            output = json.dumps(plain, separators=(",", ":"))
        elif isinstance(output, Iterable) and not isinstance(output, str):
            output = list(output)
        # What cannot be sent is the function's failure, and not one of the turn.
        openapi_dumps(output)
        return self.event(True, output=output)

    def failed(self) -> Dict[str, Any]:
        # Not the error's own words, which may hold what the model is not to see.
        return self.event(False, error="Tool handler failed.")

    def failure(self, error: Exception) -> AgentToolError:
        call = self.call
        return AgentToolError(error, call.name, self.session_id, call.turn_id, call.call_id, self.stage)


_Pending = Tuple[_Invocation, Any]


class _Dispatcher:
    """The functions of a turn. Each call is answered once, however often it is told of."""

    def __init__(
        self, sessions: Any, handlers: Optional[Mapping[str, Any]], *, on_tool_error: Any = None, extra_headers: Any = None, timeout: Any = NotGiven()
    ) -> None:
        self.handlers: Dict[str, Any] = dict(handlers or {})
        self._sessions, self._on_tool_error = sessions, on_tool_error
        self._options = options_of(extra_headers, timeout)
        self._handled: Set[Tuple[str, str]] = set()

    def prepare(self, event: Any) -> Optional[_Pending]:
        """The call that an event tells of, if it is for here, as it is now: the program may change the event."""
        if getattr(event, "type", None) != "agent.session.turn.item.added" or event.item.type != "function_call":
            return None
        call = event.item
        handler, key = self.handlers.get(call.name), (call.turn_id, call.call_id)
        if handler is None or key in self._handled:
            return None
        self._handled.add(key)
        return _Invocation(event.session_id, deepcopy(call)), handler


def _may_wait(error: BadRequestError, result: Mapping[str, Any]) -> bool:
    """Whether the server does not know the call yet; any other refusal stays."""
    body = error.body if isinstance(error.body, dict) else {}
    return (body.get("code"), body.get("message")) == ("invalid_request_error", f"Unknown pending tool call: {result['call_id']}")


class ToolDispatcher(_Dispatcher):
    """Functions that are called one after the other, on the thread that reads the events."""

    def dispatch(self, pending: _Pending) -> None:
        """Calls a function and gives what it returned to the agent."""
        invocation, handler = pending
        try:
            output = invocation.invoke(handler)
            if inspect.isawaitable(output):
                if callable(close := getattr(output, "close", None)):
                    close()
                raise TypeError("Async tool handlers require AsyncOpenAI")
            result = invocation.succeeded(output)
        except Exception as error:
            self._tell(invocation.failure(error))
            result = invocation.failed()
        key = str(uuid4())
        for pause in (*_PAUSES, None):
            try:
                self._sessions.events.create(invocation.session_id, events=[result], idempotency_key=key, **self._options)
                return
            except BadRequestError as error:
                if pause is None or not _may_wait(error, result):
                    raise
            self._sessions._sleep(pause)

    def _tell(self, failure: AgentToolError) -> None:
        if self._on_tool_error is None:
            return
        try:
            told = self._on_tool_error(failure)
            if inspect.iscoroutine(told):
                told.close()
        except Exception:
            # Who listens must not change what becomes of the turn.
            pass


class AsyncToolDispatcher(_Dispatcher):
    """Functions, coroutine functions too, that are called one after the other by the task that reads the events."""

    async def dispatch(self, pending: _Pending) -> None:
        """Calls a function and gives what it returned to the agent."""
        invocation, handler = pending
        try:
            output = invocation.invoke(handler)
            if inspect.isawaitable(output):
                output = await output
            result = invocation.succeeded(output)
        except Exception as error:
            await self._tell(invocation.failure(error))
            result = invocation.failed()
        key = str(uuid4())
        for pause in (*_PAUSES, None):
            try:
                await self._sessions.events.create(invocation.session_id, events=[result], idempotency_key=key, **self._options)
                return
            except BadRequestError as error:
                if pause is None or not _may_wait(error, result):
                    raise
            await self._sessions._sleep(pause)

    async def _tell(self, failure: AgentToolError) -> None:
        if self._on_tool_error is None:
            return
        try:
            told = self._on_tool_error(failure)
            if inspect.isawaitable(told):
                await told
        except Exception:
            # Who listens must not change what becomes of the turn.
            pass
