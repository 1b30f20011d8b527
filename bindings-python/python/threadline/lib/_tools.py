"""Functions as tools, from pydantic models of their arguments."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional, Union

from .. import _threadline as _native
from .._types import Omit, omit

__all__ = [
    "PydanticFunctionTool",
    "ResponsesPydanticFunctionTool",
    "json_type",
    "pydantic_function_tool",
    "pydantic_responses_function_tool",
    "schema_of",
]


class PydanticFunctionTool(Dict[str, Any]):
    """The function of a tool that knows the model of its arguments."""

    model: Any

    def __init__(self, definition: Dict[str, Any], model: Any) -> None:
        super().__init__(definition)
        self.model = model

    def cast(self) -> Any:
        return self


class ResponsesPydanticFunctionTool(PydanticFunctionTool):
    """A tool that knows the model of its arguments."""


def schema_of(model: Any) -> Dict[str, Any]:
    """The JSON schema of a type, as strict outputs ask for it."""
    if hasattr(model, "model_json_schema"):
        schema = model.model_json_schema()
    else:
        from pydantic import TypeAdapter

        schema = TypeAdapter(model).json_schema()
    if not (isinstance(model, type) and issubclass(model, _JsonType)):
        from ._schemas import closed

        return closed(schema)
    strict: Dict[str, Any] = json.loads(_native.strict(json.dumps(schema)))
    return strict


def json_type(name: str, schema: Dict[str, Any], *, description: Optional[str] = None) -> Any:
    """A type of answers from a JSON schema, for those who have no class: the answer is checked against it and is plain data.

    .. code-block:: python

        Person = threadline.json_type("person", {"type": "object", "properties": {"name": {"type": "string"}}})
        completion = client.chat.completions.parse(model=..., messages=[...], response_format=Person)
    """
    return type(name, (_JsonType,), {"_schema": schema, "__description__": description, "__doc__": description})


class _JsonType:
    _schema: Dict[str, Any]

    @classmethod
    def model_json_schema(cls) -> Dict[str, Any]:
        return cls._schema

    @classmethod
    def model_validate_json(cls, text: str) -> Any:
        _native.check(text, json.dumps(schema_of(cls)))
        return json.loads(text)


def _definition(model: Any, name: Optional[str], description: Optional[str]) -> Dict[str, Any]:
    made: Dict[str, Any] = {"name": name or model.__name__, "strict": True, "parameters": schema_of(model)}
    text = description if description is not None else model.__doc__
    if text is not None:
        made["description"] = text
    return made


def pydantic_function_tool(model: Any, *, name: Optional[str] = None, description: Optional[str] = None) -> Any:
    """A tool of chat completions whose arguments are this model."""
    return {"type": "function", "function": PydanticFunctionTool(_definition(model, name, description), model)}


def pydantic_responses_function_tool(
    model: Any, *, name: Optional[str] = None, description: Optional[str] = None, defer_loading: Union[bool, Omit] = omit
) -> Any:
    """A tool of responses whose arguments are this model. With ``defer_loading`` the model is told of it when it looks for tools."""
    made = {"type": "function", **_definition(model, name, description)}
    if not isinstance(defer_loading, Omit):
        made["defer_loading"] = defer_loading
    return ResponsesPydanticFunctionTool(made, model)


def responses_tool(tool: Any) -> Any:
    """A tool as responses take it: one that was made for chats has its function's members beside its type."""
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    if not isinstance(function, PydanticFunctionTool):
        return tool
    flat = {name: value for name, value in tool.items() if name != "function"}
    return ResponsesPydanticFunctionTool({**flat, **function}, function.model)
