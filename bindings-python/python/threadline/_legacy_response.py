"""What ``with_raw_response`` gives, and results that are bytes."""

from __future__ import annotations

import os
from typing import Any, AsyncIterator, Awaitable, Callable, Generic, Iterator, Optional, ParamSpec, TypeVar, cast


from ._response import APIResponse, BaseAPIResponse

__all__ = ["HttpxBinaryResponseContent", "LegacyAPIResponse"]

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")


class LegacyAPIResponse(BaseAPIResponse[T], Generic[T]):
    """A reply, as ``with_raw_response`` gives it."""

    def parse(self, *, to: Any = None) -> Any:
        """What the method would have returned, or an instance of ``to``."""
        return self._value(to)

    @property
    def is_closed(self) -> bool:
        """Whether all of it has been read: of a stream of events, not before its end."""
        return self._reply.events is None

    @property
    def content(self) -> bytes:
        """The body."""
        return self._reply.body or b""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        import json

        return json.loads(self.content)


class HttpxBinaryResponseContent:
    """A result of bytes: a file, an audio clip, a video."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self._content: bytes = response.content

    @classmethod
    def _of_reply(cls, reply: Any, content: Optional[bytes] = None) -> "HttpxBinaryResponseContent":
        response = APIResponse[Any](reply).http_response
        if content is not None:
            response.content = content
        return cls(response)

    @property
    def content(self) -> bytes:
        """All of it."""
        return self._content

    @property
    def text(self) -> str:
        """All of it as text."""
        return str(self.response.text)

    @property
    def encoding(self) -> Optional[str]:
        return str(self.response.encoding)

    @property
    def charset_encoding(self) -> Optional[str]:
        return str(self.response.encoding)

    @property
    def headers(self) -> Any:
        return self.response.headers

    @property
    def status_code(self) -> int:
        return int(self.response.status_code)

    @property
    def request_id(self) -> Optional[str]:
        value: Optional[str] = self.response.headers.get("x-request-id")
        return value

    def json(self, **kwargs: Any) -> Any:
        return self.response.json(**kwargs)

    def read(self) -> bytes:
        return self._content

    async def aread(self) -> bytes:
        return self._content

    def iter_bytes(self, chunk_size: Optional[int] = None) -> Iterator[bytes]:
        step = chunk_size or len(self._content) or 1
        for start in range(0, len(self._content), step):
            yield self._content[start : start + step]

    iter_raw = iter_bytes

    def iter_text(self, chunk_size: Optional[int] = None) -> Iterator[str]:
        text = self.text
        step = chunk_size or len(text) or 1
        for start in range(0, len(text), step):
            yield text[start : start + step]

    def iter_lines(self) -> Iterator[str]:
        yield from self.text.splitlines()

    async def aiter_bytes(self, chunk_size: Optional[int] = None) -> AsyncIterator[bytes]:
        for piece in self.iter_bytes(chunk_size):
            yield piece

    aiter_raw = aiter_bytes

    async def aiter_text(self, chunk_size: Optional[int] = None) -> AsyncIterator[str]:
        for piece in self.iter_text(chunk_size):
            yield piece

    async def aiter_lines(self) -> AsyncIterator[str]:
        for line in self.iter_lines():
            yield line

    def write_to_file(self, file: Any) -> None:
        """Writes all of it to a file."""
        with open(os.fspath(file), mode="wb") as target:
            target.write(self._content)

    def stream_to_file(self, file: Any, *, chunk_size: Optional[int] = None) -> None:
        """Writes all of it to a file."""
        self.write_to_file(file)

    async def astream_to_file(self, file: Any, *, chunk_size: Optional[int] = None) -> None:
        """Writes all of it to a file."""
        self.write_to_file(file)

    def close(self) -> None:
        """Nothing is open any more."""

    async def aclose(self) -> None:
        """Nothing is open any more."""


def to_raw_response_wrapper(method: Callable[P, R]) -> Callable[P, LegacyAPIResponse[R]]:
    """The method, returning its reply."""
    owner: Any = method
    return cast(Any, getattr(owner.__self__.with_raw_response, owner.__name__))


def async_to_raw_response_wrapper(method: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[LegacyAPIResponse[R]]]:
    """The method, returning its reply."""
    owner: Any = method
    return cast(Any, getattr(owner.__self__.with_raw_response, owner.__name__))


def __getattr__(name: str) -> Any:
    if name == "MissingStreamClassError":
        from ._response import MissingStreamClassError

        return MissingStreamClassError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
