"""Functions that hosted agents call, files for their environments, and the results of their turns."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._artifacts import AgentResultArtifacts as AgentResultArtifacts
    from ._artifacts import AsyncAgentResultArtifacts as AsyncAgentResultArtifacts
    from ._files import AgentFilePreparationError as AgentFilePreparationError
    from ._files import AgentFileStagingError as AgentFileStagingError
    from ._files import PreparedAgentFiles as PreparedAgentFiles
    from ._files import StagedAgentFile as StagedAgentFile
    from ._result import AgentOutputParseError as AgentOutputParseError
    from ._result import AgentTurnResult as AgentTurnResult
    from ._result import AgentTurnResultError as AgentTurnResultError
    from ._stream import AgentSessionEventStream as AgentSessionEventStream
    from ._stream import AsyncAgentSessionEventStream as AsyncAgentSessionEventStream
    from ._tool_error import AgentToolError as AgentToolError
    from ._tools import FunctionTool as FunctionTool
    from ._tools import agent_text_format as agent_text_format
    from ._tools import function_tool as function_tool
    from ._tools import pydantic_function_tool as pydantic_function_tool

# Modules are loaded by what is asked for: a package that loads its own modules, while other threads load these, may wait for them for ever.
_MODULES = {
    "AgentFilePreparationError": "_files",
    "AgentFileStagingError": "_files",
    "AgentOutputParseError": "_result",
    "AgentResultArtifacts": "_artifacts",
    "AgentSessionEventStream": "_stream",
    "AgentToolError": "_tool_error",
    "AgentTurnResult": "_result",
    "AgentTurnResultError": "_result",
    "AsyncAgentResultArtifacts": "_artifacts",
    "AsyncAgentSessionEventStream": "_stream",
    "FunctionTool": "_tools",
    "PreparedAgentFiles": "_files",
    "StagedAgentFile": "_files",
    "agent_text_format": "_tools",
    "function_tool": "_tools",
    "pydantic_function_tool": "_tools",
}

__all__ = [
    "AgentFilePreparationError",
    "AgentFileStagingError",
    "AgentOutputParseError",
    "AgentResultArtifacts",
    "AgentSessionEventStream",
    "AgentToolError",
    "AgentTurnResult",
    "AgentTurnResultError",
    "AsyncAgentResultArtifacts",
    "AsyncAgentSessionEventStream",
    "FunctionTool",
    "PreparedAgentFiles",
    "StagedAgentFile",
    "agent_text_format",
    "function_tool",
    "pydantic_function_tool",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value
