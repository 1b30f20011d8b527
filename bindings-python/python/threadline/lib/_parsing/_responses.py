"""What the official package has for the texts of responses."""

from __future__ import annotations

from typing import Any, Iterable, Optional, TypeVar

from ..._types import omit
from ._rules import ResponseRules, _given, is_type, read_as, text_format

__all__ = ["TextFormatT", "parse_function_tool_arguments", "parse_response", "parse_text", "type_to_text_format_param"]

TextFormatT = TypeVar("TextFormatT")


def type_to_text_format_param(type_: Any) -> Any:
    """`text.format` as it is sent, of a type."""
    return omit if not _given(type_) else (text_format(type_) if is_type(type_) else type_)


def parse_response(*, text_format: Any, input_tools: Any, response: Any) -> Any:
    """A response with its texts parsed."""
    return ResponseRules(text_format, input_tools).response(response.model_copy(deep=True))


def parse_text(text: str, text_format: Any) -> Optional[Any]:
    """A text as the type that was asked for."""
    return read_as(text_format, text) if is_type(text_format) else None


def parse_function_tool_arguments(*, input_tools: Iterable[Any], function_call: Any) -> Optional[Any]:
    """The arguments of a call, parsed where its tool is strict; `None` where it is not, or is not known."""
    return ResponseRules(None, list(input_tools)).arguments(function_call.name, function_call.arguments)
