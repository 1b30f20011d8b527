"""Replies with their headers: what ``with_streaming_response`` gives, and what all reply classes have in common."""

from __future__ import annotations

import os
from typing import Any, AsyncIterator, Awaitable, Callable, Generator, Generic, Iterator, Optional, ParamSpec, TypeVar, cast


from ._exceptions import OpenAIError
from ._http import URL, Headers, Request, Response
from ._streaming import AsyncStream, Stream

__all__ = [
    "APIResponse",
    "AsyncAPIResponse",
    "AsyncResponseContextManager",
    "AsyncStreamedBinaryAPIResponse",
    "BaseAPIResponse",
    "BinaryAPIResponse",
    "ResponseContextManager",
    "StreamedBinaryAPIResponse",
    "StreamedResponse",
    "deferred",
    "then",
]

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")


class BaseAPIResponse(Generic[T]):
    """A reply: status, headers, and what the method would have returned."""

    def __init__(
        self,
        reply: Any = None,
        client: Any = None,
        arguments: Any = None,
        *,
        raw: Any = None,
        cast_to: Any = None,
        stream: bool = False,
        stream_cls: Any = None,
        options: Any = None,
        retries_taken: int = 0,
    ) -> None:
        if raw is not None:
            # Programs make replies of a response of httpx.
            from ._foreign import ForeignReply

            reply = ForeignReply(raw, cast_to, client, stream, stream_cls, options, retries_taken, isinstance(self, AsyncAPIResponse))
        self._reply = reply
        self._foreign = raw is not None or getattr(reply, "is_foreign", False)
        self._client = client
        self._arguments = arguments
        self._parsed: dict[Any, Any] = {}
        # Of a route without a method: the type of its value, and what a program makes of that.
        self._wanted: Any = None
        self._after_cast: Optional[Callable[[Any], Any]] = None
        # What a helper makes of the value.
        self._after: Optional[Callable[[Any], Any]] = None
        # What a client of httpx had to do with it.
        self._sent: Any = (arguments or {}).get("__exchange__")
        # The bytes of a value are here already; for the program it is closed when it has been read.
        self._done = False
        self._consumed = False

    @property
    def headers(self) -> Headers:
        return Headers(self._reply.headers)

    @property
    def status_code(self) -> int:
        return int(self._reply.status)

    @property
    def request_id(self) -> Optional[str]:
        """What the server called the request, to quote when asking the provider."""
        return self.headers.get("x-request-id")

    @property
    def retries_taken(self) -> int:
        """How often the request was repeated."""
        return max(int(self._reply.attempts) - 1, 0) if self._sent is None else int(self._sent.retries)

    @property
    def http_request(self) -> Request:
        """Method, address and headers of the request; not its body."""
        if self._foreign:
            return cast(Request, self._reply.request)
        if self._sent is not None:
            return cast(Request, self._sent.response.request)
        headers: Any = ()
        if self._client is not None:
            from ._private import headers_of_call

            headers = headers_of_call(self._client, self._reply.method, self._arguments or {}, self.retries_taken)
        return Request(self._reply.method, self._reply.url, headers)

    @property
    def url(self) -> URL:
        return URL(self._reply.url)

    @property
    def method(self) -> str:
        return str(self._reply.method)

    @property
    def http_version(self) -> str:
        return "HTTP/1.1" if self._sent is None else str(self._sent.response.http_version)

    @property
    def elapsed(self) -> Any:
        from datetime import timedelta

        return timedelta(0) if self._sent is None else self._sent.response.elapsed

    @property
    def http_response(self) -> Any:
        """The reply, shaped like an HTTP client's."""
        if self._foreign:
            return self._reply.raw
        if self._sent is not None:
            return self._sent.response
        body = self._reply.body
        if body is None:
            return StreamedResponse(self._reply)
        return Response(self.status_code, self.headers, body, self.http_request)

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can be read."""
        return self._done

    def _value(self, to: Any) -> Any:
        if to not in self._parsed:
            value = self._parse(self._wanted if to is None else to)
            self._parsed[to] = value if to is not None or self._after_cast is None else self._after_cast(value)
        return self._parsed[to]

    def _read_as(self, to: Any, content: bytes) -> Any:
        if to is None or to is bytes:
            return content
        from ._own_parsing import parse_as

        return parse_as(to, self._reply, content, self)

    def _parse(self, to: Any) -> Any:
        reply = self._reply
        if self._foreign:
            return reply.value(self, to)
        if reply.events is not None:
            return (AsyncStream if reply.asynchronous else Stream)(reply=reply)
        if reply.binary and to is None:
            from ._legacy_response import HttpxBinaryResponseContent

            return HttpxBinaryResponseContent._of_reply(reply, getattr(self, "_content", None))
        if to is None:
            return reply.parse() if self._after is None else self._after(reply.parse())
        from ._own_parsing import parse_as

        body = getattr(self, "_content", None) if reply.body is None else reply.body
        return parse_as(to, reply, body or b"", self)

    def _consume(self) -> None:
        """Marks the body as read piece by piece, which can be done once, unless it was read as a whole before."""
        if self._consumed and getattr(self, "_content", None) is None:
            raise StreamAlreadyConsumed()
        self._consumed = True

    def _raise_broken(self) -> None:
        """Raises what an HTTP client of the program's had raised while the body was read."""
        broken = None if self._sent is None else self._sent.broken
        if broken is not None:
            raise broken

    def __repr__(self) -> str:
        if not self._foreign:
            return f"<{type(self).__name__} [{self.status_code}]>"
        return f"<{type(self).__name__} [{self.status_code} {self._reply.raw.reason_phrase}] type={self._reply.cast_to}>"


def _pieces(body: bytes, size: Optional[int]) -> Iterator[bytes]:
    step = size or len(body) or 1
    for start in range(0, len(body), step):
        yield body[start : start + step]


class _Cutter:
    """Pieces of a wanted size, from pieces of any."""

    def __init__(self, size: Optional[int]) -> None:
        self.size = size
        self.rest = b""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        if self.size is None:
            yield piece
            return
        self.rest += piece
        while len(self.rest) >= self.size:
            yield self.rest[: self.size]
            self.rest = self.rest[self.size :]

    def end(self) -> Iterator[bytes]:
        if self.rest:
            yield self.rest
            self.rest = b""


def _as_sent(next_batch: Callable[[], Any]) -> Iterator[Any]:
    while (batch := next_batch()) is not None:
        yield from batch


def _lines(name: str, data: bytes) -> Iterator[str]:
    """An event as lines."""
    if name:
        yield f"event: {name}"
    for line in data.decode("utf-8", "replace").split("\n"):
        yield f"data: {line}"
    yield ""


class APIResponse(BaseAPIResponse[T]):
    """A reply, as ``with_streaming_response`` gives it."""

    _content: Optional[bytes] = None

    def parse(self, *, to: Any = None) -> Any:
        """What the method would have returned, or an instance of ``to``."""
        if self._reply.binary and self._wanted is None:
            return self._read_as(to, self.read())
        if self._reply.binary:
            self.read()
        value = self._value(to)
        self._done = self._reply.events is None
        return value

    def iter_bytes(self, chunk_size: Optional[int] = None) -> Iterator[bytes]:
        """The body in pieces."""
        self._consume()
        body = self._content if self._content is not None else self._reply.body
        if body is not None:
            yield from _pieces(body, chunk_size)
            return
        if self._reply.events is not None:
            for line in self.iter_lines():
                yield (line + "\n").encode()
            return
        cutter = _Cutter(chunk_size)
        try:
            while (piece := self._reply.next_piece()) is not None:
                yield from cutter.feed(piece)
        except OpenAIError:
            self._raise_broken()
            raise
        yield from cutter.end()

    iter_raw = iter_bytes

    def iter_text(self, chunk_size: Optional[int] = None) -> Iterator[str]:
        import codecs

        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for piece in self.iter_bytes(chunk_size):
            yield decoder.decode(piece)
        yield decoder.decode(b"", True)

    def iter_lines(self) -> Iterator[str]:
        """The body line by line; of a stream of events its lines."""
        if self._reply.events is not None:
            named = False
            for name, data in _as_sent(self._reply.events.next_batch_as_sent):
                named |= bool(name)
                yield from _lines(name, data)
            # The core reads the mark of the end itself; streams whose events have names have none.
            yield from () if named else _lines("", b"[DONE]")
            return
        rest: "list[str]" = []
        for text in self.iter_text():
            rest.append(text)
            if "\n" in text:
                *lines, last = "".join(rest).split("\n")
                rest = [last]
                yield from (line.removesuffix("\r") for line in lines)
        if last := "".join(rest):
            yield last

    def read(self) -> bytes:
        """All of the body."""
        if self._content is None:
            self._content = b"".join(self.iter_bytes())
        self._done = True
        return self._content

    @property
    def content(self) -> bytes:
        return self.read()

    def text(self) -> str:
        return self.read().decode("utf-8", "replace")

    def json(self) -> Any:
        import json

        return json.loads(self.read())

    def stream_to_file(self, file: Any, *, chunk_size: Optional[int] = None) -> None:
        """Writes the body to a file."""
        with open(os.fspath(file), mode="wb") as target:
            for piece in self.iter_bytes(chunk_size):
                target.write(piece)

    def close(self) -> None:
        """Closes the connection."""
        self._done = True
        self._reply.close()


class AsyncAPIResponse(BaseAPIResponse[T]):
    """A reply, as ``with_streaming_response`` of an async client gives it."""

    _content: Optional[bytes] = None

    async def parse(self, *, to: Any = None) -> Any:
        """What the method would have returned, or an instance of ``to``."""
        if self._reply.binary and self._wanted is None:
            return self._read_as(to, await self.read())
        if self._reply.binary:
            await self.read()
        if self._foreign and not self._reply.stream:
            await self.read()
        value = self._value(to)
        self._done = self._reply.events is None
        return value

    async def iter_bytes(self, chunk_size: Optional[int] = None) -> AsyncIterator[bytes]:
        """The body in pieces."""
        self._consume()
        body = self._content if self._content is not None else self._reply.body
        if body is not None:
            for piece in _pieces(body, chunk_size):
                yield piece
            return
        if self._reply.events is not None:
            async for line in self.iter_lines():
                yield (line + "\n").encode()
            return
        cutter = _Cutter(chunk_size)
        try:
            while (piece := await self._reply.next_piece_async()) is not None:
                for part in cutter.feed(piece):
                    yield part
        except OpenAIError:
            self._raise_broken()
            raise
        for part in cutter.end():
            yield part

    iter_raw = iter_bytes

    async def iter_text(self, chunk_size: Optional[int] = None) -> AsyncIterator[str]:
        import codecs

        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        async for piece in self.iter_bytes(chunk_size):
            yield decoder.decode(piece)
        yield decoder.decode(b"", True)

    async def iter_lines(self) -> AsyncIterator[str]:
        """The body line by line; of a stream of events its lines."""
        if self._reply.events is not None:
            named = False
            while (batch := await self._reply.events.next_batch_as_sent_async()) is not None:
                for name, data in batch:
                    named |= bool(name)
                    for line in _lines(name, data):
                        yield line
            for line in () if named else _lines("", b"[DONE]"):
                yield line
            return
        rest: "list[str]" = []
        async for text in self.iter_text():
            rest.append(text)
            if "\n" in text:
                *lines, last = "".join(rest).split("\n")
                rest = [last]
                for line in lines:
                    yield line.removesuffix("\r")
        if last := "".join(rest):
            yield last

    async def read(self) -> bytes:
        """All of the body."""
        if self._content is None:
            self._content = b"".join([piece async for piece in self.iter_bytes()])
        self._done = True
        return self._content

    async def text(self) -> str:
        return (await self.read()).decode("utf-8", "replace")

    async def json(self) -> Any:
        import json

        return json.loads(await self.read())

    async def stream_to_file(self, file: Any, *, chunk_size: Optional[int] = None) -> None:
        """Writes the body to a file."""
        with open(os.fspath(file), mode="wb") as target:
            async for piece in self.iter_bytes(chunk_size):
                target.write(piece)

    async def close(self) -> None:
        """Closes the connection."""
        self._done = True
        self._reply.close()


class BinaryAPIResponse(APIResponse[bytes]):
    """A reply of bytes, as subclasses name it."""

    def write_to_file(self, file: Any) -> None:
        """Writes the body to a file."""
        self.stream_to_file(file)


class AsyncBinaryAPIResponse(AsyncAPIResponse[bytes]):
    """A reply of bytes, as subclasses name it."""

    async def write_to_file(self, file: Any) -> None:
        """Writes the body to a file."""
        await self.stream_to_file(file)


StreamedBinaryAPIResponse = APIResponse
AsyncStreamedBinaryAPIResponse = AsyncAPIResponse


class ResponseContextManager(Generic[T]):
    """Makes the call when it is entered, and closes the reply when it is left."""

    def __init__(self, start: Callable[[], APIResponse[T]]) -> None:
        self._start = start
        self._response: Optional[APIResponse[T]] = None

    def __enter__(self) -> APIResponse[T]:
        self._response = self._start()
        return self._response

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._response is not None:
            self._response.close()


class AsyncResponseContextManager(Generic[T]):
    """Makes the call when it is entered, and closes the reply when it is left."""

    def __init__(self, start: Callable[[], Any]) -> None:
        self._start = start
        self._response: Optional[AsyncAPIResponse[T]] = None

    async def __aenter__(self) -> AsyncAPIResponse[T]:
        response: AsyncAPIResponse[T] = await self._start()
        self._response = response
        return response

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if self._response is not None:
            await self._response.close()

    def __await__(self) -> Generator[Any, None, AsyncAPIResponse[T]]:
        return self.__aenter__().__await__()


def then(reply: Any, function: Callable[[Any], Any]) -> Any:
    """The reply, or what opens it, whose value goes through a function of a helper's; a value as the function makes it."""
    if isinstance(reply, BaseAPIResponse):
        reply._after = function
    elif isinstance(reply, ResponseContextManager):
        start = reply._start
        reply._start = lambda: then(start(), function)
    else:
        return function(reply)
    return reply


def deferred(method: Callable[..., Any]) -> Callable[..., AsyncResponseContextManager[Any]]:
    """An async method as one that returns a context manager."""
    from functools import wraps

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> AsyncResponseContextManager[Any]:
        return AsyncResponseContextManager(lambda: method(*args, **kwargs))

    return call


class StreamedResponse(Response):
    """The head of a reply whose body is being read elsewhere."""

    __slots__ = ("_reply",)

    is_closed = False
    is_stream_consumed = False

    def __init__(self, reply: Any) -> None:
        super().__init__(reply.status, reply.headers, b"", Request(reply.method, reply.url))
        self._reply = reply

    def close(self) -> None:
        self._reply.close()

    async def aclose(self) -> None:
        self._reply.close()


def to_streamed_response_wrapper(method: Callable[P, R]) -> Callable[P, ResponseContextManager[R]]:
    """The method, returning a context manager of its reply."""
    return cast(Any, getattr(_owner(method).with_streaming_response, _name(method)))


def async_to_streamed_response_wrapper(method: Callable[P, Awaitable[R]]) -> Callable[P, AsyncResponseContextManager[R]]:
    """The method, returning a context manager of its reply."""
    return cast(Any, getattr(_owner(method).with_streaming_response, _name(method)))


def to_custom_streamed_response_wrapper(method: Callable[P, object], response: Any) -> Callable[P, ResponseContextManager[Any]]:
    """As :func:`to_streamed_response_wrapper`."""
    return to_streamed_response_wrapper(method)


def async_to_custom_streamed_response_wrapper(
    method: Callable[P, Awaitable[object]], response: Any
) -> Callable[P, AsyncResponseContextManager[Any]]:
    """As :func:`async_to_streamed_response_wrapper`."""
    return async_to_streamed_response_wrapper(method)


def _owner(method: Any) -> Any:
    return method.__self__


def _name(method: Any) -> str:
    return str(method.__name__)


class MissingStreamClassError(TypeError):
    """`stream=True` needs the class of the stream."""

    def __init__(self) -> None:
        super().__init__("`stream=True` was given, and no `stream_cls`: say of which class the stream is to be")


class StreamAlreadyConsumed(OpenAIError):
    """The body was read already, and is not kept."""

    def __init__(self) -> None:
        super().__init__("The body was read already, piece by piece, and was not kept. `response.read()` before keeps it.")


def extract_response_type(typ: Any) -> Any:
    """What a class of replies brings: of `APIResponse[Model]` it is `Model`."""
    from ._utils._typing import extract_type_var_from_base

    return extract_type_var_from_base(typ, generic_bases=(BaseAPIResponse, APIResponse, AsyncAPIResponse), index=0)


def __getattr__(name: str) -> Any:
    # The official package has the wrappers of both kinds here.
    if name in ("to_raw_response_wrapper", "async_to_raw_response_wrapper"):
        from . import _legacy_response

        return getattr(_legacy_response, name)
    if name in ("to_custom_raw_response_wrapper", "async_to_custom_raw_response_wrapper"):
        return _custom_raw
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _custom_raw(func: Any, response_cls: Any) -> Any:
    return getattr(_owner(func).with_raw_response, _name(func))
