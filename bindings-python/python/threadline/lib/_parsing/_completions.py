"""What the official package has for the answers of chat completions."""

from __future__ import annotations

from typing import Any, Iterable, Optional, TypeVar

from ..._types import omit
from .._tools import PydanticFunctionTool
from ._rules import ChatRules, _given, check_tools, is_type, read_as, response_format

__all__ = [
    "ResponseFormatT",
    "get_input_tool_by_name",
    "has_parseable_input",
    "is_basemodel_type",
    "maybe_parse_content",
    "parse_chat_completion",
    "parse_function_tool_arguments",
    "type_to_response_format_param",
    "validate_input_tools",
]

ResponseFormatT = TypeVar("ResponseFormatT")


def type_to_response_format_param(response_format_: Any) -> Any:
    """`response_format` as it is sent: of a type its strict schema, of anything else the thing itself."""
    return omit if not _given(response_format_) else response_format(response_format_)


def validate_input_tools(tools: Any = omit) -> Any:
    """The tools, of which each must be strict.

    Raises :class:`ValueError` for one that is not.
    """
    check_tools(tools)
    return tools


def has_parseable_input(*, response_format: Any, input_tools: Any = omit) -> bool:  # noqa: A002
    """Whether anything of an answer can be parsed."""
    strict = (tool.get("function", tool).get("strict") is True for tool in (input_tools if _given(input_tools) else ()))
    return is_type(response_format) or any(strict)


def parse_chat_completion(*, response_format: Any, input_tools: Any, chat_completion: Any) -> Any:
    """A completion with its answers parsed."""
    return ChatRules(response_format, input_tools).completion(chat_completion.model_copy(deep=True))


def maybe_parse_content(*, response_format: Any, message: Any) -> Optional[Any]:
    """The content of a message as the type that was asked for; `None` where it refused, or none was."""
    answered = is_type(response_format) and message.content and not message.refusal
    return read_as(response_format, message.content) if answered else None


def get_input_tool_by_name(*, input_tools: Iterable[Any], name: str) -> Optional[Any]:
    """The tool of a name."""
    return next((tool for tool in input_tools if tool.get("function", {}).get("name") == name), None)


def parse_function_tool_arguments(*, input_tools: Iterable[Any], function: Any) -> Optional[Any]:
    """The arguments of a call, parsed where its tool is strict."""
    tool = get_input_tool_by_name(input_tools=input_tools, name=function.name)
    if tool is None:
        return None
    held = tool["function"]
    if isinstance(held, PydanticFunctionTool) or held.get("strict"):
        return ChatRules(None, [tool]).arguments(function.name, function.arguments)
    return None


def is_basemodel_type(typ: Any) -> bool:
    """Whether it is a class of models."""
    return isinstance(typ, type) and hasattr(typ, "model_json_schema")
