"""The tool runner: asks a model, calls the functions that it asks for, gives it their results, until it answers."""

from __future__ import annotations

import json
from typing import Any, AsyncIterator, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

from .. import _operations as op
from .. import _threadline as _native
from .._exceptions import OpenAIError
from .._models import BaseModel
from .._types import omit
from ..lib._tools import PydanticFunctionTool

__all__ = ["AsyncToolStream", "FunctionTool", "ToolRun", "ToolStream", "tool"]

_OPERATIONS = {"chat": op.CHAT_COMPLETIONS_CREATE, "responses": op.RESPONSES_CREATE, "runs": op.BETA_THREADS_RUNS_CREATE}
#: Arguments of the runner itself.
SETTINGS = ("max_steps", "parallel", "keep_tool_choice", "chained", "poll_interval", "before_call", "after_call", "on_message")


class FunctionTool:
    """A function with what the model is told of it. Made by :func:`tool`."""

    def __init__(self, function: Callable[..., Any], name: str, description: Optional[str], parameters: Dict[str, Any], strict: bool) -> None:
        self.function, self.name, self.description = function, name, description
        self.parameters, self.strict = parameters, strict

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def definition(self, kind: str) -> Dict[str, Any]:
        made: Dict[str, Any] = {"name": self.name, "parameters": self.parameters, "strict": self.strict}
        if self.description:
            made["description"] = self.description
        if kind == "responses":
            return {"type": "function", **made}
        return {"type": "function", "function": made}


def tool(
    function: Optional[Callable[..., Any]] = None,
    *,
    name: Optional[str] = None,
    description: Optional[str] = None,
    parameters: Optional[Dict[str, Any]] = None,
) -> Any:
    """A function (or coroutine function) as a tool of ``run_tools``; a decorator as well.

    Its name and docstring tell the model what it does. The schema of its arguments comes from their annotations, by pydantic, unless
    ``parameters`` is one.

    .. code-block:: python

        @threadline.tool
        def get_weather(city: str) -> str:
            "The weather of a city."
            return f"It is sunny in {city}."
    """
    if function is None:
        return lambda decorated: tool(decorated, name=name, description=description, parameters=parameters)
    import inspect  # a large module, which programs without tools do without

    text: Optional[str] = description if description is not None else inspect.getdoc(function)
    made = str(name or getattr(function, "__name__", "function"))
    if parameters is not None:
        return FunctionTool(function, made, text, parameters, False)
    return FunctionTool(function, made, text, _schema(function), True)


def _schema(function: Callable[..., Any]) -> Dict[str, Any]:
    import inspect

    from ..lib._tools import schema_of

    try:
        from pydantic import create_model
    except ImportError:
        raise TypeError("the schema of a function is made by pydantic: install it, or give `parameters`") from None
    hints = inspect.signature(function, eval_str=True)
    fields: Dict[str, Any] = {}
    for name, parameter in hints.parameters.items():
        kind = Any if parameter.annotation is parameter.empty else parameter.annotation
        fields[name] = (kind, ... if parameter.default is parameter.empty else parameter.default)
    return schema_of(create_model(getattr(function, "__name__", "function"), **fields))


class ToolRun:
    """How a run of tools ended: the model's last ``reply``, and the ``transcript`` of all that happened
    (``{"steps", "messages", "usage"}``)."""

    def __init__(self, reply: Any, transcript: str) -> None:
        self.reply = reply
        self.transcript: Dict[str, Any] = json.loads(transcript)

    @property
    def _request_id(self) -> Any:
        return getattr(self.reply, "_request_id", None)

    def __repr__(self) -> str:
        return f"ToolRun(steps={len(self.transcript['steps'])})"


class ToolCallsEvent(BaseModel):
    """A reply is whole and asks for these calls, which are made now."""

    type: str
    calls: Any


class ToolResultEvent(BaseModel):
    """A call has its result."""

    type: str
    id: str
    name: str
    arguments: str
    outcome: str
    output: Any


def _arguments(text: str, is_plain: bool) -> Tuple[List[Any], Dict[str, Any]]:
    if is_plain:
        return [text], {}
    value = json.loads(text)
    return ([], value) if isinstance(value, dict) else ([value], {})


def _called(function: Callable[..., Any], model: Any, custom: bool) -> Callable[[str], Any]:
    """The function as the native module calls it: text in, JSON out."""

    import inspect

    def call(text: str) -> Any:
        named: Dict[str, Any]
        if model is not None:
            positional, named = [model.model_validate_json(text)], {}
        else:
            positional, named = _arguments(text, custom)
        value = function(*positional, **named)
        if not inspect.isawaitable(value):
            return _native.encode(value)

        async def settled() -> str:
            return _native.encode(await value)

        return settled()

    return call


def prepared(kind: str, arguments: Dict[str, Any]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """The arguments of the operation, and the settings of the run."""
    given = {name: value for name, value in arguments.items() if value is not omit}
    settings: Dict[str, Any] = {name: given.pop(name) for name in SETTINGS if name in given}
    settings = {name: value for name, value in settings.items() if value is not None}
    on_error = given.pop("on_error", "tell")
    if on_error not in ("tell", "abort"):
        raise ValueError(f"`on_error` is \"tell\" or \"abort\", not {on_error!r}")
    settings["abort"] = on_error == "abort"
    for name in ("after_call", "on_message"):
        if name in settings:
            settings[name] = _decoded(settings[name])
    functions: Dict[str, Callable[..., Any]] = dict(given.pop("functions", None) or {})
    declared: List[Any] = []
    native: List[Any] = []
    for item in given.pop("tools", None) or []:
        item = item if isinstance(item, (FunctionTool, Mapping)) or not callable(item) else tool(item)
        if isinstance(item, FunctionTool):
            declared.append(item.definition(kind))
            native.append((item.name, json.dumps(item.parameters), False, _called(item.function, None, False)))
            continue
        declared.append(item)
        inner = item.get("function") or item.get("custom") or item
        name = inner.get("name")
        function = functions.pop(name, None)
        if function is not None:
            custom = item.get("type") == "custom"
            parameters = inner.get("parameters")
            model = inner.model if isinstance(inner, PydanticFunctionTool) and hasattr(inner.model, "model_fields") else None
            schema = None if parameters is None else _native.encode(parameters)
            native.append((name, schema, custom, _called(function, model, custom)))
    for name, function in functions.items():
        native.append((name, None, False, _called(function, None, False)))
    if declared:
        given["tools"] = declared
    settings["tools"] = native
    return given, settings


def _decoded(hook: Callable[[Any], Any]) -> Callable[[str], Any]:
    return lambda text: hook(json.loads(text))


class _Stream:
    def __init__(self, resource: Any, kind: str, arguments: Dict[str, Any]) -> None:
        params, settings = prepared(kind, arguments)
        self._kind = kind
        self._source = _native.ToolStream(resource._client._native, kind, params, settings)
        #: All that happened, once the run has ended.
        self.transcript: Optional[Dict[str, Any]] = None
        self._reply: Any = None

    def _event(self, kind: str, text: str) -> Any:
        if kind == "event":
            if self._kind == "chat":
                from ..lib.streaming.chat._completions import event_of

                return event_of(text)
            if self._kind == "responses":
                return _native.decode_event(op.RESPONSES_CREATE, text)
            return json.loads(text)
        if kind == "calls":
            return ToolCallsEvent.construct(type="tool_calls", calls=json.loads(text))
        return ToolResultEvent.construct(type="tool_result", **json.loads(text))

    def _ended(self, ended: Any) -> Any:
        if ended is None:
            raise OpenAIError("the run of tools was closed, so there is no final reply")
        self._reply, transcript = ended
        self.transcript = json.loads(transcript)
        return self._reply


class ToolStream(_Stream):
    """A run of tools whose replies are streamed: their events, then calls and their results, then the events of the next reply.

    Requests are sent and functions run while somebody reads. Leaving it ends it all.
    """

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        told = self._source.next()
        if told is None:
            raise StopIteration
        return self._event(*told)

    def get_final_reply(self) -> Any:
        """Goes on to the end: the model's last reply."""
        return self._reply if self._reply is not None else self._ended(self._source.end())

    def __enter__(self) -> "ToolStream":
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.close()

    def close(self) -> None:
        """Ends it, with its request and the functions that are at work."""
        self._source.close()


class AsyncToolStream(_Stream):
    """A run of tools whose replies are streamed. See :class:`ToolStream`."""

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        told = await self._source.next_async()
        if told is None:
            raise StopAsyncIteration
        return self._event(*told)

    async def get_final_reply(self) -> Any:
        """Goes on to the end: the model's last reply."""
        return self._reply if self._reply is not None else self._ended(await self._source.end_async())

    async def __aenter__(self) -> "AsyncToolStream":
        return self

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends it, with its request and the functions that are at work."""
        self._source.close()


class Running:
    """`run_tools`."""

    _client: Any
    _kind: str

    def run_tools(
        self, *, tools: Any = None, functions: Optional[Mapping[str, Callable[..., Any]]] = None, max_steps: int = 10,
        on_error: str = "tell", parallel: bool = True, keep_tool_choice: bool = False, before_call: Any = None, after_call: Any = None,
        on_message: Any = None, stream: bool = False, **params: Any,
    ) -> Any:  # fmt: skip
        """Asks the model, calls the functions that it asks for, gives it their results, until it answers: a :class:`ToolRun`, or with
        ``stream`` a :class:`ToolStream`.

        ``tools``: functions (see :func:`threadline.tool`) and tools as ``create`` takes them; ``functions`` are those of the latter, by
        name. Calls that are asked for together run together unless ``parallel`` is false; a plain function then runs on a thread of its
        own. A function that fails is told to the model, or with ``on_error="abort"`` ends the run. ``before_call(name, arguments, id)``
        may return a text, which is the answer in place of a call, or raise, which ends the run. ``after_call`` and ``on_message`` are
        told of results and of what is added to the conversation. Other arguments are those of ``create``.
        """
        arguments = locals()
        arguments.update(arguments.pop("params"))
        del arguments["self"], arguments["stream"]
        if stream:
            return ToolStream(self, self._kind, arguments)
        given, settings = prepared(self._kind, arguments)
        return ToolRun(*_native.run_tools(self._client._native, self._kind, given, settings))


class AsyncRunning:
    """`run_tools`."""

    _client: Any
    _kind: str

    async def run_tools(
        self, *, tools: Any = None, functions: Optional[Mapping[str, Callable[..., Any]]] = None, max_steps: int = 10,
        on_error: str = "tell", parallel: bool = True, keep_tool_choice: bool = False, before_call: Any = None, after_call: Any = None,
        on_message: Any = None, stream: bool = False, **params: Any,
    ) -> Any:  # fmt: skip
        """Asks the model, calls the functions that it asks for, gives it their results, until it answers. See the other client's.
        Functions run on the event loop; those that are coroutine functions run together."""
        arguments = locals()
        arguments.update(arguments.pop("params"))
        del arguments["self"], arguments["stream"]
        if stream:
            return AsyncToolStream(self, self._kind, arguments)
        given, settings = prepared(self._kind, arguments)
        return ToolRun(*(await _native.run_tools_async(self._client._native, self._kind, given, settings)))
