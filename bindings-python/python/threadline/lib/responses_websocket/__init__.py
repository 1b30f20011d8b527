"""Several responses over one connection, each in a lane of its own."""

from ._accumulator import ResponsesWebSocketAccumulator as ResponsesWebSocketAccumulator
from ._router import ResponsesWebSocketBufferError as ResponsesWebSocketBufferError
from ._router import ResponsesWebSocketError as ResponsesWebSocketError
from ._router import ResponsesWebSocketLimits as ResponsesWebSocketLimits
from ._session import AsyncResponsesWebSocketLane as AsyncResponsesWebSocketLane
from ._session import AsyncResponsesWebSocketSession as AsyncResponsesWebSocketSession
from ._session import ResponsesWebSocketLane as ResponsesWebSocketLane
from ._session import ResponsesWebSocketSession as ResponsesWebSocketSession
from ._snapshots import ResponsesWebSocketOutput as ResponsesWebSocketOutput
from ._snapshots import ResponsesWebSocketSnapshot as ResponsesWebSocketSnapshot

__all__ = [
    "AsyncResponsesWebSocketLane",
    "AsyncResponsesWebSocketSession",
    "ResponsesWebSocketAccumulator",
    "ResponsesWebSocketBufferError",
    "ResponsesWebSocketError",
    "ResponsesWebSocketLane",
    "ResponsesWebSocketLimits",
    "ResponsesWebSocketOutput",
    "ResponsesWebSocketSession",
    "ResponsesWebSocketSnapshot",
]
