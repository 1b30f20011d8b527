"""Turns of hosted agents, as they are followed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._streams import AgentSessionStream as AgentSessionStream
    from ._streams import AsyncAgentSessionStream as AsyncAgentSessionStream
    from ._types import AsyncToolHandler as AsyncToolHandler
    from ._types import ToolHandler as ToolHandler
    from ._types import ToolOutput as ToolOutput

# Modules are loaded by what is asked for: a package that loads its own modules, while other threads load these, may wait for them for ever.
_MODULES = {
    "AgentSessionStream": "_streams",
    "AsyncAgentSessionStream": "_streams",
    "AsyncToolHandler": "_types",
    "ToolHandler": "_types",
    "ToolOutput": "_types",
}

__all__ = [
    "AgentSessionStream",
    "AsyncAgentSessionStream",
    "AsyncToolHandler",
    "ToolHandler",
    "ToolOutput",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value
