"""Turns of hosted agents, as they are followed."""

from ...._helpers.agents import AgentSessionStream as AgentSessionStream
from ...._helpers.agents import AsyncAgentSessionStream as AsyncAgentSessionStream
from ._types import AsyncToolHandler as AsyncToolHandler
from ._types import ToolHandler as ToolHandler
from ._types import ToolOutput as ToolOutput

__all__ = ["AgentSessionStream", "AsyncAgentSessionStream", "AsyncToolHandler", "ToolHandler", "ToolOutput"]
