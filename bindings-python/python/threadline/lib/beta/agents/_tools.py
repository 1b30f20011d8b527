"""Functions that a hosted agent calls: what it is told of them, and how their arguments are checked. pydantic is needed."""

from __future__ import annotations

import inspect
import json
from copy import deepcopy
from types import SimpleNamespace
from typing import Any, Awaitable, Callable, Dict, Generator, Generic, Iterable, Mapping, Optional, TypeVar, get_type_hints

from ...._models import BaseModel
from ...._types import Omit, omit

__all__ = ["FunctionTool", "agent_text_format", "function_tool", "pydantic_function_tool"]

OutputT = TypeVar("OutputT")


def _parameters(model: Any) -> Dict[str, Any]:
    """The schema of a model of arguments, which must be an object's."""
    schema: Dict[str, Any] = deepcopy(model.model_json_schema())
    root: Any = schema
    seen = set()
    while isinstance(root, dict) and isinstance(root.get("$ref"), str) and root["$ref"] not in seen:
        seen.add(root["$ref"])
        place: Any = schema
        for step in root["$ref"].lstrip("#/").split("/"):
            place = place.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(place, dict) else None
        root = place
    if not isinstance(root, dict) or root.get("type") != "object":
        raise TypeError("Tool argument models must have an object JSON schema; root-level compositions are unsupported")
    return schema


class FunctionTool(Generic[OutputT]):
    """A function with what the agent is told of it.

    ``definition`` goes into the agent's tools, the object itself into ``tool_handlers={tool.name: tool}`` of ``sessions.stream``. Arguments
    are checked by the model before the function is called with an instance of it.
    """

    def __init__(
        self, model: Any, handler: Callable[[Any], Any], *, name: str, description: str, defer_loading: "bool | Omit" = omit
    ) -> None:
        if not name:
            raise ValueError("Tool name must not be empty")
        self._model, self._handler = model, handler
        self._definition: Dict[str, Any] = {"type": "function", "name": name, "description": description, "parameters": _parameters(model)}
        if not isinstance(defer_loading, Omit):
            self._definition["defer_loading"] = defer_loading
        #: Whether what the function gives becomes text.
        self._convert_output = False

    @property
    def name(self) -> str:
        """What the agent calls it."""
        return str(self._definition["name"])

    @property
    def definition(self) -> Dict[str, Any]:
        """What the agent is told."""
        return deepcopy(self._definition)

    def __call__(self, arguments: Dict[str, Any]) -> Any:
        return self._call(arguments)

    def _call(self, arguments: Dict[str, Any], set_stage: Callable[[str], Any] = lambda stage: None) -> Any:
        set_stage("arguments")
        checked = self._model.model_validate(arguments)
        set_stage("execution")
        if self._convert_output and inspect.iscoroutinefunction(self._handler):
            return self._settled(checked, set_stage)
        output = self._handler(checked)
        if not self._convert_output:
            return output
        if inspect.isawaitable(output):
            return _Awaited(output, set_stage)
        set_stage("output")
        return _output(output)

    async def _settled(self, checked: Any, set_stage: Callable[[str], Any]) -> Any:
        output = await self._handler(checked)
        set_stage("output")
        return _output(output)


class _Awaited:
    """What an awaitable gives, as the agent is to be told of it."""

    def __init__(self, output: Awaitable[Any], set_stage: Callable[[str], Any]) -> None:
        self._output, self._set_stage = output, set_stage

    def __await__(self) -> Generator[Any, None, Any]:
        output = yield from self._output.__await__()
        self._set_stage("output")
        return _output(output)

    def close(self) -> None:
        """It is not waited for any more."""
        for name in ("close", "cancel"):
            end = getattr(self._output, name, None)
            if end is not None:
                end()
                return


def _is_part(value: Any) -> bool:
    members = {"input_text": "text", "input_image": "image_url"}
    if not isinstance(value, dict) or len(value) != 2 or value.get("type") not in members:
        return False
    return isinstance(value.get(members[value["type"]]), str)


def _output(value: Any) -> Any:
    """What a function gives, for the agent: text as it is, parts of a message as they are, all else as JSON."""
    if isinstance(value, BaseModel) or hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        value = dict(value)
    elif isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        value = value if isinstance(value, (list, tuple)) else list(value)
        if value and all(_is_part(part) for part in value):
            return value
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def pydantic_function_tool(
    model: Any,
    *,
    handler: Callable[[Any], Any],
    name: Optional[str] = None,
    description: Optional[str] = None,
    defer_loading: "bool | Omit" = omit,
) -> FunctionTool[Any]:
    """A tool whose arguments are a model of pydantic's. The function takes an instance of it, and may be a coroutine function."""
    made: FunctionTool[Any] = FunctionTool(
        model,
        handler,
        name=model.__name__ if name is None else name,
        description=(model.__doc__ or "") if description is None else description,
        defer_loading=defer_loading,
    )
    made._convert_output = True
    return made


def function_tool(
    function: Optional[Callable[..., Any]] = None,
    *,
    name: Optional[str] = None,
    description: Optional[str] = None,
    defer_loading: "bool | Omit" = omit,
) -> Any:
    """A tool of a function or a bound method whose parameters are annotated; also as a decorator, with or without arguments.

    Raises :class:`TypeError` for parameters that have no name or no annotation.
    """
    if function is None:
        return lambda decorated: function_tool(decorated, name=name, description=description, defer_loading=defer_loading)
    called = function
    model, names = _model_of(called)

    def given(arguments: Any) -> Dict[str, Any]:
        return {parameter: getattr(arguments, field) for field, parameter in names.items()}

    def call(arguments: Any) -> Any:
        return called(**given(arguments))

    async def call_async(arguments: Any) -> Any:
        return await called(**given(arguments))

    return pydantic_function_tool(
        model,
        handler=call_async if inspect.iscoroutinefunction(called) else call,
        name=called.__name__ if name is None else name,
        description=(inspect.getdoc(called) or "") if description is None else description,
        defer_loading=defer_loading,
    )


def _model_of(function: Callable[..., Any]) -> Any:
    """A model of the parameters of a function, and the parameter of each of its fields."""
    import pydantic

    signature = inspect.signature(function)
    hints = _hints(function, signature)
    names: Dict[str, str] = {}
    fields: Dict[str, Any] = {}
    for parameter in signature.parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"Unsupported tool parameter: {parameter.name}")
        if parameter.name.startswith("_") or parameter.name not in hints:
            raise TypeError(f"Tool parameter needs a public name and type annotation: {parameter.name}")
        # Parameters may have names that a model has for itself.
        field = f"argument_{len(fields)}"
        names[field] = parameter.name
        fields[field] = (hints[parameter.name], ... if parameter.default is parameter.empty else parameter.default)
    config = pydantic.ConfigDict(extra="forbid", alias_generator=lambda field: names[field])
    made: Any = pydantic.create_model("ToolArguments", __config__=config, **fields)
    return made, names


def _hints(function: Callable[..., Any], signature: inspect.Signature) -> Dict[str, Any]:
    """The types of the parameters; what it returns may be known to type checkers alone."""
    source = inspect.unwrap(function)
    plain = getattr(source, "__func__", source)
    owner = _owner(function, plain)
    local: Dict[str, Any] = {}
    for cls in reversed(owner.__mro__) if owner is not None else ():
        local.update(vars(cls))
    annotated = {name: one.annotation for name, one in signature.parameters.items() if one.annotation is not one.empty}
    variables = (*getattr(owner, "__type_params__", ()), *getattr(plain, "__type_params__", ()))
    holder = SimpleNamespace(__annotations__=annotated, __type_params__=variables)
    return get_type_hints(holder, getattr(source, "__globals__", None), local, include_extras=True)


def _owner(function: Any, plain: Any) -> Any:
    """The class in which a method was written: its annotations may use the names of that class."""
    path = getattr(plain, "__qualname__", "").rpartition(".")[0]
    if inspect.ismethod(function):
        bound = function.__self__ if inspect.isclass(function.__self__) else type(function.__self__)
        for cls in bound.__mro__:
            if (cls.__module__, cls.__qualname__) == (plain.__module__, path):
                return cls
    found: Any = None
    space = getattr(plain, "__globals__", {})
    for part in path.split(".") if path else ():
        found = space.get(part)
        if not inspect.isclass(found):
            return None
        space = vars(found)
    return found


def agent_text_format(output_type: Any) -> Dict[str, Any]:
    """``agent["text"]["format"]`` for a model or a dataclass of pydantic's, which the final text can be read as."""
    check_output_type(output_type)
    from ..._pydantic import to_strict_json_schema

    return {"type": "json_schema", "schema": to_strict_json_schema(output_type)}


def check_output_type(output_type: Any) -> None:
    """Refuses what is neither."""
    from ...._own_models import is_basemodel_type
    from ..._pydantic import is_dataclass_like_type

    if not is_basemodel_type(output_type) and not is_dataclass_like_type(output_type):
        raise TypeError("Agents output_type must be a Pydantic model or a Pydantic v2 dataclass")
