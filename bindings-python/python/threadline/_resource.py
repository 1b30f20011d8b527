"""Resources: the objects between a client and its methods."""

from __future__ import annotations

import functools
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, Dict, Tuple

if TYPE_CHECKING:
    from functools import cached_property as cached_property

    from ._client import AsyncOpenAI, OpenAI
else:

    class cached_property(functools.cached_property):
        """Without the lock that it has before Python 3.12: a child that is forked while another thread holds it would wait for ever."""

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            value = instance.__dict__[self.attrname] = self.func(instance)
            return value

__all__ = [
    "AsyncAPIResource",
    "AsyncRawView",
    "AsyncResource",
    "AsyncStreamingView",
    "RawView",
    "StreamingView",
    "SyncAPIResource",
    "SyncResource",
    "cached_property",
    "client_resources",
]


def client_resources() -> Tuple[type, type]:
    """Two classes whose attributes are the resources of a client, and of one for asyncio. They are loaded when they are first asked for, but
    belong to the class: what is made after it (`Mock(spec=OpenAI)`) has them too.
    """
    from .resources._top import TOP

    def load(name: str, module: str, resource: str) -> Any:
        def made(client: Any) -> Any:
            return getattr(import_module(module), resource)(client)

        made.__name__, made.__doc__ = name, f"The resource `{name}`."
        return cached_property(made)

    sync = {name: load(name, module, resource) for name, (module, resource, _) in TOP.items()}
    with_asyncio = {name: load(name, module, resource) for name, (module, _, resource) in TOP.items()}
    return type("SyncClientResources", (), sync), type("AsyncClientResources", (), with_asyncio)


#: What a call is to bring: its value, its reply, its reply unread, a page.
VALUE, RAW, OPEN, PAGE = 0, 1, 2, 3


class _Resource:
    _client: Any
    _call: Any
    _page: Any
    #: What the methods of this object bring.
    _mode: int = VALUE

    def _as(self, mode: int) -> Any:
        """The same resource, whose methods bring something else."""
        other = type(self).__new__(type(self))
        other._mode = mode
        other._bind(self._client)
        return other

    def _bind(self, client: Any) -> None:
        raise NotImplementedError


class SyncResource(_Resource):
    """A resource of :class:`threadline.OpenAI`."""

    _client: OpenAI

    def __init__(self, client: OpenAI) -> None:
        self._bind(client)

    def _bind(self, client: Any) -> None:
        self._client = client
        if self._mode == VALUE:
            self._call = client._calls.call
        elif self._mode == RAW:
            self._call = self._call_raw
        else:
            self._call = self._call_open

    def _call_raw(self, operation: int, arguments: Dict[str, Any]) -> Any:
        from ._legacy_response import LegacyAPIResponse

        return LegacyAPIResponse(self._client._calls.call(operation, arguments, RAW), self._client, arguments)

    def _call_open(self, operation: int, arguments: Dict[str, Any]) -> Any:
        from ._response import APIResponse, ResponseContextManager

        client = self._client
        return ResponseContextManager(lambda: APIResponse(client._calls.call(operation, arguments, OPEN), client, arguments))

    def _page(self, operation: int, arguments: Dict[str, Any], page: Any, item: Any = None) -> Any:
        native = self._client._calls
        if self._mode == VALUE:
            return native.call(operation, arguments, PAGE, page)
        if self._mode == RAW:
            from ._legacy_response import LegacyAPIResponse

            return LegacyAPIResponse(native.call(operation, arguments, RAW, page), self._client, arguments)
        from ._response import APIResponse, ResponseContextManager

        client = self._client
        return ResponseContextManager(lambda: APIResponse(native.call(operation, arguments, OPEN, page), client, arguments))

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    @cached_property
    def with_raw_response(self) -> Any:
        """The same methods, which return the reply with its headers."""
        return RawView(self)

    @cached_property
    def with_streaming_response(self) -> Any:
        """The same methods, which return a context manager of the reply before its body is read."""
        return StreamingView(self)


class AsyncResource(_Resource):
    """A resource of :class:`threadline.AsyncOpenAI`."""

    _client: AsyncOpenAI

    def __init__(self, client: AsyncOpenAI) -> None:
        self._bind(client)

    def _bind(self, client: Any) -> None:
        self._client = client
        if self._mode == VALUE:
            self._call = client._calls.call_async
        elif self._mode == RAW:
            self._call = self._call_raw
        else:
            self._call = self._call_open

    async def _call_raw(self, operation: int, arguments: Dict[str, Any]) -> Any:
        from ._legacy_response import LegacyAPIResponse

        reply = await self._client._calls.call_async(operation, arguments, RAW)
        return LegacyAPIResponse(reply, self._client, arguments)

    async def _call_open(self, operation: int, arguments: Dict[str, Any]) -> Any:
        from ._response import AsyncAPIResponse

        reply = await self._client._calls.call_async(operation, arguments, OPEN)
        return AsyncAPIResponse(reply, self._client, arguments)

    def _page(self, operation: int, arguments: Dict[str, Any], page: Any, item: Any = None) -> Any:
        native = self._client._calls
        if self._mode == VALUE:
            from .pagination import AsyncPaginator

            return AsyncPaginator(lambda: native.call_async(operation, arguments, PAGE, page))
        return self._page_reply(operation, arguments, page)

    async def _page_reply(self, operation: int, arguments: Dict[str, Any], page: Any) -> Any:
        reply = await self._client._calls.call_async(operation, arguments, self._mode, page)
        if self._mode == RAW:
            from ._legacy_response import LegacyAPIResponse

            return LegacyAPIResponse(reply, self._client, arguments)
        from ._response import AsyncAPIResponse

        return AsyncAPIResponse(reply, self._client, arguments)

    async def _sleep(self, seconds: float) -> None:
        # Half of the time that importing the package would take.
        import asyncio

        await asyncio.sleep(seconds)

    @cached_property
    def with_raw_response(self) -> Any:
        """The same methods, which return the reply with its headers."""
        return AsyncRawView(self)

    @cached_property
    def with_streaming_response(self) -> Any:
        """The same methods, which return a context manager of the reply before its body is read."""
        return AsyncStreamingView(self)


SyncAPIResource = SyncResource
AsyncAPIResource = AsyncResource


class _View:
    """A resource whose methods return replies. Its resources are views too."""

    _mode = RAW
    _name = "with_raw_response"

    def __init__(self, resource: Any) -> None:
        self._plain = resource
        self._resource = resource._as(self._mode) if isinstance(resource, _Resource) else resource

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if isinstance(getattr(type(self._plain), name, None), cached_property) or not isinstance(self._plain, _Resource):
            found = getattr(self._plain, name)
            if isinstance(found, _Resource):
                found = getattr(found, self._name)
        else:
            found = getattr(self._resource, name)
            if self._mode == OPEN and isinstance(self._resource, AsyncResource) and callable(found):
                from ._response import deferred

                found = deferred(found)
        self.__dict__[name] = found
        return found


class RawView(_View):
    """Methods that return a :class:`threadline._legacy_response.LegacyAPIResponse`."""


class AsyncRawView(_View):
    """Methods that return a :class:`threadline._legacy_response.LegacyAPIResponse`."""


class StreamingView(_View):
    """Methods that return a context manager of a :class:`threadline.APIResponse`."""

    _mode = OPEN
    _name = "with_streaming_response"


class AsyncStreamingView(_View):
    """Methods that return a context manager of a :class:`threadline.AsyncAPIResponse`."""

    _mode = OPEN
    _name = "with_streaming_response"
