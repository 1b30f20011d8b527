"""Helpers, where the official package has them."""

from typing import Any


def __getattr__(name: str) -> Any:
    if name in ("pydantic_function_tool", "pydantic_responses_function_tool"):
        from . import _tools

        return getattr(_tools, name)
    if name in ("ResponseFormatT", "type_to_response_format_param"):
        from . import _parsing

        return getattr(_parsing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
