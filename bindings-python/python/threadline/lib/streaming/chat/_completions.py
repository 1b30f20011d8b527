"""Chat completions, streamed and put together."""

from __future__ import annotations

from typing import Any, Dict, List

from .... import _threadline as _native
from ...._models import BaseModel
from .._base import AsyncManager, AsyncStream, Manager, SyncStream

__all__ = [
    "AsyncChatCompletionStream",
    "AsyncChatCompletionStreamManager",
    "ChatCompletionStream",
    "ChatCompletionStreamEvent",
    "ChatCompletionStreamManager",
    "ChatCompletionStreamState",
    "ChunkEvent",
    "ContentDeltaEvent",
    "ContentDoneEvent",
    "FunctionToolCallArgumentsDeltaEvent",
    "FunctionToolCallArgumentsDoneEvent",
    "LogprobsContentDeltaEvent",
    "LogprobsContentDoneEvent",
    "LogprobsRefusalDeltaEvent",
    "LogprobsRefusalDoneEvent",
    "RefusalDeltaEvent",
    "RefusalDoneEvent",
]


class ChatCompletionStreamEvent(BaseModel):
    """An event of a chat completion's stream; ``type`` says which."""

    type: str


class ChunkEvent(ChatCompletionStreamEvent):
    """A chunk as it came, and the completion so far."""

    chunk: Any
    snapshot: Any


class ContentDeltaEvent(ChatCompletionStreamEvent):
    """More text."""

    delta: str
    snapshot: str
    parsed: Any = None


class ContentDoneEvent(ChatCompletionStreamEvent):
    """All of the text."""

    content: str
    parsed: Any = None


class RefusalDeltaEvent(ChatCompletionStreamEvent):
    """More of a refusal."""

    delta: str
    snapshot: str


class RefusalDoneEvent(ChatCompletionStreamEvent):
    """All of a refusal."""

    refusal: str


class FunctionToolCallArgumentsDeltaEvent(ChatCompletionStreamEvent):
    """More of the arguments of a call."""

    name: str
    index: int
    arguments: str
    arguments_delta: str
    parsed_arguments: Any = None


class FunctionToolCallArgumentsDoneEvent(ChatCompletionStreamEvent):
    """All arguments of a call."""

    name: str
    index: int
    arguments: str
    parsed_arguments: Any = None


class LogprobsContentDeltaEvent(ChatCompletionStreamEvent):
    """Log probabilities of the new text, and of all of it."""

    content: Any
    snapshot: Any


class LogprobsContentDoneEvent(ChatCompletionStreamEvent):
    """Log probabilities of the text."""

    content: Any


class LogprobsRefusalDeltaEvent(ChatCompletionStreamEvent):
    """Log probabilities of the new part of a refusal, and of all of it."""

    refusal: Any
    snapshot: Any


class LogprobsRefusalDoneEvent(ChatCompletionStreamEvent):
    """Log probabilities of a refusal."""

    refusal: Any


_CLASSES: Dict[str, Any] = {
    "chunk": ChunkEvent,
    "content.delta": ContentDeltaEvent,
    "content.done": ContentDoneEvent,
    "refusal.delta": RefusalDeltaEvent,
    "refusal.done": RefusalDoneEvent,
    "tool_calls.function.arguments.delta": FunctionToolCallArgumentsDeltaEvent,
    "tool_calls.function.arguments.done": FunctionToolCallArgumentsDoneEvent,
    "logprobs.content.delta": LogprobsContentDeltaEvent,
    "logprobs.content.done": LogprobsContentDoneEvent,
    "logprobs.refusal.delta": LogprobsRefusalDeltaEvent,
    "logprobs.refusal.done": LogprobsRefusalDoneEvent,
}


def event_of(text: str) -> Any:
    """An event from its JSON."""
    from ....types.chat import ChatCompletion, ChatCompletionChunk

    event = _native.decode_as(text, ChatCompletionStreamEvent, {"chunk": ChatCompletionChunk, "snapshot": ChatCompletion})
    event.__class__ = _CLASSES.get(event.type, ChatCompletionStreamEvent)
    return event


class _Reader:
    """Events and results of a stream, read with the types that were asked for."""

    _accumulator: Any
    _rules: Any = None

    def _event(self, text: str) -> Any:
        event = event_of(text)
        try:
            self._reading().add_to_event(event)
        except Exception:
            self._final()  # An answer that was cut off cannot be parsed either: then that is the error.
            raise
        return event

    def _reading(self) -> Any:
        if self._rules is None:
            from ..._parsing import ChatRules

            self._rules = ChatRules(None, None)
        return self._rules

    @property
    def current_completion_snapshot(self) -> Any:
        """The completion so far."""
        return self._reading().so_far(self._put_together())

    def _put_together(self) -> Any:
        from ....types.chat import ChatCompletion

        return _native.decode_as(self._accumulator.snapshot(), ChatCompletion)

    def _final(self) -> Any:
        return self._reading().completion(self._put_together())


class ChatCompletionStream(_Reader, SyncStream[Any]):
    """Events of a chat completion, and the completion that they come to."""

    _kind = "chat"

    def get_final_completion(self) -> Any:
        """Reads to the end: the completion."""
        self.until_done()
        return self._final()


class AsyncChatCompletionStream(_Reader, AsyncStream[Any]):
    """Events of a chat completion, and the completion that they come to."""

    _kind = "chat"

    async def get_final_completion(self) -> Any:
        """Reads to the end: the completion."""
        await self.until_done()
        return self._final()


class ChatCompletionStreamState(_Reader):
    """Chunks that a program got elsewhere, put together.

    .. code-block:: python

        state = ChatCompletionStreamState()
        for chunk in client.chat.completions.create(..., stream=True):
            for event in state.handle_chunk(chunk):
                ...
        completion = state.get_final_completion()
    """

    def __init__(self, *, input_tools: Any = None, response_format: Any = None) -> None:
        from ..._parsing import ChatRules

        self._accumulator = _native.Accumulator("chat")
        self._rules = ChatRules(response_format, input_tools)
        self._ended = False

    def handle_chunk(self, chunk: Any) -> List[Any]:
        """Takes a chunk; the events that it makes."""
        made = self._accumulator.push("", chunk.to_json(indent=None).encode())
        return [self._event(text) for text in made]

    def get_final_completion(self) -> Any:
        """The completion that the chunks have come to."""
        if not self._ended:
            self._ended = True
            self._accumulator.finish()
        return self._final()


ChatCompletionStreamManager = Manager
AsyncChatCompletionStreamManager = AsyncManager
