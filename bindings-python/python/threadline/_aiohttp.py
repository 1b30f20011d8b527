"""A client of httpx whose requests go out over aiohttp, to be given as `http_client`."""

from __future__ import annotations

import ssl
from typing import Any, AsyncIterator, Optional

import aiohttp  # type: ignore[import-not-found, unused-ignore]

__all__ = ["client_class"]

#: What aiohttp raises, and what httpx calls it; the first that fits.
_ERRORS = (
    ("ConnectionTimeoutError", "ConnectTimeout"),
    ("SocketTimeoutError", "ReadTimeout"),
    ("ServerTimeoutError", "TimeoutException"),
    ("ClientProxyConnectionError", "ProxyError"),
    ("ClientConnectorError", "ConnectError"),
    ("ClientPayloadError", "ReadError"),
    ("ServerDisconnectedError", "ReadError"),
    ("InvalidURL", "InvalidURL"),
    ("ClientConnectionError", "ReadError"),
    ("ClientError", "ProtocolError"),
)


#: Bytes of a body that are read at once, at most.
_CHUNK = 16 * 1024


def client_class(httpx: Any) -> Any:
    """The class, for this generation of httpx."""

    def translated(error: Exception, request: Any) -> Exception:
        if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
            return httpx.ReadTimeout(str(error), request=request)
        for theirs, name in _ERRORS:
            if isinstance(error, getattr(aiohttp, theirs, ())):
                kind = getattr(httpx, name)
                return kind(str(error)) if name == "InvalidURL" else kind(str(error), request=request)
        return error

    class Body(httpx.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, response: Any, request: Any) -> None:
            self._response, self._request = response, request

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                async for piece in self._response.content.iter_chunked(_CHUNK):
                    yield piece
            except Exception as error:
                raise translated(error, self._request) from error

        async def aclose(self) -> None:
            # Gives the connection back where the body was read to its end, and closes it elsewhere.
            await self._response.__aexit__(None, None, None)

    class Transport(httpx.AsyncBaseTransport):  # type: ignore[misc]
        def __init__(self, verify: Any, cert: Any, trust_env: bool, limits: Any, proxy: Any) -> None:
            self._ssl = httpx.create_ssl_context(verify=verify, cert=cert, trust_env=trust_env) if cert or verify is not True else True
            self._trust_env, self._limits, self._proxy = trust_env, limits, proxy
            self._session: Optional[Any] = None

        def _opened(self) -> Any:
            if self._session is None or self._session.closed:
                most = getattr(self._limits, "max_connections", None) or 0
                idle = getattr(self._limits, "keepalive_expiry", None)
                wanted = self._ssl if isinstance(self._ssl, ssl.SSLContext) else bool(self._ssl)
                connector = aiohttp.TCPConnector(limit=most, keepalive_timeout=5.0 if idle is None else idle, ssl=wanted)
                # httpx reads what is compressed, and keeps the cookies.
                self._session = aiohttp.ClientSession(
                    connector=connector, trust_env=self._trust_env, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
                )
            return self._session

        async def handle_async_request(self, request: Any) -> Any:
            from yarl import URL  # type: ignore[import-not-found, unused-ignore]

            limits = request.extensions.get("timeout", {})
            timeout = aiohttp.ClientTimeout(
                total=None, connect=limits.get("pool"), sock_connect=limits.get("connect"), sock_read=limits.get("read")
            )
            body = b"".join([piece async for piece in request.stream])
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
            try:
                address = str(request.url)
                asked = self._opened().request(
                    request.method,
                    # aiohttp would write some addresses in another way.
                    address if str(URL(address)) == address else URL(address, encoded=True),
                    headers=headers,
                    data=body or None,
                    skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                    allow_redirects=False,
                    timeout=timeout,
                    proxy=self._proxy,
                )
                response = await asked.__aenter__()
            except Exception as error:
                raise translated(error, request) from error
            return httpx.Response(response.status, headers=response.raw_headers, stream=Body(response, request), request=request)

        async def aclose(self) -> None:
            if self._session is not None:
                await self._session.close()
                self._session = None

    class AiohttpClient(httpx.AsyncClient):  # type: ignore[misc]
        """A client of httpx over aiohttp."""

        def __init__(
            self,
            *,
            verify: Any = True,
            cert: Any = None,
            trust_env: bool = True,
            limits: Any = None,
            proxy: Any = None,
            transport: Any = None,
            **options: Any,
        ) -> None:
            own = transport or Transport(verify, cert, trust_env, limits, proxy)
            super().__init__(transport=own, trust_env=trust_env, **options)

    return AiohttpClient
