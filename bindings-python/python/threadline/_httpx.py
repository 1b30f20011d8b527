"""HTTP clients of the user's own as transports: `httpx`, or anything shaped like it. It is not imported before it is asked for."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, List, Optional, Tuple

__all__ = [
    "DefaultAioHttpClient",
    "DefaultAsyncHttpx2Client",
    "DefaultAsyncHttpxClient",
    "DefaultHttpx2Client",
    "DefaultHttpxClient",
    "check_kind",
    "intercepted",
    "own_client",
    "sender",
]


def sender(client: Any) -> Any:
    """The function by which the core sends through a client."""
    if inspect.iscoroutinefunction(getattr(client, "send", None)):
        return _AsyncSender(client).send
    return _Sender(client).send


def _headers(response: Any) -> List[Tuple[str, str]]:
    # Bodies are handed on decoded.
    dropped = ("content-encoding", "content-length", "transfer-encoding")
    return [(name, value) for name, value in response.headers.multi_items() if name.lower() not in dropped]


def _request(client: Any, method: str, url: str, headers: List[Tuple[str, bytes]], body: Optional[bytes]) -> Any:
    pairs = [(name.encode("ascii"), value) for name, value in headers]
    # The limits of time are the core's.
    return client.build_request(method, url, headers=pairs, content=body, timeout=None)


class _Reply:
    def __init__(self, response: Any) -> None:
        self.status = response.status_code
        self.headers = _headers(response)
        self._response = response
        self._pieces = response.iter_bytes()

    def next(self) -> Optional[bytes]:
        for piece in self._pieces:
            return bytes(piece)
        self._response.close()
        return None

    def close(self) -> None:
        self._response.close()


class _Sender:
    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, method: str, url: str, headers: List[Tuple[str, bytes]], body: Optional[bytes]) -> _Reply:
        request = _request(self._client, method, url, headers, body)
        return _Reply(self._client.send(request, stream=True, follow_redirects=False))


class _AsyncReply:
    def __init__(self, response: Any) -> None:
        self.status = response.status_code
        self.headers = _headers(response)
        self._response = response
        self._pieces = response.aiter_bytes()

    async def next(self) -> Optional[bytes]:
        async for piece in self._pieces:
            return bytes(piece)
        await self._response.aclose()
        return None

    async def close(self) -> None:
        await self._response.aclose()


class _AsyncSender:
    def __init__(self, client: Any) -> None:
        self._client = client

    async def send(self, method: str, url: str, headers: List[Tuple[str, bytes]], body: Optional[bytes]) -> _AsyncReply:
        request = _request(self._client, method, url, headers, body)
        return _AsyncReply(await self._client.send(request, stream=True, follow_redirects=False))


def check_kind(client: Any, asynchronous: bool) -> None:
    """Refuses a client of the other kind."""
    is_async = inspect.iscoroutinefunction(getattr(client, "send", None))
    if is_async != asynchronous:
        wanted = "httpx.AsyncClient" if asynchronous else "httpx.Client"
        raise TypeError(
            f"Invalid `http_client` argument; Expected an instance of `{wanted}` but got {type(client)}"
        )


def _httpx() -> Any:
    """httpx, in whichever of its generations is installed."""
    from importlib import import_module

    for name in ("httpx", "httpx2"):
        try:
            return import_module(name)
        except ImportError:
            continue
    raise ImportError("this needs httpx: `pip install httpx`")


def own_client(asynchronous: bool, base_url: Any = "") -> Any:
    """A client of httpx with the defaults of this package."""
    from importlib import import_module

    name = "DefaultAsyncHttpxClient" if asynchronous else "DefaultHttpxClient"
    return getattr(import_module(__name__), name)(base_url=str(base_url))


_DEFAULTS = {"follow_redirects": True, "timeout": 600.0}


_CLASSES = {
    "DefaultHttpxClient": ("httpx", "Client"),
    "DefaultAsyncHttpxClient": ("httpx", "AsyncClient"),
    "DefaultHttpx2Client": ("httpx2", "Client"),
    "DefaultAsyncHttpx2Client": ("httpx2", "AsyncClient"),
    "DefaultAioHttpClient": ("aiohttp", "AsyncClient"),
}

if TYPE_CHECKING:

    class DefaultHttpxClient:
        """An `httpx.Client` with the defaults of this package, to be given as `http_client`."""

        def __init__(self, **options: Any) -> None: ...

    class DefaultAsyncHttpxClient:
        """An `httpx.AsyncClient` with the defaults of this package, to be given as `http_client`."""

        def __init__(self, **options: Any) -> None: ...

    class DefaultHttpx2Client(DefaultHttpxClient):
        """An `httpx2.Client` with the defaults of this package, to be given as `http_client`."""

    class DefaultAsyncHttpx2Client(DefaultAsyncHttpxClient):
        """An `httpx2.AsyncClient` with the defaults of this package, to be given as `http_client`."""

    class DefaultAioHttpClient(DefaultAsyncHttpxClient):
        """A client of httpx over aiohttp, to be given as `http_client`. Needs `aiohttp`."""

else:

    def __getattr__(name: str) -> Any:
        # Classes of their own, since programs derive theirs from them; made when httpx is first asked for.
        if name not in _CLASSES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        made = globals()[name] = _class(name, *_CLASSES[name])
        return made


class _MissingAiohttp:
    def __init__(self, **options: Any) -> None:
        raise RuntimeError("To use the aiohttp client you must have installed `aiohttp`, and httpx")


def _over_aiohttp() -> Any:
    """A class of httpx's clients over aiohttp: of the package that has one, or ours; `None` without aiohttp."""
    from importlib import import_module

    try:
        return import_module("httpx_aiohttp").HttpxAiohttpClient
    except ImportError:
        pass
    for name in ("httpx2", "httpx"):
        try:
            httpx = import_module(name)
            from ._aiohttp import client_class
        except ImportError:
            continue
        return client_class(httpx)
    return None


def _class(name: str, module: str, base: str) -> Any:
    from importlib import import_module

    if module == "aiohttp":
        parent = _over_aiohttp()
        if parent is None:
            return _MissingAiohttp
    else:
        parent = getattr(_httpx() if module == "httpx" else import_module(module), base)

    def init(self: Any, **options: Any) -> None:
        parent.__init__(self, **{**_DEFAULTS, **options})

    return type(name, (parent,), {"__init__": init, "__module__": __name__, "__doc__": f"{base} with the defaults of this package."})


#: Modules that answer requests of httpx in its place, in tests.
_MOCKS = ("respx", "pytest_httpx", "vcr", "pook")


def intercepted(asynchronous: bool) -> Optional[Any]:
    """A client of httpx, if something in this process answers for httpx now: a client made meanwhile sends through it, so that it sees the calls."""
    import sys

    httpx = sys.modules.get("httpx")
    if httpx is None or not any(name in sys.modules for name in _MOCKS) or not _patched(httpx):
        return None
    return own_client(asynchronous)


def _patched(httpx: Any) -> bool:
    import sys

    places = [(httpx.HTTPTransport, "handle_request"), (httpx.AsyncHTTPTransport, "handle_async_request")]
    places += [(httpx.Client, "send"), (httpx.AsyncClient, "send")]
    core = sys.modules.get("httpcore")
    if core is not None:
        places += [(core.ConnectionPool, "handle_request"), (core.AsyncConnectionPool, "handle_async_request")]
    return any(not getattr(holder.__dict__.get(name), "__module__", "").startswith(("httpx", "httpcore")) for holder, name in places)
