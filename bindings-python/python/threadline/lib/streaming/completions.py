"""Legacy completions, streamed and put together."""

from __future__ import annotations

from typing import Any

from ... import _threadline as _native
from ..._models import BaseModel
from ._base import AsyncManager, AsyncStream, Manager, SyncStream

__all__ = ["AsyncCompletionStream", "AsyncCompletionStreamManager", "CompletionStream", "CompletionStreamEvent", "CompletionStreamManager"]


class CompletionStreamEvent(BaseModel):
    """An event of a completion's stream; ``type`` says which: ``chunk``, ``text.delta``, ``text.done`` …"""

    type: str


class _Reader:
    _accumulator: Any

    def _event(self, text: str) -> Any:
        from ...types import Completion

        return _native.decode_as(text, CompletionStreamEvent, {"chunk": Completion})

    @property
    def current_completion_snapshot(self) -> Any:
        """The completion so far."""
        from ...types import Completion

        return _native.decode_as(self._accumulator.snapshot(), Completion)


class CompletionStream(_Reader, SyncStream[Any]):
    """Events of a completion, and the completion that they come to."""

    _kind = "completion"

    def get_final_completion(self) -> Any:
        """Reads to the end: the completion."""
        self.until_done()
        return self.current_completion_snapshot


class AsyncCompletionStream(_Reader, AsyncStream[Any]):
    """Events of a completion, and the completion that they come to."""

    _kind = "completion"

    async def get_final_completion(self) -> Any:
        """Reads to the end: the completion."""
        await self.until_done()
        return self.current_completion_snapshot


CompletionStreamManager = Manager
AsyncCompletionStreamManager = AsyncManager
