"""Names that the official package has in this module."""

from __future__ import annotations

import platform
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional

from . import _constants
from ._client import AsyncOpenAI as AsyncAPIClient
from ._client import OpenAI as SyncAPIClient
from ._client import _Base as BaseClient
from ._constants import (
    DEFAULT_CONNECTION_LIMITS,
    DEFAULT_MAX_RETRIES,
    INITIAL_RETRY_DELAY,
    MAX_RETRY_DELAY,
    OVERRIDE_CAST_TO_HEADER,
    RAW_RESPONSE_HEADER,
)
from ._timeout import Timeout
from ._types import NotGiven, not_given
from .pagination import AsyncPaginator, PageInfo
from .pagination import _AsyncPage as BaseAsyncPage
from .pagination import _Page as BasePage
from .pagination import _SyncPage as BaseSyncPage

__all__ = [
    "DEFAULT_CONNECTION_LIMITS",
    "DEFAULT_MAX_RETRIES",
    "DEFAULT_TIMEOUT",
    "HTTPX_DEFAULT_TIMEOUT",
    "INITIAL_RETRY_DELAY",
    "MAX_RETRY_DELAY",
    "OVERRIDE_CAST_TO_HEADER",
    "RAW_RESPONSE_HEADER",
    "AsyncAPIClient",
    "AsyncPaginator",
    "BaseAsyncPage",
    "BaseClient",
    "BasePage",
    "BaseSyncPage",
    "OtherArch",
    "OtherPlatform",
    "PageInfo",
    "SyncAPIClient",
    "get_architecture",
    "get_platform",
    "get_python_runtime",
    "get_python_version",
    "make_request_options",
    "platform_headers",
]


def make_request_options(
    *,
    query: Any = None,
    extra_headers: Any = None,
    extra_query: Any = None,
    extra_body: Any = None,
    idempotency_key: Optional[str] = None,
    timeout: Any = not_given,
    post_parser: "Callable[[Any], Any] | NotGiven" = not_given,
    synthesize_event_and_data: Optional[bool] = None,
    security: Any = None,
    stream_mode: Optional[str] = None,
) -> Dict[str, Any]:
    """Options of a request as one dictionary; what was not given is not in it."""
    options: Dict[str, Any] = {}
    if extra_headers is not None:
        options["headers"] = extra_headers
    if extra_body is not None:
        options["extra_json"] = extra_body
    if query is not None:
        options["params"] = query
    if extra_query is not None:
        options["params"] = {**options.get("params", {}), **extra_query}
    if not isinstance(timeout, NotGiven):
        options["timeout"] = timeout
    if idempotency_key is not None:
        options["idempotency_key"] = idempotency_key
    if not isinstance(post_parser, NotGiven):
        options["post_parser"] = post_parser
    if synthesize_event_and_data is not None:
        options["synthesize_event_and_data"] = synthesize_event_and_data
    if security is not None:
        options["security"] = security
    if stream_mode is not None:
        options["stream_mode"] = stream_mode
    return options


class OtherPlatform:
    """A system that has no word of its own."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"Other:{self.name}"


class OtherArch(OtherPlatform):
    """A processor that has no word of its own."""

    def __str__(self) -> str:
        return f"other:{self.name}"


@lru_cache(maxsize=None)
def platform_headers(version: str, *, platform: Optional[str] = None) -> Dict[str, str]:
    """What the headers of a request say of this process."""
    from ._private import platform_headers as own

    return {**own(), "X-Stainless-Package-Version": version, **({"X-Stainless-OS": str(platform)} if platform else {})}


def _of_platform(name: str) -> str:
    from ._private import platform_headers as own

    return own()[f"X-Stainless-{name}"]


_SYSTEMS = {"darwin": "MacOS", "windows": "Windows", "freebsd": "FreeBSD", "openbsd": "OpenBSD"}


def get_platform() -> Any:
    """The system, in the word that headers have for it."""
    try:
        system, name = platform.system().lower(), platform.platform().lower()
    except Exception:
        return "Unknown"
    if "iphone" in name or "ipad" in name:
        return "iOS"
    if "android" in name:
        return "Android"
    if system != "linux":
        return _SYSTEMS.get(system) or (OtherPlatform(name) if name else "Unknown")
    try:
        kind = platform.freedesktop_os_release().get("ID", "").lower()
    except OSError:
        kind = ""
    return _SYSTEMS.get(kind, "Linux")


def get_architecture() -> str:
    return _of_platform("Arch")


def get_python_runtime() -> str:
    return _of_platform("Runtime")


def get_python_version() -> str:
    return _of_platform("Runtime-Version")


def _merge_mappings(obj1: Mapping[Any, Any], obj2: Mapping[Any, Any]) -> Dict[Any, Any]:
    from ._types import Omit

    return {name: value for name, value in {**obj1, **obj2}.items() if not isinstance(value, Omit)}


def _merge_headers(*mappings: Any) -> Dict[str, str]:
    from ._private import _merged

    return _merged(*mappings)


class ForceMultipartDict(Dict[str, Any]):
    """A form that is sent in parts, even if it is empty."""

    def __bool__(self) -> bool:
        return True


_ELSEWHERE = {
    **dict.fromkeys(
        ("DefaultAioHttpClient", "DefaultAsyncHttpxClient", "DefaultHttpxClient"),
        "_httpx",
    ),
    **dict.fromkeys(("APIResponse", "AsyncAPIResponse", "BaseAPIResponse", "extract_response_type"), "_response"),
    **dict.fromkeys(("FinalRequestOptions", "SecurityOptions", "construct_type", "validate_type", "GenericModel"), "_models"),
    **dict.fromkeys(("Stream", "AsyncStream", "SSEDecoder", "SSEBytesDecoder"), "_streaming"),
    **dict.fromkeys(
        ("APIConnectionError", "APIResponseValidationError", "APIStatusError", "APITimeoutError", "OpenAIError"), "_exceptions"
    ),
    **dict.fromkeys(("Omit", "RequestOptions", "Timeout", "omit"), "_types"),
    "URL": "_http",
    "LegacyAPIResponse": "_legacy_response",
    "Querystring": "_qs",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        if name in ("SyncHttpxClientWrapper", "AsyncHttpxClientWrapper"):
            return _wrapper(name)
        if name in ("_DefaultHttpxClient", "_DefaultAsyncHttpxClient"):
            return _wrapper(name.replace("_Default", "").replace("HttpxClient", "") or "Sync")
        if name in ("DEFAULT_TIMEOUT", "HTTPX_DEFAULT_TIMEOUT"):
            return _limits(5.0 if name.startswith("HTTPX") else _constants.DEFAULT_TIMEOUT)
        if name in ("anyio", "time"):
            return import_module(name)
        if name == "random":
            return import_module(name).random
        if name not in _ELSEWHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"threadline.{_ELSEWHERE[name]}"), name)
        return value


def _limits(timeout: Any) -> Any:
    """Limits of time as an object of httpx's, where httpx is installed."""
    from ._httpx import _httpx

    try:
        return _httpx().Timeout(timeout)
    except ImportError:
        return Timeout(timeout)


def _wrapper(name: str) -> Any:
    """A class of httpx's clients that closes itself when nothing holds it."""
    from ._httpx import _DEFAULTS, _httpx

    asynchronous = name.startswith("Async")
    base = _httpx().AsyncClient if asynchronous else _httpx().Client

    class Wrapper(base):  # type: ignore[misc, valid-type, unused-ignore]
        def __init__(self, **options: Any) -> None:
            super().__init__(**{**_DEFAULTS, **options})

    Wrapper.__name__ = Wrapper.__qualname__ = "AsyncHttpxClientWrapper" if asynchronous else "SyncHttpxClientWrapper"
    globals()[Wrapper.__name__] = Wrapper
    return Wrapper
