"""What a program is told of a function of its own that failed."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Literal

__all__ = ["AgentToolError", "AsyncToolErrorHandler", "ToolErrorHandler", "ToolErrorStage"]

#: Where it failed: its arguments do not fit, it raised, or what it gave cannot be sent.
ToolErrorStage = Literal["arguments", "execution", "output"]


@dataclasses.dataclass(frozen=True)
class AgentToolError:
    """A function that failed. ``error`` is for the program alone: the agent is told only that there was one."""

    error: Exception
    tool_name: str
    session_id: str
    turn_id: str
    call_id: str
    stage: ToolErrorStage


ToolErrorHandler = Callable[[AgentToolError], None]
AsyncToolErrorHandler = Callable[[AgentToolError], Any]
