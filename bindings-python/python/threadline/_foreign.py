"""Streams and replies that programs make themselves, from responses of httpx: `Stream(cast_to=…, response=…, client=…)`."""

from __future__ import annotations

import json
import ssl
from typing import Any, AsyncIterator, Iterator, List, Optional, Tuple, get_args, get_origin

from ._exceptions import APIConnectionError, APIError, APITimeoutError
from ._exchange import EventsOf
from ._streaming import AsyncStream, ServerSentEvent, Stream
from ._utils._typing import is_annotated_type, is_type_alias_type

__all__ = ["ForeignEvents", "ForeignReply", "of_transport", "raw_request"]


def of_transport(error: BaseException) -> bool:
    """Whether it is an error of an HTTP client, and not of the program."""
    modules = {base.__module__.partition(".")[0] for base in type(error).__mro__}
    return isinstance(error, ssl.SSLError) or bool(modules & {"httpx", "httpx2", "httpcore", "httpcore2", "anyio", "aiohttp"})


def raw_request(response: Any) -> Any:
    """The request of a response, where it knows it."""
    try:
        return response.request
    except RuntimeError:
        return None


def _wrapped(error: BaseException, response: Any) -> APIConnectionError:
    request = raw_request(response)
    if "Timeout" in type(error).__name__:
        return APITimeoutError(request)
    return APIConnectionError(request=request)


def _unwrapped_type(type_: Any) -> Any:
    if is_type_alias_type(type_):
        type_ = type_.__value__
    return get_args(type_)[0] if is_annotated_type(type_) else type_


class ForeignEvents:
    """The events of a response of httpx."""

    def __init__(self, response: Any, cast_to: Any, options: Any = None) -> None:
        self.response = response
        self.cast_to = cast_to
        self._left: Any = None
        #: Whether an event that tells of an error is raised.
        self._raises = getattr(options, "stream_mode", "legacy") == "legacy"
        self._with_names = bool(getattr(options, "synthesize_event_and_data", None))

    def close(self) -> None:
        self.response.close()

    async def aclose(self) -> None:
        await self.response.aclose()

    def sent(self) -> Iterator[ServerSentEvent]:
        """The events as they stand on the wire."""
        from ._sse import SSEDecoder

        try:
            yield from SSEDecoder().iter_bytes(self.response.iter_bytes())
        except Exception as error:
            if not of_transport(error):
                raise
            raise _wrapped(error, self.response) from error

    async def sent_async(self) -> AsyncIterator[ServerSentEvent]:
        """As :meth:`sent`."""
        from ._sse import SSEDecoder

        try:
            async for event in SSEDecoder().aiter_bytes(self.response.aiter_bytes()):
                yield event
        except Exception as error:
            if not of_transport(error):
                raise
            raise _wrapped(error, self.response) from error

    def __iter__(self) -> Iterator[Any]:
        try:
            for event in self.sent():
                if event.data.startswith("[DONE]"):
                    break
                yield self._value(event)
        finally:
            self.response.close()

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            async for event in self.sent_async():
                if event.data.startswith("[DONE]"):
                    break
                yield self._value(event)
        finally:
            await self.response.aclose()

    def next_batch_as_sent(self) -> Any:
        """As the core's events have it: names and texts of the next events, one at a time here; `None` at the end."""
        if self._left is None:
            self._left = self.sent()
        event = next(self._left, None)
        return self._batch(event)

    async def next_batch_as_sent_async(self) -> Any:
        """As :meth:`next_batch_as_sent`."""
        if self._left is None:
            self._left = self.sent_async()
        return self._batch(await anext(self._left, None))

    def _batch(self, event: Optional[ServerSentEvent]) -> Any:
        if event is None or event.data.startswith("[DONE]"):
            return None
        self._judge(event, event.json())
        return [(event.event or "", event.data.encode())]

    def _judge(self, event: ServerSentEvent, data: Any) -> None:
        failure = data.get("error") if isinstance(data, dict) else None
        if not self._raises:
            return
        if failure or event.event == "error":
            told = failure.get("message") if isinstance(failure, dict) else None
            message = told if isinstance(told, str) and told else "An error occurred during streaming"
            raise APIError(message, raw_request(self.response), body=failure or data)

    def _value(self, event: ServerSentEvent) -> Any:
        data = event.json()
        self._judge(event, data)
        if self._with_names or self._raises and event.event is not None and event.event.startswith("thread."):
            data = {"event": event.event, "data": data}
            if isinstance(self.cast_to, EventsOf):
                return self.cast_to(json.dumps(data))
        if isinstance(self.cast_to, EventsOf):
            return self.cast_to(event.data)
        return cast(data, self.cast_to, self.response)


def cast(data: Any, cast_to: Any, response: Any) -> Any:
    """Plain data as an instance of a type."""
    from ._construct import construct_type
    from ._models import BaseModel

    if cast_to is None or cast_to is object:
        return data
    if isinstance(cast_to, type) and not issubclass(cast_to, BaseModel) and hasattr(cast_to, "build"):
        return cast_to.build(response=response, data=data)
    return construct_type(value=data, type_=cast_to)


class ForeignReply:
    """A response of httpx with what our classes of replies ask of the core's."""

    binary = False
    is_foreign = True
    events: Optional[Any] = None

    def __init__(
        self, raw: Any, cast_to: Any, client: Any, stream: bool, stream_cls: Any, options: Any, retries_taken: int, asynchronous: bool
    ) -> None:
        self.raw, self.cast_to, self.client, self.options = raw, cast_to, client, options
        self.stream, self.stream_cls = stream, stream_cls
        self.attempts = retries_taken + 1
        self.asynchronous = asynchronous
        self.status = raw.status_code

    @property
    def headers(self) -> List[Tuple[str, str]]:
        return list(self.raw.headers.multi_items())

    @property
    def request(self) -> Any:
        return self.raw.request

    @property
    def url(self) -> str:
        request = raw_request(self.raw)
        return "" if request is None else str(request.url)

    @property
    def method(self) -> str:
        request = raw_request(self.raw)
        return "" if request is None else str(request.method)

    @property
    def body(self) -> Optional[bytes]:
        """The body, where it has been read."""
        return bytes(self.raw.content) if hasattr(self.raw, "_content") else None

    def next_piece(self) -> Optional[bytes]:
        return None if hasattr(self.raw, "_content") else bytes(self.raw.read())

    async def next_piece_async(self) -> Optional[bytes]:
        return None if hasattr(self.raw, "_content") else bytes(await self.raw.aread())

    def close(self) -> None:
        if not self.asynchronous:
            self.raw.close()

    def parse(self, to: Any = None) -> Any:
        return cast(json.loads(self.body or b""), to or self.cast_to, self.raw)

    def value(self, response: Any, to: Any) -> Any:
        """What `response.parse(to=to)` brings."""
        if self.stream:
            return self._stream(_unwrapped_type(to))
        from ._own_parsing import parse_as

        body = self.body
        if body is None and not self.asynchronous:
            body = bytes(self.raw.read())
        return parse_as(self.cast_to if to is None else to, self, body or b"", response)

    def _stream(self, to: Any) -> Any:
        from ._sse import extract_stream_chunk_type, is_stream_class_type

        if to is not None and not is_stream_class_type(to):
            raise TypeError(f"Expected custom parse type to be a subclass of {Stream} or {AsyncStream}")
        wanted = to if to is not None else self.stream_cls
        if wanted is None:
            wanted = AsyncStream if self.asynchronous else Stream
        item = extract_stream_chunk_type(wanted) if get_args(wanted) else self.cast_to
        return (get_origin(wanted) or wanted)(cast_to=item, response=self.raw, client=self.client, options=self.options)
