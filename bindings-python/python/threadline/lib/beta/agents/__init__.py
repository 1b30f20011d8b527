"""Functions that hosted agents call, files for their environments, and the results of their turns."""

from ...._helpers.agent_files import AgentResultArtifacts as AgentResultArtifacts
from ...._helpers.agent_files import AsyncAgentResultArtifacts as AsyncAgentResultArtifacts
from ...._helpers.agent_files import PreparedAgentFiles as PreparedAgentFiles
from ...._helpers.agent_files import StagedAgentFile as StagedAgentFile
from ...._helpers.agents import AgentToolError as AgentToolError
from ...._helpers.agents import AgentTurnResult as AgentTurnResult
from ._result import AgentOutputParseError as AgentOutputParseError
from ._result import AgentTurnResultError as AgentTurnResultError
from ._stream import AgentSessionEventStream as AgentSessionEventStream
from ._stream import AsyncAgentSessionEventStream as AsyncAgentSessionEventStream
from ._tools import FunctionTool as FunctionTool
from ._tools import agent_text_format as agent_text_format
from ._tools import function_tool as function_tool
from ._tools import pydantic_function_tool as pydantic_function_tool

__all__ = [
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
