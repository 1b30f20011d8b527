"""Functions that agents call: they take the arguments as a dict."""

from __future__ import annotations

from typing import Any, Awaitable, Callable, Dict, Iterable, Mapping, Union

__all__ = ["AsyncToolHandler", "ToolHandler", "ToolOutput"]

#: What a function answers: text, something that becomes JSON, or parts of a message.
ToolOutput = Union[str, Mapping[str, Any], Iterable[Any], None]
ToolHandler = Callable[[Dict[str, Any]], ToolOutput]
AsyncToolHandler = Callable[[Dict[str, Any]], Union[ToolOutput, Awaitable[ToolOutput]]]
