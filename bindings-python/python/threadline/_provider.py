"""Providers that programs make themselves, of functions: under the official package's names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Optional, Protocol

from ._exceptions import OpenAIError
from .providers._provider import Provider as _Provider

__all__ = ["_Provider", "_ProviderDefinition", "_ProviderRuntime", "_create_provider"]


@dataclass(frozen=True)
class _ProviderRuntime:
    """What a place does with the requests to it, and with its responses. Those of httpx are what the functions are given."""

    name: str
    base_url: Any
    transform_request: Optional[Callable[[Any], Any]] = None
    transform_async_request: Optional[Callable[[Any], Awaitable[Any]]] = None
    prepare_request: Optional[Callable[[Any], None]] = None
    prepare_async_request: Optional[Callable[[Any], Awaitable[None]]] = None
    normalize_response: Optional[Callable[[Any], Any]] = None
    normalize_async_response: Optional[Callable[[Any], Awaitable[Any]]] = None


class _ProviderDefinition(Protocol):
    """Whatever has a name and says what it does."""

    @property
    def name(self) -> str: ...

    def configure(self) -> _ProviderRuntime: ...


class _OfFunctions(_Provider):
    """A place whose functions are the program's."""

    def __init__(self, runtime: _ProviderRuntime) -> None:
        self._runtime = runtime
        self.name, self.base_url = runtime.name, str(runtime.base_url)

    def transform(self, options: Any) -> Any:
        change = self._runtime.transform_request
        return options if change is None else change(options)

    async def transform_async(self, options: Any) -> Any:
        change = self._runtime.transform_async_request
        return self.transform(options) if change is None else await change(options)

    @property
    def transforms(self) -> bool:
        return self._runtime.transform_request is not None or self._runtime.transform_async_request is not None

    def sign(self, request: Any) -> None:
        request.headers.pop("authorization", None)
        if self._runtime.prepare_request is not None:
            self._runtime.prepare_request(request)

    async def sign_async(self, request: Any) -> None:
        if self._runtime.prepare_async_request is None:
            return self.sign(request)
        request.headers.pop("authorization", None)
        await self._runtime.prepare_async_request(request)

    def normalize(self, response: Any) -> Any:
        change = self._runtime.normalize_response
        return response if change is None else change(response)

    async def normalize_async(self, response: Any) -> Any:
        change = self._runtime.normalize_async_response
        return self.normalize(response) if change is None else await change(response)


def _create_provider(definition: _ProviderDefinition) -> _Provider:
    """A provider for ``OpenAI(provider=…)``. Raises :class:`OpenAIError` where the definition configures nothing usable."""
    runtime = definition.configure()
    if not isinstance(runtime, _ProviderRuntime):
        raise OpenAIError(f"`configure()` of the provider {definition.name!r} must return a `_ProviderRuntime`")
    return _OfFunctions(runtime)
