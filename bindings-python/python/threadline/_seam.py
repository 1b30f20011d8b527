"""Threadline's transport, and its assistants engine, below ``httpx`` clients: for the official package and what stands on it."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from typing import Any, AsyncIterator, Dict, Iterator, List, Mapping, Optional, Tuple, Union

from . import _threadline as _native

__all__ = ["async_http_client", "http_client"]

_made: Dict[str, Tuple[Any, Any]] = {}


class Failure(Exception):
    """An exchange that failed, before it becomes an exception of the HTTP library's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


def http_client(
    *,
    assistants: Union[str, Mapping[str, Any], None] = None,
    files: bool = True,
    base_url: Optional[str] = None,
    api_key: Optional[str] = None,
    proxy: Optional[str] = None,
    network: Optional[Mapping[str, Any]] = None,
    library: Optional[str] = None,
    **options: Any,
) -> Any:
    """An ``httpx.Client`` that sends by Threadline's transport, to be given to the official package as ``http_client``.

    :param assistants: where the assistants endpoints keep everything (``"sqlite:assistants.db"``, ``"sqlite::memory:"``,
        ``"postgres://…"``), or a mapping of ``store``, ``files``, ``profile`` and ``settings``: they are then answered in this process.
        Without it all requests go to their server.
    :param files: whether files and vector stores are kept there too, which file search needs. ``False``: they go to the server.
    :param base_url: where the engine finds its models. Default: where the requests for assistants were going.
    :param api_key: the key for it. Default: that of the requests; on another origin ``OPENAI_API_KEY``.
    :param proxy: URL of a proxy. Default: those of the environment.
    :param network: settings of the connections, as the clients of this package take them: ``ca_file``, ``resolve``, ``no_proxy`` …
    :param library: ``"httpx"`` or ``"httpx2"``. Default: what the installed official package uses, else what is installed.
    :param options: options of ``httpx.Client``: ``timeout``, ``headers``, ``event_hooks`` …
    :raises ImportError: neither library is installed.
    :raises ValueError: a setting cannot be used.
    """
    module = _library(library)
    exchange = _exchange(assistants, files, base_url, api_key, proxy, network, options, module)
    transport, _ = _transports(module)
    return module.Client(**{"follow_redirects": True, **options, "transport": transport(exchange)})


def async_http_client(
    *,
    assistants: Union[str, Mapping[str, Any], None] = None,
    files: bool = True,
    base_url: Optional[str] = None,
    api_key: Optional[str] = None,
    proxy: Optional[str] = None,
    network: Optional[Mapping[str, Any]] = None,
    library: Optional[str] = None,
    **options: Any,
) -> Any:
    """An ``httpx.AsyncClient`` for asyncio; see :func:`http_client`."""
    module = _library(library)
    exchange = _exchange(assistants, files, base_url, api_key, proxy, network, options, module)
    _, transport = _transports(module)
    return module.AsyncClient(**{"follow_redirects": True, **options, "transport": transport(exchange)})


def _library(name: Optional[str]) -> Any:
    """The HTTP library whose clients are asked for."""
    if name is None:
        found = [known for known in ("httpx", "httpx2") if find_spec(known) is not None]
        if not found:
            raise ImportError("neither httpx nor httpx2 is installed: install the package that is to use the client, or httpx")
        name = "httpx2" if "httpx2" in found and _official_takes("httpx2") else found[0]
    if name not in ("httpx", "httpx2"):
        raise ValueError(f'`library` is "httpx" or "httpx2", not {name!r}')
    return import_module(name)


def _official_takes(name: str) -> bool:
    from importlib.metadata import PackageNotFoundError, requires

    try:
        needed = requires("openai") or []
    except PackageNotFoundError:
        return False
    return any(line.startswith(name) and not line[len(name) :][:1].isalnum() and "extra ==" not in line for line in needed)


def _exchange(
    assistants: Union[str, Mapping[str, Any], None],
    files: bool,
    base_url: Optional[str],
    api_key: Optional[str],
    proxy: Optional[str],
    network: Optional[Mapping[str, Any]],
    options: Dict[str, Any],
    module: Any,
) -> Any:
    for name in ("transport", "mounts", "verify", "cert", "http1", "http2", "limits"):
        if name in options:
            raise TypeError(f"`{name}` is not for this client: connections are made by Threadline; see `network`")
    if "timeout" not in options:
        options["timeout"] = module.Timeout(600.0, connect=5.0)
    settings: Dict[str, Any] = dict(network or {})
    for name, value in (("base_url", base_url), ("api_key", api_key), ("proxy", proxy)):
        if value is not None:
            settings[name] = str(value)
    connect = module.Timeout(options["timeout"]).connect
    settings.setdefault("connect_timeout", 30.0 if connect is None else connect)
    if options.get("trust_env") is False:
        settings.setdefault("system_proxy", False)
    return _native.Exchange(settings, described(assistants, files))


def described(assistants: Union[str, Mapping[str, Any], None], files: Optional[bool] = None) -> Optional[str]:
    """What the native module takes for ``assistants``."""
    if assistants is None:
        return None
    if isinstance(assistants, str):
        if files is None:
            return assistants
        assistants = json.loads(assistants) if assistants.lstrip().startswith("{") else {"store": assistants}
    if not isinstance(assistants, Mapping):
        raise TypeError(f"`assistants` is the URL of a store or a mapping with `store`, not {type(assistants).__name__}")
    return json.dumps(dict(assistants) if files is None else {"files": files, **assistants})


#: Headers of the connection, which whoever holds it writes.
_OF_CONNECTIONS = frozenset((b"connection", b"content-length", b"transfer-encoding", b"keep-alive"))


def _headers(request: Any) -> Tuple[List[Tuple[bytes, bytes]], Optional[int]]:
    length = None
    headers = []
    for name, value in request.headers.raw:
        lower = name.lower()
        if lower == b"content-length":
            length = int(value)
        if lower in _OF_CONNECTIONS or (lower == b"host" and value == request.url.netloc):
            continue
        # The bodies of replies are decoded below, by what is understood there.
        if lower == b"accept-encoding" and value != b"identity":
            continue
        headers.append((name, value))
    return headers, length


def _times(request: Any) -> Tuple[Optional[float], Optional[float], Optional[float]]:
    times = request.extensions.get("timeout") or {}
    return times.get("connect"), times.get("read"), times.get("write")


def _content(request: Any, module: Any) -> Optional[bytes]:
    """The body, where it is in memory."""
    try:
        return bytes(request.content)
    except module.RequestNotRead:
        return None


def _raised(module: Any, failure: Failure, request: Any) -> Exception:
    kind = getattr(module, failure.name, module.TransportError)
    error = kind(failure.message, request=request)
    assert isinstance(error, Exception)
    return error


def _transports(module: Any) -> Tuple[Any, Any]:
    """Classes of transports for this library, which derive from its own."""
    name = module.__name__
    if name not in _made:
        _made[name] = (_sync_transport(module), _async_transport(module))
    return _made[name]


def _sync_transport(module: Any) -> Any:
    class ByteStream(module.SyncByteStream):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self, reply: Any, request: Any) -> None:
            self._reply = reply
            self._request = request

        def __iter__(self) -> Iterator[bytes]:
            limit = _times(self._request)[1]
            try:
                while True:
                    piece = self._reply.next(limit)
                    if piece is None:
                        return
                    yield piece
            except Failure as failure:
                raise _raised(module, failure, self._request) from None
            finally:
                self._reply.close()

        def close(self) -> None:
            self._reply.close()

    class ThreadlineTransport(module.BaseTransport):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self, exchange: Any) -> None:
            self._exchange = exchange

        def handle_request(self, request: Any) -> Any:
            headers, length = _headers(request)
            body = _content(request, module)
            source = None
            if body is None:
                pieces = iter(request.stream)

                def source() -> Optional[bytes]:
                    return next(pieces, None)

            url = str(request.url)
            try:
                reply = self._exchange.send(request.method, url, headers, body, source, length, _times(request))
            except Failure as failure:
                raise _raised(module, failure, request) from None
            return module.Response(reply.status, headers=reply.headers, stream=ByteStream(reply, request))

        def close(self) -> None:
            self._exchange.close()

    return ThreadlineTransport


def _async_transport(module: Any) -> Any:
    class ByteStream(module.AsyncByteStream):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self, reply: Any, request: Any) -> None:
            self._reply = reply
            self._request = request

        async def __aiter__(self) -> AsyncIterator[bytes]:
            limit = _times(self._request)[1]
            try:
                while True:
                    piece = await self._reply.next_async(limit)
                    if piece is None:
                        return
                    yield piece
            except Failure as failure:
                raise _raised(module, failure, self._request) from None
            finally:
                self._reply.close()

        async def aclose(self) -> None:
            self._reply.close()

    class AsyncThreadlineTransport(module.AsyncBaseTransport):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self, exchange: Any) -> None:
            self._exchange = exchange

        async def handle_async_request(self, request: Any) -> Any:
            headers, length = _headers(request)
            body = _content(request, module)
            source = None
            if body is None:
                pieces = request.stream.__aiter__()

                async def source() -> Optional[bytes]:
                    try:
                        piece: bytes = await pieces.__anext__()
                    except StopAsyncIteration:
                        return None
                    return piece

            url = str(request.url)
            try:
                reply = await self._exchange.send_async(request.method, url, headers, body, source, length, _times(request))
            except Failure as failure:
                raise _raised(module, failure, request) from None
            return module.Response(reply.status, headers=reply.headers, stream=ByteStream(reply, request))

        async def aclose(self) -> None:
            self._exchange.close()

    return AsyncThreadlineTransport
