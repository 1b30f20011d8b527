"""Runs of assistants, streamed to a handler."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, AsyncIterator, Dict, Iterator, List, Optional

from ... import _operations as op
from ... import _threadline as _native
from ..._exceptions import APITimeoutError, OpenAIError
from ..._models import BaseModel
from ._base import shut

__all__ = ["AssistantEventHandler", "AssistantStreamManager", "AsyncAssistantEventHandler", "AsyncAssistantStreamManager"]

#: Members of the accumulator's events that a callback is given, in its order.
_CALLBACKS = {
    "message_created": ("message",),
    "message_delta": ("delta", "snapshot"),
    "message_done": ("message",),
    "text_created": ("text",),
    "text_delta": ("delta", "snapshot"),
    "text_done": ("text",),
    "image_file_done": ("image_file",),
    "run_step_created": ("run_step",),
    "run_step_delta": ("delta", "snapshot"),
    "run_step_done": ("run_step",),
    "tool_call_created": ("tool_call",),
    "tool_call_delta": ("delta", "snapshot"),
    "tool_call_done": ("tool_call",),
}


def _classes(kind: str) -> Dict[str, Any]:
    from ...types.beta import threads as t
    from ...types.beta.threads import runs

    if kind.startswith("message"):
        return {"message": t.Message, "delta": t.MessageDelta, "snapshot": t.Message}
    if kind.startswith("text"):
        return {"text": t.Text, "delta": t.TextDelta, "snapshot": t.Text}
    if kind.startswith("image"):
        return {"image_file": t.ImageFile}
    if kind.startswith("run_step"):
        return {"run_step": runs.RunStep, "delta": runs.RunStepDelta, "snapshot": runs.RunStep}
    return {}


class _Handler:
    def __init__(self) -> None:
        self._accumulator = _native.Accumulator("assistant")
        self._source: Any = None
        self._stream: Any = None
        self._event: Any = None

    def _init(self, stream: Any) -> None:
        if self._stream is not None:
            raise RuntimeError("A single event handler cannot be shared between multiple streams; construct another one")
        self._stream = stream
        self._source = stream._events
        #: Whether the stream failed as nothing came for too long.
        self._timed_out = False

    def _calls(self, name: str, data: bytes) -> Iterator[Any]:
        """The callbacks that an event asks for: its own first."""
        for text in self._accumulator.push(name, data):
            kind = json.loads(text)["type"]
            if kind == "event":
                self._event = _native.decode_event(op.BETA_THREADS_RUNS_CREATE, json.dumps(json.loads(text)["event"]))
                yield "on_event", (self._event,)
                continue
            made = _native.decode_as(text, BaseModel, _classes(kind))
            if kind.startswith("tool_call"):
                for member in ("tool_call", "snapshot", "delta"):
                    if isinstance(getattr(made, member, None), dict):
                        setattr(made, member, _tool_call(getattr(made, member), member == "delta"))
            yield f"on_{kind}", tuple(getattr(made, member) for member in _CALLBACKS.get(kind, ()))

    def _failed(self, error: OpenAIError) -> BaseException:
        """The error as the program gets it: of a stream through an HTTP client of its own, that client's."""
        from ..._foreign import of_transport

        if error.partial is not None:
            error.partial["snapshot"] = json.loads(self._accumulator.snapshot())
        self._timed_out = isinstance(error, APITimeoutError)
        return error.__cause__ if error.__cause__ is not None and of_transport(error.__cause__) else error

    def _snapshot(self) -> Dict[str, Any]:
        found: Dict[str, Any] = json.loads(self._accumulator.snapshot())
        return found

    @property
    def current_event(self) -> Any:
        """The event that came last."""
        return self._event

    @property
    def current_run(self) -> Any:
        """The run so far."""
        from ...types.beta.threads import Run

        run = self._snapshot().get("run")
        return None if run is None else Run.construct(**run)

    @property
    def current_run_step_snapshot(self) -> Any:
        """The step that came last."""
        steps = self._steps()
        return steps[-1] if steps else None

    @property
    def current_message_snapshot(self) -> Any:
        """The message that came last."""
        messages = self._messages()
        return messages[-1] if messages else None

    def _messages(self) -> List[Any]:
        from ...types.beta.threads import Message

        return [Message.construct(**message) for message in self._snapshot().get("messages") or []]

    def _steps(self) -> List[Any]:
        from ...types.beta.threads.runs import RunStep

        return [RunStep.construct(**step) for step in self._snapshot().get("run_steps") or []]

    def _final_run(self) -> Any:
        run = self.current_run
        if run is None:
            raise RuntimeError("No final run object found")
        return run


def _tool_call(data: Dict[str, Any], delta: bool) -> Any:
    from ...types.beta.threads import runs

    kinds = {
        "function": (runs.FunctionToolCall, runs.FunctionToolCallDelta),
        "code_interpreter": (runs.CodeInterpreterToolCall, runs.CodeInterpreterToolCallDelta),
        "file_search": (runs.FileSearchToolCall, runs.FileSearchToolCallDelta),
    }
    found = kinds.get(data.get("type", ""))
    return (BaseModel if found is None else found[delta]).construct(**data)


class AssistantEventHandler(_Handler):
    """What happens in a run: subclass it, and override the callbacks that matter."""

    def _init(self, stream: Any) -> None:
        super()._init(stream)
        self._iterator = self._events()

    def _next_batch(self) -> Any:
        try:
            return self._source.next_batch_as_sent()
        except OpenAIError as error:
            raise self._failed(error)

    def _events(self) -> Iterator[Any]:
        try:
            while (batch := self._next_batch()) is not None:
                for name, data in batch:
                    event = None
                    for callback, values in self._calls(name, data):
                        getattr(self, callback)(*values)
                        event = values[0] if callback == "on_event" else event
                    if event is not None:
                        yield event
        except Exception as error:
            if self._timed_out:
                self.on_timeout()
            self.on_exception(error)
            raise
        finally:
            self._source.close()
            self.on_end()

    def __iter__(self) -> Iterator[Any]:
        return self._iterator

    def __next__(self) -> Any:
        return next(self._iterator)

    @property
    def text_deltas(self) -> Iterator[str]:
        """The pieces of text as they come."""
        for event in self:
            if event.event == "thread.message.delta":
                for part in event.data.delta.content or []:
                    if part.type == "text" and part.text and part.text.value:
                        yield part.text.value

    def close(self) -> None:
        """Closes the connection."""
        if self._source is not None:
            self._source.close()

    def until_done(self) -> None:
        """Reads to the end."""
        for _ in self._iterator:
            pass

    def get_final_run(self) -> Any:
        """Reads to the end: the run."""
        self.until_done()
        return self._final_run()

    def get_final_run_steps(self) -> List[Any]:
        """Reads to the end: the steps."""
        self.until_done()
        return self._steps()

    def get_final_messages(self) -> List[Any]:
        """Reads to the end: the messages."""
        self.until_done()
        return self._messages()

    def on_end(self) -> None:
        """The stream has ended, properly or not."""

    def on_event(self, event: Any) -> None:
        """Any event, before what it makes."""

    def on_run_step_created(self, run_step: Any) -> None:
        """A step has begun."""

    def on_run_step_delta(self, delta: Any, snapshot: Any) -> None:
        """More of a step."""

    def on_run_step_done(self, run_step: Any) -> None:
        """A step has ended."""

    def on_tool_call_created(self, tool_call: Any) -> None:
        """A call of a tool has begun."""

    def on_tool_call_delta(self, delta: Any, snapshot: Any) -> None:
        """More of a call of a tool."""

    def on_tool_call_done(self, tool_call: Any) -> None:
        """A call of a tool is complete."""

    def on_exception(self, exception: Exception) -> None:
        """The stream has failed."""

    def on_timeout(self) -> None:
        """Nothing came for too long."""

    def on_message_created(self, message: Any) -> None:
        """A message has begun."""

    def on_message_delta(self, delta: Any, snapshot: Any) -> None:
        """More of a message."""

    def on_message_done(self, message: Any) -> None:
        """A message is complete."""

    def on_text_created(self, text: Any) -> None:
        """A text has begun."""

    def on_text_delta(self, delta: Any, snapshot: Any) -> None:
        """More of a text."""

    def on_text_done(self, text: Any) -> None:
        """A text is complete."""

    def on_image_file_done(self, image_file: Any) -> None:
        """An image is complete."""


class AsyncAssistantEventHandler(_Handler):
    """What happens in a run: subclass it, and override the callbacks that matter."""

    if TYPE_CHECKING:

        async def on_end(self) -> None: ...
        async def on_exception(self, exception: Exception) -> None: ...
        async def on_timeout(self) -> None: ...

    def _init(self, stream: Any) -> None:
        super()._init(stream)
        self._iterator = self._events()

    async def _next_batch(self) -> Any:
        try:
            return await self._source.next_batch_as_sent_async()
        except OpenAIError as error:
            raise self._failed(error)

    async def _events(self) -> AsyncIterator[Any]:
        try:
            while (batch := await self._next_batch()) is not None:
                for name, data in batch:
                    event = None
                    for callback, values in self._calls(name, data):
                        await getattr(self, callback)(*values)
                        event = values[0] if callback == "on_event" else event
                    if event is not None:
                        yield event
        except Exception as error:
            if self._timed_out:
                await self.on_timeout()
            await self.on_exception(error)
            raise
        finally:
            await shut(self._source)
            await self.on_end()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._iterator

    async def __anext__(self) -> Any:
        return await self._iterator.__anext__()

    @property
    async def text_deltas(self) -> AsyncIterator[str]:
        """The pieces of text as they come."""
        async for event in self:
            if event.event == "thread.message.delta":
                for part in event.data.delta.content or []:
                    if part.type == "text" and part.text and part.text.value:
                        yield part.text.value

    async def close(self) -> None:
        """Closes the connection."""
        if self._source is not None:
            await shut(self._source)

    async def until_done(self) -> None:
        """Reads to the end."""
        async for _ in self._iterator:
            pass

    async def get_final_run(self) -> Any:
        """Reads to the end: the run."""
        await self.until_done()
        return self._final_run()

    async def get_final_run_steps(self) -> List[Any]:
        """Reads to the end: the steps."""
        await self.until_done()
        return self._steps()

    async def get_final_messages(self) -> List[Any]:
        """Reads to the end: the messages."""
        await self.until_done()
        return self._messages()


def _asynchronous(method: Any) -> Any:
    async def callback(self: Any, *values: Any) -> None: ...

    callback.__name__, callback.__doc__ = method.__name__, method.__doc__
    return callback


for _name, _method in list(vars(AssistantEventHandler).items()):
    if _name.startswith("on_"):
        setattr(AsyncAssistantEventHandler, _name, _asynchronous(_method))


class AssistantStreamManager:
    """Makes the call when it is entered, and closes the stream when it is left."""

    def __init__(self, start: Any, *, event_handler: Optional[AssistantEventHandler] = None) -> None:
        self._start = start
        self._handler = event_handler if event_handler is not None else AssistantEventHandler()

    def __enter__(self) -> Any:
        self._handler._init(self._start())
        return self._handler

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self._handler.close()


class AsyncAssistantStreamManager:
    """Makes the call when it is entered, and closes the stream when it is left."""

    def __init__(self, start: Any, *, event_handler: Optional[AsyncAssistantEventHandler] = None) -> None:
        self._start = start
        self._handler = event_handler if event_handler is not None else AsyncAssistantEventHandler()

    async def __aenter__(self) -> Any:
        self._handler._init(await self._start())
        return self._handler

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        await self._handler.close()
