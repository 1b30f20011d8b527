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


def sender(through: Any) -> Any:
    """The function by which the core sends through a client."""
    asynchronous = inspect.iscoroutinefunction(getattr(through.http, "send", None))
    return through.send_async if asynchronous else through.send


def _headers(response: Any) -> List[Tuple[str, str]]:
    # Bodies are handed on decoded.
    dropped = ("content-encoding", "content-length", "transfer-encoding")
    return [(name, value) for name, value in response.headers.multi_items() if name.lower() not in dropped]


class _Reply:
    #: What is read where the body is empty.
    instead: Optional[bytes] = None
    #: The call that it belongs to, which is told what goes wrong.
    exchange: Any = None

    def __init__(self, response: Any) -> None:
        self.status = response.status_code
        self.headers = _headers(response)
        self._response = response
        self._pieces = response.iter_bytes()

    def next(self) -> Optional[bytes]:
        try:
            for piece in self._pieces:
                self.instead = None
                return bytes(piece)
        except Exception as error:
            if self.exchange is not None:
                self.exchange.broken = error
            raise
        self._response.close()
        instead, self.instead = self.instead, None
        return instead

    def close(self) -> None:
        self._response.close()


class _AsyncReply:
    instead: Optional[bytes] = None
    exchange: Any = None

    def __init__(self, response: Any) -> None:
        self.status = response.status_code
        self.headers = _headers(response)
        self._response = response
        self._pieces = response.aiter_bytes()

    async def next(self) -> Optional[bytes]:
        try:
            async for piece in self._pieces:
                self.instead = None
                return bytes(piece)
        except Exception as error:
            if self.exchange is not None:
                self.exchange.broken = error
            raise
        await self._response.aclose()
        instead, self.instead = self.instead, None
        return instead

    async def close(self) -> None:
        await self._response.aclose()


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

    # As in the official package; its older generations, and programs of their time, have the older one.
    import sys

    first = ("httpx", "httpx2") if "httpx" in sys.modules and "httpx2" not in sys.modules else ("httpx2", "httpx")
    for name in first:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise ImportError("this needs httpx: `pip install httpx`")


def module_of(client: Any) -> Any:
    """The module of a client of httpx: `httpx` or `httpx2`; without a client, the one that would be used."""
    from importlib import import_module

    for base in type(client).__mro__:
        name = base.__module__.partition(".")[0]
        if name in ("httpx", "httpx2"):
            return import_module(name)
    return _httpx()


def own_client(asynchronous: bool, base_url: Any = "", module: Optional[str] = None) -> Any:
    """A client of httpx with the defaults of this package, of this generation of httpx or of the one that is used."""
    from importlib import import_module

    if (wanted := replaced(asynchronous)) is not None:
        return wanted(base_url=str(base_url))
    module = module or _httpx().__name__
    name = f"_{'Async' if asynchronous else ''}Older" if module == "httpx" else f"Default{'Async' if asynchronous else ''}Httpx2Client"
    return getattr(import_module(__name__), name)(base_url=str(base_url))


def replaced(asynchronous: bool) -> Any:
    """What a program has put in the place of the class of such clients; `None` if nothing."""
    import sys

    module = sys.modules.get("threadline._base_client")
    found = None if module is None else vars(module).get("AsyncHttpxClientWrapper" if asynchronous else "SyncHttpxClientWrapper")
    return None if getattr(found, "__module__", None) == "threadline._base_client" else found


#: Limits of time in seconds: connecting, reading, writing, waiting for a connection.
_DEFAULTS = {"follow_redirects": True, "timeout": (5.0, 600.0, 600.0, 600.0)}


_CLASSES = {
    "_Older": ("httpx, the older one", "Client"),
    "_AsyncOlder": ("httpx, the older one", "AsyncClient"),
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
        parent = getattr(_httpx() if module == "httpx" else import_module(module.partition(",")[0]), base)

    def init(self: Any, **options: Any) -> None:
        parent.__init__(self, **{**_DEFAULTS, **options})

    # Programs look at the generation of a client by the module of its class.
    place = module if module == "httpx2" else __name__
    return type(name, (parent,), {"__init__": init, "__module__": place, "__doc__": f"{base} with the defaults of this package."})


def intercepted() -> Optional[str]:
    """The generation of httpx that something in this process answers for now, as mocks of tests do: its module's name."""
    import sys

    for name, core in (("httpx2", "httpcore2"), ("httpx", "httpcore")):
        module = sys.modules.get(name)
        if module is not None and _patched(module, sys.modules.get(core)):
            return name
    return None


def _patched(httpx: Any, core: Any) -> bool:
    places = [(httpx.HTTPTransport, "handle_request"), (httpx.AsyncHTTPTransport, "handle_async_request")]
    places += [(one, name) for one in (httpx.Client, httpx.AsyncClient) for name in ("send", "_transport_for_url", "_send_single_request")]
    if core is not None:
        places += [(core.ConnectionPool, "handle_request"), (core.AsyncConnectionPool, "handle_async_request")]
    return any(_is_a_stand_in(holder.__dict__.get(name)) for holder, name in places)


def _is_a_stand_in(function: Any) -> bool:
    if not getattr(function, "__module__", "").startswith(("httpx", "httpcore")):
        return True
    # A recorder's function takes the names of the one that it stands for, as those of tracers do, which are to be passed by.
    return str(getattr(function, "__globals__", {}).get("__name__", "")).partition(".")[0] == "vcr"
